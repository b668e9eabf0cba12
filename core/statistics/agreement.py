"""How far two raters agree beyond chance: Cohen's kappa."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kappa:
    """`observed` and `expected` are shares of equal pairs; `kappa` is None where chance explains everything."""

    pairs: int
    observed: float
    expected: float
    kappa: float | None


def cohens_kappa(pairs: Sequence[tuple[str, str]]) -> Kappa:
    """Return the agreement of pairs of labels, the first rater's and the second's; all 0 for no pairs."""
    count = len(pairs)
    if not count:
        return Kappa(0, 0.0, 0.0, None)
    equal = sum(first == second for first, second in pairs)
    firsts, seconds = (Counter(pair[rater] for pair in pairs) for rater in (0, 1))
    by_chance = sum(firsts[name] * seconds[name] for name in firsts)
    observed, expected = equal / count, by_chance / count**2
    # Compared as whole numbers: a quotient just below 1 would make kappa huge.
    kappa = None if by_chance == count**2 else (observed - expected) / (1.0 - expected)
    return Kappa(count, observed, expected, kappa)
