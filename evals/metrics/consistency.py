"""Whether the same question gets the same answer: over repeats, and over its other wordings."""

from collections.abc import Collection, Sequence
from itertools import combinations
from statistics import fmean

from evals.metrics.texts import token_f1


def consistency_f1(answers: Sequence[str]) -> float | None:
    """Return the mean token F1 between each two answers; None for fewer than two."""
    pairs = [token_f1(first, second) for first, second in combinations(answers, 2)]
    return fmean(pairs) if pairs else None


def consistency_citations(cited: Sequence[Collection[str]]) -> float | None:
    """Return the mean Jaccard index between each two answers' cited ids; None for fewer than two.

    Two answers that cite nothing agree.
    """
    pairs = [_jaccard(set(first), set(second)) for first, second in combinations(cited, 2)]
    return fmean(pairs) if pairs else None


def _jaccard(first: set[str], second: set[str]) -> float:
    either = first | second
    return len(first & second) / len(either) if either else 1.0
