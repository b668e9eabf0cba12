"""Intervals of means whose rows come in clusters, by drawing whole clusters with replacement.

Questions of one document are easy or hard together, and an interval that draws questions is then far too narrow. Of
the ways to read an interval off the draws, the symmetric studentised one covers what it says down to some 25
clusters, for passes as for graded values; plain percentiles do not (`benchmarks/coverage.py`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np
import numpy.typing as npt

from core.statistics.distributions import student_quantile
from core.statistics.proportions import wilson

RESAMPLES = 10_000
_DRAWN_AT_ONCE = 2_000_000
_HELD_AT_ONCE = 4_000_000
# Where few cases differ, some draws have none of them and an error of 0: their quotient says nothing.
_WIDEST = 2.5
FloatMatrix = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over `n` cases of `clusters` documents; `low` and `high` are its interval of 95 %.

    They are None with fewer than two clusters.
    """

    n: int
    clusters: int
    mean: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Grouped:
    """Values summed by cluster: `sums` in any number of rows, one column a cluster, `sizes` the cases of each."""

    sums: FloatMatrix
    sizes: npt.NDArray[np.float64]

    @property
    def clusters(self) -> int:
        """How many clusters there are."""
        return len(self.sizes)

    @property
    def means(self) -> npt.NDArray[np.float64]:
        """Each row's mean over cases."""
        return np.asarray(self.sums.sum(axis=1) / self.sizes.sum(), np.float64)

    @property
    def errors(self) -> npt.NDArray[np.float64]:
        """Each row's standard error by leaving out one cluster at a time; 0 for one cluster."""
        if self.clusters < 2:
            return np.zeros(len(self.sums))
        others = self.sizes.sum() - self.sizes
        left_out = (self.sums.sum(axis=1, keepdims=True) - self.sums) / others
        spread = ((left_out - self.means[:, None]) ** 2).sum(axis=1)
        errors = np.sqrt(spread * (self.clusters - 1) / self.clusters)
        # Equal values leave a rest of rounding that would be taken for an error.
        return np.where(errors > 1e-12 * np.abs(self.sums).max(axis=1, initial=0.0), errors, 0.0)


def cluster_positions(cases: Sequence[str], clusters: Mapping[str, str]) -> npt.NDArray[np.int64]:
    """Return each case's cluster as a number from 0; a case without one, or with an empty one, is its own."""
    # A pair, so that no case's own name is taken for a document's.
    names = [(True, clusters[case]) if clusters.get(case) else (False, case) for case in cases]
    place = {name: position for position, name in enumerate(dict.fromkeys(names))}
    return np.array([place[name] for name in names], np.int64)


def grouped(values: Mapping[str, float], clusters: Mapping[str, str]) -> Grouped:
    """Sum the cases' values by cluster, the same whatever order they come in."""
    cases = sorted(values)
    places = cluster_positions(cases, clusters)
    sums = np.bincount(places, [values[case] for case in cases]).astype(np.float64)
    return Grouped(sums[None, :], np.bincount(places).astype(np.float64))


def mean_interval(
    values: Mapping[str, Sequence[float]],
    clusters: Mapping[str, str],
    seed: int,
    resamples: int = RESAMPLES,
) -> Estimate | None:
    """Return the mean over cases with its interval, each case's repeats averaged first; None for no values.

    Where every case is 1, or every one 0, drawing them again says nothing, and the interval is Wilson's for as many
    rows as there are clusters.
    """
    means = {case: fmean(repeats) for case, repeats in values.items() if repeats}
    if not means:
        return None
    rows = grouped(means, clusters)
    mean = fmean(means.values())
    low: float | None = None
    high: float | None = None
    if rows.clusters >= 2:
        if set(means.values()) <= {0.0} or set(means.values()) <= {1.0}:
            low, high = wilson(mean * rows.clusters, rows.clusters)
        else:
            lows, highs = intervals(rows, seed, resamples)
            low, high = float(lows[0]), float(highs[0])
            if all(0.0 <= value <= 1.0 for value in means.values()):
                low, high = max(low, 0.0), min(high, 1.0)
    return Estimate(len(means), rows.clusters, mean, low, high)


def intervals(
    rows: Grouped, seed: int, resamples: int = RESAMPLES, level: float = 0.95
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the lower and the upper bound of each row's mean; the same for the same seed.

    Rows are different data on the same clusters. The bounds are as far from the mean as `level` of the draws' means
    are, in units of each draw's own error.

    Raises:
        ValueError: there are fewer than two clusters.
    """
    if rows.clusters < 2:
        raise ValueError("An interval needs two clusters.")
    widest = _WIDEST * student_quantile(0.5 + level / 2.0, rows.clusters - 1)
    means, errors = rows.means, rows.errors
    at_once = max(1, _HELD_AT_ONCE // resamples)
    reach = np.empty(len(means))
    for start in range(0, len(means), at_once):
        block = slice(start, start + at_once)
        quotients = np.concatenate(
            [
                _quotients(weights, rows.sums[block], rows.sizes, means[block])
                for weights in _draws(rows.clusters, seed, resamples)
            ]
        )
        reach[block] = np.quantile(np.minimum(quotients, widest), level, axis=0)
    return means - reach * errors, means + reach * errors


def _draws(clusters: int, seed: int, resamples: int) -> Iterator[FloatMatrix]:
    """Yield how often each draw takes each cluster, many draws at a time."""
    rng = np.random.default_rng(seed)
    left = resamples
    while left:
        rows = min(left, max(1, _DRAWN_AT_ONCE // clusters))
        drawn = rng.integers(0, clusters, (rows, clusters)) + clusters * np.arange(rows)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=rows * clusters)
        yield counts.reshape(rows, clusters).astype(np.float64)
        left -= rows


def _quotients(
    weights: FloatMatrix,
    sums: FloatMatrix,
    sizes: npt.NDArray[np.float64],
    means: npt.NDArray[np.float64],
) -> FloatMatrix:
    """Return |draw's mean - mean| / draw's error, draws by rows; infinite where only the error is 0."""
    count = len(sizes)
    cases = (weights @ sizes)[:, None]
    drawn = weights @ sums.T / cases
    # The sum over clusters of (sum - mean x size)^2, multiplied out so that it is three products of matrices.
    squares = (
        weights @ (sums**2).T
        - 2.0 * drawn * (weights @ (sums * sizes).T)
        + drawn**2 * (weights @ sizes**2)[:, None]
    )
    scale = np.abs(sums).max(axis=1, initial=0.0) ** 2
    squares = np.where(squares > 1e-12 * scale * count, squares, 0.0)
    errors = np.sqrt(squares * count / (count - 1)) / cases
    away = np.abs(drawn - means)
    away = np.where(away > 1e-12 * np.sqrt(scale), away, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(away > 0.0, away / errors, 0.0)
