"""What a reader sees of a line of reStructuredText: no roles, link targets or emphasis marks."""

import re

_LITERAL = re.compile(r"``(.+?)``", re.S)
_ROLE = re.compile(r":[a-zA-Z][\w:+.-]{0,60}:`([^`]+)`|`([^`]+)`(?::[a-zA-Z][\w:+.-]{0,60}:|__?)?")
_TARGET = re.compile(r"\s*<[^<>]*>\s*$")
_STRONG = re.compile(r"(?<![\w*])\*\*(?=\S)([^*]{1,2000}?)(?<=\S)\*\*(?![\w*])")
_EMPHASIS = re.compile(r"(?<![\w*])\*(?=\S)([^*]{1,2000}?)(?<=\S)\*(?![\w*])")
_SUBSTITUTION = re.compile(r"(?<![\w|])\|(?=[^\s|])([^|\n]{1,80}?)(?<=\S)\|(?:__?)?(?![\w|])")
_FOOTNOTE = re.compile(r"(\[(?:\d+|#?[\w.-]*|\*)\])_(?!\w)")
_REFERENCE = re.compile(r"(?<![\w.+-])(\w(?:[\w.+-]{0,100}[^\W_])?)__?(?![\w`])")
_ESCAPE = re.compile(r"\\(\S)|\\\s")


def rst_text(text: str) -> str:
    """Return the visible text of a paragraph; what stands in double back quotes is kept as it is."""
    parts = _LITERAL.split(text)
    parts[::2] = map(_plain, parts[::2])
    return "".join(parts)


def _plain(text: str) -> str:
    text = _ROLE.sub(lambda match: _TARGET.sub("", match.group(1) or match.group(2)), text)
    text = _EMPHASIS.sub(r"\1", _STRONG.sub(r"\1", text))
    text = _FOOTNOTE.sub(r"\1", _SUBSTITUTION.sub(r"\1", text))
    return _ESCAPE.sub(r"\1", _REFERENCE.sub(r"\1", text))
