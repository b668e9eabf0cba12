"""Lets one process at a time do something, without waiting: whoever comes second does not begin.

The right is the operating system's lock on a file of the data folder, or the server's where the catalogue is one. Both
go with their holder, also after `kill -9`. A server that is started again gives its lock free while the holder goes on.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine, text

from core.log import get_logger
from index.database import storage_errors
from index.dialects import POSTGRESQL

_log = get_logger(__name__)

LOCK_NAME = "slack-telling.lock"
_NUMBER = 7_166_005
"""Number of the advisory lock; `index.postgres`, `index.run_lock` and `app.slack.presence` have the others."""


@contextmanager
def turn(engine: Engine, data_dir: Path) -> Iterator[bool]:
    """Hold the right to tell people something for the block; False where another process has it.

    Raises:
        DataFolderError: the folder or the database cannot be used.
    """
    held = _on_server if engine.dialect.name == POSTGRESQL else _in_folder
    with held(engine, data_dir) as is_mine:
        yield is_mine


@contextmanager
def _in_folder(engine: Engine, data_dir: Path) -> Iterator[bool]:
    del engine
    with storage_errors(data_dir):
        descriptor = os.open(data_dir / LOCK_NAME, os.O_RDWR | os.O_CREAT, 0o600)
    # The errors of the block are not the folder's.
    try:
        yield _is_locked(descriptor)
    finally:
        os.close(descriptor)


def _is_locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        _log.warning("slack_turn_unknown", problem=type(error).__name__)
        return False
    return True


@contextmanager
def _on_server(engine: Engine, data_dir: Path) -> Iterator[bool]:
    with engine.connect() as connection:
        with storage_errors(data_dir):
            # Until the end of this transaction, in which nothing is read or written: it keeps no writer waiting.
            taken = connection.execute(text(f"SELECT pg_try_advisory_xact_lock({_NUMBER})"))
            is_mine = bool(taken.scalar())
        yield is_mine
