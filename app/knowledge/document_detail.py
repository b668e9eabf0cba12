"""What an admin sees of one document. Names, states and access of all; words only of those that the admin may read."""

import json
from dataclasses import dataclass

from sqlalchemy import func, select

from app.knowledge.document_list import copies_of, without_metadata
from app.knowledge.readers import access_words
from core.answers import Caller
from core.documents import DocumentRecord
from index.catalogue import Catalogue
from index.permissions import may_read
from index.runs import RUNNING, failed_documents, runs_of_source, runs_that_failed_on
from index.schema import chunks

CHUNKS_A_PAGE = 20

_MAX_COPIES = 20
_MAX_EVENTS = 10
_WARNINGS = {
    "hidden_text": "It holds text that no reader sees, which was left out of search and answers",
    "suspicious_passages": "Sentences in it read as instructions to a language model; they are not followed. Passages",
}
"""What ingestion notes of documents that people should look at; counts and kinds, no words of the document."""


@dataclass(frozen=True, slots=True)
class ChunkView:
    """One chunk with its place in the canonical text, in code points."""

    number: int
    start: int
    end: int
    section: tuple[str, ...]
    page: int | None
    text: str


@dataclass(frozen=True, slots=True)
class ChunkPage:
    """Some chunks of a document in order, and how many there are."""

    chunks: tuple[ChunkView, ...]
    total: int
    page: int
    pages: int


@dataclass(frozen=True, slots=True)
class Event:
    """Something that is known to have happened to a document, as a sentence, with its time in ISO 8601."""

    at: str
    text: str


@dataclass(frozen=True, slots=True)
class DocumentDetail:
    """One document.

    `is_readable` says whether the admin may read its words; where not, `metadata` is empty. `original` is the older
    document that has nearly the same words, `copies` are younger ones.
    """

    record: DocumentRecord
    is_readable: bool
    metadata: tuple[tuple[str, str], ...]
    readers: str
    warnings: tuple[str, ...]
    original: DocumentRecord | None
    copies: tuple[DocumentRecord, ...]
    events: tuple[Event, ...]


def detail_of(catalogue: Catalogue, record: DocumentRecord, caller: Caller) -> DocumentDetail:
    """Return what the caller may see of a document."""
    is_readable = may_read(caller, record.access)
    told = {name: value for name, value in record.metadata.items() if name not in _WARNINGS}
    original = catalogue.records([record.duplicate_of]) if record.duplicate_of else {}
    return DocumentDetail(
        record=record if is_readable else without_metadata(record),
        is_readable=is_readable,
        metadata=tuple(sorted(told.items())) if is_readable else (),
        readers=access_words(record.access),
        warnings=_warnings(record),
        original=next(map(without_metadata, original.values()), None),
        copies=tuple(copies_of(catalogue, record.doc_id, _MAX_COPIES)),
        events=_events(catalogue, record),
    )


def chunk_page(catalogue: Catalogue, record: DocumentRecord, page: int) -> ChunkPage:
    """Return one page of a document's chunks; whoever calls has asked whether they may be seen."""
    is_it = chunks.c.doc_id == record.doc_id
    columns = chunks.c
    query = select(
        columns.ordinal, columns.start, columns.end, columns.section, columns.page, columns.text
    )
    with catalogue.engine.connect() as connection:
        counted = connection.execute(select(func.count()).select_from(chunks).where(is_it))
        total = int(counted.scalar() or 0)
        pages = max(1, -(-total // CHUNKS_A_PAGE))
        page = min(max(1, page), pages)
        rows = connection.execute(
            query.where(is_it)
            .order_by(columns.ordinal)
            .limit(CHUNKS_A_PAGE)
            .offset((page - 1) * CHUNKS_A_PAGE)
        ).all()
    views = [
        ChunkView(row.ordinal + 1, row.start, row.end, _section(row.section), row.page, row.text)
        for row in rows
    ]
    return ChunkPage(tuple(views), total, page, pages)


def _section(stored: str) -> tuple[str, ...]:
    return tuple(json.loads(stored))


def _looked_at(status: str) -> str:
    if status == RUNNING:
        return "Its source is being looked at."
    ended = {"failed": ", which failed", "killed": ", which was ended early"}.get(status, "")
    return f"Its source was last looked at, by a run{ended}."


def _warnings(record: DocumentRecord) -> tuple[str, ...]:
    return tuple(
        f"{sentence}: {_shown(record.metadata[name])}."
        for name, sentence in _WARNINGS.items()
        if name in record.metadata
    )


def _shown(value: str) -> str:
    return value.replace("=", ": ").replace("_", " ")


def _events(catalogue: Catalogue, record: DocumentRecord) -> tuple[Event, ...]:
    """Return what runs tell of a document: when it could not be read, and when its source was last looked at."""
    failed = runs_that_failed_on(catalogue.engine, record.source, record.uri)[:_MAX_EVENTS]
    events = [
        Event(
            run.started_at, f"It could not be read: {failed_documents(run)[record.uri]['reason']}."
        )
        for run in failed
    ]
    events += [
        Event(run.started_at, _looked_at(run.status))
        for run in runs_of_source(catalogue.engine, record.source, 1)
    ]
    if record.updated_at:
        events.append(Event(record.updated_at, f"Version {record.version} was written."))
    return tuple(sorted(events, key=lambda event: event.at, reverse=True))
