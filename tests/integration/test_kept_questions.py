"""A question is kept from the moment it was asked: read to its end, left, killed, asked again, or beside another one."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from cli_harness import child_env, invoke, samples_base, writable_copy
from slow_writer import PIECES, QUESTION, ScriptedWriter, scripted_service

from app.answering import AnswerReady, AskEvent, QuestionKept, StageStarted, TextAdded
from app.conversation_view import ConversationReader
from app.service import FootnoteService
from app.unfinished_log import DEAD_AFTER_S
from core.answers import Answer
from core.errors import NotFound, ServiceUnavailable, UsageError
from core.moments import utc_now
from index.filters import parse_filter
from index.permissions import administrator, caller_named

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("each_database")]

ADMIN = administrator()
ANN = caller_named("ann@brightwater.example", [])
INES = caller_named("ines@brightwater.example", ["people-team"])
TEXT = "".join(PIECES)
PAY = "When is the calibration of the performance ratings?"

Open = Callable[..., FootnoteService]


@pytest.fixture
def base(tmp_path: Path, model_cache: Path) -> Path:
    return writable_copy(samples_base(model_cache), tmp_path / "base")


@pytest.fixture
def open_with(base: Path, model_cache: Path) -> Iterator[Open]:
    opened: list[FootnoteService] = []

    def open_one(writer: ScriptedWriter | None = None) -> FootnoteService:
        opened.append(scripted_service(base, model_cache, writer))
        return opened[-1]

    yield open_one
    for service in opened:
        service.catalogue.engine.dispose()


def kept_of(events: Iterator[AskEvent]) -> QuestionKept:
    first = next(events)
    assert isinstance(first, QuestionKept)
    return first


def answer_of(events: Iterator[AskEvent]) -> Answer:
    (answer,) = (event.answer for event in events if isinstance(event, AnswerReady))
    return answer


def test_a_question_is_stored_before_anything_is_done_and_its_answer_takes_its_place(
    open_with: Open,
) -> None:
    writer = ScriptedWriter()
    service = open_with(writer)
    events = service.ask_stream(QUESTION, ANN)
    kept = kept_of(events)
    view = service.open_conversation(kept.conversation_id, ANN)
    assert (view.title, view.turns, writer.requests) == (QUESTION, (), [])
    assert [(q.question_id, q.question, q.state) for q in view.unfinished] == [
        (kept.question_id, QUESTION, "running")
    ]
    answer = answer_of(events)
    assert answer.conversation_id == kept.conversation_id
    view = service.open_conversation(kept.conversation_id, ANN)
    assert ([turn.answer for turn in view.turns], view.unfinished) == ([answer], ())


def test_an_answer_that_is_not_read_to_its_end_is_stopped_with_its_text(open_with: Open) -> None:
    service = open_with(ScriptedWriter())
    events = service.ask_stream(QUESTION, ANN)
    kept = kept_of(events)
    for event in events:
        if isinstance(event, TextAdded):
            break
    events.close()  # type: ignore[attr-defined]  # it is a generator
    (entry,) = service.conversations(ANN)
    assert (entry.title, entry.turns, entry.has_unfinished) == (QUESTION, 0, True)
    (question,) = service.open_conversation(kept.conversation_id, ANN).unfinished
    assert (question.state, question.text) == ("stopped", PIECES[0])
    service.forget_question(question.question_id, ANN)
    assert service.conversations(ANN) == []


def test_closing_behind_the_answer_leaves_the_answer(open_with: Open) -> None:
    service = open_with(ScriptedWriter())
    events = service.ask_stream(QUESTION, ANN)
    kept = kept_of(events)
    for event in events:
        if isinstance(event, AnswerReady):
            break
    events.close()  # type: ignore[attr-defined]  # it is a generator
    view = service.open_conversation(kept.conversation_id, ANN)
    assert (len(view.turns), view.unfinished) == (1, ())


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        (ServiceUnavailable("The model is asleep. Wake it."), "The model is asleep. Wake it."),
        (OSError("hunter2"), ""),
    ],
)
def test_an_answer_that_failed_says_so_when_it_is_opened_again(
    error: Exception, problem: str, open_with: Open
) -> None:
    def fail(number: int) -> None:
        if number == 2:
            raise error

    service = open_with(ScriptedWriter(fail))
    events = service.ask_stream(QUESTION, ANN)
    kept = kept_of(events)
    with pytest.raises(type(error)):
        list(events)
    (question,) = service.open_conversation(kept.conversation_id, ANN).unfinished
    assert (question.state, question.text) == ("failed", PIECES[0] + PIECES[1])
    assert question.problem == problem if problem else "hunter2" not in question.problem


@pytest.mark.parametrize("question", [" ", "x" * 2001])
def test_a_question_that_is_refused_is_not_kept(question: str, open_with: Open) -> None:
    service = open_with(ScriptedWriter())
    with pytest.raises(UsageError):
        list(service.ask_stream(question, ANN))
    own = service.ask(QUESTION, ANN)
    for changes in ({"conversation_id": own.conversation_id}, {"replaces": own.answer_id}):
        with pytest.raises(NotFound):
            list(service.ask_stream(QUESTION, INES, **changes))  # type: ignore[arg-type]
    with pytest.raises(UsageError):
        list(service.ask_stream(QUESTION, ANN, filters=[parse_filter("type=md")] * 101))
    assert service.conversations(INES) == []
    assert [entry.turns for entry in service.conversations(ANN)] == [1]


def test_a_replay_keeps_nothing(open_with: Open) -> None:
    service = open_with(ScriptedWriter())
    then = service.ask(QUESTION, ANN)
    assert service.replay(then.answer_id, ANN).is_same
    (entry,) = service.conversations(ANN)
    assert (entry.turns, entry.has_unfinished) == (1, False)


def test_an_answer_asked_for_again_is_replaced_and_left_out_of_what_a_model_is_told(
    open_with: Open,
) -> None:
    writer = ScriptedWriter()
    service = open_with(writer)
    first = service.ask("What is a probe?", ANN)
    second = service.ask(QUESTION, ANN, first.conversation_id)
    events = service.ask_stream(
        "How many days of sick leave do I have?",
        ANN,
        first.conversation_id,
        replaces=second.answer_id,
    )
    third = answer_of(events)
    assert [turn.question for turn in writer.requests[-1].history] == ["What is a probe?"]
    view = service.open_conversation(first.conversation_id, ANN)
    assert [turn.answer for turn in view.turns] == [first, third]
    assert view.turns[1].earlier == (second,)
    service.ask("And then?", ANN, first.conversation_id)
    told = [turn.question for turn in writer.requests[-1].history]
    assert told == ["What is a probe?", "How many days of sick leave do I have?"]


def test_two_questions_in_one_conversation_at_once_are_both_answered(open_with: Open) -> None:
    both = threading.Barrier(2, timeout=30)
    writer = ScriptedWriter(lambda number: both.wait() if number == 1 else None)
    service = open_with(ScriptedWriter())
    conversation = service.ask(QUESTION, ANN).conversation_id
    together = open_with(writer)
    threads = [
        threading.Thread(target=together.ask, args=(f"Question {n}?", ANN, conversation))
        for n in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    view = service.open_conversation(conversation, ANN)
    asked = [turn.answer.question for turn in view.turns if turn.answer]
    assert (asked[0], sorted(asked[1:])) == (QUESTION, ["Question 0?", "Question 1?"])
    assert view.unfinished == ()


def test_deleting_a_conversation_while_it_is_answered_leaves_nothing_behind(
    open_with: Open,
) -> None:
    service = open_with(ScriptedWriter())
    events = service.ask_stream(QUESTION, ANN)
    kept = kept_of(events)
    next(events)
    service.delete_conversation(kept.conversation_id, ANN)
    with pytest.raises(NotFound):
        list(events)
    assert service.conversations(ANN) == []


def test_a_process_that_is_killed_leaves_its_question_as_stopped(
    base: Path, model_cache: Path, open_with: Open
) -> None:
    program = Path(__file__).parents[1] / "slow_writer.py"
    child = subprocess.Popen(
        [sys.executable, str(program), str(base), str(model_cache)],
        stdout=subprocess.PIPE,
        text=True,
        env=child_env(base, model_cache),
    )
    try:
        assert child.stdout is not None
        question_id, conversation = child.stdout.readline().split()
        assert [child.stdout.readline(), child.stdout.readline()] == ["text\n", "text\n"]
    finally:
        child.kill()
        child.wait(30)
        assert child.stdout is not None
        child.stdout.close()
    service = open_with(ScriptedWriter())
    (question,) = service.open_conversation(conversation, ADMIN).unfinished
    assert (question.question_id, question.state) == (question_id, "running")
    later = ConversationReader(
        service.catalogue, lambda: utc_now() + timedelta(seconds=DEAD_AFTER_S + 60)
    )
    (question,) = later.open(conversation, ADMIN).unfinished
    assert (question.state, question.text) == ("stopped", PIECES[0] + PIECES[1])
    assert service.ask("Again?", ADMIN, conversation).text == TEXT
    service.forget_question(question_id, ADMIN)
    assert [entry.turns for entry in service.conversations(ADMIN)] == [1]


# --- one part of the documents ------------------------------------------------------------------------------


def test_an_answer_is_made_of_the_chosen_part_only_and_so_is_its_replay(open_with: Open) -> None:
    service = open_with()
    filters = [parse_filter("uri~policies/*")]
    answer = answer_of(service.ask_stream("How long is data kept?", ANN, filters=filters))
    assert answer.status == "answered"
    assert {c.document.uri.split("/")[0] for c in answer.citations} == {"policies"}
    _, trace = service.find_answer(answer.answer_id, ANN)
    assert trace["filters"] == [{"key": "uri", "operator": "~", "value": "policies/*"}]
    assert service.replay(answer.answer_id, ANN).is_same
    elsewhere = answer_of(service.ask_stream(QUESTION, ANN, filters=filters))
    assert elsewhere.status == "abstained"
    assert "only the part of the documents that was chosen: 4 documents" in elsewhere.text
    assert {"policies"} >= {c.document.uri.split("/")[0] for c in elsewhere.citations}
    assert all("handbook" not in note.text for note in elsewhere.notes)
    now = service.replay(elsewhere.answer_id, ANN).now
    assert now.text == elsewhere.text


@pytest.mark.parametrize("chosen", ["source=nowhere", "uri~people-private/*"])
def test_a_part_without_readable_documents_is_an_abstention(chosen: str, open_with: Open) -> None:
    service = open_with()
    answer = answer_of(service.ask_stream(QUESTION, ANN, filters=[parse_filter(chosen)]))
    assert (answer.status, answer.citations) == ("abstained", ())
    assert "none that you may read" in answer.text
    assert service.count_in_scope([parse_filter(chosen)], ANN) == 0


# --- shared with others ---------------------------------------------------------------------------------


def test_a_shared_answer_from_private_documents_is_withheld_with_what_came_after_it(
    open_with: Open,
) -> None:
    service = open_with()
    private = service.ask(PAY, INES)
    assert {c.document.uri.split("/")[0] for c in private.citations} == {"people-private"}
    service.ask("Who approves it?", INES, private.conversation_id)
    public = answer_of(service.ask_stream(QUESTION, INES, filters=[parse_filter("uri~handbook/*")]))
    for answer in (private, public):
        service.share_conversation(answer.conversation_id, INES, is_shared=True)
    view = service.open_conversation(private.conversation_id, ANN)
    assert [turn.is_withheld for turn in view.turns] == [True, True]
    assert "calibration" not in repr(view).lower()
    assert service.open_conversation(public.conversation_id, ANN).turns[0].answer == public
    assert service.find_answer(public.answer_id, ANN)[0] == public
    for caller in (ANN, ADMIN):
        with pytest.raises(NotFound):
            service.turns(private.conversation_id, caller)
    with pytest.raises(NotFound):
        service.find_answer(private.answer_id, ANN)
    assert service.find_answer(private.answer_id, ADMIN)[0] == private


def test_the_command_line_shows_a_kept_question_as_before(
    base: Path, model_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOOTNOTE_DATA_DIR", str(base))
    done = invoke("ask", QUESTION, "--stream")
    assert done.exit_code == 0, done.output
    assert "27 days" in done.stdout
    assert "QuestionKept" not in done.output


def test_the_events_of_a_kept_question_come_in_order(open_with: Open) -> None:
    events = list(open_with(ScriptedWriter()).ask_stream(QUESTION, ANN))
    assert isinstance(events[0], QuestionKept)
    assert isinstance(events[1], StageStarted)
    assert "".join(event.text for event in events if isinstance(event, TextAdded)) == TEXT
    assert isinstance(events[-1], AnswerReady)
