"""Test cases made of flags: one for each flag at a time, closed when its flag is not accepted any more."""

import json
from typing import Any

from sqlalchemy import Connection, insert, select, update

from app.review.case_fields import CaseFields, case_line
from app.review.visibility import Sight
from core.answers import Caller
from core.errors import NotFound, UsageError
from core.ids import new_id
from index.catalogue import Catalogue
from index.permissions import may_read
from index.schema import cases, documents, review_items

DATASET = "flags"
_LIVE = cases.c.valid_to == ""


def live_case_of(connection: Connection, feedback_id: str) -> str:
    """Return the id of the case that was made of a flag and still counts, '' for none."""
    query = select(cases.c.case_id).where(cases.c.source_feedback_id == feedback_id, _LIVE)
    return connection.execute(query).scalar() or ""


def store_case(
    connection: Connection, fields: CaseFields, feedback_id: str, approved_by: str, at: str
) -> str:
    """Store a case made of a flag; returns its id. The caller has checked that there is none yet."""
    case_id = f"flag-{new_id()}"
    connection.execute(
        insert(cases).values(
            case_id=case_id,
            version=1,
            dataset=DATASET,
            valid_from=at,
            question=fields.question,
            content=json.dumps(case_line(case_id, fields), ensure_ascii=False),
            origin="flag",
            source_feedback_id=feedback_id,
            approved_by=approved_by,
        )
    )
    return case_id


def close_case_of(connection: Connection, feedback_id: str, at: str) -> str:
    """End the case that was made of a flag, if there is one; returns its id, or ''."""
    case_id = live_case_of(connection, feedback_id)
    if case_id:
        connection.execute(update(cases).where(cases.c.case_id == case_id).values(valid_to=at))
    return case_id


def check_evidence(catalogue: Catalogue, caller: Caller, fields: CaseFields) -> None:
    """Let a case pass whose evidence stands in documents that the caller may read.

    Raises:
        UsageError: a document is not there or not the caller's, or its words are not in it as it is now.
    """
    for entry in fields.evidence:
        if not entry.quote:
            raise UsageError(f"Say which words of {entry.uri!r} answer the question.")
        found = [
            record
            for record in catalogue.find_documents(entry.uri)
            if may_read(caller, record.access)
        ]
        if not found:
            raise UsageError(f"There is no document {entry.uri!r}, or you may not read it.")
        texts = [catalogue.document_text(record.doc_id)[0] for record in found]
        if not any(_folded(entry.quote) in _folded(text) for text in texts):
            raise UsageError(
                f"{entry.uri!r} does not have these words as it is now. Copy them from the document."
            )


def readable_lines(connection: Connection, caller: Caller, dataset: str) -> list[dict[str, Any]]:
    """Return the live cases of a dataset whose flags and evidence the caller may read, oldest first."""
    query = (
        select(cases.c.content, review_items.c.documents)
        .outerjoin(review_items, review_items.c.feedback_id == cases.c.source_feedback_id)
        .where(cases.c.dataset == dataset, _LIVE)
        .order_by(cases.c.case_id)
    )
    rows = connection.execute(query).all()
    sight = Sight(caller, connection, (row.documents for row in rows if row.documents))
    lines = [
        json.loads(row.content)
        for row in rows
        if row.documents is None or sight.is_whole(row.documents)
    ]
    readable = _readable_uris(
        connection, caller, {entry["uri"] for line in lines for entry in line.get("evidence", ())}
    )
    return [
        line
        for line in lines
        if all(entry["uri"] in readable for entry in line.get("evidence", ()))
    ]


def case_content(connection: Connection, caller: Caller, case_id: str) -> dict[str, Any]:
    """Return one live case as the object of a case file.

    Raises:
        NotFound: it is not there, or the caller may not read what it is about.
    """
    dataset = connection.execute(
        select(cases.c.dataset).where(cases.c.case_id == case_id, _LIVE)
    ).scalar()
    lines = readable_lines(connection, caller, dataset) if dataset else []
    for line in lines:
        if line["id"] == case_id:
            return line
    raise NotFound(f"There is no case {case_id!r} that you may read.")


def _readable_uris(connection: Connection, caller: Caller, uris: set[str]) -> set[str]:
    """Return the uris of which the caller may read every document; one that is gone is for the administrator."""
    if caller.is_admin:
        return uris
    query = select(documents.c.uri, documents.c.doc_id).where(documents.c.uri.in_(sorted(uris)))
    found = connection.execute(query).all()
    sets = {doc_id: json.dumps([doc_id]) for _, doc_id in found}
    sight = Sight(caller, connection, sets.values())
    hidden = {uri for uri, doc_id in found if not sight.is_whole(sets[doc_id])}
    return {uri for uri, _ in found} - hidden


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()
