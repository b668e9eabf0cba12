"""Tables of a PDF: neighbouring lines whose words stand in columns.

Some writers print a table line by line, most print it cell by cell:

    Site    Role                         NO-1
    NO-1    standby                      standby
            and backups                  and backups
                                         9            back up, further right: the same row
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from ingest.parsers.pdf_lines import PdfLine
from ingest.parsers.table_rows import looks_like_names

_CELL_GAP = 1.2
"""In font sizes; words of justified text stand at most about 0.8 apart."""
_UNDER_GAP = 0.45
"""Where a word begins under a column's name, less will do: a cell may fill its column."""
_UNDER_PT = 0.5
_ALIGNED_PT = 2.0
_ROW_STEP = 3.0
_LINE_STEP = 1.5
_MAX_CELL_LINES = 8
_MAX_RISE = 4.5  # three lines above the bottom of a row
_LEVEL = 0.3  # of a font size, by which two cells of one row may begin at different heights


@dataclass(frozen=True, slots=True)
class PdfTable:
    """`header` is empty when no row names the columns."""

    page: int
    header: list[str]
    rows: list[list[str]]


@dataclass(slots=True)
class _Cell:
    left: float
    right: float
    text: str


def table_at(lines: Sequence[PdfLine], begin: int) -> tuple[PdfTable, int] | None:
    """Return the table that begins at a line, and the number of the line after it, if there is one."""
    end = _row_end(lines, begin)
    cells = _cells(lines[begin:end], [])
    if len(cells) < 2:
        return None
    lefts = [cell.left for cell in cells]
    rows = [[cell.text for cell in cells]]
    fonts = [lines[begin].font]
    last = begin
    while end < len(lines) and _is_below(lines[last:end], lines[end]):
        last, end = end, _row_end(lines, end)
        cells = _cells(lines[last:end], lefts)
        columns = [_column(cell.left, lefts) for cell in cells]
        if len(cells) > 1 and len(set(columns)) == len(columns):
            rows.append([""] * len(lefts))
            fonts.append(lines[last].font)
        elif len(rows) == 1 or not _goes_on(cells[0], columns[0], lefts):
            end = last
            break
        for column, cell in zip(columns, cells, strict=True):
            rows[-1][column] = _joined(rows[-1][column], cell.text)
    if len(rows) < 2:
        return None
    header = rows.pop(0) if fonts[0] != fonts[1] or looks_like_names(rows) else []
    return PdfTable(lines[begin].page, header, rows), end


def _goes_on(cell: _Cell, column: int, lefts: Sequence[float]) -> bool:
    """Say whether a lone cell is one more line of the cell above it; not in the first column."""
    return column > 0 and abs(cell.left - lefts[column]) <= _ALIGNED_PT


def _row_end(lines: Sequence[PdfLine], begin: int) -> int:
    """Return the number of the line after the row that begins at a line.

    A row of a table that is printed cell by cell goes back up for each cell, to the right of the last.
    """
    end = begin + 1
    right = lines[begin].words[-1].right
    number = end
    while number < min(len(lines), end + _MAX_CELL_LINES):
        line, above = lines[number], lines[number - 1]
        if line.page != above.page or not _same_size(line, above):
            break
        if line.baseline > above.baseline:
            if not _is_in_row(lines[begin], line, right):
                break
            end = number + 1
        elif len(_pieces(line, [])) > 1:
            break  # one more line of a cell has no cells itself
        elif end > begin + 1 and line.left >= lines[end - 1].left - _ALIGNED_PT:
            if above.baseline - line.baseline > _LINE_STEP * line.size:
                break
            if number == end:  # the last cell so far has one more line
                end = number + 1
        right = max(right, line.words[-1].right)
        number += 1
    return end


def _is_in_row(first: PdfLine, line: PdfLine, right: float) -> bool:
    """Say whether a line is the next cell of a row: as high as the first, or a text that ends beside it."""
    if line.left <= right or not line.is_upright:
        return False
    rise = (line.baseline - first.baseline) / line.size if line.size else 0.0
    if rise <= _LEVEL:
        return rise >= -_LEVEL
    # Two columns of a form go back up too, but with names and values in each line.
    return rise <= _MAX_RISE and len(_pieces(line, [])) == 1


def _is_below(row: Sequence[PdfLine], line: PdfLine) -> bool:
    step = min(upper.baseline for upper in row) - line.baseline
    is_near = row[0].page == line.page and 0 < step <= _ROW_STEP * line.size
    return is_near and _same_size(row[0], line)


def _same_size(one: PdfLine, other: PdfLine) -> bool:
    return abs(one.size - other.size) <= 0.1 * one.size


def _cells(lines: Sequence[PdfLine], lefts: Sequence[float]) -> list[_Cell]:
    """Cut the lines of one row where the gap is wide, and where a word begins exactly under a name."""
    cells: list[_Cell] = []
    for line in lines:
        for piece in _pieces(line, lefts):
            above = next((cell for cell in cells if _overlap(cell, piece)), None)
            if above is None:
                cells.append(piece)
            else:
                above.text = _joined(above.text, piece.text)
                above.right = max(above.right, piece.right)
    return cells


def _pieces(line: PdfLine, lefts: Sequence[float]) -> list[_Cell]:
    first = line.words[0]
    pieces = [_Cell(first.left, first.right, first.text)]
    for before, word in pairwise(line.words):
        gap = (word.left - before.right) / line.size if line.size else 0.0
        is_under_name = any(abs(word.left - left) < _UNDER_PT for left in lefts[1:])
        if gap > _CELL_GAP or (is_under_name and gap > _UNDER_GAP):
            pieces.append(_Cell(word.left, word.right, word.text))
        else:
            pieces[-1].text += f" {word.text}"
            pieces[-1].right = word.right
    return pieces


def _overlap(one: _Cell, other: _Cell) -> bool:
    return min(one.right, other.right) > max(one.left, other.left)


def _joined(above: str, below: str) -> str:
    # Narrow cells are cut where a hyphen stands anyway: `device-` and `registry`.
    is_cut = above[-1:] == "-" and above[-2:-1].isalpha() and below[:1].islower()
    return f"{above}{below}" if is_cut else f"{above} {below}".strip()


def _column(left: float, lefts: Sequence[float]) -> int:
    return min(range(len(lefts)), key=lambda number: abs(lefts[number] - left))
