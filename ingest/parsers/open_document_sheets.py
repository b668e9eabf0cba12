"""The sheets of an OpenDocument workbook.

A cell and a row say how often they are repeated, up to 16,384 and 1,048,576 times: what is empty is
skipped over whatever it asks for, what has text is counted against the limit on cells.
"""

from collections.abc import Iterator

from core.errors import ParseError
from ingest.parsers.number_format import general
from ingest.parsers.office_container import Node, attribute, local_name
from ingest.parsers.open_document_text import paragraph_text, plain_texts
from ingest.parsers.sheet_rows import CellBudget, Merge, Sheet, cell_name

_MAX_REPEATS = 1_048_576
_MAX_REPEATED_ROWS = 1_000
"""Of a row with text that is repeated as a whole: no table of a person's has more equal rows."""
_ROW_GROUPS = ("table-header-rows", "table-rows", "table-row-group")


def read_sheets(workbook: Node) -> Iterator[tuple[int, Sheet]]:
    """Yield the visible sheets with their numbers.

    Raises:
        ParseError: `too_large`, or `archive_bomb` for a row that is repeated beyond reason.
    """
    hidden = _hidden_styles(workbook)
    budget = CellBudget()
    for page, table in enumerate(workbook.iterchildren("{*}table"), start=1):
        if attribute(table, "style-name") not in hidden:
            yield page, _SheetReader(table, budget).sheet


def _hidden_styles(workbook: Node) -> set[str]:
    """Return the names of the styles that hide a sheet."""
    return {
        attribute(style, "name")
        for style in workbook.getroottree().iterfind("{*}automatic-styles/{*}style")
        for properties in style.iterchildren("{*}table-properties")
        if attribute(properties, "display") == "false"
    }


class _SheetReader:
    def __init__(self, table: Node, budget: CellBudget) -> None:
        self.sheet = Sheet(attribute(table, "name"))
        self._budget = budget
        self._row = 0
        self._read_rows(table)

    def _read_rows(self, parent: Node) -> None:
        for child in parent:
            name = local_name(child)
            if name == "table-row":
                self._read_row(child)
            elif name in _ROW_GROUPS:
                self._read_rows(child)
            elif name == "shapes":
                self.sheet.texts += plain_texts(child)

    def _read_row(self, node: Node) -> None:
        cells = dict(self._cells(node))
        repeats = _count(node, "number-rows-repeated")
        if cells:
            if repeats > _MAX_REPEATED_ROWS:
                raise ParseError(
                    "archive_bomb", f"a row of the workbook is repeated {repeats:,} times"
                )
            self._budget.spend(len(cells) * repeats, sum(map(len, cells.values())) * repeats)
            for number in range(repeats):
                for column, text in cells.items():
                    self.sheet.set(self._row + number, column, text)
        self._row += repeats

    def _cells(self, row: Node) -> Iterator[tuple[int, str]]:
        column = 0
        for cell in row:
            name = local_name(cell)
            if name not in ("table-cell", "covered-table-cell"):
                continue
            repeats = _count(cell, "number-columns-repeated")
            text = self._text(cell, column)
            if text and name == "table-cell":
                self._budget.spend(repeats, repeats * len(text))
                yield from ((column + number, text) for number in range(repeats))
                self._merge(cell, column)
            column += repeats

    def _text(self, cell: Node, column: int) -> str:
        lines = []
        for child in cell:
            if local_name(child) == "annotation":
                comment = " ".join(plain_texts(child))
                self.sheet.comments.append((cell_name(self._row, column), comment))
            elif local_name(child) in ("p", "h"):
                lines.append(paragraph_text(child).text)
            elif local_name(child) in ("frame", "custom-shape"):
                self.sheet.texts += plain_texts(child)
        return " ".join(lines).strip() or _stored(cell)

    def _merge(self, cell: Node, column: int) -> None:
        rows = _count(cell, "number-rows-spanned")
        columns = _count(cell, "number-columns-spanned")
        if rows > 1 or columns > 1:
            self.sheet.merges.append(
                Merge(self._row, column, self._row + rows - 1, column + columns - 1)
            )


def _stored(cell: Node) -> str:
    """Return the value of a cell whose shown text is not in the file."""
    kind = attribute(cell, "value-type")
    if kind == "string":
        return attribute(cell, "string-value")
    if kind in ("date", "time", "boolean"):
        return attribute(cell, f"{kind}-value")
    try:
        return general(float(attribute(cell, "value")))
    except ValueError:
        return ""


def _count(node: Node, name: str) -> int:
    value = attribute(node, name)
    is_number = value.isascii() and value.isdecimal() and len(value) < 10
    return min(max(int(value), 1), _MAX_REPEATS) if is_number else 1
