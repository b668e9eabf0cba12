"""The dropped documents of this process, by the session that dropped them. None of them enters the knowledge base.

    begin ──▶ waiting ──▶ reading ──▶ documents(), service_for()
                               └────▶ failed, with a sentence

A session is named by a random key that only it knows. Its files are deleted with it: when it ends, when nobody asked
for two hours, when too many sessions are kept, and at the latest when the process ends (or the next one starts). The
conversations about them lie in the same folder and go with it.
"""

import secrets
import shutil
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from queue import Empty, Queue

from app.authorization import authorize
from app.service import FootnoteService
from app.uploads.dropped import (
    Beside,
    Drop,
    PendingDocument,
    Session,
    SessionDocument,
    documents_of,
)
from app.uploads.file_names import safe_name, shown_name
from app.uploads.ingestion import Ingestions
from app.uploads.sentences import because_of, too_large, too_many
from app.uploads.session_folder import TemporaryRoot
from core.answers import Caller
from core.errors import FootnoteError, NotFound, UsageError
from core.log import get_logger
from core.settings import Settings

MAX_DOCUMENTS = 5
_MOST_SESSIONS = 20
_IDLE_S = 2 * 3600.0
_AWAY_S = 150.0
"""How long a session that lost its connection may take to come back; Streamlit keeps its state for 120 s."""
_SWEEP_S = 30.0
_MEGABYTE = 1024 * 1024

_log = get_logger(__name__)


