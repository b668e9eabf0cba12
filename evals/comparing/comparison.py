"""Two runs side by side: per metric the paired difference, what it is worth, and which cases turned.

    rows of run A ─┐                        ┌─ differences (interval, p, Holm, McNemar) ─┐
                   ├─ cases that both have ─┼─ turned cases                              ├─▶ verdict
    rows of run B ─┘                        └─ slices                                    ┘

Only cases that both runs have count, and what was left out is said. Repeats of a case are averaged before anything is
compared, and resampling keeps the cases of one source document together. p-values of quality metrics are adjusted
together (Holm), so that the more metrics are looked at, the more one of them has to show.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Literal

from core.metrics import METRICS, MetricInfo, metric_info, worse_by
from core.statistics.bootstrap import RESAMPLES
from core.statistics.multiple import holm
from core.statistics.paired import PairedDifference, paired_difference
from core.statistics.paired_tests import mcnemar

Standing = Literal["better", "worse", "not worse", "open", "reported"]

SIGNIFICANT = 0.05
_SEED = 20_260_101
_PRIMARY = (
    "fact_match",
    "answer_f1",
    "str_em",
    "regex_match",
    "context_span_recall",
    "ndcg@10_chunk",
    "mrr@10_document",
    "groundedness_footnote_checker",
    "abstention_correct",
)


@dataclass(frozen=True, slots=True)
class Turned:
    """Cases of a metric that is 0 or 1: `lost` were right before and wrong after, `gained` the other way round.

    `p_value` is McNemar's, exact and two-sided.
    """

    lost: int
    gained: int
    p_value: float


@dataclass(frozen=True, slots=True)
class MetricDifference:
    """One metric of two runs. `p_adjusted` is Holm's, None for what is no quality metric.

    `turned` has the cases of a metric that is 0 or 1 which were right before and wrong after, and the other way round.
    `harmed` is how many cases got worse at all. `standing` says what the difference shows: 'better' and 'worse' beyond
    chance, 'not worse' where the interval rules out a loss of the metric's margin or no case got worse, 'open' where
    neither is so, 'reported' where nothing is decided by it. A loss that is sure and within the margin is 'not worse'.
    """

    info: MetricInfo
    paired: PairedDifference
    p_adjusted: float | None
    turned: Turned | None
    harmed: int
    standing: Standing

    @property
    def gain(self) -> tuple[float, float | None, float | None]:
        """The change for the better with its interval: signs are turned where less is better."""
        paired = self.paired
        if self.info.direction != "down":
            return paired.difference, paired.low, paired.high
        low = None if paired.high is None else -paired.high
        high = None if paired.low is None else -paired.low
        return -paired.difference, low, high

    @property
    def margin(self) -> float | None:
        """How much worse it may get, in the metric's own unit."""
        if self.info.margin is None or not self.info.margin_is_share:
            return self.info.margin
        return self.info.margin * abs(self.paired.before)


@dataclass(frozen=True, slots=True)
class ComparedRun:
    """What comparing needs of a run: each metric's values of each case, one for each repeat that it applies to."""

    run_id: str
    variant: str
    dataset: str
    is_finished: bool
    values: Mapping[str, Mapping[str, Sequence[float]]]
    versions: Mapping[str, int]
    clusters: Mapping[str, str]

    @property
    def cases(self) -> frozenset[str]:
        """Ids of all cases that the run has a row of."""
        return frozenset(self.versions) | frozenset(
            case for of_cases in self.values.values() for case in of_cases
        )


@dataclass(frozen=True, slots=True)
class CommonCases:
    """Which cases are compared, and in `remarks` what was left out or changed, as sentences."""

    case_ids: tuple[str, ...]
    remarks: tuple[str, ...]


def common_cases(before: ComparedRun, after: ComparedRun) -> CommonCases:
    """Return the cases that both runs have, those that changed between the runs included."""
    both = before.cases & after.cases
    remarks = []
    if before.dataset != after.dataset:
        remarks.append(
            f"The runs are of different cases: {before.dataset!r} and {after.dataset!r}."
        )
    for run, other in ((before, after), (after, before)):
        only = len(run.cases - other.cases)
        if only:
            remarks.append(
                f"{_cases(only)} of {run.variant} ({run.run_id}) {'is' if only == 1 else 'are'} not in the other "
                "run and left out."
            )
    changed = [
        case
        for case in both
        if case in before.versions
        and case in after.versions
        and before.versions[case] != after.versions[case]
    ]
    if changed:
        remarks.append(
            f"{_cases(len(changed))} changed between the runs: the question is not the same as before."
        )
    remarks += [
        f"The run of {run.variant} ({run.run_id}) has not finished: what it has is compared."
        for run in (before, after)
        if not run.is_finished
    ]
    return CommonCases(tuple(sorted(both)), tuple(remarks))


