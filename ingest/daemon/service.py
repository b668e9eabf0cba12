"""The daemon: a main loop that never waits for a source, and a thread for each run.

    main loop ──starts──▶ run of a source (its own thread) ──Ended──▶ main loop ──Snapshot──▶ status file,
        ▲── file events, sources file, signals                                               health page

The main loop alone decides and keeps the states, so that nothing here needs a lock.
"""

import os
import random
import shutil
import signal
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from queue import Empty, SimpleQueue

from core.log import get_logger
from core.settings import Settings
from index.factory import open_catalogue
from ingest.daemon.daemon_lock import daemon_lock
from ingest.daemon.folder_watch import FolderWatch
from ingest.daemon.health import SILENT_S, complaints
from ingest.daemon.health_page import HealthPage, Page, json_page
from ingest.daemon.metrics import Metrics
from ingest.daemon.roster import Job, Roster
from ingest.daemon.snapshot import Snapshot
from ingest.daemon.source_run import SourceRun, Workplace
from ingest.daemon.source_state import Ended, SourceState
from ingest.daemon.status_file import last_successes, write_status
from ingest.run import Equipment, Selection

_log = get_logger(__name__)

_TICK_S = 1.0
_STATUS_S = 10.0
_END_LOOK_S = 0.1
_END_S = 8.0
"""How long a run may go on after the daemon was told to stop; it would be killed after 10."""


