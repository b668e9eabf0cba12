"""How often each model and each side of a live comparison was asked, abstained and was flagged, over time."""

from collections import Counter
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Engine, func, select

from app.quality.period import Period
from app.quality.usage import within
from index.schema import answers, feedback

SplitBy = Literal["variant", "model"]


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """One kind of answers (a side, a model) in one bucket; `flagged` have a flag that stands."""

    start: str
    kind: str
    answers: int
    abstained: int
    flagged: int


def read_trend(engine: Engine, period: Period, split_by: SplitBy) -> tuple[TrendPoint, ...]:
    """Return the counts of a period by bucket and kind; answers of no comparison have the variant ''."""
    day = func.substr(answers.c.created_at, 1, 10)
    kind = answers.c[split_by]
    chosen = within(answers.c.created_at, period)
    counted = (
        select(day.label("day"), kind.label("kind"), answers.c.status, func.count())
        .where(chosen)
        .group_by("day", "kind", answers.c.status)
    )
    flagged = (
        select(day.label("day"), kind.label("kind"), func.count(answers.c.answer_id.distinct()))
        .join_from(feedback, answers, feedback.c.answer_id == answers.c.answer_id)
        .where(feedback.c.superseded_by.is_(None), feedback.c.verdict == "bad", chosen)
        .group_by("day", "kind")
    )
    every: Counter[tuple[str, str]] = Counter()
    abstained: Counter[tuple[str, str]] = Counter()
    bad: Counter[tuple[str, str]] = Counter()
    with engine.connect() as connection:
        for at, of, status, count in connection.execute(counted):
            key = period.bucket_of(at), of
            every[key] += count
            if status == "abstained":
                abstained[key] += count
        for at, of, count in connection.execute(flagged):
            bad[period.bucket_of(at), of] += count
    return tuple(
        TrendPoint(*key, count, abstained[key], bad[key]) for key, count in sorted(every.items())
    )
