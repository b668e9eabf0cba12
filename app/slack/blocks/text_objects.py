"""Block Kit's smallest pieces, with every text in the markup of its place and cut to its limit; pure."""

from collections.abc import Iterable
from typing import Any

from app.chat_view import clipped
from app.slack.blocks.limits import (
    BUTTON_CHARS,
    CONTEXT_CHARS,
    OPTION_CHARS,
    SECTION_CHARS,
)
from app.slack.markup import mrkdwn, plain

Block = dict[str, Any]


def plain_text(text: str, most: int) -> Block:
    """Return a `plain_text` object that shows this text on one line; a dash where nothing is left."""
    return {"type": "plain_text", "text": clipped(plain(text), most) or "–", "emoji": False}


def written(text: str) -> Block:
    """Return a `mrkdwn` object of a text that is mrkdwn already; Slack links nothing in it by itself."""
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def section(text: str) -> Block:
    """Return a section that shows this text, cut at 3,000 characters."""
    return {"type": "section", "text": written(mrkdwn_within(text, SECTION_CHARS))}


def mrkdwn_within(text: str, most: int) -> str:
    """Return a text as mrkdwn of at most so many characters: cut before it is escaped, so that no entity is."""
    room = most
    while len(shown := mrkdwn(clipped(text, max(room, 1)))) > most:
        room -= max(1, (len(shown) - most) // 5)
    return shown.strip() or "–"


def context(lines: Iterable[str]) -> list[Block]:
    """Return lines of mrkdwn as small print, in as many context blocks as they need; a line is not cut."""
    blocks: list[Block] = []
    held: list[str] = []
    for line in lines:
        if held and sum(map(len, held)) + len(held) + len(line) > CONTEXT_CHARS:
            blocks.append(_context("\n".join(held)))
            held = []
        held.append(line)
    return [*blocks, _context("\n".join(held))] if held else blocks


def _context(text: str) -> Block:
    return {"type": "context", "elements": [written(text)]}


def button(words: str, action_id: str, value: str, *, url: str = "") -> Block:
    """Return a button; `value` travels through the client, so it is an id and nothing else."""
    made: Block = {
        "type": "button",
        "text": plain_text(words, BUTTON_CHARS),
        "action_id": action_id,
        "value": value,
    }
    return {**made, "url": url} if url else made


def option(words: str, value: str) -> Block:
    """Return one of the options of a menu or of radio buttons."""
    return {"text": plain_text(words, OPTION_CHARS), "value": value}
