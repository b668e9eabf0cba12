"""Tells who flagged what became of it: a notice for the next visit, in the commit of the decision."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, select

from app.notices import tell, unsay, was_told
from app.review.states import OPEN_STATES, Standing
from index.schema import review_items

_SENTENCES: Mapping[str, str] = {
    "accepted": "was right: the answer is wrong, and it is being worked on.",
    "rejected": "was looked at, and the answer stays as it is.",
    "duplicate": "says what somebody flagged before you. Both are handled together.",
    "fixed": "was right, and what you flagged is fixed.",
    "verified": "was right. What you flagged is fixed, and a test makes sure that it stays so.",
}
_AGAIN = "is being worked on again: what was fixed came back in a test."
_OPEN_AGAIN = "is being looked at again."
_QUESTION_CHARS = 80


def tell_reporter(connection: Connection, row: Row[Any], standing: Standing, reviewer: str) -> None:
    """Write what the person of a row of `feedback` is told; nothing of what that person decided alone."""
    unsay(connection, row.author, "flag_outcome", row.feedback_id)
    last = standing.review
    if standing.state in OPEN_STATES:
        if was_told(connection, row.author, "flag_outcome", row.feedback_id):
            _tell(connection, row, _OPEN_AGAIN, "")
    elif row.author != reviewer and last is not None:
        is_again = last.decision == "reopen"
        _tell(connection, row, _AGAIN if is_again else _SENTENCES[standing.state], standing.note)
    assignee = standing.labels.assignee
    if standing.state == "triaged" and assignee and assignee != reviewer:
        # Not what it is about: whoever may read that finds it in the queue.
        words = "A flag was given to you to decide. It is in the review queue."
        tell(connection, assignee, "flag_assigned", row.feedback_id, words)


def _tell(connection: Connection, row: Row[Any], sentence: str, note: str) -> None:
    query = select(review_items.c.question).where(review_items.c.feedback_id == row.feedback_id)
    question = " ".join((connection.execute(query).scalar() or "").split())
    about = f" on “{_shortened(question)}”" if question else ""
    says = f" The reviewer says: {' '.join(note.split())}" if note else ""
    tell(
        connection,
        row.author,
        "flag_outcome",
        row.feedback_id,
        f"Your flag{about} {sentence}{says}",
    )


def _shortened(question: str) -> str:
    if len(question) <= _QUESTION_CHARS:
        return question
    return f"{question[: _QUESTION_CHARS - 1].rstrip()}…"
