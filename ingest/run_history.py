"""Remembers what every ingestion did, also one that was killed."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, delete, insert, select, update

from core.ids import new_id
from index.catalogue import Catalogue
from index.database import storage_errors, writing
from index.runs import RUNNING, PastRun, past_runs
from index.schema import runs
from ingest.pipeline import IngestReport

__all__ = ["PastRun", "RunHistory", "estimate"]

_KEPT_RUNS = 500
_KEPT_SKIPPED = 100
_LARGE_RUN = 10
_FIRST_PACE_S = 0.12
"""Seconds a document, measured on a handbook of 834 pages with two processors."""
_STARTING_S = 3.0


class RunHistory:
    """The runs of one data folder."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._engine: Engine = catalogue.engine
        self._data_dir = catalogue.data_dir

    def start(self, sources: Sequence[str]) -> str:
        """Note that a run begins; one that is still running has been killed, since only one may run."""
        run_id = new_id()
        with storage_errors(self._data_dir), writing(self._engine) as connection:
            is_open = runs.c.status == RUNNING
            connection.execute(
                update(runs).where(is_open).values(status="killed", finished_at=_now())
            )
            connection.execute(
                insert(runs).values(
                    run_id=run_id,
                    started_at=_now(),
                    status=RUNNING,
                    sources=json.dumps(list(sources), ensure_ascii=False),
                )
            )
            # Ids sort by time.
            kept = select(runs.c.run_id).order_by(runs.c.run_id.desc()).limit(_KEPT_RUNS)
            connection.execute(delete(runs).where(runs.c.run_id.not_in(kept)))
        return run_id

    def finish(self, run_id: str, report: IngestReport) -> None:
        """Note what a run did."""
        status = "done" if report.is_clean else "incomplete"
        content = asdict(report)
        content["skipped"] = content["skipped"][:_KEPT_SKIPPED]
        self._close(run_id, status, content)

    def fail(self, run_id: str, message: str) -> None:
        """Note that a run ended with an error."""
        self._close(run_id, "failed", {"error": message})

    def list(self) -> list[PastRun]:
        """Return the past runs, newest first."""
        return past_runs(self._engine)

    def last_by_source(self) -> dict[str, str]:
        """Return the id of the newest run of each source."""
        query = select(runs.c.sources, runs.c.run_id).order_by(runs.c.run_id)
        with self._engine.connect() as connection:
            rows = connection.execute(query).all()
        return {name: row.run_id for row in rows for name in json.loads(row.sources)}

    def _close(self, run_id: str, status: str, report: dict[str, Any]) -> None:
        with storage_errors(self._data_dir), writing(self._engine) as connection:
            connection.execute(
                update(runs)
                .where(runs.c.run_id == run_id)
                .values(
                    status=status,
                    finished_at=_now(),
                    report=json.dumps(report, ensure_ascii=False),
                )
            )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def estimate(past: Sequence[PastRun], documents: int) -> float:
    """Return the seconds that ingesting some documents would take, by the pace of the last large runs."""
    if not documents:
        return 0.0
    paces = []
    for run in past:
        done = sum(run.report.get(name, 0) for name in ("added", "changed", "moved"))
        if done >= _LARGE_RUN and run.report.get("seconds"):
            paces.append(run.report["seconds"] / done)
    pace = sum(paces[:5]) / len(paces[:5]) if paces else _FIRST_PACE_S
    return _STARTING_S + pace * documents
