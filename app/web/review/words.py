"""The plain words of the review page for what programs name by codes."""

from typing import cast

from app.chat_view import SHORT_CATEGORY_WORDS, day
from app.review.flag_queue import Order
from core.answers import FeedbackCategory

STATE_WORDS: dict[str, str] = {
    "open": "Open",
    "new": "Waiting",
    "in_review": "In review",
    "triaged": "Triaged",
    "accepted": "Accepted",
    "rejected": "Rejected",
    "duplicate": "Duplicate",
    "fixed": "Fixed",
    "verified": "Verified",
}
ORDER_WORDS: dict[Order, str] = {
    "priority": "Most urgent first",
    "oldest": "Oldest first",
    "newest": "Newest first",
}
ROOT_CAUSE_WORDS: dict[str, str] = {
    "retrieval_miss": "Search did not find the right passage",
    "packing_loss": "Found, but left out of the prompt",
    "generation": "The writing went beyond its passages",
    "source_wrong": "The document itself is wrong",
    "acl": "Access rules hid or showed too much",
    "injection": "A document gave orders",
    "none": "Nothing is wrong",
}
SEVERITY_WORDS: dict[str, str] = {
    "benign": "Harmless",
    "questionable": "Debatable",
    "unwanted": "Harmful",
}
CHANNEL_WORDS: dict[str, str] = {
    "streamlit": "Web",
    "slack": "Slack",
    "cli": "Command line",
    "api": "Program",
}
PRIORITY_WORDS: dict[str, str] = {"high": "Urgent", "medium": "Soon", "low": "Can wait"}
DECISION_WORDS: dict[str, str] = {
    "triage": "triaged it",
    "accept": "accepted it",
    "correct": "accepted it with a correction",
    "reject": "rejected it",
    "duplicate": "marked it as a duplicate",
    "fix": "marked it as fixed",
    "verify": "verified it in a test",
    "reopen": "opened it again",
    "note": "wrote",
    "undo": "took the last decision back",
}
WHY_SIMILAR: dict[str, str] = {
    "same answer": "the same answer",
    "near question": "nearly the same question",
    "same document": "the same documents",
}
CATEGORY_CHOICES = {str(name): words for name, words in SHORT_CATEGORY_WORDS.items()}
NOT_HELPFUL = "Thumb down, nothing more"


def category_words(category: str) -> str:
    """Return what is wrong in a few words; a thumb alone says so."""
    return SHORT_CATEGORY_WORDS.get(cast(FeedbackCategory, category), NOT_HELPFUL)


def moment(timestamp: str) -> str:
    """Return an ISO timestamp as `14 March 2026, 09:30 UTC`."""
    return f"{day(timestamp)}, {timestamp[11:16]} UTC"


def channel_words(channel: str) -> str:
    """Return where a flag came from."""
    return CHANNEL_WORDS.get(channel, channel)
