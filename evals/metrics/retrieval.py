"""What was found, against what should have been: ranked ids and relevant ids, or spans of text.

Where a relevant id has a grade, it is a number above 0; ids with a grade of 0 or less are not relevant. An id that a
ranking has twice counts where it stands first. Every metric is None where nothing is relevant.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import log2

_LEAST_COVERED = 0.5
Relevant = Collection[str] | Mapping[str, float]


@dataclass(frozen=True, slots=True)
class TextSpan:
    """Characters [start, end) of a document."""

    uri: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Anchored:
    """Hits and gold spans as ids. `ranked` has an id for each hit; `relevant` those that are relevant.

    A hit is relevant if it covers half of a gold span that no earlier hit does: the same words twice help nobody. Each
    gold span that no hit covers is one more relevant id. `covered[i]` are the gold spans that hit i covers.
    """

    ranked: tuple[str, ...]
    relevant: Mapping[str, float]
    covered: tuple[frozenset[int], ...]


def hit(ranked: Sequence[str], relevant: Relevant, k: int) -> float | None:
    """Return 1 if anything relevant is among the first k, else 0."""
    grades = _grades(relevant)
    return float(any(entry in grades for entry in _first(ranked, k))) if grades else None


def recall(ranked: Sequence[str], relevant: Relevant, k: int) -> float | None:
    """Return the share of what is relevant that is among the first k."""
    grades = _grades(relevant)
    found = sum(entry in grades for entry in _first(ranked, k))
    return found / len(grades) if grades else None


def precision(ranked: Sequence[str], relevant: Relevant, k: int) -> float | None:
    """Return how many of the first k are relevant, divided by k however many were found."""
    grades = _grades(relevant)
    return sum(entry in grades for entry in _first(ranked, k)) / k if grades else None


def reciprocal_rank(ranked: Sequence[str], relevant: Relevant, k: int) -> float | None:
    """Return 1 / rank of the first relevant id, 0 if it is not among the first k; its mean is MRR@k."""
    grades = _grades(relevant)
    if not grades:
        return None
    ranks = (rank for rank, entry in enumerate(_first(ranked, k), 1) if entry in grades)
    return 1.0 / next(ranks, float("inf"))


def ndcg(ranked: Sequence[str], relevant: Relevant, k: int) -> float | None:
    """Return DCG over the best DCG that all relevant ids allow, both over the first k.

    The gain is the grade itself, as trec_eval has it (not 2^grade - 1, which is the same for grades of 0 and 1).
    """
    grades = _grades(relevant)
    if not grades:
        return None
    best = _dcg(sorted(grades.values(), reverse=True)[:k])
    return _dcg([grades.get(entry, 0.0) for entry in _first(ranked, k)]) / best


def average_precision(
    ranked: Sequence[str], relevant: Relevant, k: int | None = None
) -> float | None:
    """Return the sum of the precision at each relevant rank up to k over all relevant ids; its mean is MAP."""
    grades = _grades(relevant)
    return sum(_precisions(_first(ranked, k), grades)) / len(grades) if grades else None


def context_precision(ranked: Sequence[str], relevant: Relevant, k: int) -> float | None:
    """Return average precision over the relevant ids among the first k, as Ragas does; 0 if there are none.

    One relevant id at rank 1 gives 1 however many were missed, so read it beside recall.
    """
    grades = _grades(relevant)
    if not grades:
        return None
    precisions = _precisions(_first(ranked, k), grades)
    return sum(precisions) / len(precisions) if precisions else 0.0


def relevant_by_anchor(hits: Sequence[TextSpan], gold: Sequence[TextSpan]) -> Anchored:
    """Return which hits are relevant: those that cover at least half of a gold span's characters.

    So it does not matter how documents are cut into chunks. An empty gold span is covered by nothing.
    """
    covered = tuple(
        frozenset(i for i, span in enumerate(gold) if _covers(found, span)) for found in hits
    )
    seen: set[int] = set()
    relevant: dict[str, float] = {}
    for position, own in enumerate(covered):
        if own - seen:
            relevant[_hit_id(position)] = 1.0
        seen |= own
    relevant |= {f"gold {i}": 1.0 for i in range(len(gold)) if i not in seen}
    return Anchored(tuple(_hit_id(i) for i in range(len(hits))), relevant, covered)


def recall_by_anchor(anchored: Anchored, gold_count: int, k: int) -> float | None:
    """Return the share of the gold spans that one of the first k hits covers."""
    found = frozenset[int]().union(*anchored.covered[:k])
    return len(found) / gold_count if gold_count else None


def context_span_recall(found: Iterable[TextSpan], gold: Iterable[TextSpan]) -> float | None:
    """Return the share of the gold spans' characters that the found spans cover; each character counts once."""
    spans, wanted = _merged(found), _merged(gold)
    total = sum(end - start for parts in wanted.values() for start, end in parts)
    covered = sum(
        max(0, min(end, other_end) - max(start, other_start))
        for uri, parts in wanted.items()
        for start, end in parts
        for other_start, other_end in spans.get(uri, ())
    )
    return covered / total if total else None


def packing_loss(of_retrieved: float | None, of_packed: float | None) -> float | None:
    """Return the recall of what was retrieved minus that of what the generator was shown."""
    return None if of_retrieved is None or of_packed is None else of_retrieved - of_packed


def _grades(relevant: Relevant) -> Mapping[str, float]:
    if isinstance(relevant, Mapping):
        return {entry: grade for entry, grade in relevant.items() if grade > 0}
    return dict.fromkeys(relevant, 1.0)


def _first(ranked: Sequence[str], k: int | None) -> list[str]:
    if k is not None and k < 1:
        raise ValueError(f"k is at least 1, not {k!r}.")
    return list(dict.fromkeys(ranked))[:k]


def _dcg(gains: Sequence[float]) -> float:
    return sum(gain / log2(rank + 1) for rank, gain in enumerate(gains, 1))


def _precisions(ranked: Sequence[str], grades: Mapping[str, float]) -> list[float]:
    """Return the precision at each relevant rank."""
    ranks = [rank for rank, entry in enumerate(ranked, 1) if entry in grades]
    return [found / rank for found, rank in enumerate(ranks, 1)]


def _covers(found: TextSpan, gold: TextSpan) -> bool:
    shared = min(found.end, gold.end) - max(found.start, gold.start)
    return (
        found.uri == gold.uri and shared > 0 and shared >= _LEAST_COVERED * (gold.end - gold.start)
    )


def _hit_id(position: int) -> str:
    return f"hit {position + 1}"


def _merged(spans: Iterable[TextSpan]) -> dict[str, list[tuple[int, int]]]:
    """Return each document's spans in order, those that touch or overlap as one."""
    by_uri: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    for span in sorted(spans, key=lambda span: (span.uri, span.start)):
        if span.end <= span.start:
            continue
        parts = by_uri[span.uri]
        if parts and span.start <= parts[-1][1]:
            parts[-1] = (parts[-1][0], max(parts[-1][1], span.end))
        else:
            parts.append((span.start, span.end))
    return by_uri
