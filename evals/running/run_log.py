"""Evaluation runs as they are stored: begun, filled case by case, finished; and read again.

A run that was never finished stays in the log and says so: what compares runs refuses it.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, Row, delete, insert, select, update

from core.errors import NotFound, UsageError
from core.ids import new_id
from core.moments import stamp, utc_now
from index.database import storage_errors, writing
from index.schema import eval_answers, eval_results, eval_runs

LATEST = "latest"


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A stored run; `summary` is `{metric: {"value", "n", "interval"}}`, {} until the run is finished."""

    run_id: str
    variant: str
    dataset: str
    started_at: str
    finished_at: str
    manifest: Mapping[str, Any]
    summary: Mapping[str, Any]

    @property
    def is_finished(self) -> bool:
        """Whether every case of it was asked; one that was interrupted never is."""
        return bool(self.finished_at)


@dataclass(frozen=True, slots=True)
class CaseScores:
    """What was measured of one case: for each metric a value per repeat, None where it does not apply."""

    case_id: str
    cluster: str
    tags: tuple[str, ...]
    split: str
    origin: str
    source_feedback_id: str
    values: Mapping[str, tuple[float | None, ...]]


@dataclass(frozen=True, slots=True)
class CaseAnswer:
    """What one case was answered once; `content` as docs/evaluation.md describes it.

    `details` say of a metric why it has no value, or what went wrong.
    """

    case_id: str
    repeat: int
    content: Mapping[str, Any]
    details: Mapping[str, Mapping[str, Any]]


# Inside the class, `list` is its method.
_Values = list[float | None]
_Runs = list[RunRecord]
_Scores = list[CaseScores]
_Answers = list[CaseAnswer]


