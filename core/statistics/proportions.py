"""The interval of a share of rows, such as the cases that passed: Wilson's, which stays inside [0, 1]."""

from math import sqrt

from core.statistics.distributions import normal_quantile


def wilson(successes: float, n: float, level: float = 0.95) -> tuple[float, float]:
    """Return Wilson's interval of a share of independent rows; (0, 1) where there is no row.

    Both may be fractions, for rows that count as fewer than they are.

    Raises:
        ValueError: there are more successes than rows, or fewer than none.
    """
    if not 0.0 <= successes <= n:
        raise ValueError(f"{successes!r} of {n!r} is no share.")
    if not n:
        return 0.0, 1.0
    z = normal_quantile(0.5 + level / 2.0)
    share = successes / n
    middle = share + z * z / (2.0 * n)
    half = z * sqrt(share * (1.0 - share) / n + z * z / (4.0 * n * n))
    whole = 1.0 + z * z / n
    # At either end the formula is exactly 0 or 1 but for rounding.
    low = 0.0 if not successes else max(0.0, (middle - half) / whole)
    high = 1.0 if successes == n else min(1.0, (middle + half) / whole)
    return low, high
