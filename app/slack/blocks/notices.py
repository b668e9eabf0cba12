"""Short messages: a refusal, a notice, an answer that broke off; pure."""

from app.slack.blocks.text_objects import Block, context, mrkdwn_within, section

_SMALL_CHARS = 1_900


def notice(words: str, detail: str = "") -> list[Block]:
    """Return a message of one or two plain sentences."""
    return [section(words), *(context([mrkdwn_within(detail, _SMALL_CHARS)]) if detail else [])]


def refusal(sentence: str) -> list[Block]:
    """Return the message for somebody who gets no answer, which says why."""
    return notice(sentence)
