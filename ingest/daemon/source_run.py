"""Runs one source once: list, plan and read in the caller's thread, store when it is this source's turn.

Ingestion.plan ──▶ slices ──▶ turn (one source of this process) ──▶ lease (one process) ──▶ Ingestion.apply
"""

import threading
import time
import traceback
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from core.errors import FootnoteError, MassDeletionRefused, RunStopped
from core.log import get_logger
from core.settings import Settings
from ingest.daemon.slices import slices_of
from ingest.daemon.source_state import Ended, Outcome
from ingest.daemon.wording import one_line, sentence_of
from ingest.parsing_pool import Outcome as FileOutcome
from ingest.pipeline import IngestReport, Reading
from ingest.planning import Planned
from ingest.run import Equipment, Ingestion, Planning, Selection, planned_report
from ingest.sources.base import Source
from ingest.writer_lock import Lease, run_lease

_log = get_logger(__name__)

_WRITER_WAIT_S = 600.0
_TURN_LOOK_S = 0.5
_TRIES = 3
_GRACE_S = 3.0
"""How long a run that is not wanted any more may go on storing: enough to end a small one."""
_COUNTED = ("added", "changed", "moved", "removed", "unchanged", "chunks")


class _Overtaken(Exception):
    """Another process ran this source after it was planned here."""


@dataclass(frozen=True, slots=True)
class Workplace:
    """What all runs of a daemon share; `turn` is held by the one that stores."""

    settings: Settings
    equipment: Equipment
    turn: threading.Lock = field(default_factory=threading.Lock)


class SourceRun:
    """One run; `work` is called once, all else by any thread at any time.

    `is_storing` is true while it may change the knowledge base.
    """

    def __init__(self, place: Workplace, selection: Selection, *, counts_documents: bool) -> None:
        self._place = place
        self._selection = selection
        self._counts_documents = counts_documents
        self._ingestion: Ingestion | None = None
        self._signs = 0
        self._stopped_at: float | None = None
        self.is_storing = False

    @property
    def signs(self) -> int:
        """A number that changes whenever the run gets on."""
        ingestion = self._ingestion
        return self._signs + (ingestion.spooled if ingestion is not None else 0)

    def stop(self) -> None:
        """Let the run end at the next chance; a call into a source that never returns has none."""
        self._stopped_at = time.monotonic()

    def work(self) -> Ended | None:
        """Run; return how it ended, None when it was stopped."""
        try:
            with Ingestion(self._place.settings, self._place.equipment) as ingestion:
                self._ingestion = ingestion
                try:
                    return self._work(ingestion)
                finally:
                    ingestion.catalogue.engine.dispose()
        except RunStopped:
            return None
        except FootnoteError as error:
            needs_person = isinstance(error, MassDeletionRefused)
            return Ended("failed", error=sentence_of(error), needs_person=needs_person)
        except Exception as error:  # noqa: BLE001  # one source must not end the daemon
            frames = traceback.extract_tb(error.__traceback__)
            where = [f"{frame.filename}:{frame.lineno}" for frame in frames[-3:]]
            _log.error("source_crashed", kind=type(error).__name__, where=where)
            return Ended("failed", error=sentence_of(error))

    def _work(self, ingestion: Ingestion) -> Ended:
        for _ in range(_TRIES):
            try:
                return self._once(ingestion)
            except _Overtaken:
                continue
        raise FootnoteError(
            "Another process ingests this source all the time. It is tried again later; run it only here."
        )

    def _once(self, ingestion: Ingestion) -> Ended:
        seen = _last_runs(ingestion)
        planning = ingestion.plan(self._selection)
        self._sign()
        (entry,) = planning.plans
        name = entry.plan.source.name
        totals = _Totals()
        if not _is_needed(ingestion, planning):
            totals.add(planned_report(planning))
            return totals.ended(self._documents(ingestion, name, is_changed=False))
        for part in slices_of(planning, _Watched(self._place.equipment.parsers(), self)):
            with self._turn(), self._lease() as lease:
                self._sign()
                if _last_runs(ingestion).get(name) != seen.get(name):
                    raise _Overtaken
                report = ingestion.apply(
                    part.planning,
                    allow_mass_delete=self._selection.allow_mass_delete,
                    progress=lambda *stage, lease=lease: self._progress(lease, *stage),
                    reading=part,
                )
                seen = _last_runs(ingestion)
            totals.add(report)
        return totals.ended(self._documents(ingestion, name, is_changed=True))

    def _documents(
        self, ingestion: Ingestion, name: str, *, is_changed: bool
    ) -> dict[str, int] | None:
        if not is_changed and not self._counts_documents:
            return None
        known = ingestion.catalogue.known_documents(name)
        found = Counter(entry.status for entry in known.values())
        return {status: found[status] for status in ("active", "quarantined")}

    @contextmanager
    def _turn(self) -> Iterator[None]:
        while not self._place.turn.acquire(timeout=_TURN_LOOK_S):
            self._sign()
        try:
            yield
        finally:
            self._place.turn.release()

    @contextmanager
    def _lease(self) -> Iterator[Lease]:
        with run_lease(self._place.settings, wait_s=_WRITER_WAIT_S) as lease:
            self.is_storing = True
            try:
                yield lease
            finally:
                self.is_storing = False

    def _sign(self, grace_s: float = 0.0) -> None:
        self._signs += 1
        stopped_at = self._stopped_at
        if stopped_at is not None and time.monotonic() - stopped_at >= grace_s:
            raise RunStopped(
                "The run was stopped; what was stored stays, and the next one goes on."
            )

    def _progress(self, lease: Lease, stage: str, done: int, total: int) -> None:
        lease.doing = f"{stage} {done} of {total}"
        self._sign(_GRACE_S)


@dataclass(frozen=True, slots=True)
class _Watched:
    """A reading that tells of every file."""

    reading: Reading
    run: SourceRun

    def parse_all(self, steps: Sequence[Planned], source: Source) -> Iterator[FileOutcome]:
        for outcome in self.reading.parse_all(steps, source):
            self.run._sign()
            yield outcome


@dataclass(slots=True)
class _Totals:
    """What the slices of one run add up to."""

    counts: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    problem: str = ""

    def add(self, report: IngestReport) -> None:
        for name in _COUNTED:
            self.counts[name] += getattr(report, name)
        self.reasons.update(entry["reason"] for entry in report.quarantined)
        for failure in report.failed_sources:
            self.problem = one_line(failure["message"])

    def ended(self, documents: dict[str, int] | None) -> Ended:
        quarantined = self.reasons.total()
        outcome: Outcome = "failed" if self.problem else "incomplete" if quarantined else "done"
        counts = {name: self.counts[name] for name in _COUNTED} | {"quarantined": quarantined}
        return Ended(
            outcome,
            counts,
            self.problem,
            documents=documents,
            quarantined=dict(self.reasons),
        )


def _is_needed(ingestion: Ingestion, planning: Planning) -> bool:
    # A look at a folder in which nothing happened must not fill the history of runs.
    return ingestion.has_work(planning) or any(
        entry.plan.touched or entry.containers or entry.gone_containers for entry in planning.plans
    )


def _last_runs(ingestion: Ingestion) -> dict[str, str]:
    """Return the id of the last run of each source, by whichever process."""
    return ingestion.history.last_by_source()
