"""The questions of a period that got no answer, or whose asker says that there should have been one."""

from collections import Counter
from dataclasses import dataclass, field

from sqlalchemy import Connection, Engine, or_, select

from app.quality.period import Period
from app.quality.usage import within
from index.dialects import json_text
from index.schema import answers, feedback

_MOST_ASKINGS = 2000
MOST_QUESTIONS = 400
"""Different questions that are compared: each has to be embedded, 3 ms on one core."""
_NEAREST = 3


@dataclass(slots=True)
class Unanswered:
    """One question as it was typed first, with all who asked it."""

    text: str
    asked: int = 0
    people: set[str] = field(default_factory=set)
    last_asked: str = ""
    documents: Counter[str] = field(default_factory=Counter)


def read_unanswered(engine: Engine, period: Period) -> list[Unanswered]:
    """Return different questions, those asked most often first, then the latest."""
    found: dict[str, Unanswered] = {}
    with engine.connect() as connection:
        for owner, created_at, question, hits in _askings(connection, period):
            entry = found.setdefault(_normal(question), Unanswered(question))
            entry.asked += 1
            entry.people.add(owner)
            entry.last_asked = max(entry.last_asked, created_at)
            entry.documents.update(hits)
    ordered = sorted(
        found.items(), key=lambda pair: (pair[1].asked, pair[1].last_asked, pair[0]), reverse=True
    )
    return [entry for _, entry in ordered[:MOST_QUESTIONS]]


def _askings(connection: Connection, period: Period) -> list[tuple[str, str, str, list[str]]]:
    should_have_known = (
        select(feedback.c.answer_id)
        .where(
            feedback.c.superseded_by.is_(None),
            feedback.c.verdict == "bad",
            feedback.c.category == "should_have_answered",
        )
        .scalar_subquery()
    )
    query = (
        select(
            answers.c.owner,
            answers.c.created_at,
            json_text(answers.c.answer, "question"),
            *(json_text(answers.c.trace, "hits", rank, "doc_id") for rank in range(_NEAREST)),
        )
        .where(
            within(answers.c.created_at, period),
            # What was asked again is counted once, by what is shown now.
            answers.c.replaced_by == "",
            or_(answers.c.status == "abstained", answers.c.answer_id.in_(should_have_known)),
        )
        .order_by(answers.c.created_at.desc(), answers.c.answer_id)
        .limit(_MOST_ASKINGS)
    )
    return [
        (owner, created_at, question or "", [doc_id for doc_id in hits if doc_id])
        for owner, created_at, question, *hits in connection.execute(query)
    ]


def _normal(question: str) -> str:
    """Return what two wordings of one question share: case, blanks and the marks at its end do not count."""
    return " ".join(question.casefold().split()).rstrip("?!. ")
