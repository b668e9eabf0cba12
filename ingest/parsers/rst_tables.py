"""Grid tables and simple tables of reStructuredText, from their lines to column names and rows."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from ingest.parsers.source_lines import SourceLine

_GRID_RULE = re.compile(r"\s*\+(?:[-=]+\+)+\s*")
_SIMPLE_RULE = re.compile(r"\s*=+(?:\s+=+)+\s*")


@dataclass(frozen=True, slots=True)
class TableRow:
    """`lines` are where the row stands."""

    lines: Sequence[SourceLine]
    cells: list[str]


@dataclass(frozen=True, slots=True)
class SourceTable:
    """`header` is empty when no rule says which rows name the columns."""

    header: TableRow | None
    rows: list[TableRow]


def is_grid_rule(line: str) -> bool:
    """Say whether a line is the border of a grid table: `+---+---+`."""
    return bool(_GRID_RULE.fullmatch(line))


def is_simple_rule(line: str) -> bool:
    """Say whether a line is the border of a simple table: `===  ===`."""
    return bool(_SIMPLE_RULE.fullmatch(line))


def read_grid_table(lines: Sequence[SourceLine]) -> SourceTable:
    """Return a grid table; a cell over several lines is one, a cell over several columns stands first."""
    edges = [place for place, sign in enumerate(lines[0].text) if sign == "+"]
    columns = list(pairwise(edges))
    rows: list[TableRow] = []
    header: TableRow | None = None
    pending: list[SourceLine] = []
    for line in lines[1:]:
        if not is_grid_rule(line.text):
            pending.append(line)
            continue
        if pending:
            rows.append(TableRow(pending, _cells(pending, columns, border=1)))
            pending = []
        if "=" in line.text and rows and header is None:
            header, rows = _joined(rows), []
    if pending:
        rows.append(TableRow(pending, _cells(pending, columns, border=1)))
    return SourceTable(header, rows)


def read_simple_table(lines: Sequence[SourceLine]) -> SourceTable:
    """Return a simple table: every line is a row, unless its first cell is empty."""
    starts = [match.start() for match in re.finditer(r"=+", lines[0].text)]
    columns = list(zip(starts, [*starts[1:], 10**6], strict=True))
    rows: list[TableRow] = []
    header: TableRow | None = None
    for line in lines[1:]:
        if is_simple_rule(line.text):
            if header is None and rows and line is not lines[-1]:
                header, rows = _joined(rows), []
            continue
        if line.is_blank or not set(line.text) - set("- "):
            continue
        cells = _cells([line], columns, border=0)
        if rows and not cells[0]:
            rows[-1] = _joined([rows[-1], TableRow([line], cells)])
        else:
            rows.append(TableRow([line], cells))
    return SourceTable(header, rows)


def _cells(
    lines: Sequence[SourceLine], columns: Sequence[tuple[int, int]], *, border: int
) -> list[str]:
    cells: list[list[str]] = [[] for _ in columns]
    for line in lines:
        pieces = [""] * len(columns)
        current = 0
        for number, (left, right) in enumerate(columns):
            is_cut = _is_cut(line.text, left, border)
            current = number if is_cut else current
            pieces[current] += line.text[left + border * is_cut : right]
        pieces[-1] += line.text[columns[-1][1] :].rstrip().removesuffix("|")
        for cell, piece in zip(cells, pieces, strict=True):
            cell.append(piece)
    return [" ".join(" ".join(parts).split()) for parts in cells]


def _is_cut(text: str, left: int, border: int) -> bool:
    """Say whether a column begins here on this line, rather than a cell running on over it."""
    if border:
        return text[left : left + 1] in ("|", "+", "")
    return left == 0 or text[left - 1 : left].isspace() or left >= len(text)


def _joined(rows: Sequence[TableRow]) -> TableRow:
    columns = zip(*(row.cells for row in rows), strict=True)
    return TableRow(
        [line for row in rows for line in row.lines],
        [" ".join(filter(None, column)) for column in columns],
    )
