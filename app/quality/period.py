"""The days that figures are about; pure. A day begins at midnight UTC, as all timestamps are stored.

Up to 90 days are counted by the day, more by the week, which is named by its Monday.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal, get_args

from core.errors import UsageError

Days = Literal[7, 30, 90, 365]
CHOICES: tuple[Days, ...] = get_args(Days)
Step = Literal["day", "week"]
_LONGEST_BY_DAY = 90


@dataclass(frozen=True, slots=True)
class Period:
    """`first` to `last`, both included."""

    first: date
    last: date
    step: Step

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1

    @property
    def start(self) -> str:
        """The timestamp from which on everything is in it or after it."""
        return self.first.isoformat()

    @property
    def end(self) -> str:
        """The first timestamp after it; timestamps are text, and compare as such."""
        return (self.last + timedelta(days=1)).isoformat()

    def before(self) -> "Period":
        """Return the period of the same length that ends the day before."""
        length = timedelta(days=self.days)
        return Period(self.first - length, self.last - length, self.step)

    def dates(self) -> tuple[str, ...]:
        """Return every day as YYYY-MM-DD."""
        return tuple((self.first + timedelta(days=n)).isoformat() for n in range(self.days))

    def buckets(self) -> tuple[str, ...]:
        """Return the days, or the Mondays of its weeks, as YYYY-MM-DD; also those without a question."""
        first = self.first
        if self.step == "week":
            first -= timedelta(days=first.weekday())
        width = timedelta(days=7 if self.step == "week" else 1)
        found = []
        while first <= self.last:
            found.append(first.isoformat())
            first += width
        return tuple(found)

    def bucket_of(self, timestamp: str) -> str:
        """Return the bucket that a stored timestamp lies in."""
        day = date.fromisoformat(timestamp[:10])
        if self.step == "week":
            day -= timedelta(days=day.weekday())
        return day.isoformat()


def period_of(days: int, now: datetime) -> Period:
    """Return the last so many days, today included.

    Raises:
        UsageError: it is none of the numbers of days that can be asked for.
    """
    if days not in CHOICES:
        raise UsageError(f"Figures can be shown for {', '.join(map(str, CHOICES))} days.")
    last = now.astimezone(UTC).date()
    step: Step = "day" if days <= _LONGEST_BY_DAY else "week"
    return Period(last - timedelta(days=days - 1), last, step)