class SessionDocuments:
    """Takes files, reads one at a time, and opens a service over those of one session. Safe between threads."""

    def __init__(
        self,
        settings: Settings,
        beside: Beside | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._beside = beside
        self._clock = clock
        self._root = TemporaryRoot()
        self._ingestions = Ingestions(settings)
        self._sessions: OrderedDict[str, Session] = OrderedDict()
        self._line: Queue[tuple[str, Drop]] = Queue()
        self._order: list[Drop] = []
        self._lock = threading.RLock()
        self._worker: threading.Thread | None = None

    # --- dropping --------------------------------------------------------------------------------

    def add(self, name: str, content: bytes, session_key: str, caller: Caller) -> SessionDocument:
        """Take a file and wait until it is read.

        Raises:
            UsageError: it is too large, one too many, or cannot be read; the sentence says why.
        """
        key = self.begin(name, content, session_key, caller)
        drop = self._drop(session_key, key)
        drop.done.wait()
        if drop.state != "read":
            raise UsageError(drop.problem or f"“{drop.title}” was removed before it was read.")
        return SessionDocument(drop.key, drop.title, drop.documents, drop.seconds)

    def begin(self, name: str, content: bytes, session_key: str, caller: Caller) -> str:
        """Take a file and return its key at once; it is read in the background, one file after the other.

        Raises:
            UsageError: it is too large, or one too many.
            AccessDenied: the caller may not ask.
            NotFound: the session is somebody else's.
        """
        authorize(caller, "ask")
        if self._beside is None:
            raise UsageError("Documents cannot be attached here.")
        title, limit_mb = shown_name(name), self._settings.web.upload_mb
        if len(content) > limit_mb * _MEGABYTE:
            raise UsageError(too_large(title, limit_mb))
        with self._lock:
            session = self._opened(session_key, caller)
            if session.counted() >= MAX_DOCUMENTS:
                raise UsageError(too_many(MAX_DOCUMENTS))
            taken = [drop.path.name for drop in session.drops.values()]
            path = session.files / safe_name(name, taken)
            path.write_bytes(content)
            drop = Drop(secrets.token_hex(8), title, path)
            session.drops[drop.key] = drop
            self._order.append(drop)
            self._line.put((session_key, drop))
            self._start_worker()
        return drop.key

    # --- what is there ---------------------------------------------------------------------------

    def documents(self, session_key: str) -> tuple[SessionDocument, ...]:
        """Return the files of a session that were read, in the order in which they were dropped."""
        with self._lock:
            return tuple(
                SessionDocument(drop.key, drop.title, drop.documents, drop.seconds)
                for drop in self._drops(session_key)
                if drop.state == "read"
            )

    def pending(self, session_key: str) -> tuple[PendingDocument, ...]:
        """Return the files of a session that wait, are being read, or cannot be read."""
        with self._lock:
            return tuple(
                PendingDocument(drop.key, drop.title, drop.state, self._ahead(drop), drop.problem)
                for drop in self._drops(session_key)
                if drop.state in ("waiting", "reading", "failed")
            )

    def service_for(self, session_key: str) -> FootnoteService | None:
        """Return the service over a session's files, None while none of them is read."""
        with self._lock:
            session = self._touched(session_key)
            return session.service if session and self.documents(session_key) else None

    # --- leaving ---------------------------------------------------------------------------------

    def remove(self, session_key: str, key: str) -> None:
        """Delete one file of a session and everything that was made of it. Returns when it is gone.

        Raises:
            NotFound: the session has no such file.
        """
        with self._lock:
            drop = self._drop(session_key, key)
            session = self._sessions[session_key]
            was_read = drop.state == "read"
            self._give_up(drop)
            del session.drops[key]
            drop.path.unlink(missing_ok=True)
            if not session.drops:
                self.close(session_key)
                return
            if not was_read:
                return
        # An archive leaves many documents behind: the command finds out which are gone.
        again = replace(drop, state="waiting", done=threading.Event())
        self._line.put((session_key, again))
        again.done.wait()

    def close(self, session_key: str) -> None:
        """End a session: its files, its conversations and all that was made of them are deleted."""
        with self._lock:
            session = self._sessions.pop(session_key, None)
            if session is None:
                return
            for drop in session.drops.values():
                self._give_up(drop)
            if session.service is not None:
                session.service.catalogue.engine.dispose()
            shutil.rmtree(session.folder, ignore_errors=True)

    def leave(self, session_key: str) -> None:
        """Note that a session lost its connection: it is closed unless it comes back soon."""
        with self._lock:
            if session_key in self._sessions:
                self._sessions[session_key].left_at = self._clock()

    def stay(self, session_key: str) -> None:
        """Note that a session is there."""
        with self._lock:
            self._touched(session_key)

    def sweep(self) -> None:
        """Close the sessions that ended, and those that nobody used for two hours."""
        now = self._clock()
        with self._lock:
            over = [
                key
                for key, session in self._sessions.items()
                if now - session.used_at > _IDLE_S
                or (session.left_at is not None and now - session.left_at > _AWAY_S)
            ]
            for key in over:
                self.close(key)

    def close_all(self) -> None:
        """Delete everything; for the end of a process."""
        with self._lock:
            for key in list(self._sessions):
                self.close(key)
            self._root.remove()

    # --- sessions --------------------------------------------------------------------------------

    def _opened(self, session_key: str, caller: Caller) -> Session:
        session = self._touched(session_key)
        if session is not None and session.owner != caller.name:
            raise NotFound("This session is not there any more. Reload the page.")
        if session is None:
            folder = self._root.path() / secrets.token_hex(8)
            session = Session(folder, caller.name, self._clock())
            for path in (folder, session.files, session.data):
                path.mkdir(mode=0o700)
            self._sessions[session_key] = session
            while len(self._sessions) > _MOST_SESSIONS:
                self.close(next(iter(self._sessions)))
        return session

    def _touched(self, session_key: str) -> Session | None:
        session = self._sessions.get(session_key)
        if session is not None:
            session.used_at, session.left_at = self._clock(), None
            self._sessions.move_to_end(session_key)
        return session

    def _drops(self, session_key: str) -> list[Drop]:
        session = self._touched(session_key)
        return list(session.drops.values()) if session else []

    def _drop(self, session_key: str, key: str) -> Drop:
        session = self._sessions.get(session_key)
        if session is None or key not in session.drops:
            raise NotFound("This document is not attached any more.")
        return session.drops[key]

    def _ahead(self, drop: Drop) -> int:
        return self._order.index(drop) if drop.state == "waiting" and drop in self._order else 0

    def _give_up(self, drop: Drop) -> None:
        """Let a file that waits or is being read go."""
        is_running = drop.state == "reading"
        drop.state = "gone"
        if is_running:
            self._ingestions.stop()
        drop.done.set()

    # --- reading, in the one thread of its own ---------------------------------------------------

    def _start_worker(self) -> None:
        if self._worker is None or not self._worker.is_alive():
            self._worker = threading.Thread(target=self._work, name="uploads", daemon=True)
            self._worker.start()

    def _work(self) -> None:
        while True:
            try:
                session_key, drop = self._line.get(timeout=_SWEEP_S)
            except Empty:
                self.sweep()
                continue
            try:
                self._take(session_key, drop)
            finally:
                with self._lock:
                    if drop in self._order:
                        self._order.remove(drop)
                drop.done.set()

    def _take(self, session_key: str, drop: Drop) -> None:
        with self._lock:
            session = self._sessions.get(session_key)
            if session is None or drop.state != "waiting":
                return
            is_removal = drop.key not in session.drops
            drop.state = "reading"
        try:
            if is_removal:
                self._ingest(session, drop, session.files, allow_removals=True)
            else:
                self._read(session, drop)
        except FootnoteError as error:
            self._fail(drop, str(error))
        except Exception as error:  # noqa: BLE001 - the end of a thread: who waits is told all the same
            # Only its kind: messages of parsers and of the disk may quote the document.
            _log.error("dropped_document_failed", error=type(error).__name__)
            self._fail(drop, because_of(drop.title, "io"))
        with self._lock:
            if session_key not in self._sessions:
                # Closed while the command had just begun, which may have made the folder again.
                shutil.rmtree(session.folder, ignore_errors=True)

    def _read(self, session: Session, drop: Drop) -> None:
        began = time.perf_counter()
        problems = self._ingest(session, drop, drop.path)
        beside = self._beside
        assert beside is not None  # noqa: S101 - `begin` refused otherwise
        with self._lock:
            if drop.state != "reading":
                return
        service = session.service or beside.open(session.data)
        found = documents_of(service.catalogue.list_documents(), drop.path.name)
        with self._lock:
            if drop.state != "reading":
                service.catalogue.engine.dispose()
                return
            session.service = service
            if found:
                drop.documents, drop.state = len(found), "read"
                drop.seconds = round(time.perf_counter() - began, 2)
                return
        self._fail(drop, because_of(drop.title, next(iter(problems.values()), "empty")))

    def _ingest(
        self, session: Session, drop: Drop, path: Path, *, allow_removals: bool = False
    ) -> dict[str, str]:
        beside = self._beside
        assert beside is not None  # noqa: S101 - `begin` refused otherwise
        report = self._ingestions.run(
            path,
            session.data,
            beside.model(),
            wanted=lambda: drop.state == "reading",
            allow_removals=allow_removals,
        )
        return dict(report.problems)

    def _fail(self, drop: Drop, problem: str) -> None:
        with self._lock:
            if drop.state == "reading":
                drop.state, drop.problem = "failed", problem
                drop.path.unlink(missing_ok=True)
