"""Lays a window of a document out: running text, tables as tables, a mail's head, the breaks between pages; pure.

Every character of a block is one of the canonical text. What is text as its owner wrote it (Markdown, plain text,
code) stays one block, as it is written.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import PurePosixPath
from typing import Literal

from app.web.sources.passage_view import OpenText, PassageView, Segment, cut
from app.web.sources.table_cells import cells_of, column_names, is_names
from core.documents import Element

BlockKind = Literal["text", "table", "headers", "page"]
Parts = tuple[Segment, ...]

_SLIDES = frozenset((".pptx", ".ppt", ".odp"))
_SHEETS = frozenset((".xlsx", ".xlsm", ".xls", ".ods", ".csv", ".tsv"))
_HEADER_NAMES = frozenset(("from", "to", "cc", "date", "subject"))
_MOST_COLUMNS = 60


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table, a cell for each column; `is_cited` where any of its words are."""

    cells: tuple[Parts, ...]
    is_cited: bool


@dataclass(frozen=True, slots=True)
class Block:
    """One piece of a page. Which fields count goes by `kind`.

    text      `parts`: running text, white space and line breaks as they are
    table     `columns` (() without names), `rows`; `first` is the number of the first row, of `total`
    headers   `rows` of two cells: name and value
    page      `label`, such as `Page 3`
    """

    kind: BlockKind
    parts: Parts = ()
    columns: tuple[Parts, ...] = ()
    rows: tuple[Row, ...] = ()
    first: int = 0
    total: int = 0
    label: str = ""


def passage_blocks(
    document: OpenText, view: PassageView, uri: str, metadata: Mapping[str, str]
) -> tuple[Block, ...]:
    """Return a window of a document as blocks, in reading order."""
    layout = _Layout(document, view, PurePosixPath(uri.rsplit("/", 1)[-1]).suffix.lower())
    return tuple(layout.blocks(is_mail=not metadata.keys().isdisjoint(("from", "subject"))))


