"""Compares what two generations find for the same questions: by evidence where it is known, else by agreement.

A case's recall is the share of its evidence of which at least a part is among the first ten hits; its reciprocal
rank is that of the first hit with evidence. A win is a case where the next generation has more than the current
one, a loss one where it has less.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.answers import Caller, Hit
from core.errors import UsageError
from core.ports import Progress, Retriever
from index.catalogue import Catalogue

_TOP = 10


@dataclass(frozen=True, slots=True)
class Span:
    """Where evidence stands: code points of a document's canonical text, `end` exclusive."""

    uri: str
    start: int
    end: int

    def is_in(self, hit: Hit) -> bool:
        """Whether a hit shows at least a part of it."""
        return hit.document.uri == self.uri and hit.start < self.end and self.start < hit.end


@dataclass(frozen=True, slots=True)
class Case:
    """A question, who asks, and where its answer stands; `lost` counts evidence that is nowhere (any more)."""

    question: str
    caller: Caller
    evidence: tuple[Span, ...] = ()
    lost: int = 0


@dataclass(slots=True)
class Measure:
    """One value for each case under both generations."""

    current: list[float] = field(default_factory=list)
    following: list[float] = field(default_factory=list)

    def add(self, current: float, following: float) -> None:
        """Add one case's two values."""
        self.current.append(current)
        self.following.append(following)

    def as_json(self) -> dict[str, Any]:
        """Return the means, the number of cases, and how many the next generation wins and loses."""
        pairs = list(zip(self.current, self.following, strict=True))
        return {
            "n": len(pairs),
            "current": _mean(self.current),
            "next": _mean(self.following),
            "wins": sum(after > before for before, after in pairs),
            "losses": sum(after < before for before, after in pairs),
        }


@dataclass(slots=True)
class Comparison:
    """What both generations found; `overlaps` are those of the cases without evidence."""

    recall: Measure = field(default_factory=Measure)
    reciprocal_rank: Measure = field(default_factory=Measure)
    overlaps: list[float] = field(default_factory=list)
    lost_evidence: int = 0

    def as_json(self) -> dict[str, Any]:
        """Return the form that programs read."""
        return {
            "recall_at_10": self.recall.as_json(),
            "mrr_at_10": self.reciprocal_rank.as_json(),
            "overlap_at_10": {"n": len(self.overlaps), "mean": _mean(self.overlaps)},
            "evidence_not_found": self.lost_evidence,
        }


def make_case(row: dict[str, Any], caller: Caller, catalogue: Catalogue) -> Case:
    """Make a case of a line of a case file, whose quotes are looked up in the documents.

    Raises:
        UsageError: its question or evidence has not the documented shape.
    """
    question, given = row.get("question"), row.get("evidence") or []
    if not isinstance(question, str) or not question.strip() or not isinstance(given, list):
        raise _unusable(row)
    spans: list[Span] = []
    lost = 0
    for one in given:
        found = _spans(one, row, catalogue)
        spans += found
        lost += not found
    return Case(question, caller, tuple(spans), lost)


def compare(
    cases: Sequence[Case], current: Retriever, following: Retriever, progress: Progress
) -> Comparison:
    """Ask both generations every question."""
    made = Comparison()
    for done, case in enumerate(cases, start=1):
        before = current.retrieve(case.question, case.caller, _TOP)
        after = following.retrieve(case.question, case.caller, _TOP)
        made.lost_evidence += case.lost
        if case.evidence:
            made.recall.add(_recall(case, before), _recall(case, after))
            made.reciprocal_rank.add(_reciprocal_rank(case, before), _reciprocal_rank(case, after))
        elif not case.lost:
            made.overlaps.append(_overlap(before, after))
        progress("comparing", done, len(cases))
    return made


def _spans(given: Any, row: dict[str, Any], catalogue: Catalogue) -> list[Span]:
    """Return where one piece of evidence stands, [] when its document or quote is not there."""
    if not isinstance(given, dict) or not isinstance(given.get("uri"), str):
        raise _unusable(row)
    uri: str = given["uri"]
    start, end, quote = (given.get(key) for key in ("start", "end", "quote"))
    if isinstance(start, int) and isinstance(end, int):
        return [Span(uri, start, end)]
    if not isinstance(quote, str) or not quote.split():
        raise _unusable(row)
    # Between its words a quote may have other blanks than the document.
    pattern = re.compile(r"\s+".join(map(re.escape, quote.split())))
    for record in catalogue.find_documents(uri):
        found = pattern.search(catalogue.document_text(record.doc_id)[0])
        if found:
            return [Span(uri, *found.span())]
    return []


def _unusable(row: dict[str, Any]) -> UsageError:
    return UsageError(
        f"The case {str(row.get('id', ''))!r} cannot be used: it needs a question, and each piece of its evidence "
        "a uri with start and end, or with a quote."
    )


def _recall(case: Case, hits: Sequence[Hit]) -> float:
    found = sum(any(span.is_in(hit) for hit in hits) for span in case.evidence)
    return found / len(case.evidence)


def _reciprocal_rank(case: Case, hits: Sequence[Hit]) -> float:
    ranks = (
        rank
        for rank, hit in enumerate(hits, start=1)
        if any(span.is_in(hit) for span in case.evidence)
    )
    return 1 / next(ranks, float("inf"))


def _overlap(before: Sequence[Hit], after: Sequence[Hit]) -> float:
    ids = [{hit.chunk_id for hit in hits} for hits in (before, after)]
    larger = max(map(len, ids))
    return len(ids[0] & ids[1]) / larger if larger else 1.0


def _mean(values: Iterable[float]) -> float | None:
    listed = list(values)
    return round(sum(listed) / len(listed), 4) if listed else None
