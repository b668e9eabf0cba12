"""What a period's answers were, one light row each, and the figures with intervals that a committee reads of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, select

from app.quality.period import Period
from app.quality.usage import within
from core.statistics.bootstrap import mean_interval
from core.statistics.proportions import wilson
from evals.metrics.operations import percentile
from index.schema import answers, audit_labels, audit_sample, feedback, review_items

_SEED = 20_260_101
_RESAMPLES = 2000


@dataclass(frozen=True, slots=True)
class LiveAnswer:
    """One shown answer of the period; `is_flagged` if somebody says that it is wrong."""

    answer_id: str
    day: str
    owner: str
    status: str
    variant: str
    model: str
    total_ms: float
    cost_usd: float
    is_flagged: bool

    @property
    def is_accepted(self) -> bool:
        """Whether it answered and nobody says that it is wrong."""
        return self.status == "answered" and not self.is_flagged


@dataclass(frozen=True, slots=True)
class Figure:
    """A value with its interval of 95 %, None where too few rows allow one; over `n` rows."""

    value: float
    low: float | None
    high: float | None
    n: int


def read_answers(engine: Engine, period: Period) -> list[LiveAnswer]:
    """Return the period's answers, those that another took the place of left out."""
    bad = select(feedback.c.answer_id).where(
        feedback.c.superseded_by.is_(None), feedback.c.verdict == "bad"
    )
    columns = answers.c
    query = select(
        columns.answer_id,
        columns.created_at,
        columns.owner,
        columns.status,
        columns.variant,
        columns.model,
        columns.total_ms,
        columns.cost_usd,
    ).where(within(columns.created_at, period), columns.replaced_by == "")
    with engine.connect() as connection:
        flagged = set(connection.execute(bad).scalars())
        return [
            LiveAnswer(
                row.answer_id,
                row.created_at[:10],
                row.owner,
                row.status,
                row.variant,
                row.model,
                row.total_ms or 0.0,
                row.cost_usd or 0.0,
                row.answer_id in flagged,
            )
            for row in connection.execute(query)
        ]


def share_of(hits: int, rows: int) -> Figure | None:
    """Return a share with Wilson's interval; None of nothing."""
    return Figure(hits / rows, *wilson(hits, rows), rows) if rows else None


def mean_of(rows: Sequence[LiveAnswer], values: Sequence[float]) -> Figure | None:
    """Return a mean over answers; those of one person are drawn together."""
    found = mean_interval(
        {row.answer_id: [value] for row, value in zip(rows, values, strict=True)},
        {row.answer_id: row.owner for row in rows},
        _SEED,
        _RESAMPLES,
    )
    return Figure(found.mean, found.low, found.high, found.n) if found else None


def cost_per_accepted(rows: Sequence[LiveAnswer]) -> Figure | None:
    """Return what all answers cost, divided by those that answered and that nobody says are wrong."""
    accepted = sum(row.is_accepted for row in rows)
    whole = mean_of(rows, [row.cost_usd for row in rows])
    if not accepted or whole is None:
        return None
    factor = len(rows) / accepted
    low, high = whole.low, whole.high
    return Figure(
        whole.value * factor,
        None if low is None else max(0.0, low) * factor,
        None if high is None else high * factor,
        accepted,
    )


def time_of(rows: Sequence[LiveAnswer], share: float) -> Figure | None:
    """Return a percentile of whole answers' times, in milliseconds."""
    return quantile([row.total_ms for row in rows if row.total_ms > 0], share)


def quantile(values: Sequence[float], share: float) -> Figure | None:
    """Return a percentile of any values."""
    found = percentile(values, share)
    return Figure(found.value, found.low, found.high, found.n) if found else None


@dataclass(frozen=True, slots=True)
class Audit:
    """What reviewers said of answers that were drawn at random; `unsure` ones count for neither."""

    drawn: int
    right: int
    wrong: int
    unsure: int


def read_audit(engine: Engine, period: Period) -> Audit:
    """Return the audit of the period's answers; of each, what a reviewer said last counts, the first reviewer's."""
    drawn = select(audit_sample.c.answer_id).where(within(audit_sample.c.drawn_at, period))
    with engine.connect() as connection:
        ids = set(connection.execute(drawn).scalars())
        labels = select(audit_labels).order_by(audit_labels.c.created_at, audit_labels.c.label_id)
        last: dict[str, dict[str, str]] = {}
        for row in connection.execute(labels):
            if row.answer_id in ids:
                last.setdefault(row.answer_id, {})[row.reviewer] = row.verdict
    verdicts = [next(iter(of_reviewers.values())) for of_reviewers in last.values()]
    return Audit(len(ids), *(verdicts.count(word) for word in ("right", "wrong", "unsure")))


def hours_to_decision(engine: Engine, period: Period) -> list[float]:
    """Return how long each flag of the period waited for a decision, in hours; those that wait are left out."""
    query = (
        select(feedback.c.created_at, review_items.c.decided_at)
        .join(review_items, review_items.c.feedback_id == feedback.c.feedback_id)
        .where(
            feedback.c.superseded_by.is_(None),
            feedback.c.verdict == "bad",
            review_items.c.decided_at != "",
            within(feedback.c.created_at, period),
        )
    )
    with engine.connect() as connection:
        rows = connection.execute(query).all()
    return [
        max(
            0.0,
            (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds() / 3600,
        )
        for start, end in rows
    ]
