"""Whether the shares of categories moved between two periods: the population stability index, with a null of its own.

PSI above .2 is the usual alarm, but a small period passes that by chance. So an alarm needs both: a value above .2,
and one that hardly ever comes out when the two periods' rows are dealt out at random.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import log

import numpy as np
import numpy.typing as npt

ALARM_ABOVE = 0.2
_SMALLEST_SHARE = 1e-4
_HALF_A_ROW = 0.5
_DEALS = 10_000


@dataclass(frozen=True, slots=True)
class PsiResult:
    """How far the shares moved; `alarm` if `value` is above `threshold`, which is never below .2.

    `p_value` is the share of random deals of the same rows into two periods that moved as far.
    """

    value: float
    threshold: float
    alarm: bool
    n_before: int
    n_after: int
    p_value: float


def psi(before: Sequence[float], after: Sequence[float]) -> float:
    """Return the population stability index of two lists of category shares, in the same order; 0 for no change.

    The lists may be shares or counts; each is scaled to a sum of 1. A category that one of them does not have
    counts as a share of .0001, so that the index is finite. A list of zeros says nothing and has moved nowhere.

    Raises:
        ValueError: the lists differ in length, or a share is negative or not finite.
    """
    shares = np.array([before, after], np.float64)
    if not np.isfinite(shares).all() or (shares < 0).any():
        raise ValueError("Shares are finite numbers from 0.")
    if not shares.size or not shares.sum(axis=1).all():
        return 0.0
    first, second = shares / shares.sum(axis=1, keepdims=True) + _SMALLEST_SHARE
    first, second = first / first.sum(), second / second.sum()
    pairs = zip(first.tolist(), second.tolist(), strict=True)
    return float(sum((q - p) * log(q / p) for p, q in pairs))


def psi_alarm(
    before_labels: Sequence[str],
    after_labels: Sequence[str],
    seed: int,
    false_alarms: float = 0.001,
) -> PsiResult:
    """Compare the categories of two periods' rows, each named by a label; the same seed gives the same result.

    Each count gets half a row, so that a category of one period only is finite. `false_alarms` is the most that
    random deals may exceed the threshold. Two periods of which one has no rows are not compared: no alarm.
    """
    n_before, n_after = len(before_labels), len(after_labels)
    if not (n_before and n_after):
        return PsiResult(0.0, ALARM_ABOVE, False, n_before, n_after, 1.0)
    first, second = Counter(before_labels), Counter(after_labels)
    names = sorted(first.keys() | second.keys())
    counts = np.array([[period[name] for name in names] for period in (first, second)], np.int64)
    pooled = counts.sum(axis=0)
    value = float(_indexes(counts[:1], pooled)[0])
    rng = np.random.default_rng(seed)
    deals = rng.multivariate_hypergeometric(pooled, n_before, _DEALS, method="marginals")
    null = _indexes(deals, pooled)
    threshold = max(ALARM_ABOVE, float(np.quantile(null, 1.0 - false_alarms, method="higher")))
    # A deal that is equal but for rounding moved as far.
    p_value = (1 + int((null >= value - 1e-12).sum())) / (1 + _DEALS)
    return PsiResult(value, threshold, value > threshold, n_before, n_after, p_value)


def labels_by_quantile(
    before: Sequence[float], after: Sequence[float], bins: int = 5
) -> tuple[list[str], list[str]]:
    """Return both periods' numbers as labels: which of the bins they fall in that the first period fills evenly.

    Equal numbers fall into the same bin, so that there may be fewer than `bins`.
    """
    if not len(before):
        return [], ["0"] * len(after)
    edges = np.unique(np.quantile(np.array(before, np.float64), np.arange(1, bins) / bins))
    first, second = (
        [str(label) for label in np.searchsorted(edges, np.array(values, np.float64), "left")]
        for values in (before, after)
    )
    return first, second


def _indexes(
    first: npt.NDArray[np.int64], pooled: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """Return the index of each row of counts of the first period; the second has the rest of the pooled counts."""
    p = first + _HALF_A_ROW
    q = pooled - first + _HALF_A_ROW
    p, q = p / p.sum(axis=1, keepdims=True), q / q.sum(axis=1, keepdims=True)
    return np.asarray(((q - p) * np.log(q / p)).sum(axis=1), np.float64)
