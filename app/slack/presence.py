"""Says which of the bot's processes live: each holds a lock that goes with its holder, also after `kill -9`.

    SQLite       the operating system's lock on a file of its own: all processes are on one machine, as WAL needs it
    PostgreSQL   a lock of a connection of its own: the processes are on several machines, and share no folder

So what a dead process left is taken up when it is gone, and not when some time has passed. A connection can be lost
while its process lives and answers: there, one is dead whose lock was missing for so long that it had time to take it
back.
"""

import fcntl
import os
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Protocol

from sqlalchemy import Engine

from core.ids import new_id
from core.log import get_logger
from core.settings import Settings
from index.database import storage_errors
from index.dialects import POSTGRESQL
from index.session_lock import SessionLock, is_held

_log = get_logger(__name__)

FOLDER = "slack-processes"
LOCKS = 7_166_004
"""Class of the advisory locks of bots; the numbers before it are those of writers and of runs."""
MISSING_S = 20.0
"""Seconds without its lock after which a process is dead: it has time for four attempts to take it back."""


class Presence(Protocol):
    """One process among those that answer from a knowledge base; `name` is what it claims work by."""

    name: str

    def begin(self) -> None:
        """Take the lock; from here on others see that this process lives.

        Raises:
            FootnoteError: the folder cannot be written, or the database not reached.
        """

    def keep(self) -> None:
        """Make sure that others still see it; before each claim and each beat.

        Raises:
            FootnoteError: the database cannot be reached.
        """

    def end(self) -> None:
        """Give the lock up; what this process still has claimed is free for others."""

    def lives(self, name: str) -> bool:
        """Whether the process of that name lives; where that cannot be told, it does.

        Raises:
            FootnoteError: the database cannot be reached.
        """


def presence_over(engine: Engine, settings: Settings) -> Presence:
    """Return the presence of this process for the database that it answers from."""
    if engine.dialect.name == POSTGRESQL:
        return ServerPresence(engine, settings.database_url.get_secret_value())
    return FilePresence(settings.data_dir)


class FilePresence:
    """A process on the machine that has the data folder."""

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir / FOLDER
        self._data_dir = data_dir
        self._descriptor = -1
        self.name = new_id()

    def begin(self) -> None:
        """Take the lock on a file of its own.

        Raises:
            DataFolderError: the folder cannot be written.
        """
        with storage_errors(self._data_dir):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            path = self._folder / self.name
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def keep(self) -> None:
        """Do nothing: such a lock is not lost."""

    def end(self) -> None:
        """Give the lock up; what this process still has claimed is free for others."""
        if self._descriptor >= 0:
            (self._folder / self.name).unlink(missing_ok=True)
            os.close(self._descriptor)
            self._descriptor = -1

    def lives(self, name: str) -> bool:
        """Whether the process of that name lives; where the file system does not tell, it does."""
        if name == self.name:
            return self._descriptor >= 0
        path = self._folder / name
        try:
            descriptor = os.open(path, os.O_RDWR)
        except FileNotFoundError:
            return False
        except OSError as error:
            _log.warning("slack_process_unknown", problem=type(error).__name__)
            return True
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink(missing_ok=True)
        except OSError:
            # Held, or looked at by somebody else in this moment: the next look tells.
            return True
        finally:
            os.close(descriptor)
        return False


class ServerPresence:
    """A process on any machine that reaches the server."""

    def __init__(
        self, engine: Engine, url: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._missing: dict[str, tuple[float, float]] = {}
        self.name = new_id()
        self._lock = SessionLock(url, LOCKS, _number(self.name), f"footnote slack {self.name}")

    def begin(self) -> None:
        """Take the lock of a connection of its own.

        Raises:
            FootnoteError: the database cannot be reached.
        """
        self._lock.begin()

    def keep(self) -> None:
        """Take the lock back if its connection was lost.

        Raises:
            FootnoteError: the database cannot be reached.
        """
        self._lock.keep()

    def end(self) -> None:
        """Give the lock up; what this process still has claimed is free for others in a while."""
        self._lock.release()

    def lives(self, name: str) -> bool:
        """Whether the process of that name has its lock, or had it not long ago.

        Raises:
            FootnoteError: the database cannot be reached.
        """
        if is_held(self._engine, LOCKS, _number(name)):
            self._missing.pop(name, None)
            return True
        now = self._clock()
        since, last = self._missing.get(name, (now, now))
        if now - last > MISSING_S:
            # Nobody looked for a while: it may have been there in between.
            since = now
        self._missing[name] = (since, now)
        return now - since < MISSING_S


def _number(name: str) -> int:
    """Return the number of a process's lock; should two living ones have the same, both are seen to live."""
    # 31 bits: PostgreSQL takes a number with a sign, and shows it without.
    return int.from_bytes(sha256(name.encode()).digest()[:4], "big") >> 1
