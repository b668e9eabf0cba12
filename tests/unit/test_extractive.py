"""The extractive generator says only what the documents say, word for word, or abstains."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from app.abstention import abstention_model
from app.extraction.lists import MAX_ITEMS
from app.extractive import ExtractiveGenerator
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
    assert draft.confidence < abstention_model().withhold_at


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


REFUNDS = """# Refunds

To request a refund, follow these steps:

1. Open the order page.
2. Press **Refund**. A dialog opens.
3. Confirm with your code.

The money arrives within 14 days. Refunds above 500 EUR need approval by the finance team.

| Plan | Price | Users |
|---|---|---|
| Basic | 10 EUR | 5 |
| Pro | 30 EUR | 50 |
"""


def test_a_list_that_is_asked_for_is_returned_whole_behind_its_lead_in() -> None:
    passages = [passage_of(REFUNDS, "refunds.md"), passage_of(LEAVE, "leave.md", 2)]
    draft = answer("What are the steps to request a refund?", *passages)
    assert draft.text == (
        "To request a refund, follow these steps:\n1. Open the order page.\n2. Press Refund. A dialog opens.\n"
        "3. Confirm with your code."
    )
    assert [citation.quote for citation in draft.citations] == [
        "To request a refund, follow these steps:",
        "1. Open the order page.",
        "2. Press **Refund**.",
        "A dialog opens.",
        "3. Confirm with your code.",
    ]
    assert_exact(draft, passages, {"refunds.md": REFUNDS, "leave.md": LEAVE})


def test_code_between_the_steps_of_a_list_belongs_to_it() -> None:
    page = """# Renewal

1. Look at the reason:

   ```
   journalctl -u agent
   ```

2. Start the renewal of the certificate.

