"""Evaluation runs as they are stored, and what two of them differ in. Runs are made elsewhere; this only reads.

`eval_runs.summary` is JSON: `{metric: {"value": x, "n": cases, "interval": [low, high]}}`, the interval of 95 %.
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, select

from core.errors import NotFound
from core.statistics.paired import paired_difference
from index.schema import eval_answers, eval_results, eval_runs

_SHOWN_RUNS = 100
_SEED = 20_260_101


@dataclass(frozen=True, slots=True)
class MetricSummary:
    """One metric of a run over `n` cases; `low` and `high` are its interval of 95 %, None where none is stored."""

    metric: str
    value: float
    n: int
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class EvaluationRun:
    """A stored run; `versions` are what its manifest says of code, prompts, models and index."""

    run_id: str
    variant: str
    dataset: str
    started_at: str
    finished_at: str
    metrics: tuple[MetricSummary, ...]
    versions: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """How much one metric of two runs differs, over the `n` cases that both have.

    `difference` is after - before, the mean over cases; `low` and `high` are its interval of 95 % by drawing source
    documents (`core.statistics`), None for fewer than two of them.
    """

    metric: str
    n: int
    before: float
    after: float
    difference: float
    low: float | None
    high: float | None


def read_runs(engine: Engine) -> tuple[EvaluationRun, ...]:
    """Return the latest runs, newest first."""
    query = select(eval_runs).order_by(eval_runs.c.started_at.desc(), eval_runs.c.run_id.desc())
    with engine.connect() as connection:
        return tuple(
            EvaluationRun(
                row.run_id,
                row.variant,
                row.dataset,
                row.started_at,
                row.finished_at,
                _metrics(row.summary),
                tuple((name, str(value)) for name, value in _fields(row.manifest).items()),
            )
            for row in connection.execute(query.limit(_SHOWN_RUNS))
        )


def compare_runs(engine: Engine, before: str, after: str) -> tuple[Comparison, ...]:
    """Return the differences of all metrics that both runs have, by the metric's name.

    Raises:
        NotFound: there is no such run.
    """
    with engine.connect() as connection:
        first, second = _results(connection, before), _results(connection, after)
        clusters = _clusters(connection, before) | _clusters(connection, after)
    found = []
    for metric in sorted(first.keys() & second.keys()):
        paired = paired_difference(first[metric], second[metric], clusters, _SEED)
        if paired is not None:
            found.append(
                Comparison(
                    metric,
                    paired.n,
                    paired.before,
                    paired.after,
                    paired.difference,
                    paired.low,
                    paired.high,
                )
            )
    return tuple(found)


def _results(connection: Connection, run_id: str) -> Mapping[str, Mapping[str, Sequence[float]]]:
    """Return each metric's values of each case, one for each repeat."""
    known = select(eval_runs.c.run_id).where(eval_runs.c.run_id == run_id)
    if connection.execute(known).first() is None:
        raise NotFound("This evaluation run is not there any more.")
    query = select(eval_results.c.metric, eval_results.c.case_id, eval_results.c.value).where(
        eval_results.c.run_id == run_id, eval_results.c.value.is_not(None)
    )
    values: defaultdict[str, defaultdict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for metric, case_id, value in connection.execute(query):
        values[metric][case_id].append(value)
    return values


def _clusters(connection: Connection, run_id: str) -> dict[str, str]:
    """Return the source document of each of a run's cases, as far as it is known."""
    query = select(eval_answers.c.case_id, eval_answers.c.content).where(
        eval_answers.c.run_id == run_id
    )
    return {
        case_id: str(_fields(content).get("cluster", ""))
        for case_id, content in connection.execute(query)
    }


def _metrics(stored: str) -> tuple[MetricSummary, ...]:
    found = []
    for metric, entry in _fields(stored).items():
        if not isinstance(entry, dict) or not isinstance(entry.get("value"), int | float):
            continue
        low, high = entry.get("interval") or (None, None)
        found.append(
            MetricSummary(metric, float(entry["value"]), int(entry.get("n", 0)), low, high)
        )
    return tuple(found)


def _fields(stored: str) -> dict[str, Any]:
    try:
        fields = json.loads(stored)
    except ValueError:
        return {}
    return fields if isinstance(fields, dict) else {}
