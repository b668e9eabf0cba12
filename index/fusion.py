"""Merges a lexical and a dense ranking into one score; pure.

Min-max normalisation and a weighted sum beat reciprocal rank fusion on every set that was measured
(docs/evaluation.md); the method is described in Bruch et al., An Analysis of Fusion Functions for Hybrid
Retrieval (2023), https://arxiv.org/abs/2210.11934, as TM2C2 with the theoretical minimum of each score.
"""

from collections.abc import Mapping

_COSINE_FLOOR = 0.0
"""Unrelated texts have a cosine around 0 with sentence-transformers models."""


def fuse(
    lexical: Mapping[int, float], dense: Mapping[int, float], dense_weight: float
) -> list[tuple[int, float]]:
    """Return (chunk number, score in [0, 1]), best first; equal scores in order of number.

    A chunk that one search did not return counts there as the lowest score it can have.
    """
    lexical_share = _normalised(lexical, 0.0)
    dense_share = _normalised(dense, _COSINE_FLOOR)
    scores = {
        number: dense_weight * dense_share.get(number, 0.0)
        + (1 - dense_weight) * lexical_share.get(number, 0.0)
        for number in lexical_share.keys() | dense_share.keys()
    }
    return sorted(scores.items(), key=lambda pair: (-pair[1], pair[0]))


def _normalised(scores: Mapping[int, float], floor: float) -> dict[int, float]:
    highest = max(scores.values(), default=floor)
    if highest <= floor:
        return dict.fromkeys(scores, 0.0)
    span = highest - floor
    return {number: max(0.0, (score - floor) / span) for number, score in scores.items()}
