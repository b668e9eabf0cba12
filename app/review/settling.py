"""Brings what others read of a flag in line with its reviews, in the commit of the decision.

That is its state and its place in the queue, what who flagged it is told, reports to owners of documents, and the end
of its test case.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select, update

from app.review.cases import close_case_of
from app.review.digest import points_of_row
from app.review.history import note_in_audit
from app.review.locks import let_go
from app.review.outcome import tell_reporter
from app.review.priority import points_of_triage
from app.review.states import UPHELD_STATES, Standing
from app.review.wrong_sources import GroupsOf, report_sources
from core.moments import stamp
from index.schema import feedback, review_items

_JUDGEMENTS = ("accept", "correct", "reject", "duplicate", "fix")


@dataclass(frozen=True, slots=True)
class Act:
    """Who decides when; `groups_of` says what is known of a person's groups beside those of the last login."""

    reviewer: str
    now: datetime
    groups_of: GroupsOf = lambda _: ()

    @property
    def at(self) -> str:
        """The moment as it is stored."""
        return stamp(self.now)


def settle(connection: Connection, feedback_id: str, standing: Standing, act: Act) -> None:
    """Bring what others read of a flag in line with its reviews."""
    labels = standing.labels
    # Who decided, and not who ran a test of it later; a triage is no decision.
    judged = [review for review in standing.standing if review.decision in _JUDGEMENTS]
    row = connection.execute(select(feedback).where(feedback.c.feedback_id == feedback_id)).one()
    connection.execute(
        update(review_items)
        .where(review_items.c.feedback_id == feedback_id)
        .values(
            state=standing.state,
            decided_by=judged[-1].reviewer if judged else "",
            decided_at=judged[-1].created_at if judged else "",
            priority=points_of_triage(labels.priority) or points_of_row(row),
        )
    )
    connection.execute(
        update(feedback)
        .where(feedback.c.feedback_id == feedback_id)
        .values(
            status=standing.state,
            root_cause=labels.root_cause,
            dup_of=labels.dup_of,
        )
    )
    let_go(connection, feedback_id, act.reviewer)
    tell_reporter(connection, row, standing, act.reviewer)
    report_sources(connection, row, standing, act.at, act.groups_of)
    if standing.state not in UPHELD_STATES:
        closed = close_case_of(connection, feedback_id, act.at)
        if closed:
            note_in_audit(connection, act.at, act.reviewer, "case.close", closed)
