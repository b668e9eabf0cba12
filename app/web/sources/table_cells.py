"""Takes the rows of a table apart again: `Column: value; Column: value` into cells with their places; pure.

Rows are written so by the parsers of formats that have no text of their own (`ingest.parsers.table_rows`): empty
cells are left out, a value without a column name stands alone. A Markdown table is shown as it is written instead.
"""

from collections.abc import Sequence
from dataclasses import dataclass

_BETWEEN = "; "
_NAMES_BETWEEN = " | "
_OF_NAME = ": "


@dataclass(frozen=True, slots=True)
class Cell:
    """A value of a row: its column from 0, and its place in the row's text."""

    column: int
    start: int
    end: int


def column_names(header: str) -> tuple[str, ...]:
    """Return the names of a table's columns from their one line; () where it has none."""
    return tuple(name for name in header.split(_NAMES_BETWEEN) if name.strip())


def cells_of(row: str, names: Sequence[str]) -> tuple[Cell, ...]:
    """Return the cells of a row. What belongs to no named column stands in the first one that is free.

    A row without names is cut at its semicolons.
    """
    if not names:
        return _unnamed(row)
    marks = _marks(row, names)
    cells: list[Cell] = []
    first = marks[0][1] if marks else len(row)
    if first:
        cells.append(Cell(0 if not marks or marks[0][0] else len(names), 0, _trimmed(row, first)))
    for number, (column, _, value) in enumerate(marks):
        end = marks[number + 1][1] if number + 1 < len(marks) else len(row)
        cells.append(Cell(column, value, max(value, _trimmed(row, end))))
    return tuple(cells)


def is_names(row: str, header: str) -> bool:
    """Return whether a row is the line that names the columns."""
    return bool(header) and row == header


def _marks(row: str, names: Sequence[str]) -> list[tuple[int, int, int]]:
    """Return (column, where its name starts, where its value starts) of each named value, in order."""
    marks: list[tuple[int, int, int]] = []
    position = column = 0
    while column < len(names):
        found = _next_mark(row, names, column, position)
        if found is None:
            break
        marks.append(found)
        column, position = found[0] + 1, found[2]
    return marks


def _next_mark(
    row: str, names: Sequence[str], first: int, position: int
) -> tuple[int, int, int] | None:
    """Return the earliest name of a column, from one on, that stands where a name may stand."""
    best: tuple[int, int, int] | None = None
    for column in range(first, len(names)):
        start = _place_of(row, names[column].rstrip(":") + _OF_NAME, position)
        if start >= 0 and (best is None or start < best[1]):
            best = (column, start, start + len(names[column].rstrip(":")) + len(_OF_NAME))
            if start == position:
                break
    return best


def _place_of(row: str, words: str, position: int) -> int:
    if row.startswith(words, position) and (not position or row.endswith(_BETWEEN, 0, position)):
        return position
    found = row.find(_BETWEEN + words, position)
    return found + len(_BETWEEN) if found >= 0 else -1


def _trimmed(row: str, end: int) -> int:
    """Return the end of a value without the separator behind it."""
    return end - len(_BETWEEN) if end < len(row) and row.endswith(_BETWEEN, 0, end) else end


def _unnamed(row: str) -> tuple[Cell, ...]:
    cells: list[Cell] = []
    position = 0
    for column, value in enumerate(row.split(_BETWEEN)):
        cells.append(Cell(column, position, position + len(value)))
        position += len(value) + len(_BETWEEN)
    return tuple(cells)
