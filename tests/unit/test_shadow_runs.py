"""The queue of shadow answers: short, never in a reader's way, and not brought down by one question."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, cast

import pytest
from sqlalchemy import select

from app.answering import Answering, AnswerReady, AskEvent
from app.arm_labels import Arm
from app.conversation_log import ConversationLog
from app.experiments.shadow import SHADOW_NAME, ShadowQuestion, ShadowRuns
from core.answers import Answer, Caller
from core.ids import new_id
from index.catalogue import Catalogue
from index.schema import shadow_answers

pytestmark = pytest.mark.usefixtures("each_database")

CALLER = Caller("ada@example.org", frozenset({"everyone"}))
CURRENT, TRIED = Arm("trial", "current"), Arm("trial", "words-only")


def an_answer(text: str = "Thirty days.") -> Answer:
    return Answer(
        new_id(), "", new_id(), "How many?", text, "answered", (), (), (), "m", "p", 1, "2026-03-01"
    )


class Other:
    """Answers like `Answering`; a text of '!' is a fault of its own."""

    def __init__(self, text: str = "30 days.") -> None:
        self.callers: list[Caller] = []
        self._text = text

    def ask_stream(
        self, question: str, caller: Caller, *args: object, is_kept: bool, **more: object
    ) -> Iterator[AskEvent]:
        assert not is_kept
        self.callers.append(caller)
        if self._text == "!":
            raise RuntimeError("a fault")
        yield AnswerReady(an_answer(self._text))


@pytest.fixture
def log(catalogue: Catalogue) -> ConversationLog:
    return ConversationLog(catalogue.engine, catalogue.data_dir, variant=CURRENT.label)


def asked(log: ConversationLog, other: Other) -> ShadowQuestion:
    stored = log.append(an_answer(), {"history": []}, CALLER, None)
    return ShadowQuestion(stored.answer_id, CALLER, CURRENT, TRIED, cast(Answering, other))


def kept(catalogue: Catalogue) -> list[Any]:
    with catalogue.engine.connect() as connection:
        return list(connection.execute(select(shadow_answers)))


def until(is_so: Callable[[], bool], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "did not happen"
        time.sleep(0.01)


def test_a_shadow_waits_for_readers_and_a_full_queue_drops(
    catalogue: Catalogue, log: ConversationLog
) -> None:
    runs = ShadowRuns(catalogue.engine, catalogue.data_dir, log, waiting=2)
    other = Other()
    questions = [asked(log, other) for _ in range(6)]
    with runs.waiting_reader():
        taken = [runs.offer(question) for question in questions]
        # Two wait in the queue, and the worker may hold one.
        assert 2 <= sum(taken) <= 3
        assert not taken[-1]
        time.sleep(0.2)
        assert other.callers == []
    until(lambda: len(kept(catalogue)) == sum(taken))
    assert {caller.name for caller in other.callers} == {SHADOW_NAME}
    assert {caller.principals for caller in other.callers} == {CALLER.principals}


def test_a_question_that_waits_too_long_is_dropped_and_the_next_is_answered(
    catalogue: Catalogue, log: ConversationLog
) -> None:
    runs = ShadowRuns(catalogue.engine, catalogue.data_dir, log, patience_s=0.1)
    other = Other()
    with runs.waiting_reader():
        assert runs.offer(asked(log, other))
        time.sleep(0.6)
    later = asked(log, other)
    assert runs.offer(later)
    until(lambda: bool(kept(catalogue)))
    assert later.answer_id in {row.answer_id for row in kept(catalogue)}


def test_what_was_said_is_kept_beside_the_shown_answer(
    catalogue: Catalogue, log: ConversationLog
) -> None:
    runs = ShadowRuns(catalogue.engine, catalogue.data_dir, log)
    question = asked(log, Other("30 days a year."))
    runs.offer(question)
    until(lambda: len(kept(catalogue)) == 1)
    (row,) = kept(catalogue)
    assert (row.answer_id, row.variant) == (question.answer_id, TRIED.label)
    content = json.loads(row.content)
    assert content["answer"]["text"] == "30 days a year."
    assert (content["shown"], content["variant"]) == ("current", "words-only")


def test_a_fault_a_deleted_answer_or_somebody_elses_stop_nothing(
    catalogue: Catalogue, log: ConversationLog
) -> None:
    runs = ShadowRuns(catalogue.engine, catalogue.data_dir, log)
    other = Other()
    gone = replace(asked(log, other), answer_id="no-such-answer")
    theirs = replace(asked(log, other), caller=replace(CALLER, name="bob@example.org"))
    good = asked(log, other)
    for question in (asked(log, Other("!")), gone, theirs, good):
        assert runs.offer(question)
    until(lambda: bool(kept(catalogue)))
    assert [row.answer_id for row in kept(catalogue)] == [good.answer_id]
    assert len(other.callers) == 1
