"""A folder of one run's temporary files: members of archives, pages, attachments.

It lies in the data folder, readable by its owner only, and goes with the run. What a killed run left is
swept by the next one, also by one that spools nothing: the lock on a spool's file tells whether its process
still lives.
"""

import fcntl
import os
import shutil
import tempfile
import time
from itertools import count
from pathlib import Path

from index.database import storage_errors

_LOCK = "lock"
_YOUNG_S = 60.0


class Spool:
    """Files are named by number, never by what a document calls itself; `close` removes them."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self.written = 0
        self._numbers = count(1)
        self._folder: Path | None = None
        self._lock = -1
        if self._parent.exists():
            _sweep(self._parent)

    @property
    def _parent(self) -> Path:
        return self._data_dir / "spool"

    def close(self) -> None:
        """Remove the files."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            os.close(self._lock)
            self._folder = None

    def write(self, content: bytes) -> str:
        """Keep some bytes until the run ends; return the file's path.

        Raises:
            StorageFull: the disk takes no more.
        """
        with storage_errors(self._data_dir):
            path = self._opened() / f"{next(self._numbers):08d}"
            path.write_bytes(content)
        self.written += 1
        return str(path)

    def _opened(self) -> Path:
        if self._folder is None:
            self._parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            folder = Path(tempfile.mkdtemp(dir=self._parent))
            try:
                self._lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
            except OSError:
                folder.rmdir()
                raise
            fcntl.flock(self._lock, fcntl.LOCK_EX)
            self._folder = folder
        return self._folder


def _sweep(parent: Path) -> None:
    for folder in parent.iterdir():
        try:
            if time.time() - folder.stat().st_mtime < _YOUNG_S:
                continue  # its process may be about to take the lock
            # One that was killed before it took the lock left none.
            lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError:
            continue  # gone meanwhile
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        finally:
            os.close(lock)
        shutil.rmtree(folder, ignore_errors=True)
