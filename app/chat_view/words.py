"""The plain words for what programs name by codes, and texts made safe for the places that they are shown in.

Nothing here builds a page element from what somebody else wrote but `plain_html` and `plain_row`, which escape
everything, and `plain_label`, which makes a Streamlit label say exactly the text it is given, as `app.safe_text` does it.
"""

import re
from collections.abc import Iterable
from datetime import date

from app.answering import Stage
from app.safe_text import html_text, streamlit_text
from core.answers import FeedbackCategory, FeedbackSeverity, Verdict

MAX_COMMENT_CHARS = 2000

CATEGORY_WORDS: dict[FeedbackCategory, str] = {
    "wrong_fact": "A fact is wrong",
    "wrong_source": "The source does not say this",
    "outdated": "It is out of date",
    "incomplete": "Something important is missing",
    "should_have_abstained": "It should have said that it does not know",
    "should_have_answered": "It should have known the answer",
    "other": "Something else",
}

SHORT_CATEGORY_WORDS: dict[FeedbackCategory, str] = {
    "wrong_fact": "Wrong fact",
    "wrong_source": "Wrong source",
    "outdated": "Outdated",
    "incomplete": "Incomplete",
    "should_have_abstained": "Should have said it does not know",
    "should_have_answered": "Should have known",
    "other": "Something else",
}

SEVERITY_WORDS: dict[FeedbackSeverity, str] = {
    "benign": "Harmless",
    "questionable": "Arguable",
    "unwanted": "Misleading",
}

STAGE_WORDS: dict[Stage, str] = {
    "searching": "Searching the documents",
    "reading": "Reading what was found",
    "writing": "Writing the answer",
    "checking": "Checking every statement against its source",
}

VERDICT_WORDS: dict[Verdict, tuple[str, str]] = {
    "supported": ("✓", "supported"),
    "partial": ("◐", "partly supported"),
    "unsupported": ("✕", "not supported"),
    "contradicted": ("≠", "contradicted by its source"),
    "unchecked": ("?", "not checked"),
}
_TERMINAL_ORDERS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def day(timestamp: str) -> str:
    """Return the day of an ISO timestamp as `3 March 2026`; "" when it is not one."""
    try:
        found = date.fromisoformat(timestamp[:10])
    except ValueError:
        return ""
    return f"{found.day} {found:%B %Y}"


def verdict_label(verdict: Verdict) -> str:
    """Return a verdict as a symbol and words, so that it never depends on colour."""
    return " ".join(VERDICT_WORDS[verdict])


def terminal_text(text: str) -> str:
    """Return a text for a terminal: what could move its cursor, recolour it or turn its lines around is shown as �."""
    return _TERMINAL_ORDERS.sub("\ufffd", text)


def plain_html(text: str, css_class: str, role: str = "") -> str:
    """Return a block that shows exactly this text; line breaks are kept by the style sheet."""
    attribute = f' role="{role}"' if role else ""
    return f'<div class="{css_class}"{attribute} dir="auto">{html_text(text)}</div>'


def plain_row(texts: Iterable[str], css_class: str) -> str:
    """Return one line of the texts that are not empty; each keeps its writing direction to itself."""
    runs = " · ".join(f"<bdi>{html_text(text)}</bdi>" for text in texts if text)
    return f'<div class="{css_class}">{runs}</div>' if runs else ""


def plain_label(text: str, max_chars: int = 200) -> str:
    """Return a label that Streamlit shows as exactly this text, on one line."""
    return streamlit_text(clipped(" ".join(text.split()), max_chars))


def clipped(text: str, max_chars: int) -> str:
    """Return a text of at most so many characters, with an ellipsis where it was cut."""
    return text if len(text) <= max_chars else text[: max_chars - 1].rstrip() + "…"
