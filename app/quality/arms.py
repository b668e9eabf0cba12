"""The two sides of a live comparison in numbers: what each got, by how much they differ, and what is still too early.

Readers are the unit: one who asks fifty times is one reader. Intervals are of 95 % and draw whole readers
(`core.statistics.bootstrap`); that of a difference comes from both sides' own (MOVER, Newcombe 1998), which holds for
shares near 0 as well.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, sqrt
from typing import Literal

import numpy as np
from sqlalchemy import Engine

from app.arm_labels import Arm
from app.quality.arm_rows import ArmAnswer, ArmRows, experiments_in, read_arm_rows
from app.quality.period import Period
from app.quality.usage import percentile
from core.statistics.bootstrap import mean_interval
from core.variants import CURRENT
from index.permissions import ANONYMOUS_NAME

LiveVerdict = Literal["better", "worse", "no difference that matters", "cannot tell yet", "differs"]
_SEED = 20_260_101
_DRAWS = 2000
_DETECTS = 2.8
"""Standard errors that a difference must have for four of five comparisons to show it: 1.96 + 0.84."""
_WITHIN = 1.96


@dataclass(frozen=True, slots=True)
class Measured:
    """What is measured of an arm. `matters` is the smallest difference that anybody should act on.

    Where `is_relative` it is a share of the current side's value. `better` says which way is.
    """

    name: str
    better: Literal["up", "down", "none"]
    matters: float
    is_relative: bool = False


MEASURED = (
    Measured("answered", "up", 0.05),
    Measured("abstained", "none", 0.05),
    Measured("unfinished", "down", 0.02),
    Measured("flagged", "down", 0.02),
    Measured("helpful", "up", 0.05),
    Measured("regenerated", "down", 0.05),
    Measured("rephrased", "down", 0.05),
    Measured("copied", "up", 0.05),
    Measured("citation_opened", "none", 0.05),
    Measured("abandoned", "down", 0.05),
    Measured("latency_p50_ms", "down", 0.1, is_relative=True),
    Measured("latency_p95_ms", "down", 0.1, is_relative=True),
    Measured("cost_usd", "down", 0.1, is_relative=True),
)
_SIGNALS = ("regenerated", "rephrased", "copied", "citation_opened", "abandoned")


@dataclass(frozen=True, slots=True)
class ArmValue:
    """One figure of an arm over `n` answers; `low` and `high` are its interval, None for fewer than two readers."""

    metric: str
    value: float | None
    n: int
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class ArmFigures:
    """One side: how many readers and answers it has, and what was measured."""

    arm: Arm
    users: int
    answers: int
    values: tuple[ArmValue, ...]


@dataclass(frozen=True, slots=True)
class ArmDifference:
    """Variant - current. `more_users` is about how many readers both sides together still need, None if enough.

    It is None as well where nobody can say, for want of two readers on a side.
    """

    metric: str
    difference: float | None
    low: float | None
    high: float | None
    verdict: LiveVerdict
    more_users: int | None


@dataclass(frozen=True, slots=True)
class LiveComparison:
    """A variant beside the settings as they are. `in_both` readers had conversations on either side."""

    experiment: str
    variant: str
    period: Period
    current: ArmFigures
    tried: ArmFigures
    differences: tuple[ArmDifference, ...]
    in_both: int


def read_live(engine: Engine, period: Period, experiment: str = "") -> tuple[LiveComparison, ...]:
    """Return the live comparisons that a period has answers of, the latest first; one alone if it is named."""
    names = [experiment] if experiment else experiments_in(engine, period)
    rows = read_arm_rows(engine, period, ANONYMOUS_NAME) if names else ArmRows((), ())
    return tuple(found for name in names for found in _comparisons(name, rows, period))


def _comparisons(name: str, rows: ArmRows, period: Period) -> list[LiveComparison]:
    by_arm: defaultdict[Arm, list[ArmAnswer]] = defaultdict(list)
    for each in rows.answers:
        if each.arm.experiment == name:
            by_arm[each.arm].append(each)
    current = Arm(name, CURRENT)
    tried = [arm for arm in sorted(by_arm) if arm != current]
    figures = {
        arm: figures_of(arm, by_arm[arm], [who for of, who in rows.unfinished if of == arm])
        for arm in (current, *tried)
    }
    readers = {arm: {each.who for each in by_arm[arm]} for arm in figures}
    return [
        LiveComparison(
            name,
            arm.variant,
            period,
            figures[current],
            figures[arm],
            tuple(difference_of(measured, figures[current], figures[arm]) for measured in MEASURED),
            len(readers[current] & readers[arm]),
        )
        for arm in tried
    ]


def figures_of(arm: Arm, rows: Sequence[ArmAnswer], unfinished: Sequence[str]) -> ArmFigures:
    """Return one side's figures; `unfinished` names the readers of questions without an answer."""
    who = {each.answer_id: each.who for each in rows}
    values = [
        _share("answered", rows, who, lambda each: each.status == "answered"),
        _share("abstained", rows, who, lambda each: each.status == "abstained"),
        _unfinished(rows, who, unfinished),
        _share("flagged", rows, who, lambda each: "bad" in each.said),
        _share("helpful", rows, who, lambda each: "good" in each.said),
        *(_share(kind, rows, who, _did(kind)) for kind in _SIGNALS),
        _latency("latency_p50_ms", rows, 0.5),
        _latency("latency_p95_ms", rows, 0.95),
        _mean("cost_usd", {each.answer_id: each.cost_usd for each in rows}, who),
    ]
    return ArmFigures(arm, len(set(who.values())), len(rows), tuple(values))


