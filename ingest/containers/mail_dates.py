"""Dates of mail headers."""

from email.utils import parsedate_to_datetime


def iso_date(text: str) -> str:
    """Return the date of a mail header in ISO 8601, '' when it is none."""
    try:
        return parsedate_to_datetime(text).isoformat()
    except (ValueError, TypeError, IndexError, OverflowError):
        return ""
