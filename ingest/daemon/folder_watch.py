"""Watches one folder in a thread of its own, also one that goes and comes back.

A folder on a share that does not answer keeps this thread waiting, and nothing else.
"""

import threading
from collections.abc import Callable
from pathlib import Path

from core.errors import FootnoteError
from ingest.watch import FolderEvents

_LOOK_S = 1.0
_ABSENT_S = 5.0


class FolderWatch:
    """Calls `tell` from its thread when it begins to watch, and after each change and a moment of quiet."""

    def __init__(
        self, find: Callable[[], Path], debounce_s: float, tell: Callable[[], None]
    ) -> None:
        self._find = find
        self._debounce_s = debounce_s
        self._tell = tell
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="folder-watch", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self) -> None:
        """End the watch; its thread ends within about a second."""
        self._stopped.set()

    def _watch(self) -> None:
        while not self._stopped.is_set():
            try:
                folder = self._find()
                identity = _identity(folder)
            except (FootnoteError, OSError):
                self._stopped.wait(_ABSENT_S)
                continue
            with FolderEvents([folder], self._debounce_s) as events:
                self._tell()  # of what happened while nobody watched
                self._follow(events, folder, identity)
            if not self._stopped.is_set():
                self._tell()  # the folder is gone, or another one

    def _follow(self, events: FolderEvents, folder: Path, identity: tuple[int, int]) -> None:
        while not self._stopped.is_set():
            if events.wait(_LOOK_S):
                self._tell()
            try:
                if _identity(folder) != identity:
                    return
            except OSError:
                return


def _identity(folder: Path) -> tuple[int, int]:
    # A folder that was removed and made again has the same name, and no event of it arrives.
    status = folder.stat()
    return status.st_dev, status.st_ino
