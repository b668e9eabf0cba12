"""Quantiles and tails that the intervals and tests need, without SciPy, whose import takes seconds."""

from functools import lru_cache
from math import comb, exp, lgamma, log, sqrt
from statistics import NormalDist

_NORMAL = NormalDist()
_STEPS = 300
_TINY = 1e-300


def normal_quantile(share: float) -> float:
    """Return the point below which `share` of the standard normal distribution lies."""
    return _NORMAL.inv_cdf(share)


@lru_cache(maxsize=256)
def student_quantile(share: float, freedom: int) -> float:
    """Return the point below which `share` of Student's t with `freedom` degrees of freedom lies.

    Raises:
        ValueError: `share` is not within (0, 1), or `freedom` is below 1.
    """
    if not 0.0 < share < 1.0 or freedom < 1:
        raise ValueError(
            f"There is no t quantile of {share!r} with {freedom!r} degrees of freedom."
        )
    if share < 0.5:
        return -student_quantile(1.0 - share, freedom)
    # With x = freedom / (freedom + t^2), both tails beyond t together are the incomplete beta function at x.
    low, high = 0.0, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2.0
        if _incomplete_beta(freedom / 2.0, 0.5, middle) < 2.0 * (1.0 - share):
            low = middle
        else:
            high = middle
    x = (low + high) / 2.0
    return sqrt(freedom * (1.0 - x) / x)


def even_binomial_tail(most: int, trials: int) -> float:
    """Return the probability of at most `most` heads in `trials` tosses of a fair coin."""
    # Whole numbers: exact for any number of tosses.
    ways: int = sum(comb(trials, heads) for heads in range(most + 1))
    return ways / int(2**trials)


def _incomplete_beta(a: float, b: float, x: float) -> float:
    """Return the regularised incomplete beta function, by its continued fraction."""
    if x <= 0.0 or x >= 1.0:
        return 0.0 if x <= 0.0 else 1.0
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log(1.0 - x))
    # Each side of its mean, the fraction of that side is the one that converges fast.
    if x < (a + 1.0) / (a + b + 2.0):
        return front * _fraction(a, b, x) / a
    return 1.0 - front * _fraction(b, a, 1.0 - x) / b


def _fraction(a: float, b: float, x: float) -> float:
    """Return the continued fraction of the incomplete beta function, by Lentz's method."""
    c, d = 1.0, 1.0 / (1.0 - (a + b) * x / (a + 1.0) or _TINY)
    value = d
    for m in range(1, _STEPS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d = 1.0 / (1.0 + term * d or _TINY)
            c = 1.0 + term / c or _TINY
            value *= c * d
        if abs(c * d - 1.0) < 1e-15:
            break
    return value
