"""A lock on a PostgreSQL server that lasts as long as its holder's connection, and goes with it, also after `kill -9`.

Whoever holds one calls `keep` from time to time: a connection that was lost, because the server was started again,
is made anew and the lock taken back. Others see meanwhile that nobody holds it.
"""

from contextlib import suppress
from threading import Lock
from typing import Any

from sqlalchemy import Engine, text

from core.errors import ServiceUnavailable
from index.postgres import connect_alone, name_of, read_url

# The locks of writers and of runs have one number, and so no objsubid 2.
_HOLDERS = text(
    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2 AND granted "
    "AND classid = :of_class AND objid = :number "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


class SessionLock:
    """A lock by a number of a class of locks; `name` is what the server shows of its connection."""

    def __init__(self, url: str, of_class: int, number: int, name: str) -> None:
        import psycopg

        self._errors = psycopg.Error
        self._url = url
        self._take = f"SELECT pg_try_advisory_lock({of_class:d}, {number:d})"
        self._name = name
        self._using = Lock()
        self._connection: Any = None
        self._is_taken = False

    def begin(self) -> None:
        """Connect, and take the lock.

        Raises:
            FootnoteError: the database cannot be reached.
        """
        with self._using:
            self._connection = connect_alone(self._url, self._name)
            self._try_to_take()

    def keep(self) -> None:
        """Take the lock back if it was lost; nothing before `begin` and after `release`.

        As long as the server has not noticed that a lost connection is gone, that one holds the lock for others to
        see; the next call takes it.

        Raises:
            FootnoteError: the database cannot be reached.
        """
        with self._using:
            if self._connection is None:
                return
            if not self._answers():
                # It stays the connection until there is another: the next call tries again.
                self._connection.close()
                self._connection = connect_alone(self._url, self._name)
                self._is_taken = False
            if not self._is_taken:
                self._try_to_take()

    def release(self) -> None:
        """Give the lock free."""
        with self._using:
            if self._connection is None:
                return
            with suppress(self._errors):
                # The end of a connection is noticed a moment later.
                self._connection.execute("SELECT pg_advisory_unlock_all()")
            self._connection.close()
            self._connection = None

    def _try_to_take(self) -> None:
        try:
            self._is_taken = bool(self._connection.execute(self._take).fetchone()[0])
        except self._errors as error:
            where = name_of(read_url(self._url))
            raise ServiceUnavailable(
                f"The database {where} ended the connection. Start the server again; what was stored stays."
            ) from error

    def _answers(self) -> bool:
        try:
            self._connection.execute("SELECT 1")
        except self._errors:
            return False
        return True


def is_held(engine: Engine, of_class: int, number: int) -> bool:
    """Whether anybody holds a lock.

    Raises:
        FootnoteError: the database cannot be reached.
    """
    with engine.connect() as connection:
        return bool(connection.execute(_HOLDERS, {"of_class": of_class, "number": number}).scalar())
