"""The durable inbox: what came from Slack is stored before it is acknowledged, and answered once by one process.

    keep ─▶ waiting ─claim─▶ working ─▶ done, failed or ignored (the body is emptied)
              ▲                │ its process died, or was silent for too long
              └────recover─────┘

Events, their repetitions and the two events of one message are one row: both of its keys are unique. A claim is one
compare-and-set; its number of attempts goes with every later write, so that a process that lost its claim writes nothing.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, cast

from sqlalchemy import ColumnElement, CursorResult, Engine, Update, delete, select, update
from sqlalchemy.dialects.sqlite import insert

from app.slack.places import IncomingKind
from core.ids import new_id
from core.moments import Clock, stamp, utc_now
from index.database import storage_errors, writing
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
    """Something from Slack that waits for an answer; its keys say what is the same, `body` is JSON."""

    event_key: str
    message_key: str
    kind: IncomingKind
    body: dict[str, Any]


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
    """The inbox of one data folder, as one process sees it: `worker` is the name that it claims by."""

    def __init__(
        self,
        engine: Engine,
        data_dir: Path,
        worker: str,
        lives: Callable[[str], bool],
        now: Clock = utc_now,
    ) -> None:
        self._engine = engine
        self._data_dir = data_dir
        self._worker = worker
        self._lives = lives
        self._now = now

    def keep(self, arrival: Arrival) -> bool:
        """Store what came; False where it is there already. When this returns, it survives a crash."""
        row = insert(slack_inbox).values(
            inbox_id=new_id(),
            event_key=arrival.event_key,
            message_key=arrival.message_key,
            kind=arrival.kind,
            body=json.dumps(arrival.body, ensure_ascii=False),
            state="waiting",
            received_at=self._stamp(),
        )
        with storage_errors(self._data_dir), writing(self._engine) as connection:
            stored = connection.execute(row.on_conflict_do_nothing())
            return bool(cast("CursorResult[Any]", stored).rowcount)

    def claim(self) -> Claimed | None:
        """Take the oldest row that waits; None where there is none, or another process was faster."""
        is_due = (_c.state == "waiting") & (_c.claimed_at <= self._stamp())
        query = select(slack_inbox).where(is_due).order_by(_c.received_at, _c.inbox_id).limit(1)
        with storage_errors(self._data_dir), self._engine.connect() as connection:
            # Without a write lock first: most looks find nothing.
            if connection.execute(query).first() is None:
                return None
        with storage_errors(self._data_dir), writing(self._engine) as connection:
            row = connection.execute(query).first()
            if row is None:
                return None
            taken = update(slack_inbox).where(
                _c.inbox_id == row.inbox_id,
                _c.state == "waiting",
                _c.attempts == row.attempts,
            )
            connection.execute(
                taken.values(
                    state="working",
                    attempts=row.attempts + 1,
                    claimed_by=self._worker,
                    claimed_at=self._stamp(),
                )
            )
        return Claimed(
            row.inbox_id,
            row.kind,
            json.loads(row.body),
            row.attempts + 1,
            tuple(row.posted_ts.split()),
            row.answer_id,
            row.received_at,
        )

    def beat(self) -> None:
        """Say that this process still works on what it has claimed."""
        mine = update(slack_inbox).where(_c.state == "working", _c.claimed_by == self._worker)
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
        """Let what dead processes left wait again; return how many rows that were."""
        query = select(_c.inbox_id, _c.claimed_by, _c.claimed_at, _c.attempts).where(
            _c.state == "working", _c.claimed_by != self._worker
        )
        with storage_errors(self._data_dir), self._engine.connect() as connection:
            rows = connection.execute(query).all()
        silent_since = stamp(self._now() - timedelta(seconds=SILENT_S))
        lives = {name: self._lives(name) for name in {row.claimed_by for row in rows}}
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
