"""Who works on a flag: a lease that ends by itself, taken in one statement, so that only one of two gets it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, case, not_, or_, select, update

from core.moments import stamp
from index.schema import review_items

LEASE_MINUTES = 15
_LEASE = timedelta(minutes=LEASE_MINUTES)


@dataclass(frozen=True, slots=True)
class Lock:
    """Who holds a flag since when; `is_mine` for the caller who asked."""

    held_by: str
    since: str
    is_mine: bool


def is_held(locked_by: str, locked_at: str, now: datetime) -> bool:
    """Whether a lease that was last renewed at `locked_at` is still good."""
    return bool(locked_by) and locked_at > stamp(now - _LEASE)


def take(connection: Connection, feedback_id: str, name: str, now: datetime) -> Lock:
    """Take or renew the lease of a flag, or return who has it."""
    moment = stamp(now)
    is_over = review_items.c.locked_at <= stamp(now - _LEASE)
    is_mine_still = and_(review_items.c.locked_by == name, not_(is_over))
    connection.execute(
        update(review_items)
        .where(
            review_items.c.feedback_id == feedback_id,
            or_(review_items.c.locked_by.in_(("", name)), is_over),
        )
        .values(
            locked_by=name,
            locked_at=moment,
            locked_since=case((is_mine_still, review_items.c.locked_since), else_=moment),
        )
    )
    return holder(connection, feedback_id, name, now)


def holder(connection: Connection, feedback_id: str, name: str, now: datetime) -> Lock:
    """Return who holds a flag; nobody is ''."""
    query = select(
        review_items.c.locked_by, review_items.c.locked_at, review_items.c.locked_since
    ).where(review_items.c.feedback_id == feedback_id)
    row: Any = connection.execute(query).first()
    if row is None or not is_held(row.locked_by, row.locked_at, now):
        return Lock("", "", is_mine=False)
    return Lock(row.locked_by, row.locked_since, is_mine=row.locked_by == name)


def let_go(connection: Connection, feedback_id: str, name: str) -> None:
    """End a lease of the caller's; another's stays."""
    connection.execute(
        update(review_items)
        .where(_is_of(feedback_id, name))
        .values(locked_by="", locked_at="", locked_since="")
    )


def _is_of(feedback_id: str, name: str) -> ColumnElement[bool]:
    return and_(review_items.c.feedback_id == feedback_id, review_items.c.locked_by == name)
