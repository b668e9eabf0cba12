"""Reads once what the queue needs of a flag out of its snapshot, and keeps it in `review_items`.

A page of the queue then reads no snapshot. Which documents an answer was made from is part of it: those that its trace
names, of the turns before as well, and those that it cites.
"""

import json
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from app.answer_rights import made_of
from app.review.priority import points_of_flag
from app.stored_answers import answer_from_json
from core.answers import Answer
from core.errors import NotFound
from index.schema import feedback, review_items

FLAG_VERDICTS = ("bad", "false_alarm")
# A document that nobody but the local administrator may read: the trace does not say what the answer was made from.
UNKNOWN_DOCUMENT = "?"
_BATCH = 200


def standing_flags() -> Any:
    """Return the query of the ids of flags that were neither taken back nor replaced."""
    return select(feedback.c.feedback_id).where(
        feedback.c.superseded_by.is_(None), feedback.c.verdict.in_(FLAG_VERDICTS)
    )


def missing_items(connection: Connection) -> list[str]:
    """Return the ids of flags that have no row in `review_items` yet."""
    known = select(review_items.c.feedback_id)
    query = standing_flags().where(feedback.c.feedback_id.not_in(known))
    return [row[0] for row in connection.execute(query)]


def make_items(connection: Connection, feedback_ids: list[str]) -> None:
    """Make the rows of some flags; those that have one keep it."""
    for first in range(0, len(feedback_ids), _BATCH):
        batch = feedback_ids[first : first + _BATCH]
        known = set(
            connection.scalars(
                select(review_items.c.feedback_id).where(review_items.c.feedback_id.in_(batch))
            )
        )
        query = select(feedback).where(feedback.c.feedback_id.in_(batch))
        made = [
            _item_values(row) for row in connection.execute(query) if row.feedback_id not in known
        ]
        if made:
            connection.execute(insert(review_items), made)


def read_snapshot(stored: str) -> tuple[Answer, dict[str, Any]]:
    """Return the answer and the trace of a flag's snapshot.

    Raises:
        NotFound: it is not of the form that this Footnote stores.
    """
    try:
        snapshot = json.loads(stored)
        answer = answer_from_json(json.dumps(snapshot["answer"]))
        trace = snapshot.get("trace") or {}
        made_of(trace)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise NotFound(
            "The copy of the answer that was stored with this flag cannot be read, so the flag can be rejected or "
            "taken back, and nothing else. Restore the catalogue from a backup if you need it."
        ) from error
    return answer, trace


def flag_points(
    row: Row[Any], answer: Answer, trace: dict[str, Any]
) -> tuple[int, tuple[str, ...]]:
    """Return the points of a row of `feedback` by itself, and why."""
    return points_of_flag(
        answer,
        float(trace.get("confidence") or 0.0),
        severity=row.severity,
        category=row.category or "",
        span=None if row.start is None else (row.start, row.end),
        is_explained=bool(row.comment or row.correction),
    )


def points_of_row(row: Row[Any]) -> int:
    """Return the points of a row of `feedback` by itself; 0 where its snapshot cannot be read."""
    try:
        return flag_points(row, *read_snapshot(row.snapshot))[0]
    except NotFound:
        return 0


def _item_values(row: Row[Any]) -> dict[str, object]:
    try:
        answer, trace = read_snapshot(row.snapshot)
    except NotFound:
        # Nobody knows what it was made from: for the local administrator alone.
        return _row_values(row, "", [UNKNOWN_DOCUMENT], 0)
    points, _ = flag_points(row, answer, trace)
    return _row_values(row, answer.question, sorted(documents_of(answer, trace)), points)


def _row_values(
    row: Row[Any], question: str, documents: list[str], points: int
) -> dict[str, object]:
    texts = (question, row.comment, row.selected_text, row.correction)
    return {
        "feedback_id": row.feedback_id,
        "state": "new",
        "priority": points,
        "answer_id": row.answer_id,
        "author": row.author,
        "category": row.category or "",
        "channel": row.channel,
        "severity": row.severity,
        "selected": row.selected_text,
        "question": question,
        "documents": json.dumps(documents),
        "words": "\n".join(texts).casefold(),
    }


def documents_of(answer: Answer, trace: dict[str, Any]) -> set[str]:
    """Return the ids of all documents that an answer was made from; one that nobody has where that is not known."""
    made = made_of(trace)
    cited = {citation.document.doc_id for citation in answer.citations}
    return {UNKNOWN_DOCUMENT} if made is None else {*made, *cited}