class Daemon:
    """Runs the sources of a roster until it is told to stop."""

    def __init__(
        self,
        settings: Settings,
        roster: Roster,
        equipment: Equipment,
        *,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._settings = settings
        self._roster = roster
        self._place = Workplace(settings, equipment)
        self._chance = chance
        self._wake = threading.Event()
        self._stopping = False
        self._ended: SimpleQueue[tuple[str, SourceRun, Ended | None]] = SimpleQueue()
        self._changed: SimpleQueue[str] = SimpleQueue()
        self._jobs: dict[str, Job] = {}
        self._states: dict[str, SourceState] = {}
        self._runs: dict[str, SourceRun] = {}
        self._signs: dict[str, int] = {}
        self._threads: list[threading.Thread] = []
        self._watches: dict[str, FolderWatch] = {}
        self._known = last_successes(settings.data_dir)
        self._started_at = _now()
        self._beat = time.monotonic()
        self._written_at = 0.0
        self._snapshot = Snapshot(self._started_at, self._started_at, ())
        self._metrics = Metrics(lambda: self._snapshot, lambda: self._silent_s() <= SILENT_S)

    def pages(self) -> dict[str, Callable[[], Page]]:
        """Return what the health page shows, by path."""
        return {"/health": self._health, "/metrics": self._metrics_page}

    def stop(self) -> None:
        """Let `run` return soon; may be called by a signal handler."""
        self._stopping = True
        self._wake.set()

    def run(self) -> bool:
        """Run until stopped; return whether every run has ended (one that hangs has not)."""
        _log.info("daemon_started", sources=len(self._roster.jobs))
        while not self._stopping:
            self._tick(_now())
            self._wake.wait(_TICK_S)
            self._wake.clear()
        for watch in self._watches.values():
            watch.stop()
        for run in self._runs.values():
            run.stop()
        # Only a run that stores is waited for; one that still waits for its source has nothing to lose.
        deadline = time.monotonic() + _END_S
        while any(run.is_storing for run in self._runs.values()) and time.monotonic() < deadline:
            self._wake.wait(_END_LOOK_S)
            self._collect(_now())
        self._collect(_now())
        self._publish(_now(), is_last=True)
        left = sum(thread.is_alive() for thread in self._threads)
        _log.info("daemon_stopped", unfinished_runs=left)
        return not left

    def _tick(self, now: datetime) -> None:
        self._beat = time.monotonic()
        before = [(state.name, state.state, state.last_run) for state in self._states.values()]
        self._collect(now)
        if self._roster.refresh() or not self._jobs:
            self._follow_roster(now)
            before = []
        self._note_changes(now)
        for name, state in self._states.items():
            state.look(now, self._life_of(name, now))
            if state.is_due(now):
                self._start(name, state, now)
        after = [(state.name, state.state, state.last_run) for state in self._states.values()]
        self._publish(now, is_changed=before != after)

    def _collect(self, now: datetime) -> None:
        while True:
            try:
                name, run, ended = self._ended.get_nowait()
            except Empty:
                return
            if self._runs.get(name) is not run:
                continue  # its source is gone, or started anew, since it was stopped
            del self._runs[name]
            state = self._states[name]
            if ended is None:
                state.abandon(now)
                continue
            state.finish(now, ended, self._chance)
            seconds = state.last_run.seconds if state.last_run else 0.0
            self._metrics.count(name, seconds, ended)
            _log.info(
                "source_run_ended",
                source=name,
                outcome=ended.outcome,
                seconds=seconds,
                failures=state.failures,
                message=ended.error,
                **ended.counts,
            )

    def _follow_roster(self, now: datetime) -> None:
        jobs = self._roster.jobs
        for name, job in list(self._jobs.items()):
            if name not in jobs or jobs[name].written != job.written:
                self._release(name)
        for name in [name for name in self._states if name not in jobs]:
            del self._states[name]
        for name, job in jobs.items():
            state = self._states.get(name)
            if state is None:
                last = self._known.get(name)
                first = job.timetable.first(now, last)
                self._states[name] = SourceState(name, job.timetable, first, last_success_at=last)
            elif self._jobs[name].written != job.written:
                state.abandon(now)
                state.replan(now, job.timetable)
            if job.folder is not None and name not in self._watches:
                self._watch(name, job.folder)
        self._jobs = dict(jobs)

    def _release(self, name: str) -> None:
        """Stop what goes on for a source that is gone or different now."""
        run = self._runs.pop(name, None)
        if run is not None:
            run.stop()
        watch = self._watches.pop(name, None)
        if watch is not None:
            watch.stop()

    def _watch(self, name: str, folder: Callable[[], Path]) -> None:
        def tell() -> None:
            self._changed.put(name)
            self._wake.set()

        watch = FolderWatch(folder, self._settings.ingest.debounce_seconds, tell)
        self._watches[name] = watch
        watch.start()

    def _note_changes(self, now: datetime) -> None:
        while True:
            try:
                name = self._changed.get_nowait()
            except Empty:
                return
            if name in self._states:
                self._states[name].note_change(now)

    def _life_of(self, name: str, now: datetime) -> datetime | None:
        run = self._runs.get(name)
        if run is None or run.signs == self._signs.get(name):
            return None
        self._signs[name] = run.signs
        return now

    def _start(self, name: str, state: SourceState, now: datetime) -> None:
        run = SourceRun(
            self._place, self._jobs[name].selection, counts_documents=not state.documents
        )

        def work() -> None:
            ended = run.work()
            self._ended.put((name, run, ended))
            self._wake.set()

        state.begin(now)
        self._runs[name] = run
        thread = threading.Thread(target=work, name=f"source-{name}", daemon=True)
        self._threads = [thread, *(entry for entry in self._threads if entry.is_alive())]
        thread.start()

    def _publish(self, now: datetime, *, is_changed: bool = True, is_last: bool = False) -> None:
        self._snapshot = Snapshot(
            started_at=self._started_at,
            beat=now,
            sources=tuple(replace(state) for state in self._states.values()),
            problem=self._roster.problem,
            state="stopped" if is_last else "running",
        )
        if is_changed or is_last or time.monotonic() - self._written_at >= _STATUS_S:
            write_status(self._settings.data_dir, self._snapshot)
            self._written_at = time.monotonic()

    def _silent_s(self) -> float:
        return time.monotonic() - self._beat

    def _health(self) -> Page:
        sources = self._snapshot.sources
        free = shutil.disk_usage(self._settings.data_dir).free
        found = complaints(sources, self._silent_s(), free)
        states = {entry.name: entry.state for entry in sources}
        if not found:
            return json_page(200, {"status": "ok", "sources": states})
        return json_page(503, {"status": "degraded", "because": found, "sources": states})

    def _metrics_page(self) -> Page:
        return Page(200, "text/plain; version=0.0.4; charset=utf-8", self._metrics.text())


def run_daemon(settings: Settings, selection: Selection) -> None:
    """Run the daemon until SIGTERM or SIGINT; a second one ends the process at once.

    Raises:
        FootnoteError: it cannot start: the sources file, the model, the data folder or the port is not right.
    """
    with ExitStack() as stack:
        stack.enter_context(daemon_lock(settings.data_dir))
        roster = Roster(settings, selection)
        # Before any thread opens it: a new data folder gets its tables, an unusable one ends the start.
        open_catalogue(settings, create=True).engine.dispose()
        equipment = stack.enter_context(Equipment(settings))
        equipment.parsers()
        daemon = Daemon(settings, roster, equipment)
        if settings.ingest.health_port:
            host, port = settings.ingest.health_host, settings.ingest.health_port
            stack.enter_context(HealthPage(host, port, daemon.pages()))
        _stop_on_signals(daemon)
        if not daemon.run() or not _can_end():
            # A thread that waits for a source cannot be ended, and the interpreter would wait for it. What is
            # stored is whole at every moment; the parser children end with this process.
            os._exit(0)


def _stop_on_signals(daemon: Daemon) -> None:
    seen = False

    def handle(number: int, _frame: object) -> None:
        nonlocal seen
        if seen:
            os._exit(128 + number)
        seen = True
        daemon.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, handle)


def _can_end() -> bool:
    """Whether the interpreter would find no thread to wait for, but those of the parser children."""
    left = [
        thread
        for thread in threading.enumerate()
        if thread is not threading.current_thread() and not thread.daemon
    ]
    return all(thread.name.startswith("sandbox-starter") for thread in left)


def _now() -> datetime:
    return datetime.now().astimezone()  # schedules are in the time zone of this machine
