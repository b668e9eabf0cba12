"""The visible text of a piece of raw HTML inside Markdown; whole pages are `html_parser`'s."""

import html
import re

from ingest.parsers.html_hiding import hidden_pieces

# Each pattern reads on to the next `<` or `>` or to its end mark, so none goes back over the text twice.
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)|<\?.*?(?:\?>|\Z)|<!\[CDATA\[|\]\]>", re.S)
_UNSEEN = re.compile(r"<(script|style|template)\b[^<>]*>.*?(?:</\1\s*>|\Z)", re.S | re.I)
_ALT = re.compile(r"""<img\b[^<>]*?\balt\s*=\s*(?:"([^"<>]*)"|'([^'<>]*)')[^<>]*>""", re.I)
_INLINE_TAG = re.compile(
    r"</?(?:a|abbr|b|code|em|i|kbd|mark|s|small|span|strong|sub|sup|u)\b[^<>]*>", re.I
)
_TAG = re.compile(r"</?[a-zA-Z!][^<>]*>")
_HEADING = re.compile(r"\s*<h([1-6])\b[^<>]*>.*</h\1\s*>\s*", re.S | re.I)


def fragment_text(source: str) -> str:
    """Return what a reader sees: no tags, comments, scripts or styles; images as their alt text."""
    text = _without_hidden(_UNSEEN.sub(" ", _COMMENT.sub(" ", source)))
    text = _ALT.sub(lambda match: f" {match.group(1) or match.group(2) or ''} ", text)
    return html.unescape(_TAG.sub(" ", _INLINE_TAG.sub("", text)))


def _without_hidden(source: str) -> str:
    parts: list[str] = []
    position = 0
    for start, end, _ in hidden_pieces(source):
        parts += (source[position:start], " ")
        position = end
    return "".join([*parts, source[position:]])


def image_alt(tag: str) -> str:
    """Return the alt text of one image tag; nothing for any other tag."""
    match = _ALT.fullmatch(tag)
    return html.unescape(match.group(1) or match.group(2) or "") if match else ""


def heading_level(source: str) -> int:
    """Return 1 to 6 if the piece is one heading and nothing else, 0 otherwise."""
    match = _HEADING.fullmatch(source)
    return int(match.group(1)) if match and len(re.findall(r"<h[1-6]", source, re.I)) == 1 else 0
