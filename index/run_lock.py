"""One ingestion at a time over a PostgreSQL database, whatever machine and data folder it runs in.

The lock is a session's: the server gives it free when the process or its machine is gone. A run that lost it, because
the server was started again, takes it back; where another run has it by then, nothing more is written here.
"""

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Lock
from typing import Any

from sqlalchemy import Engine, text

from core.errors import FolderBusy, FootnoteError
from index.dialects import POSTGRESQL
from index.lease import Lease
from index.postgres import connect_alone, name_of, read_url, stop_writes

RUN, REEMBEDDING = 7_166_002, 7_166_003
"""What is locked: the right to ingest, and that to embed with another model."""

_RETRY_S = 0.2
_HOLDER = """
SELECT application_name, extract(epoch FROM backend_start)::float8
FROM pg_locks JOIN pg_stat_activity USING (pid)
WHERE locktype = 'advisory' AND classid = 0 AND objid = {number} AND granted
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"""


class RunLock:
    """A lock that is held; `keep` has to be called from time to time."""

    def __init__(self, url: str, number: int, connection: Any) -> None:
        import psycopg

        self._errors = psycopg.Error
        self._url = url
        self._number = number
        self._connection = connection
        self._using = Lock()
        self._is_released = False

    def keep(self) -> None:
        """Take the lock back if it was lost; if that cannot be, no write of this process to the database succeeds."""
        with self._using, suppress(FootnoteError):
            if self._is_released or self._answers():
                return
            self._connection.close()
            self._connection = connect_alone(self._url, _said_name())
            held = _take(self._connection, self._number)
            stop_writes(self._url, None if held else self._lost())

    def release(self) -> None:
        """Give the lock free, and let others of this process write."""
        with self._using:
            self._is_released = True
            stop_writes(self._url, None)
            with suppress(self._errors):
                # The end of a connection is noticed a moment later.
                self._connection.execute("SELECT pg_advisory_unlock_all()")
            self._connection.close()

    def _answers(self) -> bool:
        try:
            self._connection.execute("SELECT 1")
        except self._errors:
            return False
        return True

    def _lost(self) -> FolderBusy:
        return FolderBusy(
            f"This run lost the database {name_of(read_url(self._url))} for a moment, and another ingestion has begun "
            "since. Wait for it to end and run again; what was stored stays."
        )


@contextmanager
def run_lock(url: str, number: int, wait_s: float) -> Iterator[RunLock]:
    """Hold the right to a run over a database.

    Raises:
        FolderBusy: another process holds it and does so after `wait_s` seconds; the message says who.
        FootnoteError: the database cannot be reached.
    """
    connection = connect_alone(url, _said_name())
    deadline = time.monotonic() + wait_s
    try:
        while not _take(connection, number):
            if time.monotonic() >= deadline:
                raise FolderBusy(
                    f"Another ingestion is writing to the database {name_of(read_url(url))}: "
                    f"{_holder(connection, number)} Wait for it to end and run again, or use --wait; what is stored "
                    "can be searched meanwhile."
                )
            time.sleep(_RETRY_S)
    except BaseException:
        connection.close()
        raise
    held = RunLock(url, number, connection)
    try:
        yield held
    finally:
        held.release()


def lease_elsewhere(engine: Engine) -> Lease | None:
    """Return who ingests into the database from any machine, None when nobody does or it is SQLite."""
    if engine.dialect.name != POSTGRESQL:
        return None
    with engine.connect() as connection:
        row = connection.execute(text(_HOLDER.format(number=RUN).replace("::", r"\:\:"))).first()
    return None if row is None else _lease(*row)


def _take(connection: Any, number: int) -> bool:
    return bool(connection.execute(f"SELECT pg_try_advisory_lock({number})").fetchone()[0])


def _holder(connection: Any, number: int) -> str:
    row = connection.execute(_HOLDER.format(number=number)).fetchone()
    lease = None if row is None else _lease(*row)
    return lease.sentence() if lease else "a process that has not said its name."


def _said_name() -> str:
    # PostgreSQL keeps 63 bytes of a name.
    return f"footnote run {os.getpid()} {socket.gethostname()[:40]}"


def _lease(name: str | None, since: float) -> Lease | None:
    words = (name or "").split(" ")
    if len(words) != 4 or not words[2].isdigit():
        return None
    return Lease(int(words[2]), words[3], since, time.time(), "at work")
