"""A question without an answer is what became of it: running, stopped or failed, with the text until then."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from app.conversation_log import ConversationLog
from app.unfinished_log import DEAD_AFTER_S, UnfinishedLog, UnfinishedQuestion
from core.errors import StorageFull, UsageError
from index.catalogue import Catalogue
from index.database import writing
from index.permissions import caller_named
from index.schema import unfinished

pytestmark = pytest.mark.usefixtures("each_database")

ANN = caller_named("ann@x.org", [])


class SetClock:
    """Tells the time that it was set to."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def log(catalogue: Catalogue, clock: SetClock) -> ConversationLog:
    return ConversationLog(catalogue.engine, catalogue.data_dir, now=clock)


def working(log: UnfinishedLog, question_id: str, end: Callable[[], None]) -> Iterator[str]:
    with log.running(question_id) as running:
        for piece in ("Thirty ", "days"):
            running.grow(piece)
            yield piece
        end()


def ended(log: ConversationLog, end: Callable[[], None], read: int = 9) -> UnfinishedQuestion:
    """Answer a question until `read` pieces came, and return what is kept of it then."""
    question_id, conversation = log.begin("How many days?", ANN)
    with closing(working(log.unfinished, question_id, end)) as pieces:
        for _, piece in zip(range(read), pieces, strict=False):
            assert piece
    (kept,) = log.unfinished.of(conversation)
    assert kept.question == "How many days?"
    return kept


def nothing() -> None:
    """End well."""


def test_one_that_nobody_reads_to_the_end_is_stopped_with_the_text_so_far(
    log: ConversationLog,
) -> None:
    kept = ended(log, nothing, read=1)
    assert (kept.state, kept.text, kept.problem) == ("stopped", "Thirty ", "")


@pytest.mark.parametrize("ending", [KeyboardInterrupt, SystemExit])
def test_one_whose_thread_is_told_to_end_is_stopped(
    log: ConversationLog, ending: type[BaseException]
) -> None:
    def end() -> None:
        raise ending

    question_id, conversation = log.begin("How many days?", ANN)
    with pytest.raises(ending):
        list(working(log.unfinished, question_id, end))
    (kept,) = log.unfinished.of(conversation)
    assert (kept.state, kept.text) == ("stopped", "Thirty days")


@pytest.mark.parametrize(
    ("error", "problem"),
    [(UsageError("The shoe is tied."), "The shoe is tied."), (KeyError("token=hunter2"), None)],
)
def test_one_that_failed_says_why_and_tells_no_secrets(
    log: ConversationLog, error: Exception, problem: str | None
) -> None:
    def end() -> None:
        raise error

    question_id, conversation = log.begin("How many days?", ANN)
    with pytest.raises(type(error)):
        list(working(log.unfinished, question_id, end))
    (kept,) = log.unfinished.of(conversation)
    assert (kept.state, kept.text) == ("failed", "Thirty days")
    assert kept.problem == problem if problem else "hunter2" not in kept.problem
    assert kept.problem.endswith(".")


def test_one_whose_process_died_is_stopped_for_everybody_once_its_last_beat_is_old(
    log: ConversationLog, clock: SetClock, catalogue: Catalogue
) -> None:
    _, conversation = log.begin("How many days?", ANN)
    clock.now += timedelta(seconds=DEAD_AFTER_S - 1)
    assert log.unfinished.of(conversation)[0].state == "running"
    clock.now += timedelta(seconds=2)
    assert log.unfinished.of(conversation)[0].state == "stopped"
    with catalogue.engine.connect() as connection:
        assert connection.execute(select(unfinished.c.state)).scalar() == "stopped"


def test_a_beat_is_a_sign_of_life(log: ConversationLog, clock: SetClock) -> None:
    question_id, conversation = log.begin("How many days?", ANN)
    for _ in range(3):
        clock.now += timedelta(seconds=DEAD_AFTER_S - 1)
        with log.unfinished.running(question_id) as running:
            running.grow("More. ")
            running.beat()
    assert log.unfinished.of(conversation)[0].state == "running"
    clock.now += timedelta(seconds=DEAD_AFTER_S + 1)
    assert log.unfinished.of(conversation)[0].state == "stopped"
    log.unfinished.write(question_id, "running", "It was only slow.")
    assert log.unfinished.of(conversation)[0].state == "running"


class FullDisk(UnfinishedLog):
    """A log that takes nothing more."""

    def write(self, *args: object, **kwargs: object) -> None:
        raise StorageFull("The disk is full.")


def test_an_answer_goes_on_where_its_beats_cannot_be_stored(
    log: ConversationLog, catalogue: Catalogue
) -> None:
    question_id, _ = log.begin("How many days?", ANN)
    full = FullDisk(catalogue.engine, catalogue.data_dir)
    with full.running(question_id) as running:
        running.grow("Thirty")
        running.beat()
    pieces = working(full, question_id, nothing)
    assert next(pieces) == "Thirty "
    pieces.close()  # type: ignore[attr-defined]  # it is a generator


def test_unfinished_questions_stand_in_the_order_in_which_they_were_asked(
    log: ConversationLog, clock: SetClock, catalogue: Catalogue
) -> None:
    _, conversation = log.begin("First", ANN)
    for question in ("Second", "Third"):
        clock.now += timedelta(seconds=1)
        log.begin(question, ANN, conversation)
    with writing(catalogue.engine) as connection:
        connection.execute(update(unfinished).values(updated_at="2026-01-01T00:00:00"))
    asked = [entry.question for entry in log.unfinished.of(conversation)]
    assert asked == ["First", "Second", "Third"]
