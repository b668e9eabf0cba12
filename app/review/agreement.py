"""How far two reviewers of the same flag agree beyond chance: Cohen's kappa; pure.

Of every flag that several people decided, the first two count, each with what stands of theirs.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.review.states import Review, standing_of
from core.statistics import agreement

# Accepting as it is and accepting with a correction are the same judgement of the flag.
_JUDGEMENT = {
    "accept": "accepted",
    "correct": "accepted",
    "fix": "accepted",
    "reject": "rejected",
    "duplicate": "duplicate",
}
"""Triage is no judgement, and neither is what an evaluation run found."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """`flags` were judged by two people.

    `agreed` is the share on which they said the same, `base_rate` the share of 'accepted' in all judgements, and
    `kappa` is None where chance alone explains everything: no flags, or one judgement throughout.
    """

    flags: int
    agreed: float
    base_rate: float
    kappa: float | None


def agreement_of(histories: Iterable[Sequence[Review]]) -> Agreement:
    """Return the agreement over the flags that two people decided."""
    pairs = [pair for history in histories if (pair := _first_two(history))]
    return cohens_kappa(pairs)


def cohens_kappa(pairs: Sequence[tuple[str, str]]) -> Agreement:
    """Return the agreement of pairs of judgements, the first rater's and the second's."""
    found = agreement.cohens_kappa(pairs)
    accepted = sum(judgement == "accepted" for pair in pairs for judgement in pair)
    return Agreement(
        flags=found.pairs,
        agreed=found.observed,
        base_rate=accepted / (2 * len(pairs)) if pairs else 0.0,
        kappa=found.kappa,
    )


def _first_two(history: Sequence[Review]) -> tuple[str, str] | None:
    judgements: dict[str, str] = {}
    for review in standing_of(history).standing:
        if review.decision in _JUDGEMENT:
            judgements[review.reviewer] = _JUDGEMENT[review.decision]
    first_two = list(judgements.values())[:2]
    return (first_two[0], first_two[1]) if len(first_two) == 2 else None
