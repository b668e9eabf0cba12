"""Counts each person's questions in the database, so that a limit holds over tabs, processes and restarts.

Windows are whole minutes and whole days (UTC). Counting and refusing are one write transaction: of two
questions that come at once, whatever process they come to, each is counted.
"""

import time
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Connection, Engine, delete, select

from core.answers import Caller
from core.errors import TooManyRequests
from index.database import storage_errors, writing
from index.dialects import insert_into
from index.schema import rate_counts

MINUTE_S = 60
DAY_S = 86_400


class RateLimiter:
    """The limits of one data folder; a limit of 0 is none."""

    def __init__(
        self,
        engine: Engine,
        data_dir: Path,
        per_minute: int = 20,
        per_day: int = 1000,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._engine = engine
        self._data_dir = data_dir
        self._limits = ((DAY_S, per_day), (MINUTE_S, per_minute))
        self._clock = clock

    def take(self, caller: Caller) -> None:
        """Count one question of a caller; a refused one is not counted.

        Raises:
            TooManyRequests: the caller asked as often as the limit allows; `retry_after` is in seconds.
        """
        limits = [(window_s, limit) for window_s, limit in self._limits if limit]
        if not limits:
            return
        now = self._clock()
        with storage_errors(self._data_dir), writing(self._engine) as connection:
            for window_s, limit in limits:
                start = _window_start(now, window_s)
                if _counted(connection, caller.name, start, window_s) >= limit:
                    raise _refusal(window_s, limit, start + window_s - now)
            connection.execute(
                delete(rate_counts).where(
                    rate_counts.c.window_start + rate_counts.c.window_s <= int(now)
                )
            )
            for window_s, _ in limits:
                _count(connection, caller.name, _window_start(now, window_s), window_s)


def _window_start(now: float, window_s: int) -> int:
    return int(now // window_s) * window_s


def _counted(connection: Connection, name: str, start: int, window_s: int) -> int:
    query = select(rate_counts.c.questions).where(
        rate_counts.c.user_ref == name,
        rate_counts.c.window_start == start,
        rate_counts.c.window_s == window_s,
    )
    return int(connection.execute(query).scalar() or 0)


def _count(connection: Connection, name: str, start: int, window_s: int) -> None:
    row = insert_into(connection, rate_counts).values(
        user_ref=name, window_start=start, window_s=window_s, questions=1
    )
    connection.execute(
        row.on_conflict_do_update(
            index_elements=[
                rate_counts.c.user_ref,
                rate_counts.c.window_start,
                rate_counts.c.window_s,
            ],
            set_={"questions": rate_counts.c.questions + 1},
        )
    )


def _refusal(window_s: int, limit: int, wait_s: float) -> TooManyRequests:
    questions = f"{limit:,} question{'' if limit == 1 else 's'}"
    if window_s == MINUTE_S:
        seconds = max(1, round(wait_s))
        again = f"in {seconds} second{'' if seconds == 1 else 's'}"
        sentence = f"You asked {questions} within a minute, which is the limit for one person. Ask again {again}."
    else:
        sentence = (
            f"You asked {questions} today, which is the limit for one person. Ask again tomorrow "
            "(days end at midnight UTC), or ask whoever runs Footnote for more."
        )
    return TooManyRequests(sentence, wait_s)
