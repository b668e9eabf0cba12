"""RTF as a stream of tokens: groups, control words, bytes in a codepage, and text.

One regular expression reads the file once from its beginning to its end; no token is looked at twice.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

TokenKind = Literal["open", "close", "word", "byte", "text", "symbol"]

# {\rtf1 \b Caf\'e9\par}  ──▶  open, word rtf 1, word b, text "Caf", byte e9, word par, close
_TOKEN = re.compile(
    r"(?P<open>\{)|(?P<close>\})"
    r"|\\'(?P<byte>[0-9a-fA-F]{2})"
    r"|\\(?P<word>[a-zA-Z]{1,40})(?P<number>-?\d{1,10})? ?"
    r"|\\(?P<symbol>[^a-zA-Z])"
    r"|[\r\n]+"
    r"|(?P<text>[^{}\\\r\n]+)",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class RtfToken:
    """`text` is the word, symbol, byte in hex or text; `number` a word's own, None if it has none."""

    kind: TokenKind
    text: str
    number: int | None = None


def tokens(source: str) -> Iterator[RtfToken]:
    r"""Yield the tokens of a file that was decoded as Latin-1; bytes behind `\bin` are skipped."""
    position = 0
    while match := _TOKEN.match(source, position):
        position = match.end()
        kind = match.lastgroup
        if kind in ("word", "number"):
            number = int(match["number"]) if match["number"] else None
            if match["word"] == "bin" and number is not None and number > 0:
                position += number
            else:
                yield RtfToken("word", match["word"], number)
        elif kind == "open":
            yield RtfToken("open", "{")
        elif kind == "close":
            yield RtfToken("close", "}")
        elif kind == "byte":
            yield RtfToken("byte", match["byte"])
        elif kind == "symbol":
            yield RtfToken("symbol", match["symbol"])
        elif kind == "text":
            yield RtfToken("text", match["text"])
        if position >= len(source):
            return
