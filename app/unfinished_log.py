"""Keeps questions that have no stored answer: being answered, stopped, or failed; each belongs to who asked.

    begun ─▶ running ─▶ (answer stored: the row is gone)
                ├─▶ stopped: the reader left or stopped it, or its process died
                └─▶ failed: `problem` is what the reader was told

A running question is written again while its text grows. That is its sign of life too: without one for 90 seconds
nobody works on it any more.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from time import monotonic
from typing import Literal

from sqlalchemy import Connection, Engine, delete, insert, select, update

from core.answers import Caller
from core.errors import FootnoteError, NotFound
from core.ids import new_id
from core.log import get_logger
from core.moments import Clock, stamp, utc_now
from index.database import storage_errors, writing
from index.schema import unfinished

_log = get_logger(__name__)

UnfinishedState = Literal["running", "stopped", "failed"]

BEAT_S = 2.0
"""Seconds between two writes of a growing text."""
DEAD_AFTER_S = 90.0
"""Seconds without a sign of life after which a running question counts as stopped."""
_FAULT = "Something went wrong inside Footnote, so this answer was not finished. Ask again."


@dataclass(frozen=True, slots=True)
class UnfinishedQuestion:
    """A question without a stored answer, and the text that came until now, which nobody checked."""

    question_id: str
    question: str
    text: str
    state: UnfinishedState
    problem: str
    replaces: str
    started_at: str


class RunningQuestion:
    """One question while it is answered: the text that came, written from time to time."""

    def __init__(self, log: "UnfinishedLog", question_id: str) -> None:
        self._log = log
        self._question_id = question_id
        self._text: list[str] = []
        self._written_at = monotonic()

    @property
    def text(self) -> str:
        """The text until now."""
        return "".join(self._text)

    def grow(self, piece: str) -> None:
        """Add text; it is written every two seconds at most."""
        self._text.append(piece)
        if monotonic() - self._written_at >= BEAT_S:
            self.beat()

    def beat(self) -> None:
        """Write the text, and with it that somebody works on this; a catalogue that is busy costs nothing but that."""
        try:
            self._log.write(self._question_id, "running", self.text)
        except FootnoteError as error:
            _log.warning("unfinished_answer_not_written", problem=type(error).__name__)
        self._written_at = monotonic()


class UnfinishedLog:
    """The unfinished questions of one data folder; `now` tells the time in UTC."""

    def __init__(self, engine: Engine, data_dir: Path, now: Clock = utc_now) -> None:
        self._engine = engine
        self._data_dir = data_dir
        self._now = now

    @contextmanager
    def running(self, question_id: str) -> Iterator[RunningQuestion]:
        """Keep what becomes of a question that was begun: around a generator's body, also when that is closed."""
        question = RunningQuestion(self, question_id)
        try:
            yield question
        except FootnoteError as error:
            self._end(question_id, "failed", question.text, str(error))
            raise
        except Exception:
            self._end(question_id, "failed", question.text, _FAULT)
            raise
        except BaseException:
            # GeneratorExit, Ctrl-C, or the order to end this thread.
            self._end(question_id, "stopped", question.text)
            raise

    def write(self, question_id: str, state: UnfinishedState, text: str, problem: str = "") -> None:
        """Write how a question stands; one that is not there any more is left alone."""
        with storage_errors(self._data_dir), writing(self._engine) as connection:
            connection.execute(
                update(unfinished)
                .where(unfinished.c.question_id == question_id)
                .values(state=state, text=text, problem=problem, updated_at=stamp(self._now()))
            )

    def of(self, conversation_id: str) -> tuple[UnfinishedQuestion, ...]:
        """Return the unfinished questions of a conversation, oldest first.

        One whose process died is stopped from here on.
        """
        self._heal(conversation_id)
        query = (
            select(unfinished)
            .where(unfinished.c.conversation_id == conversation_id)
            .order_by(unfinished.c.started_at, unfinished.c.question_id)
        )
        with self._engine.connect() as connection:
            return tuple(
                UnfinishedQuestion(
                    row.question_id,
                    row.question,
                    row.text,
                    row.state,
                    row.problem,
                    row.replaces,
                    row.started_at,
                )
                for row in connection.execute(query)
            )

    def _heal(self, conversation_id: str) -> None:
        is_dead = (
            (unfinished.c.conversation_id == conversation_id)
            & (unfinished.c.state == "running")
            & (unfinished.c.updated_at < stamp(self._now() - timedelta(seconds=DEAD_AFTER_S)))
        )
        with self._engine.connect() as connection:
            if connection.execute(select(unfinished.c.question_id).where(is_dead)).first() is None:
                return
        with storage_errors(self._data_dir), writing(self._engine) as connection:
            connection.execute(update(unfinished).where(is_dead).values(state="stopped"))

    def _end(self, question_id: str, state: UnfinishedState, text: str, problem: str = "") -> None:
        try:
            self.write(question_id, state, text, problem)
        except FootnoteError as error:
            # What ended the answer is told; that this could not be noted shows when its last beat is old.
            _log.warning("unfinished_answer_not_written", problem=type(error).__name__)


def add_running(
    connection: Connection,
    conversation_id: str,
    caller: Caller,
    question: str,
    replaces: str,
    at: str,
) -> str:
    """Store a question that is about to be answered; return its id."""
    question_id = new_id()
    connection.execute(
        insert(unfinished).values(
            question_id=question_id,
            conversation_id=conversation_id,
            owner=caller.name,
            question=question,
            text="",
            state="running",
            problem="",
            replaces=replaces,
            started_at=at,
            updated_at=at,
        )
    )
    return question_id


def take_out(connection: Connection, question_id: str, caller: Caller) -> tuple[str, str]:
    """Remove one of the caller's unfinished questions; return its conversation and its text.

    Raises:
        NotFound: it is not there or not the caller's.
    """
    is_it = (unfinished.c.question_id == question_id) & (unfinished.c.owner == caller.name)
    query = select(unfinished.c.conversation_id, unfinished.c.question).where(is_it)
    found = connection.execute(query).first()
    if found is None:
        raise NotFound(
            "This question is not there any more: it was answered or removed in the meantime. Open the conversation "
            "again to see how it stands."
        )
    connection.execute(delete(unfinished).where(is_it))
    return found.conversation_id, found.question
