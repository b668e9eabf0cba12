"""The durable inbox: what came from Slack is stored before it is acknowledged, and answered once by one process.

    keep ─▶ waiting ─claim─▶ working ─▶ done, failed or ignored (the body is emptied)
              ▲                │ its process died, or was silent for too long about it
              └────recover─────┘

Events, their repetitions and the two events of one message are one row: both of its keys are unique. A claim is one
compare-and-set; its number of attempts goes with every later write, so that a process that lost its claim writes nothing.
On a server the processes are on several machines: before it claims or beats, each makes sure that others see it live.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, cast

from sqlalchemy import (
    ColumnElement,
    CursorResult,
    Engine,
    Row,
    Select,
    Update,
    delete,
    exists,
    select,
    tuple_,
    update,
)

from app.slack.places import IncomingKind
from app.slack.presence import Presence
from core.ids import new_id
from core.moments import Clock, stamp, utc_now
from index.database import storage_errors, writing
from index.dialects import insert_into
from index.schema import slack_inbox

MOST_ATTEMPTS = 2
"""How often a question is begun; after that its message is marked as interrupted."""
GIVEN_UP_AFTER = 5
"""After how many claims a row is left alone: not even marking it worked."""
SILENT_S = 120.0
"""Seconds without a beat after which a claim is taken over, although the process seems to live."""
KEPT_DAYS = 30
"""How long the keys of what is finished are kept; Slack repeats an event for minutes."""

Ending = Literal["done", "failed", "ignored"]
_OVER = ("done", "failed", "ignored")
_c = slack_inbox.c


@dataclass(frozen=True, slots=True)
class Arrival:
    """Something from Slack that waits for an answer; its keys say what is the same, `body` is JSON.

    Of one `series` the next begins when the one before has ended, so that it knows what was said; '' waits for none.
    """

    event_key: str
    message_key: str
    kind: IncomingKind
    body: dict[str, Any]
    series: str = ""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A row that one process works on. `posted_ts` and `answer_id` are what an earlier attempt came to."""

    inbox_id: str
    kind: IncomingKind
    body: dict[str, Any]
    attempts: int
    posted_ts: tuple[str, ...]
    answer_id: str
    received_at: str

    @property
    def is_last_resort(self) -> bool:
        """Whether it was begun often enough, so that all that is left is to mark it."""
        return self.attempts > MOST_ATTEMPTS


