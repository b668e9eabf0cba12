"""Suggested questions go on from an answer, are answered when they are asked, and name nothing that may not be read."""

import json
from pathlib import Path

import pytest
from cli_harness import ROOT, samples_base, writable_copy
from slow_writer import scripted_service

from app.service import FootnoteService
from core.answers import Caller
from index.permissions import administrator, caller_named

pytestmark = pytest.mark.integration

ADMIN = administrator()
ANN = caller_named("ann@brightwater.example", [])
INES = caller_named("ines@brightwater.example", ["people-team"])
LEAVE = "How many days of annual leave do I have?"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, model_cache: Path) -> FootnoteService:
    base = writable_copy(samples_base(model_cache), tmp_path_factory.mktemp("follow") / "base")
    return scripted_service(base, model_cache, None)


def title_in(service: FootnoteService, question: str) -> str:
    """The document that a suggested question names; '' for a heading that was a question already."""
    titles = {record.title: record.doc_id for record in service.catalogue.list_documents()}
    named = max((title for title in titles if title in question), key=len, default="")
    return titles.get(named, "")


def test_most_suggestions_are_answered_from_the_document_that_they_name(
    service: FootnoteService,
) -> None:
    lines = (ROOT / "samples" / "questions.jsonl").read_text("utf-8").splitlines()
    asked = answered = 0
    without = []
    for line in lines[::2]:
        answer = service.ask(json.loads(line)["question"], ADMIN)
        suggested = service.follow_ups(answer, ADMIN)
        if answer.status == "answered" and not suggested:
            without.append(answer.question)
        for question in suggested:
            found = service.ask(question, ADMIN, answer.conversation_id)
            cited = {citation.document.doc_id for citation in found.citations}
            named = title_in(service, question)
            asked += 1
            answered += found.status == "answered" and (not named or named in cited)
    assert asked >= 2 * len(lines[::2])
    assert answered >= 0.8 * asked, (answered, asked)
    assert len(without) <= 2, without


def test_suggestions_begin_beside_the_cited_section(service: FootnoteService) -> None:
    answer = service.ask(LEAVE, ANN)
    assert "Leave and holidays" in service.follow_ups(answer, ANN)[0]
    assert len(service.follow_ups(answer, ANN, limit=2)) == 2
    assert service.follow_ups(answer, ANN, limit=0) == []


def test_no_suggestion_was_asked_before_in_the_conversation(service: FootnoteService) -> None:
    answer = service.ask(LEAVE, ANN)
    asked = {LEAVE}
    for _ in range(4):
        suggested = service.follow_ups(answer, ANN)
        assert len(suggested) == len(set(suggested))
        assert not asked & set(suggested)
        if not suggested:
            break
        asked.add(suggested[0])
        answer = service.ask(suggested[0].upper(), ANN, answer.conversation_id)
        asked.add(suggested[0])


@pytest.mark.parametrize("caller", [ANN, ADMIN])
def test_what_is_suggested_may_be_read(service: FootnoteService, caller: Caller) -> None:
    answer = service.ask("When is the calibration of the performance ratings?", INES)
    assert answer.citations[0].document.uri.startswith("people-private")
    private = [
        question for question in service.follow_ups(answer, INES, 9) if "review guide" in question
    ]
    assert private
    seen = service.follow_ups(answer, caller, 9)
    assert any("review guide" in question for question in seen) == (caller is ADMIN)


def test_an_abstention_with_nothing_near_suggests_nothing(service: FootnoteService) -> None:
    answer = service.ask("Who won the chess world championship in 1972?", ANN)
    assert answer.status == "abstained"
    trace = service.find_answer(answer.answer_id, ANN)[1]
    assert trace["assessment"]["decision"] == "nothing"
    assert service.follow_ups(answer, ANN) == []