class RunLog:
    """The runs of one data folder."""

    def __init__(self, engine: Engine, data_dir: Path) -> None:
        self._engine = engine
        self._data_dir = data_dir

    def start(self, manifest: Mapping[str, Any], variant: str, dataset: str) -> str:
        """Store a run that begins; returns its id."""
        run_id = f"run-{new_id()}"
        row = {
            "run_id": run_id,
            "variant": variant,
            "dataset": dataset,
            "started_at": stamp(utc_now()),
            "manifest": _json(manifest),
        }
        with storage_errors(self._data_dir), writing(self._engine) as connection:
            connection.execute(insert(eval_runs).values(**row))
        return run_id

    def add_case(
        self,
        run_id: str,
        case_id: str,
        repeat: int,
        content: Mapping[str, Any],
        values: Mapping[str, float | None],
        details: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        """Store what one case was answered and what was measured of it, in one commit.

        Raises:
            ValueError: a value is no number; such a thing is None with a reason, or an error.
        """
        told = details or {}
        key = {"run_id": run_id, "case_id": case_id, "repeat": repeat}
        for metric, value in values.items():
            if value is not None and not isfinite(value):
                raise ValueError(f"{metric} of case {case_id!r} is {value}")
        rows = [
            {**key, "metric": metric, "value": value, "detail": _json(told.get(metric, {}))}
            for metric, value in values.items()
        ]
        with storage_errors(self._data_dir), writing(self._engine) as connection:
            connection.execute(insert(eval_answers).values(**key, content=_json(content)))
            if rows:
                connection.execute(insert(eval_results), rows)

    def finish(self, run_id: str, summary: Mapping[str, Any]) -> None:
        """Store that every case was asked, with what the metrics are on the whole."""
        done = {"finished_at": stamp(utc_now()), "summary": _json(summary)}
        with storage_errors(self._data_dir), writing(self._engine) as connection:
            connection.execute(update(eval_runs).where(eval_runs.c.run_id == run_id).values(**done))

    def list(self) -> _Runs:
        """Return every run, the newest first."""
        query = select(eval_runs).order_by(eval_runs.c.started_at.desc(), eval_runs.c.run_id.desc())
        with self._engine.connect() as connection:
            return [_record(row) for row in connection.execute(query)]

    def read(self, name: str) -> RunRecord:
        """Return a run by its id, the beginning of it, `latest`, or the last finished one of a variant by its name.

        Raises:
            NotFound: there is none.
            UsageError: several begin like that.
        """
        runs = self.list()
        if name == LATEST and runs:
            return next((run for run in runs if run.is_finished), runs[0])
        exact = [run for run in runs if run.run_id == name]
        if exact:
            return exact[0]
        of_variant = [run for run in runs if run.variant == name]
        if of_variant:
            return next((run for run in of_variant if run.is_finished), of_variant[0])
        begun = [run for run in runs if name and run.run_id.startswith((name, f"run-{name}"))]
        if len(begun) > 1:
            raise UsageError(f"{len(begun)} runs begin with {name!r}. Give more of the id.")
        if not begun:
            raise NotFound(
                f"There is no evaluation run {name!r}. `footnote eval runs list` names those that there are."
            )
        return begun[0]

    def scores(self, run_id: str) -> _Scores:
        """Return what was measured, a row for each case that was asked, by its id."""
        query = (
            select(eval_results.c.case_id, eval_results.c.metric, eval_results.c.value)
            .where(eval_results.c.run_id == run_id)
            .order_by(eval_results.c.case_id, eval_results.c.metric, eval_results.c.repeat)
        )
        values: dict[str, dict[str, _Values]] = {}
        with self._engine.connect() as connection:
            for case_id, metric, value in connection.execute(query):
                values.setdefault(case_id, {}).setdefault(metric, []).append(value)
        about = {answer.case_id: answer.content for answer in self._contents(run_id)}
        return [
            _scores(case_id, content, values.get(case_id, {}))
            for case_id, content in sorted(about.items())
        ]

    def answers(self, run_id: str) -> _Answers:
        """Return what the cases were answered, by case and repeat."""
        query = select(
            eval_results.c.case_id,
            eval_results.c.repeat,
            eval_results.c.metric,
            eval_results.c.detail,
        ).where(eval_results.c.run_id == run_id, eval_results.c.detail != "{}")
        details: dict[tuple[str, int], dict[str, Mapping[str, Any]]] = {}
        with self._engine.connect() as connection:
            for case_id, repeat, metric, detail in connection.execute(query):
                details.setdefault((case_id, repeat), {})[metric] = json.loads(detail)
        return [
            CaseAnswer(
                found.case_id,
                found.repeat,
                found.content,
                details.get((found.case_id, found.repeat), {}),
            )
            for found in self._contents(run_id)
        ]

    def remove(self, run_id: str) -> None:
        """Remove a run with everything that was stored of it."""
        with storage_errors(self._data_dir), writing(self._engine) as connection:
            for table in (eval_answers, eval_results, eval_runs):
                connection.execute(delete(table).where(table.c.run_id == run_id))

    def _contents(self, run_id: str) -> _Answers:
        query = (
            select(eval_answers.c.case_id, eval_answers.c.repeat, eval_answers.c.content)
            .where(eval_answers.c.run_id == run_id)
            .order_by(eval_answers.c.case_id, eval_answers.c.repeat)
        )
        with self._engine.connect() as connection:
            rows = connection.execute(query).all()
        return [CaseAnswer(row.case_id, row.repeat, json.loads(row.content), {}) for row in rows]


def _scores(
    case_id: str, content: Mapping[str, Any], values: Mapping[str, Iterable[float | None]]
) -> CaseScores:
    return CaseScores(
        case_id,
        str(content.get("cluster", "")),
        tuple(content.get("case", {}).get("tags") or ()),
        str(content.get("split", "")),
        str(content.get("origin", "")),
        str(content.get("source_feedback_id", "")),
        {metric: tuple(found) for metric, found in values.items()},
    )


def _record(row: Row[Any]) -> RunRecord:
    return RunRecord(
        row.run_id,
        row.variant,
        row.dataset,
        row.started_at,
        row.finished_at,
        json.loads(row.manifest),
        json.loads(row.summary),
    )


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
