"""Flags by category and state, and how long a decision takes."""

from collections import Counter
from datetime import datetime
from statistics import median

from sqlalchemy import Engine, select

from app.quality.figures import FlagCount, FlagFigures
from app.quality.period import Period
from app.quality.usage import within
from index.schema import feedback, review_items

_OPEN = frozenset({"", "new", "in_review", "triaged"})


def read_flags(engine: Engine, period: Period) -> FlagFigures:
    """Return the flags that were raised in a period and still stand."""
    query = (
        select(
            feedback.c.category,
            feedback.c.created_at,
            review_items.c.state,
            review_items.c.decided_at,
        )
        .outerjoin_from(
            feedback, review_items, feedback.c.feedback_id == review_items.c.feedback_id
        )
        .where(
            feedback.c.superseded_by.is_(None),
            feedback.c.verdict == "bad",
            within(feedback.c.created_at, period),
        )
    )
    counts: Counter[tuple[str, str]] = Counter()
    hours: list[float] = []
    with engine.connect() as connection:
        for category, created_at, state, decided_at in connection.execute(query):
            # A row is made in the queue when the queue first meets a flag.
            counts[category or "other", "open" if (state or "") in _OPEN else state] += 1
            if decided_at:
                hours.append(_hours(created_at, decided_at))
    return FlagFigures(
        tuple(FlagCount(*key, count) for key, count in sorted(counts.items())),
        len(hours),
        round(median(hours), 1) if hours else None,
    )


def _hours(start: str, end: str) -> float:
    taken = datetime.fromisoformat(end) - datetime.fromisoformat(start)
    return max(0.0, taken.total_seconds() / 3600)
