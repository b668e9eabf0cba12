"""The blocks of a Markdown file, from markdown-it's tokens, with their places in the source."""

import re
from collections.abc import Callable, Sequence
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Any

from core.documents import Element, ElementKind
from ingest.parsers.html_fragment import fragment_text, heading_level
from ingest.parsers.markdown_inline import inline_text
from ingest.parsers.plain_text import one_line, tidy, visible
from ingest.parsers.table_rows import header_text, row_text

if TYPE_CHECKING:
    from markdown_it.token import Token

_LINE_BREAK = re.compile(r"\r\n?|\n")  # what markdown-it counts as one
_HEADING_ID = re.compile(r"\s*\{#[^{}\s]*\}\s*$")
_WORD = re.compile(r"\w")
_CELL_BORDER = re.compile(r"(?<!\\)\|")
_OUTER_MARKS = re.compile(r"(?:\s|>|[-*+](?=\s)|\d{1,9}[.)](?=\s|$))*")


class BlockReader:
    """Collects the elements of one Markdown file in `elements`, in order, none overlapping another."""

    def __init__(self, text: str, begin: int) -> None:
        self.elements: list[Element] = []
        self._text = text
        breaks = [match.end() for match in _LINE_BREAK.finditer(text, begin)]
        self._line_starts = [begin, *breaks, len(text)]
        self._read_lines = bytearray(len(self._line_starts))
        self._open_items: list[int] = []
        self._last_item = -1
        self._header: list[str] = []
        self._cells: list[str] = []
        self._rows = 0

    def read(self, tokens: Sequence["Token"], env: dict[str, Any]) -> None:
        """Read all tokens of the file; `env` is what the block parser left of link definitions."""
        for number, (token, following) in enumerate(pairwise(chain(tokens, tokens[-1:]))):
            if token.type == "list_item_open":
                self._open_items.append(number)
            elif token.type == "list_item_close":
                self._open_items.pop()
            elif handler := _HANDLERS.get(token.type):
                handler(self, token, following)
        self._skip_link_definitions(env)
        self._add_unread_lines()

    def heading(self, token: "Token", inline: "Token") -> None:
        """Add a heading, without the `{#id}` that some sites write behind it."""
        plain = _HEADING_ID.sub("", one_line(inline_text(inline)))
        self._add("heading", token, plain, level=int(token.tag[1]))

    def paragraph(self, token: "Token", inline: "Token") -> None:
        """Add a paragraph; the first of a list item is the item, those right after it join it."""
        plain = tidy(inline_text(inline))
        if not self._open_items:
            self._add("text", token, plain)
            return
        item = self._open_items[-1]
        if item == self._last_item and self.elements and plain:
            first = self.elements.pop()
            _, end = self._span(token)
            plain = f"{first.plain}\n{plain}"
            self.elements.append(Element("list_item", first.start, end, plain))
            self._mark_read(token)
        elif self._add("list_item", token, plain):
            self._last_item = item

    def code(self, token: "Token", _: "Token") -> None:
        """Add a block of code, its lines and indents as they are."""
        self._add("code", token, visible(token.content).strip("\n"))

    def html(self, token: "Token", _: "Token") -> None:
        """Add what a reader sees of a block of HTML."""
        plain = tidy(fragment_text(token.content))
        level = heading_level(token.content)
        if level:
            self._add("heading", token, one_line(plain), level=level)
        else:
            self._add("text", token, plain)

    def cell(self, _: "Token", inline: "Token") -> None:
        """Keep a table cell until its row ends."""
        self._cells.append(one_line(inline_text(inline)))

    def row(self, token: "Token", _: "Token") -> None:
        """Begin a row."""
        self._cells = []
        self._row_token = token

    def row_end(self, _: "Token", following: "Token") -> None:
        """Add a body row with its column names; the row of column names is kept as such."""
        if following.type == "thead_close":
            self._header, self._rows, self._header_token = self._cells, 0, self._row_token
            return
        self._join_surplus_cells()
        plain = row_text(self._header, self._cells)
        header = header_text(self._header)
        if self._add("table_row", self._row_token, plain, header=header):
            self._rows += 1

    def _join_surplus_cells(self) -> None:
        """Give the last cell what GFM drops: cells beyond the header's, mostly a `|` inside code."""
        start, end = self._span(self._row_token)
        source = self._text[start:end]
        if source.count("|") <= len(self._header) - 1:
            return
        row = _OUTER_MARKS.sub("", source, count=1).strip().removeprefix("|").removesuffix("|")
        surplus = _CELL_BORDER.split(row)[len(self._header) :]
        if surplus and self._cells:
            self._cells[-1] = "|".join([self._cells[-1], *surplus])

    def table(self, token: "Token", _: "Token") -> None:
        """Begin a table: also its rule line is read."""
        self._mark_read(token)

    def table_end(self, _: "Token", __: "Token") -> None:
        """End a table; one without a filled row is its column names."""
        if not self._rows:
            self._add("text", self._header_token, header_text(self._header))

    def rule(self, token: "Token", _: "Token") -> None:
        """Pass over a thematic break."""
        self._mark_read(token)

    def _add(
        self, kind: ElementKind, token: "Token", plain: str, level: int = 0, header: str = ""
    ) -> bool:
        self._mark_read(token)
        self._last_item = -1
        start, end = self._span(token)
        if start >= end or not plain.strip():
            return False
        self.elements.append(Element(kind, start, end, plain, level=level, header=header))
        return True

    def _span(self, token: "Token") -> tuple[int, int]:
        first, past = token.map or [0, 0]
        return self._trimmed(self._line_starts[first], self._line_starts[past])

    def _trimmed(self, start: int, end: int) -> tuple[int, int]:
        source = self._text[start:end]
        start += len(source) - len(source.lstrip())
        return start, max(start, end - len(source) + len(source.rstrip()))

    def _mark_read(self, token: "Token") -> None:
        first, past = token.map or [0, 0]
        self._read_lines[first:past] = b"\x01" * (past - first)

    def _skip_link_definitions(self, env: dict[str, Any]) -> None:
        definitions = list(env.get("references", {}).items())
        definitions += [(entry["label"], entry) for entry in env.get("duplicate_refs", [])]
        for label, definition in definitions:
            first, past = definition["map"]
            if not label.startswith("^"):
                self._read_lines[first:past] = b"\x01" * (past - first)

    def _add_unread_lines(self) -> None:
        unread = []
        for number, (begin, past) in enumerate(pairwise(self._line_starts)):
            if self._read_lines[number]:
                continue
            start, end = self._trimmed(begin, past)
            line = _OUTER_MARKS.sub("", self._text[start:end], count=1)
            if _WORD.search(line) and (plain := one_line(line)):
                unread.append(Element("text", start, end, plain))
        if unread:
            self.elements = sorted([*self.elements, *unread], key=lambda element: element.start)


_HANDLERS: dict[str, Callable[[BlockReader, "Token", "Token"], None]] = {
    "heading_open": BlockReader.heading,
    "paragraph_open": BlockReader.paragraph,
    "fence": BlockReader.code,
    "code_block": BlockReader.code,
    "html_block": BlockReader.html,
    "hr": BlockReader.rule,
    "table_open": BlockReader.table,
    "th_open": BlockReader.cell,
    "td_open": BlockReader.cell,
    "tr_open": BlockReader.row,
    "tr_close": BlockReader.row_end,
    "table_close": BlockReader.table_end,
}
