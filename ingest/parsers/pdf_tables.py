"""Tables of a PDF: neighbouring lines whose words stand in columns."""

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


@dataclass(frozen=True, slots=True)
class PdfTable:
    """`header` is empty when no row names the columns."""

    page: int
    header: list[str]
    rows: list[list[str]]


def table_at(lines: Sequence[PdfLine], begin: int) -> tuple[PdfTable, int] | None:
    """Return the table that begins at a line, and the number of the line after it, if there is one."""
    lefts = [left for left, _ in _cells(lines[begin], [])]
    if len(lefts) < 2:
        return None
    rows = [[text for _, text in _cells(lines[begin], [])]]
    last = begin
    for number in range(begin + 1, len(lines)):
        if not _is_below(lines[number - 1], lines[number]):
            break
        cells = _cells(lines[number], lefts)
        columns = [_column(left, lefts) for left, _ in cells]
        if len(cells) > 1 and len(set(columns)) == len(columns):
            rows.append([""] * len(lefts))
        elif (
            len(rows) == 1 or columns[0] == 0 or abs(cells[0][0] - lefts[columns[0]]) > _ALIGNED_PT
        ):
            break
        for column, (_, text) in zip(columns, cells, strict=True):
            rows[-1][column] = f"{rows[-1][column]} {text}".strip()
        last = number
    if len(rows) < 2:
        return None
    has_names = lines[begin].font != lines[begin + 1].font or looks_like_names(rows)
    header = rows.pop(0) if has_names else []
    return PdfTable(lines[begin].page, header, rows), last + 1


def _is_below(upper: PdfLine, lower: PdfLine) -> bool:
    step = upper.baseline - lower.baseline
    is_alike = abs(upper.size - lower.size) <= 0.1 * upper.size
    return upper.page == lower.page and is_alike and 0 < step <= _ROW_STEP * lower.size


def _cells(line: PdfLine, lefts: Sequence[float]) -> list[tuple[float, str]]:
    """Cut a line where the gap is wide, and where a word begins exactly under a column's name."""
    cells = [(line.words[0].left, [line.words[0].text])]
    for before, word in pairwise(line.words):
        gap = (word.left - before.right) / line.size if line.size else 0.0
        is_under_name = any(abs(word.left - left) < _UNDER_PT for left in lefts[1:])
        if gap > _CELL_GAP or (is_under_name and gap > _UNDER_GAP):
            cells.append((word.left, []))
        cells[-1][1].append(word.text)
    return [(left, " ".join(words)) for left, words in cells]


def _column(left: float, lefts: Sequence[float]) -> int:
    return min(range(len(lefts)), key=lambda number: abs(lefts[number] - left))
