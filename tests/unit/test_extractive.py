"""The extractive generator says only what the documents say, word for word, or abstains."""

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from app.extractive import ANSWER_THRESHOLD, ExtractiveGenerator
from core.answers import DocumentRef, Draft, Passage, Turn, Why
from core.documents import ParsedDocument
from core.fakes import HashEmbedder, TinyVocabulary
from ingest.parsers.registry import parse

LEAVE = """# Annual leave

Employees get **thirty** days of annual leave. Carry over at most five days, see [rules](x/rules.md).

- Contractors get no annual leave.
- Parents get twelve extra weeks.
"""
TRAVEL = (
    "# Travel\n\nBook trains early. Hotels cost at most 140 EUR per night. Flights need approval.\n"
)
QUESTION = "How many days of annual leave do employees get?"


def passage_of(
    content: str, uri: str, marker: int = 1, start: int = 0, end: int | None = None
) -> Passage:
    document = parse(content.encode(), uri)
    stop = len(document.text) if end is None else end
    return Passage(
        marker=marker,
        document=DocumentRef(f"id-{uri}", uri, document.title, "v1"),
        chunk_id=f"chunk-{marker}",
        section=(document.title,),
        page=None,
        start=start,
        end=stop,
        text=document.text[start:stop],
        score=1 / marker,
        why=Why(dense_rank=marker, dense_score=0.6),
        elements=tuple(e for e in document.elements if e.start < stop and e.end > start),
    )


def answer(question: str, *passages: Passage, history: tuple[Turn, ...] = ()) -> Draft:
    return ExtractiveGenerator(HashEmbedder, TinyVocabulary()).generate(question, passages, history)


def assert_exact(draft: Draft, passages: list[Passage], sources: dict[str, str]) -> None:
    markers = [citation.marker for citation in draft.citations]
    assert markers == list(range(1, len(markers) + 1))
    texts = {uri: parse(content.encode(), uri).text for uri, content in sources.items()}
    for citation in draft.citations:
        assert texts[citation.document.uri][citation.start : citation.end] == citation.quote
        assert any(
            p.chunk_id == citation.chunk_id and p.start <= citation.start and citation.end <= p.end
            for p in passages
        )
    position = 0
    for claim in draft.claims:
        assert not draft.text[position : claim.start].strip()
        assert draft.text[claim.start : claim.end] == claim.text
        assert claim.verdict == "supported"
        assert set(claim.citations) <= set(markers)
        assert claim.citations
        position = claim.end
    assert position == len(draft.text)


def test_the_sentence_that_answers_is_quoted_with_its_place() -> None:
    passages = [passage_of(LEAVE, "leave.md"), passage_of(TRAVEL, "travel.md", 2)]
    draft = answer(QUESTION, *passages)
    assert draft.status == "answered"
    assert "Employees get thirty days of annual leave." in draft.text
    assert "Employees get **thirty** days of annual leave." in [c.quote for c in draft.citations]
    assert_exact(draft, passages, {"leave.md": LEAVE, "travel.md": TRAVEL})


def test_without_passages_it_abstains() -> None:
    draft = answer(QUESTION)
    assert (draft.status, draft.text, draft.claims, draft.citations) == ("abstained", "", (), ())
    assert draft.confidence == 0


def test_it_abstains_when_the_passages_are_about_something_else() -> None:
    draft = answer("Who painted the ceiling of the chapel?", passage_of(TRAVEL, "travel.md"))
    assert draft.status == "abstained"
    assert draft.text == ""
    assert draft.confidence < ANSWER_THRESHOLD


def test_a_heading_alone_is_never_an_answer() -> None:
    assert answer("Annual leave", passage_of("# Annual leave\n", "a.md")).status == "abstained"


def test_a_blob_is_never_quoted() -> None:
    blob = "annual leave employees " * 60
    draft = answer(QUESTION, passage_of(blob, "log.txt"))
    assert draft.status == "abstained"


def test_the_same_sentence_in_two_documents_is_said_once() -> None:
    passages = [passage_of(LEAVE, "leave.md"), passage_of(LEAVE, "copy.md", 2)]
    draft = answer(QUESTION, *passages)
    assert draft.text.count("Employees get thirty days of annual leave.") == 1


def test_every_word_of_an_answer_is_a_claim_and_every_claim_is_cited() -> None:
    passages = [passage_of(LEAVE, "leave.md"), passage_of(TRAVEL, "travel.md", 2)]
    draft = answer("How much do hotels cost per night?", *passages)
    assert "140 EUR" in draft.text
    assert_exact(draft, passages, {"leave.md": LEAVE, "travel.md": TRAVEL})


def test_an_answer_is_always_the_same() -> None:
    passages = [passage_of(LEAVE, "leave.md"), passage_of(TRAVEL, "travel.md", 2)]
    assert answer(QUESTION, *passages) == answer(QUESTION, *passages)


def test_the_prompt_version_and_the_model_are_named() -> None:
    draft = answer(QUESTION, passage_of(LEAVE, "leave.md"))
    assert draft.model == "extractive"
    assert draft.prompt_version
    assert (draft.prompt_tokens, draft.completion_tokens, draft.cost_usd) == (0, 0, 0.0)


def test_a_table_row_can_answer() -> None:
    table = "Product,Price in EUR\nSensor head,340\nGateway,900\n"
    draft = answer("What is the price of the gateway product?", passage_of(table, "prices.csv"))
    assert "Product: Gateway; Price in EUR: 900" in draft.text


DOCUMENTS = {"leave.md": LEAVE, "travel.md": TRAVEL}
LENGTHS: dict[str, ParsedDocument] = {u: parse(c.encode(), u) for u, c in DOCUMENTS.items()}


@st.composite
def some_passages(draw: st.DrawFn) -> list[Passage]:
    made = []
    for marker in range(1, draw(st.integers(1, 4)) + 1):
        uri = draw(st.sampled_from(sorted(DOCUMENTS)))
        length = len(LENGTHS[uri].text)
        start, end = sorted(draw(st.tuples(st.integers(0, length), st.integers(0, length))))
        made.append(passage_of(DOCUMENTS[uri], uri, marker, start, end))
    return made


@hypothesis_settings(max_examples=50)
@given(
    passages=some_passages(),
    question=st.sampled_from([QUESTION, "hotels cost per night", "contractors annual leave", "?!"]),
)
def test_any_answer_is_exact(passages: list[Passage], question: str) -> None:
    draft = answer(question, *passages)
    assert (draft.status == "answered") == bool(draft.citations)
    assert 0 <= draft.confidence <= 1
    assert_exact(draft, passages, DOCUMENTS)


@pytest.mark.parametrize("question", ["", "   ", "?", "数据"])
def test_a_question_without_known_words_is_no_error(question: str) -> None:
    assert answer(question, passage_of(LEAVE, "leave.md")).status in ("answered", "abstained")
