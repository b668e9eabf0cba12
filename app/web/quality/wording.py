"""Figures in words, as people read them; pure."""

from collections.abc import Mapping

from app.chat_view import CATEGORY_WORDS
from app.quality.period import Period

STATUS_WORDS = {"answered": "Answered", "abstained": "Not in the documents", "failed": "Failed"}
STAGE_WORDS = {
    "condense": "Understanding",
    "embed": "Embedding",
    "retrieve": "Searching",
    "read": "Reading",
    "generate": "Writing",
    "check": "Checking",
}
VERDICT_WORDS = {
    "supported": "Supported",
    "partial": "Partly supported",
    "unsupported": "Not supported",
    "contradicted": "Contradicted",
    "unchecked": "Not checked",
}
THUMB_WORDS = {"good": "Helpful", "bad": "Flagged"}
_CHANNEL_WORDS = {"streamlit": "Web", "web": "Web", "slack": "Slack", "cli": "Command line"}
_CATEGORIES: Mapping[str, str] = {str(name): words for name, words in CATEGORY_WORDS.items()}
_SECOND_MS = 1000.0
_CENT = 0.01


def channel_words(channel: str) -> str:
    """Return where questions come from; unknown channels by their own name."""
    return _CHANNEL_WORDS.get(channel, channel) or "Not noted"


def category_words(category: str) -> str:
    """Return what somebody says is wrong."""
    return _CATEGORIES.get(category, category)


def count_words(count: int, one: str, many: str = "") -> str:
    """Return a number with its noun: `1 person`, `2,000 people`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def time_words(milliseconds: float | None) -> str:
    """Return a time with its unit, a dash for none."""
    if milliseconds is None:
        return "–"
    if milliseconds < _SECOND_MS:
        return f"{milliseconds:.0f} ms"
    return f"{milliseconds / 1000:.1f} s"


def money_words(dollars: float) -> str:
    """Return US dollars; less than a cent says so."""
    if 0 < dollars < _CENT:
        return "< $0.01"
    return f"${dollars:,.2f}"


def share_words(part: int, whole: int) -> str:
    """Return a share in per cent, a dash of nothing."""
    return f"{100 * part / whole:.1f} %" if whole else "–"


def hours_words(hours: float | None) -> str:
    """Return a length of time in hours or days, a dash for none; less than an hour counts as one."""
    if hours is None:
        return "–"
    if hours < 1:
        return "an hour"
    return f"{hours:.1f} hours" if hours < 48 else f"{hours / 24:.1f} days"


def step_words(period: Period) -> str:
    """Return `day`, or `week`, as axes name it."""
    return "Day (UTC)" if period.step == "day" else "Week from (UTC)"


def growth_words(now: float, before: float, period: Period) -> str:
    """Return how a number changed; "" where there is nothing to compare with."""
    if not before:
        return ""
    change = round(100 * (now - before) / before)
    return f"{_signed(change)} % on {_before(period)}" if change else f"as in {_before(period)}"


def points_words(now: tuple[int, int], before: tuple[int, int], period: Period) -> str:
    """Return how a share changed, in percentage points; "" where there is nothing to compare with."""
    if not (now[1] and before[1]):
        return ""
    change = round(100 * (now[0] / now[1] - before[0] / before[1]), 1)
    return (
        f"{_signed(change)} points on {_before(period)}" if change else f"as in {_before(period)}"
    )


def _before(period: Period) -> str:
    return f"the {period.days} days before"


def _signed(change: float) -> str:
    return f"{'+' if change > 0 else '−'}{abs(change):,}"
