"""Says how long a source that failed is left alone."""

from collections.abc import Callable
from datetime import timedelta

_FIRST_S = 30.0
_LONGEST_S = 3600.0
_JITTER = 0.2
"""Sources that failed together (a network that was away) do not come back together."""


def pause_after(failures: int, chance: Callable[[], float]) -> timedelta:
    """Return the pause after so many failures in a row: 30 s doubling to 1 h, up to 20 % more or less.

    `chance` gives numbers in [0, 1).
    """
    # Beyond seven doublings it is the longest pause; 2 ** a large number would not be a float any more.
    seconds = min(_LONGEST_S, _FIRST_S * 2.0 ** min(failures - 1, 10))
    return timedelta(seconds=min(_LONGEST_S, seconds * (1 + _JITTER * (2 * chance() - 1))))
