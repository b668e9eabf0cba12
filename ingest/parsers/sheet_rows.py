"""The sheets of a workbook as headings and table rows, the same for all the workbook formats.

heading of level 2: the sheet's name       page: the sheet's number
blocks of rows, one blank row or more apart:
    rows of one cell above or below a table ── text
    the first row that can name columns ────── names of the rows of this block, and of a later
                                               block of the same columns without names of its own
comments at the end, with the cell that they belong to
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from core.errors import ParseError
from ingest.parsers.canonical import CanonicalWriter
from ingest.parsers.office_tables import fits_as_names
from ingest.parsers.plain_text import one_line
from ingest.parsers.table_rows import header_text, is_number, row_text

MAX_CELLS = 2_000_000
"""Of one workbook: a sheet of 100,000 rows and 20 columns. 250,000 cells of an XLSX took 2.1 s."""
_MAX_CHARS = 50_000_000
"""Of the cells, and of the written text: a text that is stored once may be used by every cell, and the names
of columns are repeated in every row."""
_MAX_MERGED_CELLS = 1_000_000
_MAX_SPAN = 100  # columns that one name is repeated for
_YEAR = re.compile(r"(?:19|20)\d\d")

_Row = tuple[int, dict[int, str]]
"""A row's number and its texts by column."""


