"""Says why a question found what it found, and why it did not find a given document.

For the people who look after a knowledge base. What permissions took away is only ever a number, and only for
somebody who may act as an administrator; about a document that the asker may not read nothing is said but that it
was not found, as if it were not there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from core.answers import Caller, Hit
from core.documents import DocumentRecord
from index.permissions import administrator, may_read
from index.question import ReadQuestion
from index.retriever import HybridRetriever, PreparedQuestion, Ranking

Reason = Literal[
    "found",
    "unknown",
    "unreadable_file",
    "no_text",
    "filtered",
    "copy",
    "ranked_lower",
    "not_a_candidate",
]


@dataclass(frozen=True, slots=True)
class Explanation:
    """How a question was understood and what each step left.

    `hidden_chunks` are candidates that permissions took away; None where the asker may not know.
    """

    read: ReadQuestion
    lexical: int
    dense: int
    candidates: int
    phrases_dropped: bool
    hidden_chunks: int | None


@dataclass(frozen=True, slots=True)
class WhyNot:
    """Why a document is not among the hits; `rank` is the place of its best chunk where it has one."""

    reason: Reason
    text: str
    rank: int | None = None


def explain(ranking: Ranking, retriever: HybridRetriever, *, count_hidden: bool) -> Explanation:
    """Explain one ranking; `count_hidden` only on behalf of somebody who may know that there is more."""
    found = ranking.candidates
    return Explanation(
        ranking.prepared.read,
        len(found.lexical),
        len(found.dense),
        len(ranking.scored),
        ranking.without_phrases,
        _hidden(ranking, retriever) if count_hidden else None,
    )


def why_not(
    retriever: HybridRetriever,
    prepared: PreparedQuestion,
    caller: Caller,
    id_or_uri: str,
    hits: list[Hit],
    doc_ids: frozenset[str] | None = None,
) -> WhyNot:
    """Return why a document is not, or not higher, among the hits of a question."""
    records = retriever.catalogue.find_documents(id_or_uri)
    readable = [record for record in records if may_read(caller, record.access)]
    if not readable:
        return WhyNot("unknown", f"There is no document {id_or_uri!r} that {caller.name} may read.")
    record = readable[0]
    shown = next((hit.rank for hit in hits if hit.document.doc_id == record.doc_id), None)
    if shown is not None:
        return WhyNot("found", f"{record.uri!r} was found: it is hit {shown}.", shown)
    state = _state(record, doc_ids)
    return state or _place(retriever, prepared, caller, record, hits, doc_ids)


def _state(record: DocumentRecord, doc_ids: frozenset[str] | None) -> WhyNot | None:
    if not record.chunks and record.status == "quarantined":
        return WhyNot(
            "unreadable_file",
            f"{record.uri!r} could not be read ({record.reason}: {record.detail}), so none of it can be found. "
            "Repair the file and run `footnote ingest --retry`.",
        )
    if not record.chunks:
        return WhyNot("no_text", f"{record.uri!r} has no text that could be found.")
    if doc_ids is not None and record.doc_id not in doc_ids:
        return WhyNot("filtered", f"{record.uri!r} does not pass the filter.")
    return None


def _place(
    retriever: HybridRetriever,
    prepared: PreparedQuestion,
    caller: Caller,
    record: DocumentRecord,
    hits: list[Hit],
    doc_ids: frozenset[str] | None,
) -> WhyNot:
    ranking = retriever.ranking_of(prepared, caller, 1000, doc_ids)
    best = next(
        (
            (place, scored)
            for place, scored in enumerate(ranking.scored, start=1)
            if ranking.rows[scored.chunk_no].doc_id == record.doc_id
        ),
        None,
    )
    missing = _missing_words(retriever, prepared, record)
    lacks = f" None of its chunks has: {', '.join(missing)}." if missing else ""
    if best is None:
        return WhyNot(
            "not_a_candidate",
            f"{record.uri!r} is not among the first 1,000 by words nor by meaning.{lacks}",
        )
    place, scored = best
    # The older document may be one that the caller may not know of: only what is shown is spoken of.
    if _has_copy(retriever, record, [hit for hit in hits if hit.score <= scored.score]):
        return WhyNot(
            "copy",
            f"{record.uri!r} says nearly the same as another document, which is shown in its place.",
            place,
        )
    notes = ranking.ordering.get(record.doc_id)
    because = f" It is {', '.join(notes.reasons)}." if notes and notes.reasons else ""
    last = f"the last hit has {hits[-1].score:.3f}" if hits else "there are no hits"
    return WhyNot(
        "ranked_lower",
        f"The best chunk of {record.uri!r} is number {place} with a score of {scored.score:.3f} (words "
        f"{scored.words:.2f}, meaning {scored.cosine:.2f}, name {scored.name:.2f}); {last}.{because}{lacks}",
        place,
    )


def _has_copy(retriever: HybridRetriever, record: DocumentRecord, hits: Sequence[Hit]) -> bool:
    """Whether another document of the same words, for all that is known, is among some hits."""
    original = record.duplicate_of or record.doc_id
    others = {hit.document.doc_id for hit in hits} - {record.doc_id}
    return any(
        (shown.duplicate_of or shown.doc_id) == original
        for shown in retriever.catalogue.records(others).values()
    )


def _missing_words(
    retriever: HybridRetriever, prepared: PreparedQuestion, record: DocumentRecord
) -> list[str]:
    present: set[str] = set()
    for terms in retriever.catalogue.terms_of(record.doc_id):
        present.update(terms.split())
    return [
        term
        for term, weight in prepared.read.terms.items()
        if weight == 1.0 and term not in present
    ]


def _hidden(ranking: Ranking, retriever: HybridRetriever) -> int:
    """Count what an administrator's search would have looked at and this one may not."""
    store = ranking.prepared.generation.store
    found = store.search(ranking.query, administrator(), retriever.fetch_k)
    everything = set(found.lexical) | set(found.dense)
    return len(everything - ranking.rows.keys())
