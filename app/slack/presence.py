"""Says which of the bot's processes live: each holds the operating system's lock on a file of its own.

The lock goes with its holder, also after `kill -9`, so that what a dead process left is taken up at once and not when
some time has passed. All processes of one data folder run on one machine: SQLite's WAL needs that anyway.
"""

import fcntl
import os
from pathlib import Path

from core.ids import new_id
from core.log import get_logger
from index.database import storage_errors

_log = get_logger(__name__)

FOLDER = "slack-processes"


class Presence:
    """One process among those that answer from a data folder; `name` is what it claims work by."""

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir / FOLDER
        self._data_dir = data_dir
        self._descriptor = -1
        self.name = new_id()

    def begin(self) -> None:
        """Take the lock; from here on others see that this process lives.

        Raises:
            DataFolderError: the folder cannot be written.
        """
        with storage_errors(self._data_dir):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            path = self._folder / self.name
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

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
