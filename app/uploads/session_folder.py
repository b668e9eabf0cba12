"""The folders of dropped files: one for the process, one in it for each session, all of them temporary.

    <temp>/footnote-dropped-xxxxxxxx/   0700, locked by the process that made it
    └── <session>/files, data           the files as they were dropped, and what was made of them

A folder whose lock is free belongs to a process that is gone, and is removed by the next one.
"""

import atexit
import fcntl
import os
import shutil
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

_PREFIX = "footnote-dropped-"
_LOCK = "lock"


class TemporaryRoot:
    """This process's folder; made when it is first asked for, removed when the process ends."""

    def __init__(self) -> None:
        self._path: Path | None = None
        self._lock = -1
        remove_leftovers()

    def path(self) -> Path:
        """Return the folder; only this user can look into it."""
        if self._path is None:
            path = Path(tempfile.mkdtemp(prefix=_PREFIX))
            self._lock = os.open(path / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._lock, fcntl.LOCK_EX)
            self._path = path
            atexit.register(self.remove)
        return self._path

    def remove(self) -> None:
        """Delete everything in it."""
        path, self._path = self._path, None
        if path is not None:
            shutil.rmtree(path, ignore_errors=True)
            os.close(self._lock)
            atexit.unregister(self.remove)


def remove_leftovers() -> None:
    """Delete the folders of processes that ended without doing so."""
    for path in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        # Anybody may make folders in there: what is not ours, or only points somewhere, stays.
        with suppress(OSError):
            status = path.lstat()
            if stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid() and _is_left(path):
                shutil.rmtree(path, ignore_errors=True)


def _is_left(path: Path) -> bool:
    lock = os.open(path / _LOCK, os.O_RDWR | os.O_NOFOLLOW)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(lock)
    return True
