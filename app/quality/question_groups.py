"""Groups questions that mean the same; pure, and the same questions always give the same groups.

Average linkage: the two groups whose questions are most alike on average become one, until no two are alike enough.
A chain of questions, each a little like the next, does not become one group of everything, as it would by their
nearest members.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from core.search import FloatMatrix

ALIKE = 0.5
"""Least average cosine of two groups that become one. With the packaged model, 30 questions about 11 matters had
cosines of at most 0.42 between matters and 0.50 to 0.92 between 20 of 25 pairs that meant the same."""


def group_questions(
    vectors: FloatMatrix, weights: Sequence[int], alike: float = ALIKE
) -> list[list[int]]:
    """Return the positions of each group, the most central question first; groups by their weight, heaviest first.

    Args:
        vectors: shape (n, dim), rows L2-normalised.
        weights: how often each question was asked.
        alike: least average cosine of two groups that become one.
    """
    count = len(weights)
    groups = [[position] for position in range(count)]
    cosines = np.asarray(vectors @ vectors.T, np.float64)
    likeness = cosines.copy()
    np.fill_diagonal(likeness, -np.inf)
    for _ in range(count - 1):
        best = int(likeness.argmax())
        left, right = sorted(divmod(best, count))
        if likeness[left, right] < alike:
            break
        sizes = len(groups[left]), len(groups[right])
        merged = (sizes[0] * likeness[left] + sizes[1] * likeness[right]) / sum(sizes)
        likeness[left], likeness[:, left] = merged, merged
        likeness[left, left] = -np.inf
        likeness[right], likeness[:, right] = -np.inf, -np.inf
        groups[left] += groups[right]
        groups[right] = []
    kept = [_by_centrality(group, cosines, weights) for group in groups if group]
    return sorted(kept, key=lambda group: (-sum(weights[each] for each in group), group[0]))


def _by_centrality(
    group: list[int], cosines: npt.NDArray[np.float64], weights: Sequence[int]
) -> list[int]:
    """Order a group by how alike each question is to all askings of it."""
    asked = np.array([weights[position] for position in group], np.float64)
    central = cosines[np.ix_(group, group)] @ asked
    # Rounded: sums in another order must not change the label.
    return [
        position
        for _, position in sorted(
            (-round(float(score), 6), position)
            for score, position in zip(central, group, strict=True)
        )
    ]
