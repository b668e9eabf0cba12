"""What an audit sample comes to: how many answers are wrong, how many are flagged, how many of the wrong ones were."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection, select

from app.review.digest import FLAG_VERDICTS
from core.errors import UsageError
from core.statistics.agreement import Kappa, cohens_kappa
from core.statistics.proportions import wilson
from index.schema import answers, audit_labels, audit_sample, feedback


@dataclass(frozen=True, slots=True)
class Share:
    """`hits` of `n` with the interval of 95 % by Wilson; the value is None where `n` is 0."""

    hits: int
    n: int
    value: float | None
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class AuditFigures:
    """What the labelled answers of some weeks come to.

    `wrong` is the share of wrong answers among those that are right or wrong, `flagged` the share of answers in the same
    weeks that somebody flagged, `found` the share of the wrong ones that were flagged. An answer that its first labeller
    is unsure of counts in `unsure` alone.
    """

    periods: tuple[str, ...]
    drawn: int
    labelled: int
    unsure: int
    wrong: Share
    flagged: Share
    found: Share
    agreement: Kappa
    categories: dict[str, int]


def week_of(day: date) -> str:
    """Return the ISO week of a day, like 2026-W47."""
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02}"


def week_days(week: str) -> tuple[date, date]:
    """Return the Monday of an ISO week and the Monday after it.

    Raises:
        UsageError: it is no ISO week.
    """
    try:
        year, number = week.split("-W")
        first = date.fromisocalendar(int(year), int(number), 1)
    except ValueError as error:
        raise UsageError(f"{week!r} is no ISO week. Write it like 2026-W47.") from error
    return first, first + timedelta(days=7)


def labels_of(connection: Connection, answer_ids: Sequence[str]) -> Sequence[Any]:
    """Return all labels of some answers, oldest first."""
    query = (
        select(audit_labels)
        .where(audit_labels.c.answer_id.in_(answer_ids))
        .order_by(audit_labels.c.label_id)
    )
    return connection.execute(query).all()


def figures_of(connection: Connection, period: str) -> AuditFigures:
    """Return the figures of one week, or of all that were drawn of."""
    query = select(audit_sample.c.answer_id, audit_sample.c.period)
    if period:
        query = query.where(audit_sample.c.period == period)
    drawn = {row.answer_id: row.period for row in connection.execute(query)}
    said: dict[str, dict[str, Any]] = {}
    for each in labels_of(connection, list(drawn)):
        said.setdefault(each.answer_id, {})[each.reviewer] = each
    firsts = {answer_id: next(iter(by.values())) for answer_id, by in said.items()}
    judged = {each: row for each, row in firsts.items() if row.verdict != "unsure"}
    wrong = {each for each, row in judged.items() if row.verdict == "wrong"}
    flagged = _flagged(connection)
    total, total_flagged = _flags_of(connection, set(drawn.values()), flagged)
    categories: dict[str, int] = {}
    for each in sorted(wrong):
        name = judged[each].category
        categories[name] = categories.get(name, 0) + 1
    pairs = [
        (first.verdict, second.verdict)
        for first, second, *_ in (tuple(by.values()) for by in said.values() if len(by) > 1)
    ]
    return AuditFigures(
        periods=tuple(sorted(set(drawn.values()))),
        drawn=len(drawn),
        labelled=len(firsts),
        unsure=len(firsts) - len(judged),
        wrong=_share(len(wrong), len(judged)),
        flagged=_share(total_flagged, total),
        found=_share(len(wrong & flagged), len(wrong)),
        agreement=cohens_kappa(pairs),
        categories=categories,
    )


def _flagged(connection: Connection) -> set[str]:
    query = select(feedback.c.answer_id).where(
        feedback.c.superseded_by.is_(None), feedback.c.verdict.in_(FLAG_VERDICTS[:1])
    )
    return set(connection.scalars(query))


def _flags_of(connection: Connection, weeks: set[str], flagged: set[str]) -> tuple[int, int]:
    """Return how many answers the weeks had, and how many of them somebody flagged."""
    total = hits = 0
    for week in weeks:
        first, last = week_days(week)
        query = select(answers.c.answer_id).where(
            answers.c.created_at >= first.isoformat(),
            answers.c.created_at < last.isoformat(),
            answers.c.replaced_by == "",
        )
        found = list(connection.scalars(query))
        total += len(found)
        hits += sum(each in flagged for each in found)
    return total, hits


def _share(hits: int, n: int) -> Share:
    if not n:
        return Share(0, 0, None, 0.0, 1.0)
    low, high = wilson(hits, n)
    return Share(hits, n, hits / n, low, high)
