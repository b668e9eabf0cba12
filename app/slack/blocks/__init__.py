"""What Footnote shows in Slack, as Block Kit payloads; pure functions of answers and words."""

from app.slack.blocks.answer import (
    BAD,
    ESCALATE_ACTION,
    FEEDBACK_ACTION,
    GOOD,
    answer_blocks,
    answer_texts,
    below_blocks,
    escalation_block,
    fallback_text,
    feedback_blocks,
    sources_blocks,
)
from app.slack.blocks.flag_modal import FLAG_VIEW, FlagChoice, chosen, flag_modal, span_of_claim
from app.slack.blocks.home_view import HomeLine, home_view
from app.slack.blocks.limits import problems
from app.slack.blocks.notices import notice
from app.slack.blocks.source_links import SourceLinks
from app.slack.blocks.text_objects import Block

__all__ = [
    "BAD",
    "ESCALATE_ACTION",
    "FEEDBACK_ACTION",
    "FLAG_VIEW",
    "GOOD",
    "Block",
    "FlagChoice",
    "HomeLine",
    "SourceLinks",
    "answer_blocks",
    "answer_texts",
    "below_blocks",
    "chosen",
    "escalation_block",
    "fallback_text",
    "feedback_blocks",
    "flag_modal",
    "home_view",
    "notice",
    "problems",
    "sources_blocks",
    "span_of_claim",
]
