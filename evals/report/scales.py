"""Numbers as places on an axis and as words; pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scale:
    """`low` to `high` of an axis, and where its marks stand."""

    low: float
    high: float
    ticks: tuple[float, ...]

    def share(self, value: float) -> float:
        """Return where a value lies between the ends, from 0 to 100; beyond them is at them."""
        span = self.high - self.low
        return 50.0 if span == 0 else min(100.0, max(0.0, 100.0 * (value - self.low) / span))


def scale_over(values: Sequence[float], *, with_zero: bool = False, marks: int = 4) -> Scale:
    """Return an axis of round numbers that holds all values; one of no values is 0 to 1."""
    found = [value for value in values if math.isfinite(value)] + ([0.0] if with_zero else [])
    low, high = (min(found), max(found)) if found else (0.0, 1.0)
    if low == high:
        high, low = (high + abs(high) / 2, low) if high > 0 else (high + 1.0, low)
    step = _round_step((high - low) / marks)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    ticks = tuple(round(number * step, 10) for number in range(first, last + 1))
    return Scale(ticks[0], ticks[-1], ticks)


UNIT = Scale(0.0, 1.0, (0.0, 0.25, 0.5, 0.75, 1.0))
"""The axis of a share."""


def _round_step(least: float) -> float:
    power = 10.0 ** math.floor(math.log10(least))
    return next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= least * 0.999)


def short_number(value: float) -> str:
    """Return a number in at most five characters or so, for an axis: 0.25, 1,200, 3.5k."""
    if abs(value) >= 10_000:
        return f"{value / 1000:,.4g}k"
    if value == int(value):
        return f"{int(value):,}"
    return f"{value:.3g}"
