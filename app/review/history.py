"""Reads and writes the reviews of flags; rows are only ever added."""

import json
from collections.abc import Collection
from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from app.review.states import Labels, Review
from core.ids import new_id
from index.schema import audit, reviews


def history_of(connection: Connection, feedback_id: str) -> tuple[Review, ...]:
    """Return the reviews of one flag, oldest first."""
    return histories(connection, [feedback_id]).get(feedback_id, ())


def histories(
    connection: Connection, feedback_ids: Collection[str] | None = None
) -> dict[str, tuple[Review, ...]]:
    """Return the reviews of some flags, or of all, oldest first; flags without any are left out."""
    query = select(reviews).order_by(reviews.c.review_id)
    if feedback_ids is not None:
        query = query.where(reviews.c.feedback_id.in_(feedback_ids))
    found: dict[str, list[Review]] = {}
    for row in connection.execute(query):
        found.setdefault(row.feedback_id, []).append(_review(row))
    return {feedback_id: tuple(entries) for feedback_id, entries in found.items()}


def add_review(connection: Connection, review: Review, history: tuple[Review, ...]) -> Review:
    """Store a review behind those of its flag, with an id that sorts behind theirs; returns it as stored."""
    follows = history[-1].review_id if history else ""
    stored = replace(review, review_id=_id_after(follows), follows=follows)
    labels = asdict(stored.labels) | {"follows": stored.follows, "undoes": stored.undoes}
    connection.execute(
        insert(reviews).values(
            review_id=stored.review_id,
            feedback_id=stored.feedback_id,
            reviewer=stored.reviewer,
            decision=stored.decision,
            labels=json.dumps(labels, ensure_ascii=False),
            note=stored.note,
            created_at=stored.created_at,
        )
    )
    return stored


def note_in_audit(connection: Connection, at: str, actor: str, action: str, object_: str) -> None:
    """Write who did what to what."""
    connection.execute(
        insert(audit).values(audit_id=new_id(), at=at, actor=actor, action=action, object=object_)
    )


def _id_after(last: str) -> str:
    """Return a new id that sorts behind the last one, also when the clock went back."""
    made = new_id()
    return made if made > last else f"{int(last, 16) + 1:026x}"


def _review(row: Row[Any]) -> Review:
    labels = json.loads(row.labels)
    follows, undoes = labels.pop("follows", ""), labels.pop("undoes", "")
    known = {name: labels.get(name, "") for name in Labels.__dataclass_fields__}
    return Review(
        review_id=row.review_id,
        feedback_id=row.feedback_id,
        reviewer=row.reviewer,
        decision=row.decision,
        labels=Labels(**known),
        note=row.note,
        created_at=row.created_at,
        follows=follows,
        undoes=undoes,
    )
