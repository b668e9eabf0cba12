"""Short messages of a sentence or two; pure."""

from collections.abc import Iterable

from app.slack.blocks.text_objects import Block, context, mrkdwn_within, section

_SMALL_CHARS = 1_900


def notice(words: str, detail: str = "") -> list[Block]:
    """Return a message of one or two plain sentences."""
    return [section(words), *(context([mrkdwn_within(detail, _SMALL_CHARS)]) if detail else [])]


def several(sentences: Iterable[str]) -> list[Block]:
    """Return notices below each other."""
    return [section(" ".join(sentence.split())) for sentence in sentences]
