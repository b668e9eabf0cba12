"""A whole comparison: two or more stored runs, read for one caller, with verdicts and the cheapest that will do."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from app.quality.usage import percentile
from core.answers import Caller
from core.errors import UsageError
from core.metric_words import level
from core.metrics import metric_info
from core.statistics.paired import non_inferior
from evals.comparing.comparison import MetricDifference, common_cases, differences, primary_of
from evals.comparing.scored_run import ScoredRun, read_scored
from evals.comparing.turned_cases import Slice, TurnedCase, slices, turned_cases
from evals.comparing.verdict import Verdict, verdict_of
from evals.running.run_log import RunLog, RunRecord
from index.catalogue import Catalogue


@dataclass(frozen=True, slots=True)
class Price:
    """What a run's answers take: means over cases, and the time that 95 of 100 answers stay below."""

    latency_ms: float | None
    p95_ms: float | None
    cost_usd: float | None


@dataclass(frozen=True, slots=True)
class RunComparison:
    """`after` against `before`; `remarks` say which cases were left out and why."""

    before: RunRecord
    after: RunRecord
    cases: int
    remarks: tuple[str, ...]
    metrics: tuple[MetricDifference, ...]
    primary: MetricDifference | None
    turned: tuple[TurnedCase, ...]
    slices: tuple[Slice, ...]
    prices: tuple[Price, Price]
    verdict: Verdict


def compare(before: ScoredRun, after: ScoredRun, primary: str | None = None) -> RunComparison:
    """Compare two runs.

    Raises:
        UsageError: they have no case in common, or `primary` is no metric of both.
    """
    first, second = before.compared(), after.compared()
    common = common_cases(first, second)
    if not common.case_ids:
        raise UsageError(
            f"{first.variant} ({first.run_id}) and {second.variant} ({second.run_id}) have no case in common, so "
            "there is nothing to compare. Run both over the same cases."
        )
    found = differences(first, second, common.case_ids)
    chosen = primary_of(found, primary)
    if primary is not None and chosen is None:
        names = ", ".join(each.info.name for each in found)
        raise UsageError(f"{primary!r} is no metric of both runs. They have: {names}.")
    hidden = max(before.hidden, after.hidden)
    remarks = (
        (*common.remarks, f"{hidden} cases about documents that you may not read are left out.")
        if hidden
        else common.remarks
    )
    return RunComparison(
        before.record,
        after.record,
        len(common.case_ids),
        tuple(remarks),
        found,
        chosen,
        tuple(turned_cases(before, after, chosen)) if chosen else (),
        tuple(slices(before, after, common.case_ids, chosen)) if chosen else (),
        (_price(before), _price(after)),
        verdict_of(found, chosen, broken_sentences(after)),
    )


def compare_stored(
    log: RunLog,
    catalogue: Catalogue,
    caller: Caller,
    names: Sequence[str],
    primary: str | None = None,
) -> tuple[list[RunComparison], str]:
    """Compare the first of two or more stored runs with each other one; also say which of them all is good enough.

    Raises:
        NotFound, UsageError: as `RunLog.read` and `compare`.
    """
    runs = [read_scored(log, catalogue, caller, name) for name in names]
    comparisons = [compare(runs[0], run, primary) for run in runs[1:]]
    return comparisons, cheapest(runs, comparisons) if len(runs) > 2 else ""


def cheapest(runs: Sequence[ScoredRun], comparisons: Sequence[RunComparison]) -> str:
    """Return a sentence on the cheapest run that is not inferior to the best one."""
    primary = comparisons[0].primary
    if primary is None:
        return "No metric decides here, so that the cheapest option cannot be named."
    name, is_down = primary.info.name, primary.info.direction == "down"
    means = {run.record.run_id: _mean(run, name) for run in runs}
    known = [run for run in runs if means[run.record.run_id] is not None]
    best = max(known, key=lambda run: (means[run.record.run_id] or 0.0) * (-1 if is_down else 1))
    fit = [run for run in known if run is best or _will_do(best, run, name)]
    fit = [run for run in fit if not broken_sentences(run)]
    if not fit:
        return "Every option breaks an invariant."
    chosen = min(fit, key=_costs)
    price = _price(chosen)
    others = [run.record.variant for run in runs if run not in fit]
    tail = f" Not shown to be as good: {', '.join(others)}." if others else ""
    if chosen is best:
        return (
            f"{chosen.record.variant} is the best option, and none that is cheaper was shown to be as good.{tail}"
            if len(fit) == 1
            else (
                f"{chosen.record.variant} is the cheapest option that is as good as the best one, and the best itself ({_costs_words(price)}).{tail}"
            )
        )
    return (
        f"{chosen.record.variant} is the cheapest option that is not inferior to the best one, {best.record.variant}, "
        f"in {primary.info.title} ({_costs_words(price)}).{tail}"
    )


