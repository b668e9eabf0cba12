"""Past ingestions as short summaries, each read from the catalogue once: a run that has ended does not change."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from threading import Lock

from sqlalchemy import Engine, select

from index.runs import RUNNING, PastRun, failed_documents, failed_sources, find_run
from index.schema import runs

_FAILED = ("failed", "killed")


@dataclass(frozen=True, slots=True)
class RunSummary:
    """What one run did. `quarantined` counts files that it could not read; `problems` are sentences by source.

    `seconds` is None where the run did not end by itself.
    """

    run_id: str
    started_at: str
    status: str
    sources: tuple[str, ...]
    seconds: float | None
    added: int
    changed: int
    moved: int
    removed: int
    unchanged: int
    quarantined: int
    warnings: int
    error: str
    problems: Mapping[str, str]

    def concerns(self, source: str) -> bool:
        """Whether a source took part, or would have if it could have been listed."""
        return source in self.sources or source in self.problems

    def problem_of(self, source: str) -> str:
        """Return why the run did not go well for a source; '' if it did."""
        if source in self.problems:
            return self.problems[source]
        if self.status == "killed":
            return "The run was ended before it was done."
        return (self.error or "The run failed.") if self.status in _FAILED else ""


class RunLog:
    """The summaries of one data folder's runs, and when single files could not be read."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._summaries: dict[str, RunSummary] = {}
        self._failures: dict[tuple[str, str], tuple[str, str]] = {}
        self._lock = Lock()

    def summaries(self) -> list[RunSummary]:
        """Return all runs that are kept, newest first."""
        query = select(runs.c.run_id, runs.c.status).order_by(runs.c.run_id.desc())
        with self._engine.connect() as connection:
            rows = connection.execute(query).all()
        with self._lock:
            kept = {row.run_id: row.status for row in rows}
            for run_id in self._summaries.keys() - kept.keys():
                del self._summaries[run_id]
            # Oldest first: what is known of a file's failures grows in order.
            for run_id, status in reversed(list(kept.items())):
                known = self._summaries.get(run_id)
                if known is None or known.status == RUNNING or known.status != status:
                    self._take(find_run(self._engine, run_id))
            return [self._summaries[run_id] for run_id in kept if run_id in self._summaries]

    def failures_of(self, source: str, uri: str) -> tuple[str, str]:
        """Return the (first, last) time that a file could not be read, as far as runs are kept; '' each if never."""
        with self._lock:
            return self._failures.get((source, uri), ("", ""))

    def _take(self, run: PastRun | None) -> None:
        if run is None:
            return
        self._summaries[run.run_id] = summary_of(run)
        for uri in failed_documents(run):
            for source in run.sources:
                first, _ = self._failures.get((source, uri), (run.started_at, ""))
                self._failures[(source, uri)] = (first, run.started_at)


def summary_of(run: PastRun) -> RunSummary:
    """Return a run in short."""
    report = run.report
    return RunSummary(
        run_id=run.run_id,
        started_at=run.started_at,
        status=run.status,
        sources=run.sources,
        seconds=report.get("seconds", _between(run.started_at, run.finished_at)),
        added=report.get("added", 0),
        changed=report.get("changed", 0),
        moved=report.get("moved", 0),
        removed=report.get("removed", 0),
        unchanged=report.get("unchanged", 0),
        quarantined=len(report.get("quarantined", [])),
        warnings=len(report.get("warnings", [])),
        error=report.get("error", ""),
        problems=failed_sources(run),
    )


def _between(started_at: str, finished_at: str) -> float | None:
    if not finished_at:
        return None
    try:
        took = datetime.fromisoformat(finished_at) - datetime.fromisoformat(started_at)
    except ValueError:
        return None
    return took.total_seconds()