class SlackInbox:
    """The inbox of one knowledge base, as one process sees it: it claims by the name of its presence."""

    def __init__(
        self, engine: Engine, data_dir: Path, presence: Presence, now: Clock = utc_now
    ) -> None:
        self._engine = engine
        self._data_dir = data_dir
        self._presence = presence
        self._worker = presence.name
        self._now = now

    def keep(self, arrival: Arrival) -> bool:
        """Store what came; False where it is there already. When this returns, it survives a crash."""
        with storage_errors(self._data_dir), writing(self._engine) as connection:
            row = insert_into(connection, slack_inbox).values(
                inbox_id=new_id(),
                event_key=arrival.event_key,
                message_key=arrival.message_key,
                series=arrival.series,
                kind=arrival.kind,
                body=json.dumps(arrival.body, ensure_ascii=False),
                state="waiting",
                received_at=self._stamp(),
            )
            # Not every driver says how many rows an INSERT stored.
            stored = connection.execute(row.on_conflict_do_nothing().returning(_c.inbox_id))
            return stored.first() is not None

    def claim(self) -> Claimed | None:
        """Take the oldest row that may begin, the next one where another process was faster; None where none may."""
        while self._is_any_due():
            self._presence.keep()
            row = self._take_oldest()
            if row is not None:
                return Claimed(
                    row.inbox_id,
                    row.kind,
                    json.loads(row.body),
                    row.attempts,
                    tuple(row.posted_ts.split()),
                    row.answer_id,
                    row.received_at,
                )
        return None

    def _is_any_due(self) -> bool:
        # Without a write lock first: most looks find nothing.
        with storage_errors(self._data_dir), self._engine.connect() as connection:
            return connection.execute(self._oldest_due()).first() is not None

    def _take_oldest(self) -> Row[Any] | None:
        taken = (
            update(slack_inbox)
            # Looked at again when another transaction changed the row first, unlike the look for the oldest.
            .where(_c.state == "waiting", _c.inbox_id == self._oldest_due().scalar_subquery())
            .values(
                state="working",
                attempts=_c.attempts + 1,
                claimed_by=self._worker,
                claimed_at=self._stamp(),
            )
            .returning(slack_inbox)
        )
        with storage_errors(self._data_dir), writing(self._engine) as connection:
            return connection.execute(taken).first()

    def _oldest_due(self) -> Select[tuple[str]]:
        rows, before = slack_inbox.alias().c, slack_inbox.alias().c
        is_due = (rows.state == "waiting") & (rows.claimed_at <= self._stamp())
        is_earlier = tuple_(before.received_at, before.inbox_id) < tuple_(
            rows.received_at, rows.inbox_id
        )
        has_to_wait = exists().where(
            before.series == rows.series,
            before.series != "",
            (before.state == "working") | ((before.state == "waiting") & is_earlier),
        )
        return (
            select(rows.inbox_id)
            .where(is_due, ~has_to_wait)
            .order_by(rows.received_at, rows.inbox_id)
            .limit(1)
        )

    def beat(self, at_work: Sequence[Claimed]) -> None:
        """Say that this process still works on some of what it has claimed; the rest is left to `recover`."""
        self._presence.keep()
        ids = [claimed.inbox_id for claimed in at_work]
        mine = update(slack_inbox).where(
            _c.inbox_id.in_(ids), _c.state == "working", _c.claimed_by == self._worker
        )
        if ids:
            self._write(mine.values(claimed_at=self._stamp()))

    def is_mine(self, claimed: Claimed) -> bool:
        """Whether a claim still holds."""
        query = select(_c.inbox_id).where(self._is_mine(claimed))
        with storage_errors(self._data_dir), self._engine.connect() as connection:
            return connection.execute(query).first() is not None

    def note_posted(self, claimed: Claimed, messages: Sequence[str]) -> bool:
        """Note the messages that show an answer, oldest first; False where the claim is lost."""
        mine = update(slack_inbox).where(self._is_mine(claimed))
        return self._write(mine.values(posted_ts=" ".join(messages)))

    def has_posted(self, channel: str, ts: str) -> bool:
        """Whether a message shows the answer to a question of the inbox."""
        in_it = (" " + _c.posted_ts + " ").contains(f" {ts} ", autoescape=True)
        # A message's time is one of its channel's; two channels can have the same.
        query = select(_c.inbox_id).where(
            in_it, _c.message_key.contains(f":{channel}:", autoescape=True)
        )
        with storage_errors(self._data_dir), self._engine.connect() as connection:
            return connection.execute(query.limit(1)).first() is not None

    def note_answer(self, claimed: Claimed, answer_id: str) -> bool:
        """Note that the answer is stored, so that nobody asks again; False where the claim is lost."""
        mine = update(slack_inbox).where(self._is_mine(claimed))
        return self._write(mine.values(answer_id=answer_id))

    def finish(self, claimed: Claimed, ending: Ending) -> bool:
        """Note how it ended and forget what was asked; False where the claim is lost."""
        mine = update(slack_inbox).where(self._is_mine(claimed))
        return self._write(mine.values(state=ending, body="{}", finished_at=self._stamp()))

    def put_back(self, claimed: Claimed, after_s: float = 0.0, *, counts: bool = True) -> bool:
        """Let a row wait again, for some seconds; without `counts` as if it had not been begun."""
        due = stamp(self._now() + timedelta(seconds=after_s)) if after_s else ""
        attempts = claimed.attempts if counts else claimed.attempts - 1
        mine = update(slack_inbox).where(self._is_mine(claimed))
        return self._write(
            mine.values(state="waiting", claimed_by="", claimed_at=due, attempts=attempts)
        )

    def recover(self) -> int:
        """Let what dead processes left wait again, and what nobody works on; return how many rows that were."""
        query = select(_c.inbox_id, _c.claimed_by, _c.claimed_at, _c.attempts).where(
            _c.state == "working"
        )
        with storage_errors(self._data_dir), self._engine.connect() as connection:
            rows = connection.execute(query).all()
        silent_since = stamp(self._now() - timedelta(seconds=SILENT_S))
        others = {row.claimed_by for row in rows} - {self._worker}
        # Of its own, it lost what could not be written while the database was away.
        lives = {self._worker: True, **{name: self._presence.lives(name) for name in others}}
        left = [row for row in rows if not lives[row.claimed_by] or row.claimed_at < silent_since]
        return sum(self._free(row) for row in left)

    def _free(self, row: Any) -> bool:
        still_so = update(slack_inbox).where(
            _c.inbox_id == row.inbox_id,
            _c.state == "working",
            _c.claimed_by == row.claimed_by,
            _c.claimed_at == row.claimed_at,
        )
        if row.attempts >= GIVEN_UP_AFTER:
            over = {"state": "failed", "body": "{}", "finished_at": self._stamp()}
            return self._write(still_so.values(**over))
        return self._write(still_so.values(state="waiting", claimed_by="", claimed_at=""))

    def forget_old(self) -> None:
        """Remove what was finished a month ago."""
        before = stamp(self._now() - timedelta(days=KEPT_DAYS))
        old = delete(slack_inbox).where(_c.state.in_(_OVER), _c.finished_at < before)
        with storage_errors(self._data_dir), writing(self._engine) as connection:
            connection.execute(old)

    def _is_mine(self, claimed: Claimed) -> ColumnElement[bool]:
        return (
            (_c.inbox_id == claimed.inbox_id)
            & (_c.state == "working")
            & (_c.claimed_by == self._worker)
            & (_c.attempts == claimed.attempts)
        )

    def _write(self, statement: Update) -> bool:
        with storage_errors(self._data_dir), writing(self._engine) as connection:
            done = connection.execute(statement)
            return bool(cast("CursorResult[Any]", done).rowcount)

    def _stamp(self) -> str:
        return stamp(self._now())
