"""The search debugger: what a person finds, how, and why a document is not among it.

An admin who looks through somebody else's eyes sees only hits that BOTH may read: the search is that person's, in
the documents that the admin may read too. What else the person would find is not looked for, so that neither a
title, a rank nor a count tells what stands in it. The question is read with the words of the same documents: with
the principals that both have.
"""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select

from app.knowledge.readers import access_words
from core.answers import Caller, Hit
from core.documents import DocumentRecord
from core.errors import UsageError
from index.catalogue import Catalogue
from index.explanation import Explanation, WhyNot, explain, why_not
from index.filters import Filter, matching_documents, parse_filter
from index.permissions import explain as explain_access
from index.permissions import may_read
from index.retriever import HybridRetriever
from index.schema import documents

MAX_HITS = 50


@dataclass(frozen=True, slots=True)
class Probe:
    """One search: the words, as whom ('' is the admin), how many hits, filters, and a document that is missed ('' none).

    `filters` are as `footnote search --filter` takes them.
    """

    query: str
    as_user: str = ""
    top_k: int = 10
    filters: tuple[str, ...] = ()
    missed: str = ""


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What was found in `took_ms`.

    `is_narrowed` says that the person may read documents that the admin may not; `is_own` that the admin searched
    as nobody else.
    """

    reader: str
    hits: tuple[Hit, ...]
    explanation: Explanation
    why_not: WhyNot | None
    took_ms: float
    is_narrowed: bool
    is_own: bool


def run_probe(
    retriever: HybridRetriever, probe: Probe, admin: Caller, reader: Caller
) -> ProbeResult:
    """Search as `reader`, in what `admin` may read too; they are the same for an admin's own search.

    Raises:
        UsageError: the query is empty, or a filter cannot be used.
    """
    if not probe.query.strip():
        raise UsageError("The query is empty. Type what you are looking for.")
    filters = [parse_filter(text) for text in probe.filters if text.strip()]
    top_k = min(max(1, probe.top_k), MAX_HITS)
    started = time.perf_counter()
    doc_ids, is_narrowed = _searched(retriever.catalogue, admin, reader, filters)
    prepared = retriever.prepare(probe.query.strip(), _common(admin, reader))
    ranking = retriever.ranking_of(prepared, reader, top_k, doc_ids)
    hits = retriever.hits_of(ranking, reader, top_k)
    # Who may read may have changed since the documents were chosen.
    records = retriever.catalogue.records({hit.document.doc_id for hit in hits})
    hits = [hit for hit in hits if _is_common(records.get(hit.document.doc_id), admin, reader)]
    took_ms = (time.perf_counter() - started) * 1000
    missed = None
    if probe.missed.strip():
        missed = _missed(retriever.catalogue, probe.missed.strip(), admin, reader) or why_not(
            retriever, prepared, reader, probe.missed.strip(), hits, doc_ids
        )
    counts_hidden = admin.is_admin and reader == admin
    return ProbeResult(
        reader.name,
        tuple(hits),
        explain(ranking, retriever, count_hidden=counts_hidden),
        missed,
        took_ms,
        is_narrowed,
        is_own=reader == admin,
    )


def _common(admin: Caller, reader: Caller) -> Caller:
    """Return somebody who may read only what both may."""
    if admin.is_admin:
        return reader
    return replace(reader, principals=reader.principals & admin.principals, is_admin=False)


def _searched(
    catalogue: Catalogue, admin: Caller, reader: Caller, filters: Sequence[Filter]
) -> tuple[frozenset[str] | None, bool]:
    """Return the documents to search in (None: all), and whether some that the reader may read are left out."""
    wanted = matching_documents(catalogue.engine, filters) if filters else None
    lists = [access for access in _access_lists(catalogue) if may_read(reader, access)]
    common = [access for access in lists if may_read(admin, access)]
    if len(common) == len(lists):
        return wanted, False
    allowed = _with_access(catalogue, common)
    return (allowed if wanted is None else allowed & wanted), True


def _access_lists(catalogue: Catalogue) -> list[tuple[str, ...]]:
    with catalogue.engine.connect() as connection:
        stored = connection.execute(select(documents.c.access).distinct()).scalars()
        return [tuple(_principals(access)) for access in stored]


def _with_access(catalogue: Catalogue, lists: Sequence[tuple[str, ...]]) -> frozenset[str]:
    wanted = set(lists)
    query = select(documents.c.doc_id, documents.c.access)
    parsed: dict[str, bool] = {}
    found = set()
    with catalogue.engine.connect() as connection:
        for doc_id, access in connection.execute(query):
            if access not in parsed:
                parsed[access] = tuple(_principals(access)) in wanted
            if parsed[access]:
                found.add(doc_id)
    return frozenset(found)


def _principals(stored: str) -> list[str]:
    return list(json.loads(stored))


def _missed(catalogue: Catalogue, id_or_uri: str, admin: Caller, reader: Caller) -> WhyNot | None:
    """Return why a document cannot be among the hits for want of a right; None if both may read it."""
    records = catalogue.find_documents(id_or_uri)
    if not records:
        return WhyNot("unknown", f"There is no document {id_or_uri!r}.")
    if any(_is_common(record, admin, reader) for record in records):
        return None
    record = records[0]
    if reader == admin:
        words = access_words(record.access)
        return WhyNot("unknown", f"You may not read {record.uri!r} yourself: it is for {words}.")
    if not may_read(reader, record.access):
        return WhyNot("unknown", explain_access(reader, record.access))
    return WhyNot(
        "unknown",
        f"{reader.name} may read {record.uri!r}, you may not: whether it would be found is not shown to you.",
    )


def _is_common(record: DocumentRecord | None, admin: Caller, reader: Caller) -> bool:
    return record is not None and may_read(admin, record.access) and may_read(reader, record.access)
