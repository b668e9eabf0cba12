"""Counts and times of a period, from the columns that stand beside the answers: no answer is read for them."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import chain

from sqlalchemy import Connection, Engine, and_, func, select
from sqlalchemy.sql import ColumnElement

from app.quality.figures import Count, ModelUse, Outcome, Totals, Usage
from app.quality.period import Period
from index.schema import answers, feedback, llm_usage


def read_usage(engine: Engine, period: Period) -> Usage:
    """Return the figures of a period and the totals of the one before."""
    with engine.connect() as connection:
        now = _Read(connection, period)
        return Usage(
            period=period,
            now=now.totals(),
            before=_Read(connection, period.before()).totals(),
            outcomes=now.outcomes(),
            channels=now.channels(),
            models=_models(connection, period),
            thumbs=_thumbs(connection, period),
        )


def percentile(ordered: Sequence[float], share: float) -> float | None:
    """Return the smallest value that so large a share of the values does not exceed; None of none."""
    if not ordered:
        return None
    return ordered[max(0, -(-len(ordered) * round(share * 100) // 100) - 1)]


def within(column: ColumnElement[str], period: Period) -> ColumnElement[bool]:
    """Return the condition that a timestamp lies in a period."""
    return and_(column >= period.start, column < period.end)


def _day(column: ColumnElement[str]) -> ColumnElement[str]:
    return func.substr(column, 1, 10)


class _Read:
    """The answers of one period, counted by day in the database and summed to buckets here.

    Weeks are not counted by the database: SQLite takes longer to find a day's Monday than to count.
    """

    def __init__(self, connection: Connection, period: Period) -> None:
        self._connection = connection
        self._period = period
        self._chosen = within(answers.c.created_at, period)
        self._buckets = {day: period.bucket_of(day) for day in period.dates()}
        self._counts: Counter[tuple[str, str]] = Counter()
        self._channels: Counter[tuple[str, str]] = Counter()
        self._cost = 0.0
        self._count()
        self._flagged = self._count_flagged()
        self._times = self._read_times()

    def totals(self) -> Totals:
        statuses: Counter[str] = Counter()
        for (_, status), count in self._counts.items():
            statuses[status] += count
        people = select(func.count(answers.c.owner.distinct())).where(self._chosen)
        times = sorted(chain.from_iterable(self._times.values()))
        return Totals(
            questions=statuses.total(),
            answered=statuses["answered"],
            abstained=statuses["abstained"],
            failed=statuses["error"],
            flagged=self._flagged.total(),
            people=self._connection.execute(people).scalar_one(),
            p50_ms=percentile(times, 0.5),
            p95_ms=percentile(times, 0.95),
            cost_usd=self._cost,
        )

    def outcomes(self) -> tuple[Outcome, ...]:
        people = self._people()
        return tuple(
            Outcome(
                start,
                answered=self._counts[start, "answered"],
                abstained=self._counts[start, "abstained"],
                failed=self._counts[start, "error"],
                flagged=self._flagged[start],
                people=len(people[start]),
                p50_ms=percentile(self._times[start], 0.5),
                p95_ms=percentile(self._times[start], 0.95),
            )
            for start in self._period.buckets()
        )

    def channels(self) -> tuple[Count, ...]:
        return tuple(
            Count(start, channel, count)
            for (start, channel), count in sorted(self._channels.items())
        )

    def _count(self) -> None:
        day, status, channel = _day(answers.c.created_at), answers.c.status, answers.c.channel
        query = (
            select(day.label("day"), status, channel, func.count(), func.sum(answers.c.cost_usd))
            .where(self._chosen)
            .group_by("day", "status", "channel")
        )
        for found, of_status, of_channel, count, cost in self._connection.execute(query):
            start = self._buckets[found]
            self._counts[start, of_status] += count
            self._channels[start, of_channel] += count
            self._cost += cost or 0.0

    def _count_flagged(self) -> Counter[str]:
        """Count the answers that somebody says are wrong, whenever that was said."""
        query = (
            select(
                _day(answers.c.created_at).label("day"), func.count(answers.c.answer_id.distinct())
            )
            .join_from(feedback, answers, feedback.c.answer_id == answers.c.answer_id)
            .where(feedback.c.superseded_by.is_(None), feedback.c.verdict == "bad", self._chosen)
            .group_by("day")
        )
        counts: Counter[str] = Counter()
        for day, count in self._connection.execute(query):
            counts[self._buckets[day]] += count
        return counts

    def _read_times(self) -> defaultdict[str, list[float]]:
        """Return the times of each bucket's answers, shortest first."""
        times: defaultdict[str, list[float]] = defaultdict(list)
        query = select(_day(answers.c.created_at), answers.c.total_ms)
        timed = query.where(self._chosen, answers.c.total_ms > 0)
        for day, total_ms in self._connection.execute(timed):
            times[self._buckets[day]].append(total_ms)
        for some in times.values():
            some.sort()
        return times

    def _people(self) -> defaultdict[str, set[str]]:
        """Return who asked in each bucket."""
        people: defaultdict[str, set[str]] = defaultdict(set)
        query = select(_day(answers.c.created_at), answers.c.owner).where(self._chosen).distinct()
        for day, owner in self._connection.execute(query):
            people[self._buckets[day]].add(owner)
        return people


def _thumbs(connection: Connection, period: Period) -> tuple[Count, ...]:
    query = (
        select(_day(feedback.c.created_at).label("day"), feedback.c.verdict, func.count())
        .where(
            feedback.c.superseded_by.is_(None),
            feedback.c.verdict.in_(("good", "bad")),
            within(feedback.c.created_at, period),
        )
        .group_by("day", "verdict")
    )
    counts: Counter[tuple[str, str]] = Counter()
    for day, verdict, count in connection.execute(query):
        counts[period.bucket_of(day), verdict] += count
    return tuple(Count(start, kind, count) for (start, kind), count in sorted(counts.items()))


def _models(connection: Connection, period: Period) -> tuple[ModelUse, ...]:
    table = llm_usage.c
    summed = (table.prompt_tokens, table.completion_tokens, table.cost_usd)
    query = (
        select(table.day, table.spec, *(func.sum(column) for column in summed))
        .where(within(table.day, period))
        .group_by(table.day, table.spec)
    )
    used: dict[tuple[str, str], ModelUse] = {}
    for day, spec, prompt, completion, cost in connection.execute(query):
        key = period.bucket_of(day), spec
        before = used.get(key, ModelUse(*key, 0, 0, 0.0))
        used[key] = ModelUse(
            *key,
            before.prompt_tokens + prompt,
            before.completion_tokens + completion,
            before.cost_usd + cost,
        )
    return tuple(use for _, use in sorted(used.items()))
