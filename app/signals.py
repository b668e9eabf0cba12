"""What people do with an answer without saying anything of it: copy it, open a source, ask again in other words.

A signal is no feedback: it has no verdict and no snapshot, nobody reviews it, and one of a kind and place counts once.
Why it has a table of its own is in docs/decisions/0017-signals.md.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal, get_args

from sqlalchemy import Connection, Engine, insert, select
from sqlalchemy.exc import IntegrityError

from app.authorization import authorize
from app.conversation_log import ConversationLog
from core.answers import Caller
from core.errors import FootnoteError, UsageError
from core.function_words import content_words
from core.ids import new_id
from core.log import get_logger
from core.moments import Clock, stamp, utc_now
from index.database import storage_errors, writing
from index.schema import answers, signals

SignalKind = Literal[
    "copied",
    "exported",
    "citation_opened",
    "rephrased",
    "regenerated",
    "stopped",
    "abandoned",
]

MAX_PLACE_CHARS = 100
REPHRASED_WITHIN = timedelta(minutes=10)
"""How long after an answer a question that is nearly its own counts as asked because of it."""

_log = get_logger(__name__)

_NEAR = 0.5
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Signal:
    """One thing that one person did with one answer; `place` is which source, '' for the answer."""

    answer_id: str
    author: str
    kind: SignalKind
    place: str
    channel: str
    created_at: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that was just taken, before its answer is stored."""

    conversation_id: str
    question: str


@dataclass(frozen=True, slots=True)
class _Answered:
    answer_id: str
    question: str
    created_at: str


class SignalLog:
    """The signals of one data folder."""

    def __init__(self, engine: Engine, data_dir: Path, now: Clock = utc_now) -> None:
        self._engine = engine
        self._data_dir = data_dir
        self._now = now
        self._log = ConversationLog(engine, data_dir)

    def record(
        self,
        caller: Caller,
        answer_id: str,
        kind: SignalKind,
        place: str = "",
        channel: str = "",
    ) -> None:
        """Note what a person did with an answer; the same again changes nothing.

        Raises:
            NotFound: the caller may not see the answer.
            UsageError: there is no such signal, or its place is too long.
        """
        authorize(caller, "ask")
        if kind not in get_args(SignalKind):
            raise UsageError(f"There is no signal {kind!r}: {', '.join(get_args(SignalKind))}.")
        if len(place) > MAX_PLACE_CHARS:
            raise UsageError(f"The place of a signal has more than {MAX_PLACE_CHARS} characters.")
        self._log.find(answer_id, caller)
        self._store(Signal(answer_id, caller.name, kind, place, channel, stamp(self._now())))

    def asked_next(
        self, caller: Caller, asked: Asked, *, replaces: str | None = None, channel: str = ""
    ) -> None:
        """Note what a question says of the last answer of one's own conversation, or of the one that it replaces.

        The same question again is a regenerated answer; nearly the same words, soon, are a rephrased one. Never raises:
        an answer is worth more than a signal.
        """
        with _quietly():
            authorize(caller, "ask")
            with storage_errors(self._data_dir), self._engine.connect() as connection:
                before = _last_answer(connection, asked.conversation_id, caller.name)
            if before is None or (replaces and before.answer_id != replaces):
                return
            kind = self._kind_of(before, asked, is_replacing=bool(replaces))
            if kind is not None:
                at = stamp(self._now())
                self._store(Signal(before.answer_id, caller.name, kind, "", channel, at))

    def stopped(self, caller: Caller, question_id: str, channel: str = "") -> None:
        """Note that a reader did not wait for an answer; the question stands in for it. Never raises."""
        with _quietly():
            at = stamp(self._now())
            self._store(Signal(question_id, caller.name, "stopped", "question", channel, at))

    def _kind_of(self, before: _Answered, asked: Asked, *, is_replacing: bool) -> SignalKind | None:
        if is_replacing and before.question.split() == asked.question.split():
            return "regenerated"
        is_soon = self._now() - datetime.fromisoformat(before.created_at) <= REPHRASED_WITHIN
        is_near = is_rephrased(before.question, asked.question)
        return "rephrased" if is_replacing or (is_soon and is_near) else None

    def _store(self, signal: Signal) -> None:
        key = (
            (signals.c.answer_id == signal.answer_id)
            & (signals.c.author == signal.author)
            & (signals.c.kind == signal.kind)
            & (signals.c.place == signal.place)
        )
        with storage_errors(self._data_dir):
            with self._engine.connect() as connection:
                if connection.execute(select(signals.c.signal_id).where(key)).first():
                    return
            try:
                with writing(self._engine) as connection:
                    connection.execute(
                        insert(signals).values(
                            signal_id=new_id(),
                            answer_id=signal.answer_id,
                            author=signal.author,
                            kind=signal.kind,
                            place=signal.place,
                            channel=signal.channel,
                            created_at=signal.created_at,
                        )
                    )
            except IntegrityError:
                return  # another process noted the same meanwhile


@contextmanager
def _quietly() -> Iterator[None]:
    try:
        yield
    except FootnoteError as error:
        _log.warning("signal_not_kept", problem=type(error).__name__)


def is_rephrased(before: str, after: str) -> bool:
    """Whether a question asks for what the one before asked for: half of their words are the same.

    A follow-up that names a further thing has new words, and one that only points back ('and in Spain?') has few.
    """
    old, new = _words(before), _words(after)
    if not old or not new:
        return False
    shared = len(old & new)
    return shared / len(old | new) >= _NEAR


def _words(question: str) -> frozenset[str]:
    return frozenset(_WORD.findall(content_words(question).casefold()))


def _last_answer(connection: Connection, conversation_id: str, owner: str) -> _Answered | None:
    """Return the answer that is shown last."""
    query = (
        select(answers.c.answer_id, answers.c.answer, answers.c.created_at)
        .where(
            answers.c.conversation_id == conversation_id,
            answers.c.owner == owner,
            answers.c.replaced_by == "",
        )
        .order_by(answers.c.position.desc())
        .limit(1)
    )
    row = connection.execute(query).first()
    if row is None:
        return None
    return _Answered(row.answer_id, str(json.loads(row.answer)["question"]), row.created_at)
