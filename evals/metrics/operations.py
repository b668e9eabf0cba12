"""How long it took, how often it failed and what it cost: percentiles with intervals, rates and sums."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, comb, exp, floor, lgamma, log

from core.statistics.proportions import wilson


@dataclass(frozen=True, slots=True)
class Percentile:
    """A percentile of `n` values; `low` and `high` are two of the values, its interval of at least 95 %.

    They are None where that few values have no such interval: a p95 needs 72, the median 6.
    """

    n: int
    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Rate:
    """A share of `n` rows with Wilson's interval of 95 %."""

    n: int
    value: float
    low: float
    high: float


def percentile(values: Sequence[float], share: float, level: float = 0.95) -> Percentile | None:
    """Return a percentile, interpolated between the values around it; None for no values.

    The interval is by order statistics and assumes no distribution: how many values lie below the true percentile is
    binomial. It leaves out at most half of what `level` allows on either side.
    """
    if not values:
        return None
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below, above = ordered[floor(place)], ordered[ceil(place)]
    low, high = _order_statistics(len(ordered), share, (1.0 - level) / 2.0)
    has_both = low >= 0 and high < len(ordered)
    return Percentile(
        len(ordered),
        below + (above - below) * (place - floor(place)),
        ordered[low] if has_both else None,
        ordered[high] if has_both else None,
    )


def error_rate(errors: Sequence[bool]) -> Rate | None:
    """Return the share of questions that ended in an error; None for no question."""
    if not errors:
        return None
    return Rate(len(errors), sum(errors) / len(errors), *wilson(sum(errors), len(errors)))


def cost(costs_usd: Sequence[float | None]) -> tuple[float, float] | None:
    """Return (all, a question) in US dollars over the questions whose cost is known; None for none."""
    known = [each for each in costs_usd if each is not None]
    return (sum(known), sum(known) / len(known)) if known else None


def _order_statistics(n: int, share: float, tail: float) -> tuple[int, int]:
    """Return the positions, from 0, of the two values around the percentile; -1 or n where there is none."""
    low, high, cumulative = -1, n, 0.0
    for below in range(n + 1):
        # P(at most `below` of n values lie under the percentile).
        cumulative += _binomial(n, below, share)
        if cumulative <= tail:
            low = below
        if cumulative >= 1.0 - tail:
            high = below
            break
    return low, high


def _binomial(n: int, count: int, share: float) -> float:
    if n > 1000:
        ways = lgamma(n + 1) - lgamma(count + 1) - lgamma(n - count + 1)
        return exp(ways + count * log(share) + (n - count) * log(1.0 - share))
    return float(comb(n, count) * share**count * (1.0 - share) ** (n - count))
