"""Accepted corrections: a question, what reviewers say is right, and the words of the documents that say it."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from app.authorization import authorize
from app.review.history import histories
from app.review.states import UPHELD_STATES, standing_of
from app.review.visibility import Sight
from core.answers import Caller
from evals.cases.case import Case
from evals.cases.case_store import FLAGS, CaseStore
from index.catalogue import Catalogue
from index.schema import feedback, review_items


@dataclass(frozen=True, slots=True)
class Correction:
    """What was asked, what is right, and the quoted evidence that a reviewer gave, if a case was made of the flag."""

    feedback_id: str
    question: str
    right: str
    source: str
    quotes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReviewedFlag:
    """A flag that stands, as exports name it; `reviewed` is what reviewers decided, '' before."""

    feedback_id: str
    answer_id: str
    author_kind: str
    verdict: str
    category: str
    comment: str
    created_at: str
    state: str


def corrections(catalogue: Catalogue, caller: Caller) -> list[Correction]:
    """Return the corrections of upheld flags whose documents the caller may all read, oldest first.

    Raises:
        AccessDenied: the caller may not review.
    """
    authorize(caller, "review")
    query = (
        select(
            feedback.c.feedback_id,
            feedback.c.correction,
            feedback.c.correction_source,
            review_items.c.question,
            review_items.c.documents,
        )
        .join(review_items, review_items.c.feedback_id == feedback.c.feedback_id)
        .where(feedback.c.superseded_by.is_(None), review_items.c.state.in_(UPHELD_STATES))
        .order_by(feedback.c.created_at, feedback.c.feedback_id)
    )
    with catalogue.engine.connect() as connection:
        rows = connection.execute(query).all()
        sight = Sight(caller, connection, [row.documents for row in rows])
        decided = histories(connection, [row.feedback_id for row in rows])
    cases = {case.source_feedback_id: case for case in CaseStore(catalogue).live(caller, FLAGS)}
    found = []
    for row in rows:
        labels = standing_of(decided.get(row.feedback_id, ())).labels
        right = labels.corrected_answer or row.correction
        if right and sight.is_whole(row.documents):
            source = labels.corrected_source or row.correction_source
            found.append(
                Correction(
                    row.feedback_id,
                    row.question,
                    right,
                    source,
                    _quotes(cases.get(row.feedback_id)),
                )
            )
    return found


def _quotes(case: Case | None) -> tuple[str, ...]:
    return tuple(anchor.quote for anchor in case.anchors if anchor.quote) if case else ()


def reviewed_flags(catalogue: Catalogue, caller: Caller) -> list[ReviewedFlag]:
    """Return the flags that stand and that the caller may see, oldest first.

    Raises:
        AccessDenied: the caller may not review.
    """
    authorize(caller, "review")
    columns = feedback.c
    query = (
        select(
            columns.feedback_id,
            columns.answer_id,
            columns.source,
            columns.verdict,
            columns.category,
            columns.comment,
            columns.created_at,
            review_items.c.state,
            review_items.c.documents,
        )
        .join(review_items, review_items.c.feedback_id == columns.feedback_id)
        .where(columns.superseded_by.is_(None))
        .order_by(columns.created_at, columns.feedback_id)
    )
    with catalogue.engine.connect() as connection:
        rows = connection.execute(query).all()
        sight = Sight(caller, connection, [row.documents for row in rows])
    return [
        ReviewedFlag(
            row.feedback_id,
            row.answer_id,
            "CODE" if row.source == "auto" else "HUMAN",
            row.verdict,
            row.category or "",
            row.comment or "",
            row.created_at,
            row.state or "new",
        )
        for row in rows
        if sight.is_whole(row.documents)
    ]


def told_apart(found: Sequence[Correction]) -> list[Correction]:
    """Return the corrections without those of a question that came before: the latest counts."""
    latest = {" ".join(each.question.casefold().split()): each for each in found}
    return list(latest.values())
