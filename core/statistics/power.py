"""What a number of cases can show: the true difference that four of five comparisons of this size would find.

Cases of one document resemble each other, so that k of them say less than k; the design effect 1 + (k - 1) x icc
is by how much.
"""

from collections.abc import Sequence
from math import ceil, sqrt
from statistics import fmean

from core.statistics.distributions import normal_quantile

# The least number of flips, all one way, that McNemar's exact test finds at 5 %: 2 x 0.5^6 = .031.
_FEWEST_FLIPS = 6


def detectable(standard_error: float, power: float = 0.8, level: float = 0.95) -> float:
    """Return the smallest true difference that an estimate with this error shows with this power."""
    return (normal_quantile(0.5 + level / 2.0) + normal_quantile(power)) * standard_error


def detectable_share(
    n: int, flipping: float, design_effect: float = 1.0, power: float = 0.8, level: float = 0.95
) -> float | None:
    """Return the smallest difference of a share of passes that `n` cases show, None where no difference can be.

    `flipping` is the share of cases that one variant passes and the other does not. McNemar's test cannot find
    fewer than six flips, so that a difference below 6 / n is not seen whatever the power.
    """
    effective = n / max(design_effect, 1.0)
    floor = _FEWEST_FLIPS / effective if effective else 2.0
    if floor > 1.0:
        return None
    return min(1.0, max(floor, detectable(sqrt(flipping / effective), power, level)))


def cases_needed(
    difference: float, flipping: float, design_effect: float = 1.0, power: float = 0.8
) -> int:
    """Return how many cases show a difference of a share of passes; `flipping` as in `detectable_share`.

    Raises:
        ValueError: the difference is 0.
    """
    if not difference:
        raise ValueError("No number of cases shows a difference of 0.")
    needed = (detectable(1.0, power) / difference) ** 2 * flipping
    return ceil(max(needed, _FEWEST_FLIPS / abs(difference)) * max(design_effect, 1.0))


def design_effect(clusters: Sequence[Sequence[float]]) -> float:
    """Return by how much the variance of the mean grows because cases of one cluster resemble each other.

    From the observed values: the variance that allows for clusters over that of as many independent cases; never
    below 1, and 1 where nothing varies or there is one cluster.
    """
    values = [value for cluster in clusters for value in cluster]
    count, groups = len(values), sum(bool(cluster) for cluster in clusters)
    if groups < 2 or count <= groups:
        return 1.0
    mean = fmean(values)
    alone = sum((value - mean) ** 2 for value in values) / (count - 1) / count
    together = sum(sum(value - mean for value in cluster) ** 2 for cluster in clusters)
    together *= groups / (groups - 1) / count**2
    return max(1.0, together / alone) if alone else 1.0
