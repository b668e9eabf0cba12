"""Whether two variants differ on the same cases: McNemar's exact test, and flipping the signs of differences."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from core.statistics.distributions import even_binomial_tail

_ENUMERATED = 13
_FLIPS_AT_ONCE = 2_000_000


def mcnemar(lost: int, gained: int) -> float:
    """Return McNemar's exact two-sided p-value, for cases that are independent.

    `lost` cases were right before and wrong after (b), `gained` the other way round (c); it is 1 for none.
    """
    return min(1.0, 2.0 * even_binomial_tail(min(lost, gained), lost + gained))


def sign_flip(differences: Sequence[float], seed: int, flips: int = 10_000) -> float:
    """Return the two-sided p-value of a sum of differences, one a cluster, if each could as well be its negative.

    Exact for up to 13 differences that are not 0, and where all are of one size, which is McNemar's test; otherwise
    by `flips` random flips, the same for the same seed.
    """
    values = np.array(differences, np.float64)
    values = values[values != 0.0]
    if not values.size:
        return 1.0
    sizes = np.abs(values)
    if np.isclose(sizes, sizes[0], rtol=1e-12, atol=0.0).all():
        fewer = min(int((values > 0).sum()), int((values < 0).sum()))
        return min(1.0, 2.0 * even_binomial_tail(fewer, values.size))
    # Sums that are equal but for rounding count as reached.
    reached = abs(float(values.sum())) - 1e-9 * float(sizes.sum())
    if values.size <= _ENUMERATED:
        bits = np.arange(2**values.size)[:, None] >> np.arange(values.size) & 1
        return float((np.abs((2 * bits - 1) @ values) >= reached).mean())
    rng = np.random.default_rng(seed)
    hits, left = 0, flips
    while left:
        rows = min(left, max(1, _FLIPS_AT_ONCE // values.size))
        hits += _reaching(values, reached, rng, rows)
        left -= rows
    return (1 + hits) / (1 + flips)


def _reaching(
    values: npt.NDArray[np.float64], reached: float, rng: np.random.Generator, rows: int
) -> int:
    signs = 2.0 * rng.integers(0, 2, (rows, values.size), np.int8) - 1.0
    return int((np.abs(signs @ values) >= reached).sum())
