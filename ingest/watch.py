"""Ingests a source again whenever its files change.

File events (watchdog) start a run after a moment of quiet; a slow look at everything every few minutes catches
what no event tells, as on a network share.
"""

import os
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import FootnoteError
from core.log import get_logger
from core.settings import Settings
from ingest.run import Ingestion, Selection
from ingest.writer_lock import run_lease

if TYPE_CHECKING:
    from collections.abc import Iterable

    from watchdog.events import FileSystemEventHandler

_log = get_logger(__name__)

_LOOK_SECONDS = 300.0
_LONGEST_WAIT_SECONDS = 10.0
"""Files that never stop changing are ingested at least this often."""
_WRITER_WAIT_SECONDS = 600.0


class FolderEvents:
    """Tells when something below some folders changed; a context manager.

    What happens below `ignore`, the data folder, is not told: ingesting would wake itself.
    """

    def __init__(
        self, folders: "Iterable[Path]", debounce_s: float, ignore: Path | None = None
    ) -> None:
        self._folders = sorted(set(folders))
        self._ignore = f"{ignore.resolve()}{os.sep}" if ignore else None
        self._debounce_s = debounce_s
        self._changed = threading.Event()
        self._observers: list[Any] = []

    def __enter__(self) -> "FolderEvents":
        from watchdog.observers import Observer

        observer = Observer()
        handler = self._handler()
        for folder in self._folders:
            try:
                observer.schedule(handler, str(folder), recursive=True)
            except OSError as error:
                # Too many folders for the system's watches, or a share without events.
                _log.warning("folder_not_watched", folder=str(folder), message=str(error))
        observer.start()
        self._observers.append(observer)
        return self

    def __exit__(self, *exception: object) -> None:
        for observer in self._observers:
            observer.stop()
            observer.join()

    def _handler(self) -> "FileSystemEventHandler":
        from watchdog.events import FileSystemEventHandler

        changed, ignore = self._changed, self._ignore

        class Handler(FileSystemEventHandler):
            def dispatch(self, event: Any) -> None:
                is_read = event.event_type in ("opened", "closed_no_write")
                is_own = ignore is not None and f"{os.fsdecode(event.src_path)}{os.sep}".startswith(
                    ignore
                )
                if not is_read and not is_own:
                    changed.set()

        return Handler()

    def wait(self, timeout_s: float) -> bool:
        """Wait for a change and then for a moment of quiet; return whether there was one."""
        if not self._changed.wait(timeout_s):
            return False
        last = time.monotonic() + _LONGEST_WAIT_SECONDS
        while self._changed.is_set() and time.monotonic() < last:
            self._changed.clear()
            self._changed.wait(self._debounce_s)
        self._changed.clear()
        return True


def watch_sources(settings: Settings, ingestion: Ingestion, selection: Selection) -> None:
    """Ingest whatever changes until interrupted; an error is logged and the watch goes on."""
    folders = ingestion.folders(selection)
    with FolderEvents(folders, settings.ingest.debounce_seconds, settings.data_dir) as events:
        _log.info("watch_started", folders=len(folders))
        while True:
            seen = events.wait(_LOOK_SECONDS)
            started = time.monotonic()
            try:
                run_once(settings, ingestion, selection)
            except FootnoteError as error:
                _log.warning("watch_failed", message=str(error))
            if seen:
                _log.info("change_handled", seconds=round(time.monotonic() - started, 3))


def run_once(settings: Settings, ingestion: Ingestion, selection: Selection) -> bool:
    """Plan, and apply if there is anything to do; return whether there was.

    Raises:
        FootnoteError: the sources cannot be listed, or the guard stops the run.
    """
    with run_lease(settings, wait_s=_WRITER_WAIT_SECONDS) as lease:
        planning = ingestion.plan(selection)
        if not planning.changes:
            return False

        def tell(stage: str, done: int, total: int) -> None:
            lease.doing = f"{stage} {done} of {total}"

        ingestion.apply(planning, allow_mass_delete=selection.allow_mass_delete, progress=tell)
    return True
