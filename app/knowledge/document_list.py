"""Lists documents for admins, a page at a time: the database counts, filters and sorts, whatever their number.

All that a page is chosen by stands in one index (`ix_documents_listed`), so that no document's text is read.
"""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from sqlalchemy import ColumnElement, Engine, Select, func, select

from core.documents import DocumentRecord
from index.catalogue import Catalogue
from index.schema import chunks, documents

PAGE_SIZE = 25
Sort = Literal["updated", "title", "chunks"]

_MAX_WORDS = 8
_MAX_WORD_CHARS = 200
_MAX_ENDING_CHARS = 12


@dataclass(frozen=True, slots=True)
class DocumentQuery:
    """What to list. Every one of `words` is in title or URI; '' in a filter lets everything pass.

    `access` is a principal that may read; `type` a file's ending without the dot. `page` counts from 1.
    """

    words: str = ""
    source: str = ""
    type: str = ""
    status: str = ""
    reason: str = ""
    access: str = ""
    sort: Sort = "updated"
    descending: bool = True
    page: int = 1


@dataclass(frozen=True, slots=True)
class DocumentPage:
    """One page of documents and how many there are in all; `page` is the last one where a later one was asked for."""

    records: tuple[DocumentRecord, ...]
    total: int
    page: int
    pages: int


@dataclass(frozen=True, slots=True)
class Counts:
    """How many documents there are, by what they can be filtered by."""

    by_source: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    by_reason: Mapping[str, int] = field(default_factory=dict)
    principals: tuple[str, ...] = ()
    total: int = 0


def list_page(catalogue: Catalogue, query: DocumentQuery) -> DocumentPage:
    """Return one page."""
    conditions = _conditions(query)
    counted = select(func.count()).select_from(documents).where(*conditions)
    with catalogue.engine.connect() as connection:
        total = int(connection.execute(counted).scalar() or 0)
        pages = max(1, -(-total // PAGE_SIZE))
        page = min(max(1, query.page), pages)
        first = (page - 1) * PAGE_SIZE
        number = min(PAGE_SIZE, total - first)
        # The database keeps all that it skips in order: pages near the end are taken from there.
        from_end = first > total // 2
        skipped = total - first - number if from_end else first
        wanted = _ordered(query, conditions, reverse=from_end).limit(number).offset(skipped)
        doc_ids = list(connection.execute(wanted).scalars())
    if from_end:
        doc_ids.reverse()
    found = catalogue.records(doc_ids)
    records = tuple(without_metadata(found[doc_id]) for doc_id in doc_ids if doc_id in found)
    return DocumentPage(records, total, page, pages)


def counts(engine: Engine) -> Counts:
    """Return the counts of all documents."""
    columns = documents.c
    query = select(columns.source, columns.status, columns.reason, columns.access, func.count())
    query = query.group_by(columns.source, columns.status, columns.reason, columns.access)
    sources: dict[str, tuple[int, int]] = {}
    reasons: Counter[str] = Counter()
    principals: set[str] = set()
    total = 0
    with engine.connect() as connection:
        for source, status, reason, access, number in connection.execute(query):
            is_bad = status == "quarantined"
            before = sources.get(source, (0, 0))
            sources[source] = (before[0] + number, before[1] + (number if is_bad else 0))
            reasons.update({reason: number} if is_bad else {})
            principals.update(_principals(access))
            total += number
    return Counts(sources, dict(reasons.most_common()), tuple(sorted(principals)), total)


def types(engine: Engine) -> tuple[str, ...]:
    """Return the endings that documents have, the most frequent first."""
    with engine.connect() as connection:
        found = Counter(map(_ending, connection.execute(select(documents.c.uri)).scalars()))
    return tuple(ending for ending, _ in found.most_common() if ending)


def copies_of(catalogue: Catalogue, doc_id: str, limit: int) -> list[DocumentRecord]:
    """Return documents with nearly the same words as an older one."""
    query = select(documents.c.doc_id).where(documents.c.duplicate_of == doc_id).limit(limit)
    with catalogue.engine.connect() as connection:
        found = list(connection.execute(query).scalars())
    copies = map(without_metadata, catalogue.records(found).values())
    return sorted(copies, key=lambda record: record.uri)


def without_metadata(record: DocumentRecord) -> DocumentRecord:
    """Return a record without what the document says of itself, which is for those who may read it."""
    return replace(record, metadata={})


def _conditions(query: DocumentQuery) -> list[ColumnElement[bool]]:
    columns = documents.c
    conditions: list[ColumnElement[bool]] = []
    # One text to look in for each word; the line break keeps a word from being found across both.
    named = columns.title + "\n" + columns.uri
    conditions += [
        named.icontains(word[:_MAX_WORD_CHARS], autoescape=True)
        for word in query.words.split()[:_MAX_WORDS]
    ]
    exact = ((columns.source, query.source), (columns.status, query.status))
    conditions += [
        column == value for column, value in (*exact, (columns.reason, query.reason)) if value
    ]
    if query.type:
        conditions.append(func.lower(columns.uri).endswith(f".{query.type}", autoescape=True))
    if query.access:
        conditions.append(columns.access.contains(_quoted(query.access), autoescape=True))
    return conditions


def _ordered(
    query: DocumentQuery, conditions: list[ColumnElement[bool]], *, reverse: bool
) -> Select[Any]:
    columns = documents.c
    wanted = select(columns.doc_id).where(*conditions)
    key: ColumnElement[Any]
    if query.sort == "chunks":
        # The last ordinal, by one step into the index of chunks; counting would walk through all of them.
        last = select(func.max(chunks.c.ordinal)).where(chunks.c.doc_id == columns.doc_id)
        key = func.coalesce(last.scalar_subquery(), -1)
    else:
        key = func.lower(columns.title) if query.sort == "title" else columns.updated_at
    # The id last: documents of the same time keep their order from page to page.
    is_descending = query.descending != reverse
    doc_id = columns.doc_id.desc() if reverse else columns.doc_id.asc()
    return wanted.order_by(key.desc() if is_descending else key.asc(), doc_id)


def _ending(uri: str) -> str:
    name, _, ending = uri.rpartition(".")
    is_one = bool(name) and len(ending) <= _MAX_ENDING_CHARS and ending.isalnum()
    return ending.lower() if is_one else ""


def _quoted(principal: str) -> str:
    return json.dumps(principal)


def _principals(access: str) -> list[str]:
    return list(json.loads(access))
