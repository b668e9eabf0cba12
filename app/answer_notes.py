"""What a reader should know about the sources of an answer: they disagree, are out of date, or are a draft; pure.

Spoken of are only documents among what was found for this reader: a newer one that they may not read is not named.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from core.answers import Citation, Conflict, DocumentRef, Hit, Note
from core.documents import DocumentRecord
from index.dates import period_of
from index.metadata_names import EXPIRY_KEYS, REVIEW_KEYS, metadata_name
from index.version_facts import STALE, VersionFacts, facts_of

_STATEMENT_CHARS = 200
_SUPERSEDED = "superseded by "


def source_notes(
    hits: Sequence[Hit],
    citations: Sequence[Citation],
    records: Mapping[str, DocumentRecord],
    today: date,
) -> list[Note]:
    """Return the notes on an answer's sources; `records` are the catalogue's of found documents, by id."""
    facts = {doc_id: _facts(record) for doc_id, record in records.items()}
    cited = list({c.document.doc_id: c.document for c in citations}.values())
    return [
        *_conflicts(hits, citations, facts),
        *(note for document in cited for note in _standing(document, hits, records, facts, today)),
    ]


def _conflicts(
    hits: Sequence[Hit], citations: Sequence[Citation], facts: Mapping[str, VersionFacts]
) -> list[Note]:
    """Give both statements with their dates, the newer one first, for pairs of which one is cited.

    Of two documents that are cited, what else they disagree about is not told: it was not asked.
    """
    by_chunk = {hit.chunk_id: hit for hit in hits}
    notes: dict[frozenset[str], Note] = {}
    for hit in hits:
        for conflict in hit.conflicts:
            other = by_chunk.get(conflict.other_chunk_id)
            if other is None:
                continue
            pair = frozenset((hit.document.doc_id, other.document.doc_id))
            told = _is_cited(hit, conflict.start, conflict.end, citations) or _is_cited(
                other, conflict.other_start, conflict.other_end, citations
            )
            if told and pair not in notes:
                notes[pair] = _conflict(hit, other, conflict, facts)
    return list(notes.values())


def _is_cited(hit: Hit, start: int, end: int, citations: Sequence[Citation]) -> bool:
    return any(
        citation.document.doc_id == hit.document.doc_id
        and citation.start < end
        and citation.end > start
        for citation in citations
    )


def _conflict(hit: Hit, other: Hit, conflict: Conflict, facts: Mapping[str, VersionFacts]) -> Note:
    said = (hit, hit.text[conflict.start - hit.start : conflict.end - hit.start])
    against = (
        other,
        other.text[conflict.other_start - other.start : conflict.other_end - other.start],
    )
    dates = [_since(found.document, facts) for found, _ in (said, against)]
    newer = None
    if dates[0] and dates[1] and dates[0] != dates[1]:
        newer = said if dates[0] > dates[1] else against
    pairs = sorted(zip((said, against), dates, strict=True), key=lambda pair: pair[0] is not newer)
    statements = "; ".join(
        f"{_named(found.document, day)}: “{_shortened(statement)}”"
        for (found, statement), day in pairs
    )
    end = f" {newer[0].document.title} is newer." if newer else " Neither is known to be newer."
    return Note("conflict", f"Two sources disagree ({conflict.kind}). {statements}.{end}")


def _standing(
    document: DocumentRef,
    hits: Sequence[Hit],
    records: Mapping[str, DocumentRecord],
    facts: Mapping[str, VersionFacts],
    today: date,
) -> Iterable[Note]:
    if document.is_stale:
        yield Note(
            "stale",
            f"The newest version of {document.title} could not be read; this is its version of "
            f"{document.updated_at[:10]}.",
        )
    reasons = [
        reason
        for hit in hits
        if hit.document.doc_id == document.doc_id
        for reason in hit.why.notes
        if reason.startswith(_SUPERSEDED)
    ]
    known = facts.get(document.doc_id)
    if reasons:
        yield Note("stale", f"{document.title} is {reasons[0]}.")
    elif known and known.status in STALE:
        yield Note("stale", f"{document.title} is marked as {known.status}.")
    elif known and known.status == "draft":
        yield Note("stale", f"{document.title} is a draft: it may not be in force.")
    record = records.get(document.doc_id)
    if record:
        yield from _dated(document.title, record.metadata, today)


def _dated(title: str, metadata: Mapping[str, str], today: date) -> Iterable[Note]:
    told = {metadata_name(key): value for key, value in metadata.items()}
    for keys, words in ((EXPIRY_KEYS, "expired on"), (REVIEW_KEYS, "was to be reviewed by")):
        last = next(filter(None, (period_of(told[key]) for key in keys if key in told)), None)
        if last and last.last < today:
            yield Note("stale", f"{title} {words} {last.last.isoformat()}.")


def _facts(record: DocumentRecord) -> VersionFacts:
    return facts_of(
        record.doc_id, record.uri, record.title, record.updated_at, dict(record.metadata)
    )


def _since(document: DocumentRef, facts: Mapping[str, VersionFacts]) -> date | None:
    known = facts.get(document.doc_id)
    return known.effective if known else None


def _named(document: DocumentRef, day: date | None) -> str:
    return f"{document.title} ({document.uri}{f', {day.isoformat()}' if day else ''})"


def _shortened(statement: str) -> str:
    line = " ".join(statement.split())
    return line if len(line) <= _STATEMENT_CHARS else f"{line[: _STATEMENT_CHARS - 1]}…"
