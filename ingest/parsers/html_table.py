"""An HTML table as column names and rows, with cells that span several filled in."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ingest.parsers.html_dom import Node, text_of
from ingest.parsers.plain_text import one_line
from ingest.parsers.table_rows import looks_like_names

# Text that stands in a row and in none of its cells is not a value either.
_LAYOUT_INSIDE = (
    "descendant::table|descendant::h1|descendant::h2|descendant::h3|descendant::form"
    "|descendant::tr/*[not(self::td or self::th) and normalize-space()]"
)
_MAX_SPAN = 100  # of columns or rows; a page may ask for 65,534 of them
_MAX_SPANNED = 500
"""Columns of a row beyond which a cell spans nothing: 60 kB of spans made 100 million cells."""


@dataclass(frozen=True, slots=True)
class HtmlTable:
    """`header` is empty when no row names the columns."""

    caption: str
    header: list[str]
    rows: list[list[str]]


@dataclass(frozen=True, slots=True)
class _Row:
    cells: list[str]
    is_header: bool


def is_layout(node: Node) -> bool:
    """Say whether a table only arranges other blocks, so that its cells are no values."""
    if node.get("role") in ("presentation", "none"):
        return True
    return bool(node.xpath(_LAYOUT_INSIDE)) or not node.xpath("descendant::tr/*[2]")


def read_table(node: Node, *, has_names: bool = False) -> HtmlTable:
    """Return the caption, the column names and the rows of a data table.

    With `has_names` the first row is known to name the columns; else it must look like it.
    """
    caption = " ".join(one_line(text_of(child)) for child in node.xpath("./caption"))
    rows = list(_rows(node.xpath(".//tr")))
    count = 0
    while count < len(rows) and rows[count].is_header:
        count += 1
    if not count and rows and (has_names or looks_like_names([row.cells for row in rows])):
        count = 1
    header = _merged([row.cells for row in rows[:count]])
    return HtmlTable(caption, header, [row.cells for row in rows[count:]])


def _rows(nodes: Sequence[Node]) -> Iterator[_Row]:
    """Give each row all its columns; a cell that spans rows stands in each of them."""
    pending: dict[int, tuple[int, str]] = {}
    for node in nodes:
        cells: list[str] = []
        below: dict[int, tuple[int, str]] = {}
        own = list(node.iterchildren("td", "th"))
        for cell in own:
            _fill(cells, pending, below)
            is_wide = len(cells) > _MAX_SPANNED
            text = one_line(text_of(cell))
            rows_left = 0 if is_wide else _span(cell, "rowspan") - 1
            for number in range(1 if is_wide else _span(cell, "colspan")):
                if rows_left:
                    below[len(cells)] = (rows_left, text if number == 0 else "")
                cells.append(text if number == 0 or cell.tag == "th" else "")
        _fill(cells, pending, below)
        pending = below
        in_head = node.getparent().tag == "thead"
        yield _Row(cells, bool(own) and (in_head or all(cell.tag == "th" for cell in own)))


def _fill(
    cells: list[str], pending: dict[int, tuple[int, str]], below: dict[int, tuple[int, str]]
) -> None:
    while len(cells) in pending:
        rows_left, text = pending.pop(len(cells))
        if rows_left > 1:
            below[len(cells)] = (rows_left - 1, text)
        cells.append(text)


def _span(cell: Node, name: str) -> int:
    value = cell.get(name) or ""
    return min(int(value), _MAX_SPAN) if value.isascii() and value.isdigit() and value != "0" else 1


def _merged(rows: list[list[str]]) -> list[str]:
    """Return one name a column from several rows of names, each part of a name once."""
    width = max(map(len, rows), default=0)
    columns = [[row[number] for row in rows if number < len(row)] for number in range(width)]
    return [" ".join(dict.fromkeys(filter(None, column))) for column in columns]
