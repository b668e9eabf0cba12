"""Writes down which documents a reviewed flag found wrong, and who owns them; in the commit of the decision.

The owner is who the document names as `owner`, `contact`, `maintainer` or `author`, if that is the address or the name
of somebody who has logged in and may read the document; else the admins have the report.
"""

import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select

from app.notices import tell, unsay
from app.review.digest import read_snapshot
from app.review.states import UPHELD_STATES, Standing
from core.answers import Answer, Caller, Citation, DocumentRef
from core.errors import NotFound
from index.permissions import caller_named, may_read
from index.schema import documents, people, source_reports

GroupsOf = Callable[[str], Collection[str]]
"""Returns the groups that are known of a person beside those of the last login, by email."""

_OWNER_FIELDS = ("owner", "contact", "maintainer", "author")
_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")


def report_sources(
    connection: Connection,
    row: Row[Any],
    standing: Standing,
    at: str,
    groups_of: GroupsOf = lambda _: (),
) -> None:
    """Bring the reports of a flag in line with what stands of it; `row` is its row of `feedback`."""
    is_wrong = standing.state in UPHELD_STATES and standing.labels.root_cause == "source_wrong"
    known = {
        found.doc_id: found
        for found in connection.execute(
            select(source_reports).where(source_reports.c.feedback_id == row.feedback_id)
        )
    }
    if not is_wrong:
        _withdraw(connection, row.feedback_id, known)
        return
    for citation in named_sources(row):
        doc_id = citation.document.doc_id
        if doc_id not in known:
            known[doc_id] = _add(connection, row.feedback_id, citation, at, groups_of)


def named_sources(row: Row[Any]) -> Sequence[Citation]:
    """Return the citations of what a flag is about, one for each document: of its words, else of the whole answer."""
    try:
        answer, trace = read_snapshot(row.snapshot)
    except NotFound:
        return ()
    named = [
        citation
        for citation in (*answer.citations, *_flagged_passage(row, trace))
        if _is_meant(row, answer, citation)
    ]
    return tuple({citation.document.doc_id: citation for citation in reversed(named)}.values())


def _is_meant(row: Row[Any], answer: Answer, citation: Citation) -> bool:
    if row.target == "citation":
        return bool(str(citation.marker) == row.target_ref)
    if row.target == "passage":
        return bool(citation.chunk_id == row.target_ref)
    if row.start is None:
        return True
    return any(
        citation.marker in claim.citations
        for claim in answer.claims
        if claim.start < row.end and row.start < claim.end
    )


def _flagged_passage(row: Row[Any], trace: Mapping[str, Any]) -> list[Citation]:
    if row.target != "passage":
        return []
    return [
        Citation(
            0,
            DocumentRef(passage["doc_id"], passage["uri"], passage["title"], passage["version"]),
            passage["chunk_id"],
            (),
            None,
            passage["start"],
            passage["end"],
            passage["text"],
        )
        for passage in trace.get("passages", ())
        if passage.get("chunk_id") == row.target_ref
    ]


def owner_of(
    connection: Connection, metadata: str, access: str, groups_of: GroupsOf = lambda _: ()
) -> str:
    """Return the email of who a document names, '' for the admins.

    A document can name anybody: only somebody who has logged in and may read it gets the report.
    """
    try:
        fields = {str(name).casefold(): str(value) for name, value in json.loads(metadata).items()}
    except (ValueError, AttributeError):
        return ""
    for name in _OWNER_FIELDS:
        person = _known_person(connection, fields.get(name, ""))
        if person is not None:
            groups = {*json.loads(person.groups), *groups_of(person.email)}
            if may_read_stored(caller_named(person.email, groups), access):
                return str(person.email)
    return ""


def _known_person(connection: Connection, said: str) -> Any:
    if not said.strip():
        return None
    address = _EMAIL.search(said)
    query = select(people.c.email, people.c.groups).where(people.c.is_active == 1)
    if address:
        return connection.execute(query.where(people.c.email == address[0].casefold())).first()
    rows = connection.execute(query.where(people.c.name == said.strip()).limit(2)).all()
    return rows[0] if len(rows) == 1 else None


def _add(
    connection: Connection, feedback_id: str, citation: Citation, at: str, groups_of: GroupsOf
) -> Any:
    doc_id = citation.document.doc_id
    query = select(documents.c.metadata, documents.c.access, documents.c.title, documents.c.uri)
    row = connection.execute(query.where(documents.c.doc_id == doc_id)).first()
    owner = owner_of(connection, row.metadata, row.access, groups_of) if row else ""
    connection.execute(
        insert(source_reports).values(
            feedback_id=feedback_id,
            doc_id=doc_id,
            doc_version=citation.document.version,
            owner=owner,
            state="open",
            created_at=at,
        )
    )
    if owner and row:
        title = " ".join((row.title or row.uri).split())
        words = f"“{title}” was reported: a reviewer found that the document itself is wrong."
        tell(connection, owner, "source_reported", doc_id, words)
    return row


def _withdraw(connection: Connection, feedback_id: str, known: Mapping[str, Any]) -> None:
    for doc_id, report in known.items():
        unsay(connection, report.owner, "source_reported", doc_id)
    reported = source_reports.c.feedback_id == feedback_id
    connection.execute(delete(source_reports).where(reported))


def may_read_stored(caller: Caller, stored: str) -> bool:
    """Whether a caller may read a document whose access list is stored so; a broken one denies."""
    try:
        access = json.loads(stored)
    except ValueError:
        return False
    return isinstance(access, list) and may_read(caller, access)
