"""What a reader sees of a line of Markdown: no markup, no link targets, images as their alt text."""

import re
from typing import TYPE_CHECKING

from ingest.parsers.html_fragment import image_alt

if TYPE_CHECKING:
    from markdown_it.token import Token

_BREAK_TAG = re.compile(r"</?(?:br|p|div|li|ul|ol|td|th|tr|h[1-6])\b", re.IGNORECASE)


def inline_text(token: "Token") -> str:
    """Return the visible text of an `inline` or `image` token."""
    return "".join(map(_child_text, token.children or ()))


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
