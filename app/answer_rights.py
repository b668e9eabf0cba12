"""Who may read an answer that somebody else asked for: whoever may read every document that it was made from.

Cited words are not enough to go by: an answer says less, or something else, because of passages that it does not
cite, and its question may rest on the turns before. What is not known, or gone, is not readable.
"""

from collections.abc import Collection, Mapping
from typing import Any

from core.answers import Caller
from index.catalogue import Catalogue
from index.permissions import may_read


def made_of(trace: Mapping[str, Any]) -> frozenset[str] | None:
    """Return the ids of all documents that an answer was made from, as its trace says; None if it does not say."""
    before = trace.get("history_documents", [] if not trace.get("history") else None)
    if before is None or "passages" not in trace:
        return None
    entries = (*trace["passages"], *trace.get("hits", ()))
    found = {entry.get("doc_id") for entry in entries}
    return None if None in found else frozenset((*found, *before))


def readable_among(catalogue: Catalogue, doc_ids: Collection[str], caller: Caller) -> set[str]:
    """Return those of some documents that are there and that the caller may read now."""
    records = catalogue.records(doc_ids)
    return {doc_id for doc_id, record in records.items() if may_read(caller, record.access)}


def may_read_answers(
    catalogue: Catalogue, traces: Collection[Mapping[str, Any]], caller: Caller
) -> list[bool]:
    """Return for each trace whether the caller may read every document that its answer was made from."""
    made = [made_of(trace) for trace in traces]
    readable = readable_among(catalogue, frozenset().union(*filter(None, made)), caller)
    return [doc_ids is not None and doc_ids <= readable for doc_ids in made]