def broken_sentences(run: ScoredRun) -> list[str]:
    """Return a sentence for each invariant metric that does not hold in every case, and for errors."""
    found = []
    for metric, values in run.compared().values.items():
        info = metric_info(metric)
        bad = sum(min(repeats) < 1.0 for repeats in values.values())
        if info.kind == "invariant" and bad:
            found.append(
                f"{info.title} does not hold in {bad} of {len(values)} cases of {run.record.variant}."
            )
    return found


def _will_do(best: ScoredRun, run: ScoredRun, metric: str) -> bool:
    found = {each.info.name: each for each in differences(best.compared(), run.compared())}.get(
        metric
    )
    return (
        found is not None and found.margin is not None and non_inferior(found.gain[1], found.margin)
    )


def _price(run: ScoredRun) -> Price:
    values = run.compared().values
    times = sorted(fmean(repeats) for repeats in values.get("latency_ms", {}).values())
    return Price(_mean(run, "latency_ms"), percentile(times, 0.95), _mean(run, "cost_usd"))


def _costs(run: ScoredRun) -> tuple[float, float]:
    price = _price(run)
    return price.cost_usd or 0.0, price.latency_ms or 0.0


def _costs_words(price: Price) -> str:
    return f"{level(metric_info('cost_usd'), price.cost_usd)} and {level(metric_info('latency_ms'), price.latency_ms)} an answer"


def _mean(run: ScoredRun, metric: str) -> float | None:
    values = run.compared().values.get(metric, {})
    return fmean(fmean(repeats) for repeats in values.values()) if values else None


def comparison_json(comparison: RunComparison) -> dict[str, Any]:
    """Return a comparison as JSON; fields are added, never renamed."""
    return {
        "before": _run_json(comparison.before, comparison.prices[0]),
        "after": _run_json(comparison.after, comparison.prices[1]),
        "cases": comparison.cases,
        "remarks": list(comparison.remarks),
        "primary": comparison.primary.info.name if comparison.primary else None,
        "verdict": comparison.verdict.decision,
        "reasons": list(comparison.verdict.reasons),
        "limits": comparison.verdict.limits,
        "metrics": {each.info.name: _metric_json(each) for each in comparison.metrics},
        "turned": [
            {
                "case_id": turned.case_id,
                "question": turned.question,
                "turned": "right" if turned.is_won else "wrong",
                "before": {"value": turned.value_before, "answer": turned.before},
                "after": {"value": turned.value_after, "answer": turned.after},
            }
            for turned in comparison.turned
        ],
        "slices": [
            {
                "kind": each.kind,
                "name": each.name,
                "n": each.paired.n,
                "before": each.paired.before,
                "after": each.paired.after,
                "difference": each.paired.difference,
                "interval": _interval(each.paired.low, each.paired.high),
            }
            for each in comparison.slices
        ],
    }


def _metric_json(found: MetricDifference) -> dict[str, Any]:
    paired = found.paired
    return {
        "title": found.info.title,
        "kind": found.info.kind,
        "direction": found.info.direction,
        "n": paired.n,
        "clusters": paired.clusters,
        "before": paired.before,
        "after": paired.after,
        "difference": paired.difference,
        "interval": _interval(paired.low, paired.high),
        "p": paired.p_value,
        "p_holm": found.p_adjusted,
        "smallest_detectable": paired.smallest_detectable,
        "margin": found.margin,
        "standing": found.standing,
        "mcnemar": (
            {"b": found.turned.lost, "c": found.turned.gained, "p": found.turned.p_value}
            if found.turned
            else None
        ),
    }


def _run_json(record: RunRecord, price: Price) -> dict[str, Any]:
    return {
        "run_id": record.run_id,
        "variant": record.variant,
        "dataset": record.dataset,
        "started_at": record.started_at,
        "latency_ms": price.latency_ms,
        "p95_ms": price.p95_ms,
        "cost_usd": price.cost_usd,
    }


def _interval(low: float | None, high: float | None) -> list[float] | None:
    return None if low is None or high is None else [low, high]
