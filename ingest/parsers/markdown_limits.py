"""How much inline markup of one Markdown file is followed, so that no file takes minutes.

markdown-it looks at every bracket again from every other: 50,000 `![` in one paragraph (100 kB) take
minutes. A paragraph beyond these limits keeps all its words and its place; only its markup is read as
text. The limits are counts and not seconds, so that the same file gives the same text everywhere.
"""

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it.rules_core import StateCore

_MARKS = re.compile(r"[*_~\[\]<&!`\\]")
_MARKUP = re.compile(r"[*_~\[\]<&!`\\\n]")
_MAX_MARKS = 20_000  # of one paragraph; some marks cost the more the more there are before them
_MAX_FILE_MARKS = 400_000  # `*a ` costs 10 µs each
_MAX_BRACKET_WORK = 1_000_000
"""Opening brackets times characters of one paragraph: 100 links in 10,000 characters."""
_MAX_FILE_BRACKET_WORK = 30_000_000
_MAX_LINES = 200_000  # 1.25 million headings (5 MB) took 32 s
_MAX_BARS = 400_000  # of tables: a cell costs 17 µs


def has_too_many_blocks(text: str) -> bool:
    """Say whether a file has so many lines or table cells that it is to be read as plain text."""
    return text.count("\n") + text.count("\r") > _MAX_LINES or text.count("|") > _MAX_BARS


def read_inlines(state: "StateCore") -> None:
    """Read the markup inside each block within the limits; stands in for markdown-it's own rule."""
    from markdown_it.token import Token

    budget = _Budget()
    for token in state.tokens:
        if token.type != "inline":
            continue
        token.children = token.children or []
        if _MARKUP.search(token.content) and budget.allows(token.content):
            state.md.inline.parse(token.content, state.md, state.env, token.children)
        else:
            token.children.append(Token("text", "", 0, content=token.content))


class _Budget:
    def __init__(self) -> None:
        self._marks = _MAX_FILE_MARKS
        self._bracket_work = _MAX_FILE_BRACKET_WORK

    def allows(self, content: str) -> bool:
        """Say whether the markup of a block is to be read, and count it."""
        marks = len(_MARKS.findall(content))
        bracket_work = content.count("[") * len(content)
        if marks > _MAX_MARKS or bracket_work > _MAX_BRACKET_WORK:
            return False
        self._marks -= marks
        self._bracket_work -= bracket_work
        return self._marks >= 0 and self._bracket_work >= 0
