"""How two variants differ on the same cases: the mean difference, its interval, its p-value, and what could be seen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np
import numpy.typing as npt

from core.statistics.bootstrap import RESAMPLES, cluster_positions, grouped, intervals
from core.statistics.paired_tests import sign_flip
from core.statistics.power import detectable


@dataclass(frozen=True, slots=True)
class PairedDifference:
    """The difference after - before over the `n` cases that both have, which come from `clusters` documents.

    `before` and `after` are means over cases; `low` and `high` the interval of 95 % of `difference`, None with
    fewer than two clusters; `p_value` is two-sided; `smallest_detectable` is the true difference that this many
    cases would show in four of five comparisons, None where nothing varied.
    """

    n: int
    clusters: int
    before: float
    after: float
    difference: float
    low: float | None
    high: float | None
    p_value: float
    smallest_detectable: float | None


def paired_difference(
    before: Mapping[str, Sequence[float]],
    after: Mapping[str, Sequence[float]],
    clusters: Mapping[str, str],
    seed: int,
    resamples: int = RESAMPLES,
) -> PairedDifference | None:
    """Compare two variants' values of the cases that both have, each case's repeats averaged first.

    `clusters` names each case's source document; a case without one is a cluster of its own. None where the two
    have no case in common.
    """
    cases = sorted(case for case in before.keys() & after.keys() if before[case] and after[case])
    if not cases:
        return None
    first, second = ({case: fmean(own[case]) for case in cases} for own in (before, after))
    rows = grouped({case: second[case] - first[case] for case in cases}, clusters)
    low: float | None = None
    high: float | None = None
    if rows.clusters >= 2:
        lows, highs = intervals(rows, seed, resamples)
        low, high = float(lows[0]), float(highs[0])
        if all(0.0 <= value <= 1.0 for own in (first, second) for value in own.values()):
            # Two shares differ by 1 at most.
            low, high = max(low, -1.0), min(high, 1.0)
    error = float(rows.errors[0])
    return PairedDifference(
        n=len(cases),
        clusters=rows.clusters,
        before=fmean(first.values()),
        after=fmean(second.values()),
        difference=float(rows.means[0]),
        low=low,
        high=high,
        p_value=sign_flip(rows.sums[0].tolist(), seed, resamples),
        smallest_detectable=detectable(error) if error else None,
    )


def paired_quantile_difference(
    before: Mapping[str, Sequence[float]],
    after: Mapping[str, Sequence[float]],
    clusters: Mapping[str, str],
    share: float,
    seed: int,
    resamples: int = RESAMPLES,
) -> PairedDifference | None:
    """Compare a quantile of both, such as the p95 of latencies with `share` .95, by drawing clusters for both alike.

    The bounds are percentiles of the draws, the p-value the share of draws on the other side of 0, doubled.
    """
    cases = sorted(case for case in before.keys() & after.keys() if before[case] and after[case])
    if not cases:
        return None
    values = np.array([[fmean(own[case]) for case in cases] for own in (before, after)])
    old, new = np.quantile(values, share, axis=1)
    members = cluster_positions(cases, clusters)
    count = int(members.max()) + 1
    low: float | None = None
    high: float | None = None
    p_value, smallest = 1.0, None
    if count >= 2:
        draws = _quantile_draws(values, members, share, np.random.default_rng(seed), resamples)
        low, high = (float(bound) for bound in np.quantile(draws, (0.025, 0.975)))
        beyond = min(int((draws <= 0.0).sum()), int((draws >= 0.0).sum()))
        p_value = min(1.0, 2.0 * (1 + beyond) / (1 + resamples))
        spread = float(draws.std())
        smallest = detectable(spread) if spread else None
    return PairedDifference(
        len(cases),
        count,
        float(old),
        float(new),
        float(new - old),
        low,
        high,
        p_value,
        smallest,
    )


def _quantile_draws(
    values: npt.NDArray[np.float64],
    members: npt.NDArray[np.int64],
    share: float,
    rng: np.random.Generator,
    resamples: int,
) -> npt.NDArray[np.float64]:
    """Return the differences of the quantile of drawn clusters' cases; `values` has a row for before and after."""
    count = int(members.max()) + 1
    draws = np.empty(resamples)
    for position in range(resamples):
        taken = np.bincount(rng.integers(0, count, count), minlength=count)[members]
        old, new = np.quantile(np.repeat(values, taken, axis=1), share, axis=1)
        draws[position] = new - old
    return draws


def non_inferior(low: float | None, margin: float) -> bool:
    """Say whether an interval's worse end shows that nothing got worse by `margin`; one without an end does not.

    `low` is the lower bound of the change for the better: that of after - before where more is better, minus the
    upper bound where less is.
    """
    return low is not None and low > -margin
