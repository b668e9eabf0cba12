"""One flag's rows as the desk reads them, for callers who may read all that its answer was made from."""

from typing import Any

from sqlalchemy import Connection, Row, select

from app.review.digest import standing_flags
from app.review.visibility import Sight, number_of_documents
from core.answers import Caller
from core.errors import AccessDenied, FootnoteError, NotFound
from index.schema import feedback, review_items

_QUEUE_COLUMNS = (
    review_items.c.state,
    review_items.c.locked_by,
    review_items.c.locked_at,
    review_items.c.question,
    review_items.c.documents,
    review_items.c.suggested_cause,
    review_items.c.cause_detail,
)


def is_visible(connection: Connection, feedback_id: str, caller: Caller) -> bool:
    """Whether there is such a flag, and the caller may see it."""
    try:
        row_of(connection, feedback_id, caller)
    except FootnoteError:
        return False
    return True


def row_of(connection: Connection, feedback_id: str, caller: Caller) -> Row[Any]:
    """Return a flag's row of both tables.

    Raises:
        NotFound: there is no such flag, or who made it took it back.
        AccessDenied: the caller may not read all that its answer was made from.
    """
    query = (
        select(feedback, *_QUEUE_COLUMNS)
        .join(review_items, review_items.c.feedback_id == feedback.c.feedback_id)
        .where(
            feedback.c.feedback_id == feedback_id,
            feedback.c.feedback_id.in_(standing_flags()),
        )
    )
    row = connection.execute(query).first()
    if row is None:
        raise NotFound(f"There is no flag {feedback_id!r}, or who made it took it back.")
    if not Sight(caller, connection, [row.documents]).is_whole(row.documents):
        count = number_of_documents(row.documents)
        raise AccessDenied(
            f"This flag needs somebody who may read {count} {'document' if count == 1 else 'documents'} "
            "that its answer was made from."
        )
    return row