def _did(kind: str) -> Callable[[ArmAnswer], bool]:
    return lambda each: kind in each.done


def _share(
    metric: str,
    rows: Sequence[ArmAnswer],
    who: Mapping[str, str],
    is_so: Callable[[ArmAnswer], bool],
) -> ArmValue:
    return _mean(metric, {each.answer_id: float(is_so(each)) for each in rows}, who)


def _unfinished(
    rows: Sequence[ArmAnswer], who: Mapping[str, str], unfinished: Sequence[str]
) -> ArmValue:
    values = dict.fromkeys(who, 0.0)
    readers = dict(who)
    for number, reader in enumerate(unfinished):
        values[f"unfinished {number}"] = 1.0
        readers[f"unfinished {number}"] = reader
    return _mean("unfinished", values, readers)


def _mean(metric: str, values: Mapping[str, float], who: Mapping[str, str]) -> ArmValue:
    found = mean_interval({key: (value,) for key, value in values.items()}, who, _SEED, _DRAWS)
    if found is None:
        return ArmValue(metric, None, 0, None, None)
    return ArmValue(metric, found.mean, found.n, found.low, found.high)


def _latency(metric: str, rows: Sequence[ArmAnswer], share: float) -> ArmValue:
    """Return a percentile of times; its interval is that of 500 draws of whole readers."""
    timed = sorted((each.total_ms, each.who) for each in rows if each.total_ms > 0)
    times = [milliseconds for milliseconds, _ in timed]
    value = percentile(times, share)
    names = {name: position for position, name in enumerate(dict.fromkeys(who for _, who in timed))}
    if len(names) < 2:
        return ArmValue(metric, value, len(timed), None, None)
    place = np.array([names[who] for _, who in timed])
    rng = np.random.default_rng(_SEED)
    drawn = []
    for _ in range(_DRAWS // 4):
        weights = np.bincount(rng.integers(0, len(names), len(names)), minlength=len(names))[place]
        total = np.cumsum(weights)
        drawn.append(times[int(np.searchsorted(total, share * total[-1]))])
    low, high = np.quantile(drawn, (0.025, 0.975))
    return ArmValue(metric, value, len(timed), float(low), float(high))


def difference_of(measured: Measured, current: ArmFigures, tried: ArmFigures) -> ArmDifference:
    """Return by how much a figure of the variant differs, and whether that says anything yet."""
    before = next(value for value in current.values if value.metric == measured.name)
    after = next(value for value in tried.values if value.metric == measured.name)
    if before.value is None or after.value is None:
        return ArmDifference(measured.name, None, None, None, "cannot tell yet", None)
    difference = after.value - before.value
    if before.low is None or before.high is None or after.low is None or after.high is None:
        return ArmDifference(measured.name, difference, None, None, "cannot tell yet", None)
    low = difference - sqrt((after.value - after.low) ** 2 + (before.high - before.value) ** 2)
    high = difference + sqrt((after.high - after.value) ** 2 + (before.value - before.low) ** 2)
    matters = measured.matters * (before.value if measured.is_relative else 1.0)
    verdict = _verdict(measured, low, high, matters)
    more = None
    if verdict == "cannot tell yet":
        users = current.users + tried.users
        if before.value == after.value and before.value in (0.0, 1.0):
            more = _more_of_none(matters, users)
        else:
            more = _more_users((high - low) / 2, matters, users)
    return ArmDifference(measured.name, difference, low, high, verdict, more)


def _verdict(measured: Measured, low: float, high: float, matters: float) -> LiveVerdict:
    if low == high == 0:
        return "no difference that matters"  # neither side has any, as of cost where nothing costs
    if -matters < low and high < matters:
        return "no difference that matters"
    if low <= 0 <= high:
        return "cannot tell yet"
    if measured.better == "none":
        return "differs"
    return "better" if (low > 0) == (measured.better == "up") else "worse"


def _more_of_none(matters: float, users: int) -> int:
    """Return how many readers more show that what never happened on either side hardly ever does.

    Wilson's upper end of none of n is about z² / n; the difference of two such sides is the root of 2 wider.
    """
    return max(1, ceil(2 * sqrt(2) * _WITHIN**2 / matters) - users)


def _more_users(half: float, matters: float, users: int) -> int | None:
    """Return how many readers more show a difference that matters in four of five comparisons; the same mix of them."""
    if matters <= 0 or not users:
        return None
    factor = (half / _WITHIN * _DETECTS / matters) ** 2
    return max(1, ceil(users * (factor - 1)))
