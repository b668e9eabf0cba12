"""Turns answers and documents into what a page shows: words, blocks and cards; never markup.

Answers and documents are data that somebody else wrote. Nothing here builds a page element from them: blocks and cards
reach the browser as JSON and become text nodes there. The exceptions are named for it in `app.chat_view.words`.
"""

from app.chat_view.answer import AnswerView, ClaimView, answer_view
from app.chat_view.drawing import DrawnBlock, Segment, draw, draw_plain, mark
from app.chat_view.notes import NoteLine
from app.chat_view.sources import (
    SourceCard,
    citation_address,
    grouped_sources,
    place,
    source_card,
)
from app.chat_view.verdicts import Doubt, Tone, is_doubtful, summary_line
from app.chat_view.words import (
    CATEGORY_WORDS,
    MAX_COMMENT_CHARS,
    SEVERITY_WORDS,
    SHORT_CATEGORY_WORDS,
    STAGE_WORDS,
    clipped,
    day,
    plain_html,
    plain_label,
    plain_row,
    terminal_text,
    verdict_label,
)

__all__ = [
    "CATEGORY_WORDS",
    "MAX_COMMENT_CHARS",
    "SEVERITY_WORDS",
    "SHORT_CATEGORY_WORDS",
    "STAGE_WORDS",
    "AnswerView",
    "ClaimView",
    "Doubt",
    "DrawnBlock",
    "NoteLine",
    "Segment",
    "SourceCard",
    "Tone",
    "answer_view",
    "citation_address",
    "clipped",
    "day",
    "draw",
    "draw_plain",
    "grouped_sources",
    "is_doubtful",
    "mark",
    "place",
    "plain_html",
    "plain_label",
    "plain_row",
    "source_card",
    "summary_line",
    "terminal_text",
    "verdict_label",
]