@dataclass(frozen=True, slots=True)
class Merge:
    """A cell that spans several, by zero-based numbers, all inclusive."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass(slots=True)
class Sheet:
    """One sheet as it is read: `rows` has the texts by row number, then by column number, zero-based."""

    name: str
    rows: dict[int, dict[int, str]] = field(default_factory=dict)
    merges: list[Merge] = field(default_factory=list)
    comments: list[tuple[str, str]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    def set(self, row: int, column: int, text: str) -> None:
        """Store the text of a cell, on one line; a cell without text is passed over."""
        if line := one_line(text):
            self.rows.setdefault(row, {})[column] = line


@dataclass(frozen=True, slots=True)
class _Names:
    """The names of columns by their numbers, and the first and last column of the block that has them."""

    texts: dict[int, str]
    columns: tuple[int, int]


def cell_name(row: int, column: int) -> str:
    """Return what people call a cell, by its zero-based numbers: `B3` for 2, 1."""
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return f"{letters}{row + 1}"


class CellBudget:
    """Counts the cells of one workbook and their characters."""

    def __init__(self) -> None:
        self._cells = MAX_CELLS
        self._chars = _MAX_CHARS

    def spend(self, cells: int, chars: int) -> None:
        """Count cells, and the characters of all of them together.

        Raises:
            ParseError: `too_large` or `archive_bomb`.
        """
        self._cells -= cells
        self._chars -= chars
        if self._cells < 0:
            raise ParseError("too_large", f"the workbook has more than {MAX_CELLS:,} cells")
        if self._chars < 0:
            raise _too_long()


def _too_long() -> ParseError:
    return ParseError(
        "archive_bomb", f"the workbook's cells become more than {_MAX_CHARS:,} characters"
    )


class SheetWriter:
    """Writes sheets one after the other."""

    def __init__(self, writer: CanonicalWriter) -> None:
        self._writer = writer
        self._chars = 0

    def write(self, sheet: Sheet, page: int) -> None:
        """Write a sheet that has text; an empty one is passed over.

        Raises:
            ParseError: `archive_bomb` when a small file would become more than 50 million characters.
        """
        if not sheet.rows and not sheet.texts:
            return
        self._writer.add("heading", sheet.name or f"Sheet {page}", level=2, page=page)
        spans = _spread(sheet)
        names = _Names({}, (0, -1))
        for block in _blocks(sheet.rows):
            names = self._write_block(block, spans, names, page)
        for text in sheet.texts:
            self._add_text(text, page)
        for cell, text in sheet.comments:
            self._add_text(f"Comment at {cell}: {text}", page)

    def _write_block(
        self, block: list[_Row], spans: Mapping[tuple[int, int], int], names: _Names, page: int
    ) -> _Names:
        """Write one block below these names; return the names that hold for the next one."""
        left = min(min(cells) for _, cells in block)
        first = next(
            (place for place, row in enumerate(block) if _is_table_row(row, spans, left)),
            len(block),
        )
        for _, cells in block[:first]:
            self._add_text(" ".join(cells.values()), page)
        block = block[first:]
        if not block:
            return names
        columns = (min(min(cells) for _, cells in block), max(max(cells) for _, cells in block))
        is_below = (
            bool(names.texts) and names.columns[0] <= columns[0] and columns[1] <= names.columns[1]
        )
        count = _name_rows(block, spans, needs_proof=is_below)
        if count or not is_below:
            names = _Names(_texts(block[:count], spans, columns[1]), columns)
        self._add_rows(names, block[count:], page, are_new=count > 0)
        return names

    def _add_text(self, text: str, page: int) -> None:
        self._spend(len(text))
        self._writer.add("text", text, page=page)

    def _add_rows(self, names: _Names, rows: Sequence[_Row], page: int, *, are_new: bool) -> None:
        header = header_text(list(names.texts.values()))
        if not rows:
            self._add_text(header, page)
        elif are_new:
            self._spend(len(header))
            self._writer.add_names(header, page=page)
        for _, cells in rows:
            filled = sorted(cells)
            own = [names.texts.get(column) or f"Column {column + 1}" for column in filled]
            text = row_text(own if names.texts else [], [cells[column] for column in filled])
            self._spend(len(text))
            self._writer.add("table_row", text, page=page, header=header)

    def _spend(self, chars: int) -> None:
        self._chars += chars
        if self._chars > _MAX_CHARS:
            raise _too_long()


def _spread(sheet: Sheet) -> dict[tuple[int, int], int]:
    """Repeat cells that span rows in each of them; return the last column of cells that span columns."""
    spans: dict[tuple[int, int], int] = {}
    budget = _MAX_MERGED_CELLS
    for merge in sheet.merges:
        text = sheet.rows.get(merge.top, {}).get(merge.left, "")
        if not text:
            continue
        height = merge.bottom - merge.top + 1
        budget -= min(height, len(sheet.rows))
        if budget < 0:
            break
        numbers: Iterable[int] = range(merge.top, merge.bottom + 1)
        if height > len(sheet.rows):
            numbers = [number for number in sheet.rows if merge.top <= number <= merge.bottom]
        for number in numbers:
            if number in sheet.rows:
                sheet.rows[number][merge.left] = text
        if merge.right > merge.left:
            spans[merge.top, merge.left] = merge.right
    return spans


def _blocks(rows: Mapping[int, dict[int, str]]) -> list[list[_Row]]:
    blocks: list[list[_Row]] = []
    last = None
    for number in sorted(rows):
        if last is None or number > last + 1:
            blocks.append([])
        blocks[-1].append((number, rows[number]))
        last = number
    return blocks


def _is_table_row(row: _Row, spans: Mapping[tuple[int, int], int], left: int) -> bool:
    """Say whether a row has several cells, or one that names some of the columns further right."""
    number, cells = row
    return len(cells) > 1 or any(column > left and (number, column) in spans for column in cells)


def _name_rows(
    block: list[_Row], spans: Mapping[tuple[int, int], int], *, needs_proof: bool
) -> int:
    """Return how many rows at the top of a block name its columns: 0, 1 or 2.

    As in a CSV file the first row does, but not with numbers other than years in it, or if most of its
    cells are the same. Where names are known from the block before, a row of words over a column of
    numbers is needed as proof.
    """
    number, cells = block[0]
    second = block[1][1] if len(block) > 1 else {}
    first = list(cells.values())
    if any(is_number(cell) and not _YEAR.fullmatch(cell) for cell in first):
        return 0
    if (
        1 < 2 * len(set(first)) <= len(first)
        or all(map(is_number, first))
        or not fits_as_names(first)
    ):
        return 0
    if needs_proof and not any(is_number(second.get(column, "")) for column in cells):
        return 0
    is_spanned = any((number, column) in spans for column in cells)
    below = list(second.values())
    is_second = len(block) > 2 and fits_as_names(below) and not any(map(is_number, below))
    return 2 if is_spanned and is_second else 1


def _texts(
    block: list[_Row], spans: Mapping[tuple[int, int], int], last_column: int
) -> dict[int, str]:
    """Return the names by column, those that span columns before the names below them."""
    found: dict[int, list[str]] = {}
    for number, cells in block:
        for column, text in cells.items():
            end = min(spans.get((number, column), column), last_column, column + _MAX_SPAN)
            for place in range(column, end + 1):
                if text not in found.setdefault(place, []):
                    found[place].append(text)
    return {column: " ".join(found[column]) for column in sorted(found)}
