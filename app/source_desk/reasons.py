"""Why a citation is among an answer's sources, in words for a reader; pure.

A trace names documents that were found for whoever asked, and that another reader may not know of: none of those
names is repeated here, only what they say about the cited document.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from core.answers import Answer, Citation
from core.documents import EVERYONE, DocumentRecord
from index.version_facts import STALE, Status, facts_of

_STANDINGS: dict[Status, str] = {
    "current": "It is marked as in force.",
    "draft": "It is marked as a draft, and may not be in force.",
    "deprecated": "It is marked as deprecated.",
    "archived": "It is marked as archived.",
    "superseded": "It is marked as superseded.",
}
_SUPERSEDED = "superseded by "
_NEWER = "newer than "
_BELOW = "below "


@dataclass(frozen=True, slots=True)
class SourceReason:
    """Why a source was taken, and what to know about it. Ranks count from 1; None: not found that way.

    `place` of `found` is where the best hit of its words stood among all that was found; None where no trace says so.
    `said` is the day since which the document says that it holds, `updated` when its file changed: ISO 8601 or ''.
    `readers` and the `remarks` are for people.
    """

    by_words: int | None
    by_meaning: int | None
    place: int | None
    found: int
    updated: str
    said: str
    readers: str
    source: str
    remarks: tuple[str, ...]


def reason_of(
    record: DocumentRecord, citation: Citation, trace: Mapping[str, Any], answer: Answer
) -> SourceReason:
    """Return why one citation of an answer is there; an empty trace tells less."""
    hits = _hits(trace)
    own = _own_hit(hits, citation)
    notes = [str(note) for note in (hits[own].get("notes") or ())] if own is not None else []
    hit = hits[own] if own is not None else {}
    return SourceReason(
        by_words=_rank(hit.get("lexical_rank")),
        by_meaning=_rank(hit.get("dense_rank")),
        place=own + 1 if own is not None else None,
        found=len(hits),
        updated=record.updated_at,
        said=_said(record),
        readers=readers(record.access),
        source=record.source,
        remarks=tuple(_remarks(record, notes, answer)),
    )


def readers(access: Collection[str]) -> str:
    """Return who may read a document in plain words."""
    if EVERYONE in access:
        return "everyone"
    groups = sorted(entry.removeprefix("group:") for entry in access if entry.startswith("group:"))
    people = sorted(entry.removeprefix("user:") for entry in access if entry.startswith("user:"))
    parts = []
    if groups:
        parts.append(f"{'group' if len(groups) == 1 else 'groups'} {', '.join(groups)}")
    if people:
        # Who else may read is nobody's business but theirs and the admins'.
        parts.append("one named person" if len(people) == 1 else f"{len(people)} named people")
    return " and ".join(parts) or "administrators only"


def _remarks(record: DocumentRecord, notes: list[str], answer: Answer) -> list[str]:
    remarks = []
    if record.status == "quarantined":
        remarks.append("Its newest version could not be read: this is the last good one.")
    facts = facts_of(
        record.doc_id, record.uri, record.title, record.updated_at, dict(record.metadata)
    )
    if any(note.startswith((_SUPERSEDED, _BELOW)) for note in notes):
        remarks.append("An older version: a newer or better fitting one was found with it.")
    elif any(note.startswith(_NEWER) for note in notes):
        remarks.append("The newest of its versions among what was found.")
    if facts.status in _STANDINGS and not (remarks and facts.status in STALE):
        remarks.append(_STANDINGS[facts.status])
    if any(note.kind == "conflict" and record.title in note.text for note in answer.notes):
        remarks.append("Another source disagrees with it: see the note in the answer.")
    if record.duplicate_of:
        remarks.append("It has nearly the same words as an older document.")
    return remarks


def _said(record: DocumentRecord) -> str:
    facts = facts_of(
        record.doc_id, record.uri, record.title, record.updated_at, dict(record.metadata)
    )
    day: date | None = facts.effective if facts.evidence in ("metadata", "name") else None
    return day.isoformat() if day else ""


def _hits(trace: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    hits = trace.get("hits")
    return [hit for hit in hits if isinstance(hit, Mapping)] if isinstance(hits, list) else []


def _own_hit(hits: list[Mapping[str, Any]], citation: Citation) -> int | None:
    """Return the position of the hit that the citation is from: its chunk, else the first that has its words."""
    for position, hit in enumerate(hits):
        if hit.get("chunk_id") == citation.chunk_id:
            return position
    for position, hit in enumerate(hits):
        is_it = hit.get("doc_id") == citation.document.doc_id
        if is_it and hit.get("start", 0) <= citation.start < hit.get("end", 0):
            return position
    for position, hit in enumerate(hits):
        if hit.get("doc_id") == citation.document.doc_id:
            return position
    return None


def _rank(value: object) -> int | None:
    return value if isinstance(value, int) else None
