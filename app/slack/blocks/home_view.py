"""The bot's home tab: one's own recent questions, and what became of one's flags; pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.chat_view import clipped
from app.slack.blocks.limits import CONTEXT_CHARS, HEADER_CHARS
from app.slack.blocks.notices import several
from app.slack.blocks.text_objects import Block, context, plain_text, section
from app.slack.markup import link, mrkdwn

_MOST_LINES = 20
_MOST_TOLD = 5
_WORDS_CHARS = 150
_DETAIL_CHARS = 150
_MOST_LINK_CHARS = 1_000
_WELCOME = (
    "Ask in a direct message, or mention me in a channel. Every statement of an answer names its source, or is "
    "marked as not supported."
)


@dataclass(frozen=True, slots=True)
class HomeLine:
    """One question or flag in a list; `href` is its address in the web application, '' for none."""

    words: str
    detail: str = ""
    href: str = ""


def home_view(
    questions: Sequence[HomeLine],
    flags: Sequence[HomeLine],
    notice: str = "",
    told: Sequence[str] = (),
) -> Block:
    """Return the view of one person's home tab.

    `notice` says what this person should know first, `told` what became of flags, the newest first.
    """
    return {
        "type": "home",
        "blocks": [
            *([section(notice)] if notice else []),
            *several(told[:_MOST_TOLD]),
            *(context([_more(len(told) - _MOST_TOLD)]) if len(told) > _MOST_TOLD else []),
            section(_WELCOME),
            {"type": "divider"},
            *_list("Your recent questions", questions, "You have asked nothing yet."),
            *_list("Your flags", flags, "You have flagged nothing yet."),
        ],
    }


def _more(count: int) -> str:
    return f"And {count} more."


def _list(title: str, lines: Sequence[HomeLine], empty: str) -> list[Block]:
    head: Block = {"type": "header", "text": plain_text(title, HEADER_CHARS)}
    if not lines:
        return [head, *context([mrkdwn(empty)])]
    shown = [line for line in map(_line, lines[:_MOST_LINES]) if len(line) <= CONTEXT_CHARS]
    return [head, *context(shown or [mrkdwn(empty)])]


def _line(line: HomeLine) -> str:
    words = clipped(" ".join(line.words.split()), _WORDS_CHARS)
    # Nothing is left of words that nobody sees, a control character's for example.
    words = words if mrkdwn(words).strip() else "–"
    is_linked = bool(line.href) and len(line.href) <= _MOST_LINK_CHARS
    shown = link(line.href, words) if is_linked else mrkdwn(words)
    detail = mrkdwn(clipped(" ".join(line.detail.split()), _DETAIL_CHARS))
    return f"{shown} · {detail}" if detail else shown