@dataclass(slots=True)
class _Layout:
    document: OpenText
    view: PassageView
    ending: str

    def blocks(self, *, is_mail: bool) -> Iterator[Block]:
        elements = self.document.elements
        first = bisect_right(elements, self.view.start, key=lambda element: element.end)
        last = bisect_left(elements, self.view.end, key=lambda element: element.start)
        position = self.view.start
        if is_mail and first == 0 and elements and (head := self._head(elements[0])):
            yield head
            first, position = 1, elements[0].end
        page: int | None = None
        pending: Parts = ()
        for is_table, group in groupby(
            range(first, last), key=lambda number: self._table_key(elements[number])
        ):
            numbers = list(group)
            if is_table is not None:
                yield from _text_block(pending + self._gap(position, elements[numbers[0]]))
                pending = ()
                yield from self._page_break(elements[numbers[0]], page)
                yield self._table(numbers)
                position = max(position, elements[numbers[-1]].end)
                page = elements[numbers[-1]].page
                continue
            for number in numbers:
                element = elements[number]
                for block in self._page_break(element, page):
                    yield from _text_block(pending + self._gap(position, element))
                    pending = ()
                    position = max(position, element.start)
                    yield block
                page = element.page
                pending += self._element(element, position)
                position = max(position, min(element.end, self.view.end))
        yield from _text_block(pending + self._cut(position, self.view.end, "plain"))

    def _element(self, element: Element, position: int) -> Parts:
        start, end = max(element.start, position), min(element.end, self.view.end)
        if start >= end:
            return ()
        return self._cut(position, start, "plain") + self._cut(start, end, element.kind)

    def _gap(self, position: int, element: Element) -> Parts:
        """Return what stands between the last piece and an element."""
        return self._cut(position, min(element.start, self.view.end), "plain")

    def _cut(self, start: int, end: int, kind: str) -> Parts:
        if start >= end:
            return ()
        return tuple(cut(self.document.text, (start, end), kind, self.view.marked))

    def _table_key(self, element: Element) -> tuple[str, int | None] | None:
        """Return what rows of one table share, None for what is drawn as text."""
        if element.kind != "table_row":
            return None
        is_written_so = self.document.text[element.start : element.end] == element.plain
        return (element.header, element.page) if is_written_so else None

    def _page_break(self, element: Element, before: int | None) -> Iterator[Block]:
        if element.page is None or element.page == before or self.ending in _SHEETS:
            return
        word = "Slide" if self.ending in _SLIDES else "Page"
        yield Block("page", label=f"{word} {element.page}")

    def _table(self, numbers: Sequence[int]) -> Block:
        elements = self.document.elements
        header = elements[numbers[0]].header
        names = column_names(header)[:_MOST_COLUMNS]
        columns: tuple[Parts, ...] = tuple((Segment(name, "name", False),) for name in names)
        rows: list[Row] = []
        for number in numbers:
            element = elements[number]
            text = self.document.text[element.start : element.end]
            if is_names(text, header):
                columns = self._names(element, names)
            else:
                rows.append(self._row(element, text, names))
        before, total = self._counted(numbers)
        return Block("table", columns=columns, rows=tuple(rows), first=before + 1, total=total)

    def _row(self, element: Element, text: str, names: Sequence[str]) -> Row:
        cells: dict[int, Parts] = {}
        for cell in cells_of(text, names):
            parts = self._cut(element.start + cell.start, element.start + cell.end, "cell")
            cells[cell.column] = cells.get(cell.column, ()) + parts
        width = max(len(names), max(cells, default=-1) + 1)
        start, end = self.view.marked
        is_cited = start < element.end and end > element.start and start < end
        return Row(tuple(cells.get(column, ()) for column in range(width)), is_cited)

    def _names(self, element: Element, names: Sequence[str]) -> tuple[Parts, ...]:
        columns: list[Parts] = []
        position = element.start
        for name in names:
            start = self.document.text.index(name, position)
            columns.append(self._cut(start, start + len(name), "name"))
            position = start + len(name)
        return tuple(columns)

    def _counted(self, numbers: Sequence[int]) -> tuple[int, int]:
        """Return how many rows the table has above those that are shown, and in all."""
        elements = self.document.elements
        key = self._table_key(elements[numbers[0]])
        header = elements[numbers[0]].header
        first, last = numbers[0], numbers[-1]
        while first and self._table_key(elements[first - 1]) == key:
            first -= 1
        while last + 1 < len(elements) and self._table_key(elements[last + 1]) == key:
            last += 1
        opening = elements[first]
        names = int(is_names(self.document.text[opening.start : opening.end], header))
        shown_names = names if numbers[0] == first else 0
        return numbers[0] - first - names + shown_names, last - first + 1 - names

    def _head(self, element: Element) -> Block | None:
        """Return the head of a mail, whose lines are the first element; None when they are not."""
        rows: list[Row] = []
        position = element.start
        start, end = self.view.marked
        for line in self.document.text[element.start : element.end].split("\n"):
            name, colon, _ = line.partition(": ")
            if not colon or name.casefold() not in _HEADER_NAMES:
                return None
            value = position + len(name) + len(colon)
            last = position + len(line)
            cells = (
                self._cut(position, position + len(name), "name"),
                self._cut(value, last, "cell"),
            )
            rows.append(Row(cells, start < last and end > position and start < end))
            position = last + 1
        return Block("headers", rows=tuple(rows)) if rows else None


def _text_block(parts: Parts) -> Iterator[Block]:
    """Yield a block without the line breaks around it, unless there is nothing but these."""
    first, last = 0, len(parts)
    while first < last and _is_break(parts[first]):
        first += 1
    while last > first and _is_break(parts[last - 1]):
        last -= 1
    if first < last:
        yield Block("text", parts=parts[first:last])


def _is_break(part: Segment) -> bool:
    return not part.marked and not part.text.strip() and "\n" in part.text