That was it.
"""
    draft = answer("What are the steps of the renewal?", passage_of(page, "renewal.md"))
    assert draft.text == (
        "1. Look at the reason:\njournalctl -u agent\n2. Start the renewal of the certificate."
    )


def test_items_whose_words_begin_with_their_number_are_numbered_once() -> None:
    # As a PDF's items come: the number is part of what is read.
    passage = passage_of(REFUNDS, "refunds.md")
    elements = tuple(
        replace(e, plain=passage.text[e.start : e.end]) if e.kind == "list_item" else e
        for e in passage.elements
    )
    draft = answer("What are the steps to request a refund?", replace(passage, elements=elements))
    assert "1. Open the order page.\n2. Press **Refund**. A dialog opens.\n3. Confirm" in draft.text
    assert "1. 1." not in draft.text
    assert "1. Open the order page." in [citation.quote for citation in draft.citations]


def test_items_without_numbers_are_shown_with_a_dash() -> None:
    draft = answer("Which contractors and parents get annual leave?", passage_of(LEAVE, "leave.md"))
    assert "- Contractors get no annual leave.\n- Parents get twelve extra weeks." in draft.text


def test_a_list_beyond_the_bound_is_cut_and_the_answer_says_so() -> None:
    items = "\n".join(f"- Tool number {number} is provided" for number in range(40))
    content = f"# Tools\n\nWhich tools are provided:\n\n{items}\n"
    draft = answer("Which tools are provided?", passage_of(content, "tools.md"))
    assert len(draft.citations) == 1 + MAX_ITEMS
    assert [note.text for note in draft.notes if note.kind == "shortened"] == [
        "The list is longer: 25 more items are in the document."
    ]


def test_one_item_that_answers_comes_with_its_lead_in() -> None:
    draft = answer("Whose code do I confirm with?", passage_of(REFUNDS, "refunds.md"))
    assert draft.text.startswith("To request a refund, follow these steps:\n")
    assert "3. Confirm with your code." in draft.text
    assert "1. Open the order page." not in draft.text


def test_a_sentence_that_a_longer_one_contains_is_not_said_again() -> None:
    first = "# Leave\n\nIn every country, employees get annual leave of many days.\n"
    second = "# Leave\n\nEmployees get annual leave of many days\n"
    passages = [passage_of(first, "a.md"), passage_of(second, "b.md", 2)]
    assert len(answer("Do employees get annual leave of many days?", *passages).citations) == 1


def test_a_list_that_the_passage_cuts_is_shown_without_its_signs_twice() -> None:
    passage = passage_of(LEAVE, "leave.md", end=LEAVE.index(" extra weeks"))
    draft = answer("Which contractors and parents get annual leave?", passage)
    assert "- Contractors get no annual leave." in draft.text
    assert "- - " not in draft.text
    assert_exact(draft, [passage], {"leave.md": LEAVE})


def test_the_number_that_is_asked_for_is_quoted_where_the_best_sentence_has_none() -> None:
    draft = answer("How long does a refund request take?", passage_of(REFUNDS, "refunds.md"))
    assert "The money arrives within 14 days." in draft.text


def test_a_lead_in_never_stands_alone() -> None:
    draft = answer("Can I request a refund?", passage_of(REFUNDS, "refunds.md"))
    assert "follow these steps:\n1. Open the order page." in draft.text


def test_a_cell_is_shown_with_the_names_of_its_columns_and_quoted_as_it_stands() -> None:
    passages = [passage_of(REFUNDS, "refunds.md")]
    draft = answer("What price has the Pro plan?", *passages)
    assert "Plan: Pro; Price: 30 EUR; Users: 50" in draft.text
    assert "| Pro | 30 EUR | 50 |" in [citation.quote for citation in draft.citations]
    assert_exact(draft, passages, {"refunds.md": REFUNDS})


def test_two_questions_in_one_are_answered_from_two_documents() -> None:
    passages = [passage_of(LEAVE, "leave.md"), passage_of(REFUNDS, "refunds.md", 2)]
    question = "How many days of annual leave do employees get and who gives refunds approval?"
    draft = answer(question, *passages)
    assert "Employees get thirty days of annual leave." in draft.text
    assert "Refunds above 500 EUR need approval by the finance team." in draft.text
    assert {citation.document.uri for citation in draft.citations} == {"leave.md", "refunds.md"}
    assert_exact(draft, passages, {"leave.md": LEAVE, "refunds.md": REFUNDS})


def test_sentences_that_differ_in_a_number_or_a_not_are_both_quoted() -> None:
    first = (
        "# Leave\n\nAll employees of the company get thirty 30 days of annual leave every year.\n"
    )
    second = (
        "# Leave\n\nAll employees of the company get thirty 28 days of annual leave every year.\n"
    )
    passages = [passage_of(first, "a.md"), passage_of(second, "b.md", 2)]
    draft = answer(QUESTION, *passages)
    assert [c.document.uri for c in draft.citations] == ["a.md", "b.md"]


def test_nearly_the_same_sentence_in_two_documents_is_quoted_once() -> None:
    first = "# Leave\n\nAll employees of the company get thirty days of annual leave every year.\n"
    second = (
        "# Leave\n\nAll employees of the company will get thirty days of annual leave every year.\n"
    )
    passages = [passage_of(first, "a.md"), passage_of(second, "b.md", 2)]
    assert len(answer(QUESTION, *passages).citations) == 1


def test_a_sentence_that_begins_with_a_pronoun_brings_the_one_before_it() -> None:
    content = "# Bonus\n\nThe bonus was approved by the board. It is always paid out in March, by bank transfer.\n"
    draft = answer("When in March is it paid out?", passage_of(content, "bonus.md"))
    assert draft.text.startswith("The bonus was approved by the board. It is always paid out")


def test_numbers_stay_in_the_unit_and_the_form_of_the_document() -> None:
    content = "# Limits\n\nThe upload limit of a file is 1.024,5 MiB per upload.\n"
    draft = answer("What is the upload limit of a file?", passage_of(content, "limits.md"))
    assert "1.024,5 MiB" in draft.text


def test_a_false_premise_is_pointed_out() -> None:
    content = "# Bonus\n\nThe annual bonus of 10 % was approved by the board.\n"
    draft = answer("Who approved the annual bonus of 20 %?", passage_of(content, "bonus.md"))
    notes = [note.text for note in draft.notes if note.kind == "false_premise"]
    assert notes == [
        "The question takes “20 %” for granted; the documents say otherwise: “The annual bonus of 10 % was approved by "
        "the board.”"
    ]


DOCUMENTS = {"leave.md": LEAVE, "travel.md": TRAVEL, "refunds.md": REFUNDS}
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
    question=st.sampled_from(
        [
            QUESTION,
            "hotels cost per night",
            "contractors annual leave",
            "What are the steps to request a refund?",
            "?!",
        ]
    ),
)
def test_any_answer_is_exact(passages: list[Passage], question: str) -> None:
    draft = answer(question, *passages)
    assert (draft.status == "answered") == bool(draft.citations)
    assert 0 <= draft.confidence <= 1
    assert_exact(draft, passages, DOCUMENTS)


@pytest.mark.parametrize("question", ["", "   ", "?", "数据"])
def test_a_question_without_known_words_is_no_error(question: str) -> None:
    assert answer(question, passage_of(LEAVE, "leave.md")).status in ("answered", "abstained")
