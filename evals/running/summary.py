"""What a run's cases come to: each metric's mean with its interval, over all cases and over parts of them.

A case's repeats are averaged first; intervals draw whole documents, because questions about one document are easy or
hard together. Cases without a value for a metric do not count for it.
"""

from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean, stdev
from typing import Any

from core.metrics import METRICS, metric_info
from core.statistics.bootstrap import RESAMPLES, mean_interval
from evals.running.run_log import CaseScores

_SLICE_RESAMPLES = 2_000


def summary_of(
    scores: Sequence[CaseScores], seed: int, resamples: int = RESAMPLES
) -> dict[str, Any]:
    """Return `{metric: {"value", "n", "interval", "repeats"}}`, in the order of the registry.

    `value` is None for a metric that no case has. `repeats` is there where cases were asked several times: how often,
    and the mean standard deviation between the answers to one question.
    """
    found = {}
    for metric in _metrics(scores):
        values = {
            row.case_id: [value for value in row.values.get(metric, ()) if value is not None]
            for row in scores
        }
        clusters = {row.case_id: row.cluster for row in scores}
        estimate = mean_interval(values, clusters, seed, resamples)
        entry: dict[str, Any] = {"value": None, "n": 0, "interval": None}
        if estimate is not None:
            low, high = estimate.low, estimate.high
            # Equal amounts of time or money say nothing of how they vary: only shares have an interval then.
            is_even = len({value for repeats in values.values() for value in repeats}) == 1
            is_open = is_even and metric_info(metric).unit != "share"
            interval = None if low is None or high is None or is_open else [low, high]
            entry = {"value": estimate.mean, "n": estimate.n, "interval": interval}
        repeated = [repeats for repeats in values.values() if len(repeats) > 1]
        if repeated:
            spread = fmean(stdev(repeats) for repeats in repeated)
            entry["repeats"] = {"n": max(map(len, repeated)), "deviation": spread}
        found[metric] = entry
    return found


def slices_of(
    scores: Sequence[CaseScores], labels: Mapping[str, Iterable[str]], seed: int
) -> dict[str, Any]:
    """Return the summary of each part of the cases; `labels` has the parts of each case, like `tag:prices`."""
    parts: dict[str, list[CaseScores]] = {}
    for row in scores:
        for label in labels.get(row.case_id, ()):
            parts.setdefault(label, []).append(row)
    return {
        label: summary_of(rows, seed, _SLICE_RESAMPLES) for label, rows in sorted(parts.items())
    }


def labels_of(content: Mapping[str, Any]) -> list[str]:
    """Return the parts that a case belongs to, by what is stored of its answer."""
    case = content.get("case", {})
    labels = [f"tag:{tag}" for tag in case.get("tags") or ()]
    labels += [f"{name}:{content[name]}" for name in ("source", "language") if content.get(name)]
    return [*labels, f"answerable:{'no' if case.get('unanswerable') else 'yes'}"]


def _metrics(scores: Iterable[CaseScores]) -> list[str]:
    found = {metric for row in scores for metric in row.values}
    order = {name: place for place, name in enumerate(METRICS)}
    return sorted(found, key=lambda name: (order.get(name, len(order)), name))
