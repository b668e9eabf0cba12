"""Whether to answer is decided from the evidence, and an abstention names what is missing and whom to ask."""

import json

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from app.abstention import (
    WEIGHTS_FILE,
    Abstention,
    Assessment,
    abstention_model,
    decision_at,
    quoted_words,
)
from app.extraction.contacts import contact_in_front_matter
from app.extraction.evidence import FEATURES
from core.answers import DocumentRef, Passage
from core.fakes import HashEmbedder, TinyVocabulary
from ingest.parsers.registry import parse

LEAVE = """---
title: Leave
owner: Maria Weber <maria@example.com>
---
# Leave

Employees get thirty days of annual leave. Requests are approved by the line manager.

## Questions

Questions about leave? Write to people@example.com.
"""


def passage_of(content: str, uri: str, marker: int = 1) -> Passage:
    document = parse(content.encode(), uri)
    return Passage(
        marker=marker,
        document=DocumentRef(f"id-{uri}", uri, document.title, "v1"),
        chunk_id=f"chunk-{marker}",
        section=(document.title, "Rules"),
        page=None,
        start=0,
        end=len(document.text),
        text=document.text,
        score=1 / marker,
        elements=document.elements,
    )


def assess(question: str, *passages: Passage) -> Assessment:
    return Abstention(HashEmbedder, TinyVocabulary()).assess(question, passages)


def test_an_answered_question_is_answered_without_a_caution() -> None:
    found = assess("How many days of annual leave do employees get?", passage_of(LEAVE, "leave.md"))
    assert (found.decision, found.withheld, found.caution) == ("answer", False, None)
    assert (found.missing, found.wanted) == ((), "")
    assert found.contact is None


def test_a_question_about_something_else_gets_nothing() -> None:
    found = assess("Who painted the ceiling of the chapel?", passage_of(LEAVE, "leave.md"))
    assert (found.decision, found.withheld) == ("nothing", True)
    assert {"painted", "ceiling", "chapel"} <= set(found.missing)
    assert found.caution is None


def test_a_near_miss_names_what_is_covered_and_what_is_missing() -> None:
    found = Abstention(HashEmbedder, TinyVocabulary()).assess(
        "How many annual leave requests are approved by the board?", [passage_of(LEAVE, "leave.md")]
    )
    assert found.covered == ("annual", "leave", "requests", "approved")
    assert found.missing == ("board",)


def test_a_decision_follows_from_confidence_and_topic() -> None:
    model = abstention_model()
    low, high = model.withhold_at, model.answer_at
    assert decision_at(model, high, 0.0) == "answer"
    assert decision_at(model, low, 0.0) == "near_miss"
    assert decision_at(model, low / 2, model.topic_at) == "near_miss"
    assert decision_at(model, low / 2, model.topic_at / 2) == "nothing"


def test_what_is_asked_for_and_not_there_is_named() -> None:
    content = "# Leave\n\nRequests for annual leave are approved quickly by somebody nice.\n"
    found = assess("When are requests for annual leave approved?", passage_of(content, "leave.md"))
    assert found.wanted == "a date or a time"
    assert found.decision != "answer"


def test_without_passages_nothing_is_known() -> None:
    found = assess("How many days of leave are there?")
    assert (found.confidence, found.topic, found.decision, found.withheld) == (
        0,
        0,
        "nothing",
        True,
    )
    assert found.nearest == ()


def test_what_came_nearest_is_named_by_title_section_and_address_each_document_once() -> None:
    passages = [passage_of(LEAVE, "leave.md"), passage_of(LEAVE, "leave.md", 2)]
    found = assess("Who painted the ceiling of the chapel?", *passages)
    assert [place.label for place in found.nearest] == ["Leave, section “Rules” (leave.md)"]


def test_whom_to_ask_is_an_exact_sentence_of_the_nearest_documents() -> None:
    passage = passage_of(LEAVE, "leave.md")
    found = assess("What is the sabbatical policy?", passage)
    assert found.contact is not None
    assert found.contact.quote == "Write to people@example.com."
    assert passage.text[found.contact.start : found.contact.end] == found.contact.quote


def test_without_a_contact_in_the_documents_nobody_is_named() -> None:
    passage = passage_of("# Leave\n\nEmployees get thirty days. Contact lenses are paid.\n", "a.md")
    assert assess("What is the sabbatical policy?", passage).contact is None


def test_the_owner_in_the_front_matter_is_quoted_exactly() -> None:
    passage = passage_of(LEAVE, "leave.md")
    found = contact_in_front_matter(LEAVE, passage)
    assert found is not None
    assert found.quote == "owner: Maria Weber <maria@example.com>"
    assert LEAVE[found.start : found.end] == found.quote


@pytest.mark.parametrize(
    "text",
    ["", "---\n", "---\ntitle: x\n---\nowner: Body\n", "owner: nobody\n", "---\nowner:\n---\n"],
)
def test_a_text_whose_front_matter_names_nobody_has_no_owner(text: str) -> None:
    assert contact_in_front_matter(text, passage_of(LEAVE, "leave.md")) is None


def test_a_caution_says_what_is_uncertain() -> None:
    found = Assessment(0.3, 0.9, "near_miss", False, ("sabbatical",), ("annual", "leave"))
    assert found.caution is not None
    assert found.caution.kind == "near_miss"
    assert found.caution.text == (
        "The documents cover “annual” and “leave”, but none of the passages found mentions “sabbatical”: check whether "
        "this answers the question."
    )


def test_words_are_joined_as_in_a_sentence() -> None:
    assert [quoted_words(words) for words in ((), ("a",), ("a", "b"), ("a", "b", "c"))] == [
        "",
        "“a”",
        "“a” and “b”",
        "“a”, “b” and “c”",
    ]


def test_the_weights_are_readable_and_name_known_features() -> None:
    stored = json.loads(WEIGHTS_FILE.read_text("utf-8"))
    assert set(stored["fact"]["weights"]) == set(FEATURES)
    assert set(stored["topic"]["weights"]) <= set(FEATURES)
    model = abstention_model()
    assert 0 < model.withhold_at < model.answer_at < 1


READABLE = st.text(st.characters(exclude_categories=("C",)), max_size=300)


@hypothesis_settings(max_examples=50)
@given(READABLE, READABLE)
def test_any_question_on_any_text_is_assessed(question: str, text: str) -> None:
    found = assess(question, passage_of(f"# T\n\n{text}x\n", "any.md"))
    assert 0 <= found.confidence <= 1
    assert 0 <= found.topic <= 1
    assert found.withheld or found.decision != "nothing"
