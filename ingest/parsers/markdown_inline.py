"""What a reader sees of a line of Markdown: no markup, no link targets, images as their alt text."""

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ingest.parsers.html_fragment import image_alt
from ingest.parsers.html_hiding import tag_hiding

if TYPE_CHECKING:
    from markdown_it.token import Token

_MAX_HIDDEN_CHILDREN = 200
_BREAK_TAG = re.compile(r"</?(?:br|p|div|li|ul|ol|td|th|tr|h[1-6])\b", re.IGNORECASE)


def inline_text(token: "Token") -> str:
    """Return the visible text of an `inline` or `image` token."""
    children = token.children or []
    return "".join(map(_child_text, _seen(children)))


def _seen(children: "Sequence[Token]") -> "Iterator[Token]":
    """Yield the children without what stands between a tag that hides and the tag that closes it."""
    until = -1
    for number, child in enumerate(children):
        if number > until and child.type == "html_inline":
            name, _ = tag_hiding(child.content)
            until = _closing(children, number, name) if name else until
        if number > until:
            yield child


def _closing(children: "Sequence[Token]", number: int, name: str) -> int:
    for place in range(number + 1, min(len(children), number + _MAX_HIDDEN_CHILDREN)):
        if children[place].type == "html_inline" and children[place].content.lower().startswith(
            f"</{name}"
        ):
            return place
    return -1


def _child_text(child: "Token") -> str:
    if child.type == "image":
        return inline_text(child)
    if child.type == "softbreak":
        return " "
    if child.type == "hardbreak":
        return "\n"
    if child.type == "html_inline":
        return "\n" if _BREAK_TAG.match(child.content) else image_alt(child.content)
    return child.content
