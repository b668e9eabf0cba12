"""What should have been found for a case: spans of documents, as they stand today."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.answers import Hit
from evals.cases.anchors import AnchorResolver, Resolved
from evals.cases.case import Case

_COVERS = 0.5
"""Share of the words that a hit has to cover to say where they stand."""

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Gold:
    """What a case's evidence is today. `spans` has one (doc_id, start, end) for each piece that is still there.

    `doc_ids` are the documents that have them. `notes` are sentences about what moved, changed or
    is gone; `is_gone` is set where all of it is.
    """

    resolved: tuple[Resolved, ...] = ()
    spans: tuple[tuple[str, int, int], ...] = ()
    doc_ids: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()

    @property
    def is_gone(self) -> bool:
        """Whether there was evidence, and none of it is left."""
        return bool(self.resolved) and not self.spans


def gold_of(case: Case, resolver: AnchorResolver, hits: Sequence[Hit] = ()) -> Gold:
    """Return the gold of a case; of words that stand in several places, the place nearest to the rest counts.

    Where there is no rest, it is the place that was found first.
    """
    resolved = tuple(resolver.resolve(anchor) for anchor in case.anchors)
    there = [found for found in resolved if found.spans]
    spans = tuple(dict.fromkeys((found.doc_id, *_place(found, there, hits)) for found in there))
    return Gold(
        resolved,
        spans,
        frozenset(found.doc_id for found in there),
        tuple(found.why for found in resolved if found.why),
    )


def overlap(first: Span, second: Span) -> int:
    """Return how many characters two spans have in common."""
    return max(0, min(first[1], second[1]) - max(first[0], second[0]))


def _place(found: Resolved, there: Sequence[Resolved], hits: Sequence[Hit]) -> Span:
    if len(found.spans) == 1 or found.anchor.start is not None:
        return found.spans[0]
    beside = [other for other in there if other is not found and other.doc_id == found.doc_id]
    # The rarest words say where the evidence stands.
    sure = min(beside, key=lambda other: len(other.spans), default=None)
    if sure is not None and len(sure.spans) < len(found.spans):
        at = sure.spans[0][0]
        return min(found.spans, key=lambda span: (abs(span[0] - at), span))
    for hit in hits:
        for span in found.spans:
            if hit.document.doc_id == found.doc_id and overlap(
                span, (hit.start, hit.end)
            ) >= _COVERS * (span[1] - span[0]):
                return span
    return found.spans[0]
