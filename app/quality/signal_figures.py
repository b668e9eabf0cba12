"""What people did with the answers of a period, and who says something of them: coverage and bias of what people flag.

Nothing is read of an answer but the columns that stand beside it. An answer counts as left when it did not answer, or
was stopped, and its conversation has nothing after it for half an hour: that is counted here and stored nowhere.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, select

from app.quality.period import Period
from app.quality.usage import within
from index.schema import answers, feedback, signals

LEFT_AFTER = timedelta(minutes=30)
"""How long nothing comes after an answer that did not help before its reader counts as gone."""


@dataclass(frozen=True, slots=True)
class Rate:
    """`hits` of `n`; `name` says of what."""

    name: str
    hits: int
    n: int

    @property
    def share(self) -> float | None:
        """In [0, 1], None of nothing."""
        return self.hits / self.n if self.n else None


@dataclass(frozen=True, slots=True)
class SignalFigures:
    """Of the answers that people got in a period.

    `kinds` has a rate for each signal: of all answers, but `stopped` of all questions, `abandoned` of the answers that
    did not answer, `citation_opened` of those that did. `seen` are answers with any sign of a reader, `spoken` those
    that somebody rated or flagged. `flagged_by_channel` and `flagged_by_status` show where flags come from, `people`
    asked, `flaggers` of them flagged, and `busiest` is the share of all flags that one person made.
    """

    answers: int
    kinds: tuple[Rate, ...]
    seen: Rate
    spoken: Rate
    flagged_by_channel: tuple[Rate, ...]
    flagged_by_status: tuple[Rate, ...]
    flaggers: Rate
    busiest: Rate


def signal_figures(engine: Engine, period: Period, now: datetime | None = None) -> SignalFigures:
    """Return the figures of a period; `now` decides whether a reader had time to go on, and is the moment else."""
    with engine.connect() as connection:
        rows = connection.execute(_answers(period)).all()
        known = {row.answer_id for row in rows}
        done = _signals(connection, period, known)
        said = _feedback(connection, period, known)
        left = _left(connection, rows, now or datetime.now(UTC))
    count = len(rows)
    answered = sum(row.status == "answered" for row in rows)
    flagged = {row.answer_id for row in said if row.verdict == "bad"}
    spoken = {row.answer_id for row in said}
    stopped = len(done["stopped"])
    seen = spoken.union(*(found for kind, found in done.items() if kind != "stopped")) & known
    flags = Counter(row.author for row in said if row.verdict == "bad")
    return SignalFigures(
        answers=count,
        kinds=(
            Rate("copied", len(done["copied"] & known), count),
            Rate("exported", len(done["exported"] & known), count),
            Rate("citation_opened", len(done["citation_opened"] & known), answered),
            Rate("rephrased", len(done["rephrased"] & known), count),
            Rate("regenerated", len(done["regenerated"] & known), count),
            Rate("stopped", stopped, count + stopped),
            Rate("abandoned", left, count - answered),
        ),
        seen=Rate("seen", len(seen), count),
        spoken=Rate("spoken", len(spoken), count),
        flagged_by_channel=_rates(rows, "channel", flagged),
        flagged_by_status=_rates(rows, "status", flagged),
        flaggers=Rate("flaggers", len(flags), len({row.owner for row in rows} | set(flags))),
        busiest=Rate("busiest", max(flags.values(), default=0), flags.total()),
    )


def _answers(period: Period) -> Any:
    columns = answers.c
    return select(
        columns.answer_id,
        columns.conversation_id,
        columns.created_at,
        columns.status,
        columns.channel,
        columns.owner,
        columns.replaced_by,
    ).where(within(columns.created_at, period))


def _signals(connection: Connection, period: Period, known: set[str]) -> defaultdict[str, set[str]]:
    """Return the answers of each kind of signal; questions that were stopped have no answer."""
    query = select(signals.c.kind, signals.c.answer_id).where(signals.c.created_at >= period.start)
    found: defaultdict[str, set[str]] = defaultdict(set)
    for kind, answer_id in connection.execute(query):
        if answer_id in known:
            found[kind].add(answer_id)
    stopped = select(signals.c.answer_id).where(
        signals.c.kind == "stopped", within(signals.c.created_at, period)
    )
    found["stopped"] = set(connection.scalars(stopped))
    return found


def _feedback(connection: Connection, period: Period, known: set[str]) -> list[Any]:
    query = select(feedback.c.answer_id, feedback.c.author, feedback.c.verdict).where(
        feedback.c.superseded_by.is_(None), feedback.c.created_at >= period.start
    )
    return [row for row in connection.execute(query) if row.answer_id in known]


def _left(connection: Connection, rows: Any, now: datetime) -> int:
    """Count the answers that did not answer and have nothing after them."""
    unhelpful = [row for row in rows if row.status != "answered" and not row.replaced_by]
    times: defaultdict[str, list[str]] = defaultdict(list)
    if unhelpful:
        first = min(row.created_at for row in unhelpful)
        query = select(answers.c.conversation_id, answers.c.created_at)
        for conversation, created_at in connection.execute(
            query.where(answers.c.created_at >= first)
        ):
            times[conversation].append(created_at)
    count = 0
    for row in unhelpful:
        until = datetime.fromisoformat(row.created_at) + LEFT_AFTER
        later = (
            datetime.fromisoformat(at) for at in times[row.conversation_id] if at > row.created_at
        )
        if until.astimezone(UTC) <= now and not any(at <= until for at in later):
            count += 1
    return count


def _rates(rows: Any, column: str, flagged: set[str]) -> tuple[Rate, ...]:
    totals: Counter[str] = Counter(getattr(row, column) for row in rows)
    hits = Counter(getattr(row, column) for row in rows if row.answer_id in flagged)
    return tuple(Rate(name, hits[name], total) for name, total in sorted(totals.items()))
