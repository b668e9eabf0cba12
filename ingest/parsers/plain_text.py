"""What a reader sees of a text: invisible characters removed, white space tidied."""

import re

from core import hidden_characters

_LINE_BREAK = re.compile("\r\n?|[\u0085\u2028\u2029]")
_SPACES = re.compile(r"[^\S\n]+")
_BLANK_LINES = re.compile(r"\n\s*\n\s*")


def visible(text: str) -> str:
    r"""Return the text without invisible characters, every line break as `\n`, spaces as they are."""
    if text.isascii() and text.isprintable():
        return text  # most lines of most files: the substitutions took a tenth of all parsing
    text = _LINE_BREAK.sub("\n", text).replace("\x0b", "\n").replace("\x0c", "\n")
    return hidden_characters.visible(text)


def tidy(text: str) -> str:
    """Return the visible text with runs of spaces as one, no spaces at line ends, no blank lines."""
    lines = _SPACES.sub(" ", visible(text)).replace(" \n", "\n").replace("\n ", "\n")
    return _BLANK_LINES.sub("\n", lines).strip()


def one_line(text: str) -> str:
    """Return the visible text on one line, every run of white space as one space."""
    return " ".join(visible(text).split())
