"""What a reader sees of a text: invisible characters removed, white space tidied."""

import re

_INVISIBLE = re.compile(
    "["
    "\u0000-\u0008\u000e-\u001f\u007f-\u0084\u0086-\u009f"  # control characters
    "\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"  # zero width
    "\ud800-\udfff"  # lone surrogates: not text, and no UTF-8 for them
    "\U000e0000-\U000e0fff"  # tag characters: a way to hide instructions from a reader
    "]"
)
_LINE_BREAK = re.compile("\r\n?|[\u0085\u2028\u2029]")
_SPACES = re.compile(r"[^\S\n]+")
_BLANK_LINES = re.compile(r"\n\s*\n\s*")


def visible(text: str) -> str:
    r"""Return the text without invisible characters, every line break as `\n`, spaces as they are."""
    if text.isascii() and text.isprintable():
        return text  # most lines of most files: the substitutions took a tenth of all parsing
    text = _LINE_BREAK.sub("\n", text).replace("\x0b", "\n").replace("\x0c", "\n")
    return _INVISIBLE.sub("", text)


def tidy(text: str) -> str:
    """Return the visible text with runs of spaces as one, no spaces at line ends, no blank lines."""
    lines = _SPACES.sub(" ", visible(text)).replace(" \n", "\n").replace("\n ", "\n")
    return _BLANK_LINES.sub("\n", lines).strip()


def one_line(text: str) -> str:
    """Return the visible text on one line, every run of white space as one space."""
    return " ".join(visible(text).split())
