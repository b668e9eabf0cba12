"""Moments as the catalogue keeps them, and who says what time it is."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Returns the time in UTC; tests have their own."""


def utc_now() -> datetime:
    """Return the time in UTC."""
    return datetime.now(UTC)


def stamp(moment: datetime) -> str:
    """Return a moment as it is stored: ISO 8601 with milliseconds, so that texts sort as times do."""
    return moment.isoformat(timespec="milliseconds")
