"""Reads what past ingestions did; `ingest.run_history` writes it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, Row, Select, select

from index.schema import runs

RUNNING = "running"


@dataclass(frozen=True, slots=True)
class PastRun:
    """One run; `status` is running, done, incomplete (something failed), failed or killed.

    `report` is the run's report as JSON, `{"error": ...}` of one that failed.
    """

    run_id: str
    started_at: str
    finished_at: str
    status: str
    sources: tuple[str, ...]
    report: dict[str, Any]


def past_runs(engine: Engine, limit: int | None = None) -> list[PastRun]:
    """Return the past runs, newest first."""
    return _read(engine, select(runs).limit(limit))


def runs_of_source(engine: Engine, source: str, limit: int) -> list[PastRun]:
    """Return the past runs that one source took part in, newest first."""
    query = select(runs).where(runs.c.sources.contains(_quoted(source), autoescape=True))
    # A name may be a part of another one's JSON: what the database finds is looked at again.
    found = [run for run in _read(engine, query) if source in run.sources]
    return found[:limit]


def find_run(engine: Engine, run_id: str) -> PastRun | None:
    """Return one run, None if there is none of that id (any more)."""
    return next(iter(_read(engine, select(runs).where(runs.c.run_id == run_id))), None)


def runs_that_failed_on(engine: Engine, source: str, uri: str) -> list[PastRun]:
    """Return the runs in which one document of a source could not be read, newest first."""
    query = select(runs).where(runs.c.report.contains(_quoted(uri), autoescape=True))
    return [
        run
        for run in _read(engine, query)
        if source in run.sources and uri in failed_documents(run)
    ]


def failed_documents(run: PastRun) -> dict[str, dict[str, str]]:
    """Return the documents that a run could not read, by URI."""
    return {entry["uri"]: entry for entry in run.report.get("quarantined", [])}


def failed_sources(run: PastRun) -> dict[str, str]:
    """Return the sentence of each source that a run could not list, or was not allowed to empty."""
    return {entry["source"]: entry["message"] for entry in run.report.get("failed_sources", [])}


def run_of_row(row: Row[Any]) -> PastRun:
    """Return a row of the table as a run."""
    return PastRun(
        run_id=row.run_id,
        started_at=row.started_at,
        finished_at=row.finished_at,
        status=row.status,
        sources=tuple(json.loads(row.sources)),
        report=json.loads(row.report),
    )


def _read(engine: Engine, query: Select[Any]) -> list[PastRun]:
    # Ids sort by time.
    with engine.connect() as connection:
        rows: Sequence[Row[Any]] = connection.execute(query.order_by(runs.c.run_id.desc())).all()
    return [run_of_row(row) for row in rows]


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