def differences(
    before: ComparedRun,
    after: ComparedRun,
    case_ids: Collection[str] | None = None,
    resamples: int = RESAMPLES,
) -> tuple[MetricDifference, ...]:
    """Return the differences of all metrics that both runs have values of, over the given cases or all common ones."""
    clusters = {**before.clusters, **after.clusters}
    found: list[MetricDifference] = []
    for metric in sorted(before.values.keys() & after.values.keys(), key=_place):
        old, new = (_of_cases(run.values[metric], case_ids) for run in (before, after))
        paired = paired_difference(old, new, clusters, _SEED, resamples)
        if paired is not None:
            info = metric_info(metric)
            turned, harmed = _turned(old, new, info), _harmed(old, new, info)
            found.append(MetricDifference(info, paired, None, turned, harmed, "reported"))
    return tuple(replace(each, standing=_standing(each)) for each in _adjusted(found))


def primary_of(
    found: Sequence[MetricDifference], chosen: str | None = None
) -> MetricDifference | None:
    """Return the metric that decides: the chosen one, else the first of a fixed order that most cases have."""
    by_name = {each.info.name: each for each in found}
    if chosen is not None:
        return by_name.get(chosen)
    most = max((each.paired.n for each in found if each.info.kind == "quality"), default=0)
    return next(
        (
            by_name[name]
            for name in _PRIMARY
            if name in by_name and 2 * by_name[name].paired.n >= most
        ),
        None,
    )


def _adjusted(found: Sequence[MetricDifference]) -> list[MetricDifference]:
    """Adjust the p-values of quality metrics for how many they are."""
    quality = [each for each in found if each.info.kind == "quality"]
    adjusted = dict(
        zip(
            (each.info.name for each in quality),
            holm([each.paired.p_value for each in quality]),
            strict=True,
        )
    )
    return [replace(each, p_adjusted=adjusted.get(each.info.name)) for each in found]


def _standing(found: MetricDifference) -> Standing:
    margin = found.margin
    if (
        margin is None
        or found.info.direction == "none"
        or found.info.kind in ("report", "invariant")
    ):
        return "reported"
    gain, low, high = found.gain
    is_certain = found.p_adjusted is not None and found.p_adjusted < SIGNIFICANT
    if is_certain and gain > 0:
        return "better"
    is_within = low is not None and low > -margin
    if (is_certain and gain < 0 and not is_within) or (high is not None and high < -margin):
        return "worse"
    # Six cases of which one got better have an interval far below zero, and yet nothing that anybody could miss.
    if not found.harmed:
        return "not worse"
    return "not worse" if is_within else "open"


def _place(metric: str) -> tuple[int, str]:
    """Order metrics as the registry has them, others behind."""
    known = list(METRICS)
    return known.index(metric) if metric in METRICS else len(known), metric


def _harmed(
    before: Mapping[str, Sequence[float]],
    after: Mapping[str, Sequence[float]],
    info: MetricInfo,
) -> int:
    both = before.keys() & after.keys()
    return sum(worse_by(info, fmean(before[case]), fmean(after[case])) > 0 for case in both)


def _turned(
    before: Mapping[str, Sequence[float]],
    after: Mapping[str, Sequence[float]],
    info: MetricInfo,
) -> Turned | None:
    both = sorted(before.keys() & after.keys())
    old, new = ([fmean(values[case]) for case in both] for values in (before, after))
    if not both or not {*old, *new} <= {0.0, 1.0}:
        return None
    lost = sum(first > second for first, second in zip(old, new, strict=True))
    gained = sum(first < second for first, second in zip(old, new, strict=True))
    if info.direction == "down":
        lost, gained = gained, lost
    return Turned(lost, gained, mcnemar(lost, gained))


def _of_cases(
    values: Mapping[str, Sequence[float]], case_ids: Collection[str] | None
) -> dict[str, Sequence[float]]:
    wanted = None if case_ids is None else set(case_ids)
    return {
        case: kept for case, kept in values.items() if kept and (wanted is None or case in wanted)
    }


def _cases(count: int) -> str:
    return "1 case" if count == 1 else f"{count} cases"
