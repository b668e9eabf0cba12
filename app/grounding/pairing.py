"""Lays a claim beside its evidence and says where else in the passages a claim may have its facts from; pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from app.grounding.reading import Reading, read_all, root

_AS_GOOD = 0.85
"""Another sentence supports a claim as well when it has nearly as many of the claim's words."""
_LEAST_ROOTS = 2
_NEARLY = 0.25
_LEAST_SHARE = 0.34
_MAX_CONTEXT_CHARS = 60_000


def needed(claim: Reading, evidence: Sequence[Reading]) -> tuple[Reading, ...]:
    """Return the evidence without sentences that have nothing of a claim but names and numbers which others have.

    A date of a sentence about something else would otherwise stand for the one that was changed.
    """
    about = claim.roots - {root(name.key) for name in claim.names}
    if len(about) < _LEAST_ROOTS:
        return tuple(evidence)
    ordered = sorted(evidence, key=lambda sentence: -len(about & sentence.roots))
    most = len(about & ordered[0].roots)
    kept, covered = [ordered[0]], about & ordered[0].roots
    for sentence in ordered[1:]:
        shared = about & sentence.roots
        if shared - covered or len(shared) >= most - _NEARLY * len(about):
            kept.append(sentence)
            covered |= shared
    return tuple(sentence for sentence in evidence if sentence in kept)


@dataclass(frozen=True)
class Pair:
    """A claim, the sentences that were chosen for it, all passages' text, the question and the claims beside it."""

    claim: Reading
    evidence: tuple[Reading, ...]
    context_text: str
    question: Reading
    around: Reading | None = None

    @cached_property
    def told(self) -> frozenset[str]:
        """The roots that the claim need not repeat: those of the question and of the claims beside it."""
        return self.question.roots | (self.around.roots if self.around else frozenset())

    @cached_property
    def context(self) -> tuple[Reading, ...]:
        """All sentences of the passages, read when the evidence lacks something."""
        return read_all(self.context_text[:_MAX_CONTEXT_CHARS])

    @cached_property
    def best(self) -> Reading | None:
        """The sentence of the evidence that has the most of the claim's words."""
        return max(self.evidence, key=self.claim.covered_by, default=None)

    @cached_property
    def coverage(self) -> float:
        """The share of the claim's words that the best sentence has."""
        return self.claim.covered_by(self.best) if self.best else 0.0

    @cached_property
    def evidence_words(self) -> frozenset[str]:
        """All words of the evidence in lower case."""
        return frozenset(word for sentence in self.evidence for word in sentence.words)

    @cached_property
    def context_words(self) -> frozenset[str]:
        """All words of the passages in lower case."""
        return frozenset(word for sentence in self.context for word in sentence.words)

    @cached_property
    def lowered_context(self) -> str:
        """The passages in lower case."""
        return self.context_text.casefold()

    def elsewhere(self, holds: Callable[[Reading], bool]) -> bool:
        """Return whether another sentence of the passages holds a fact and is about the claim as much."""
        least = max(_LEAST_SHARE, _AS_GOOD * self.coverage)
        known = {sentence.text for sentence in self.evidence}
        figures = len(self.claim.figures & self.best.figures) if self.best else 0
        return any(
            self.claim.covered_by(other) >= least
            and len(self.claim.figures & other.figures) >= figures
            and other.text not in known
            and holds(other)
            for other in self.context
        )

    def mentions_anywhere(self, holds: Callable[[Reading], bool]) -> bool:
        """Return whether any sentence of the passages holds a fact."""
        return any(holds(other) for other in self.context)
