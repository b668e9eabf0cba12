"""The flags of a period for a report: what is wrong, why, with which documents; only those that the caller may see."""

import json
from dataclasses import dataclass

from sqlalchemy import select

from app.quality.period import Period
from app.quality.usage import within
from app.review.visibility import Sight
from core.answers import Caller
from index.catalogue import Catalogue
from index.schema import feedback, review_items

_OPEN = frozenset({"", "new", "in_review"})


@dataclass(frozen=True, slots=True)
class FlagRow:
    """One flag that stands. `cause` is a reviewer's, else the suggested one, and '' for neither.

    `documents` are titles of what its answer was made from.
    """

    feedback_id: str
    category: str
    state: str
    cause: str
    is_suggested: bool
    question: str
    selected: str
    documents: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FlagRows:
    """The flags that may be shown; `hidden` are about documents that the caller may not all read."""

    rows: tuple[FlagRow, ...]
    hidden: int


def read_flag_rows(catalogue: Catalogue, period: Period, caller: Caller) -> FlagRows:
    """Return the period's flags, newest first; one that the queue has not met yet is hidden: its documents are unknown."""
    items = review_items.c
    query = (
        select(
            feedback.c.feedback_id,
            feedback.c.category,
            feedback.c.root_cause,
            feedback.c.selected_text,
            items.state,
            items.suggested_cause,
            items.question,
            items.documents,
        )
        .outerjoin_from(feedback, review_items, items.feedback_id == feedback.c.feedback_id)
        .where(
            feedback.c.superseded_by.is_(None),
            feedback.c.verdict == "bad",
            within(feedback.c.created_at, period),
        )
        .order_by(feedback.c.created_at.desc(), feedback.c.feedback_id)
    )
    with catalogue.engine.connect() as connection:
        found = connection.execute(query).all()
        sight = Sight(caller, connection, [row.documents for row in found if row.documents])
    shown = [row for row in found if row.documents and sight.is_whole(row.documents)]
    ids = {doc_id for row in shown for doc_id in json.loads(row.documents)}
    titles = {
        doc_id: record.title or record.uri for doc_id, record in catalogue.records(ids).items()
    }
    rows = tuple(
        FlagRow(
            row.feedback_id,
            row.category or "other",
            "open" if (row.state or "") in _OPEN else row.state,
            row.root_cause or row.suggested_cause or "",
            not row.root_cause and bool(row.suggested_cause),
            row.question or "",
            row.selected_text or "",
            tuple(titles[doc_id] for doc_id in json.loads(row.documents) if doc_id in titles),
        )
        for row in shown
    )
    return FlagRows(rows, len(found) - len(rows))
