"""Tables in CSV and TSV: one line a row, `Column: value; Column: value`.

The standard library's reader is used. Unstructured's partition_csv makes one element of the whole
file, and goes through pandas.
"""

import csv
import io
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import PurePosixPath

from core.documents import ParsedDocument
from core.errors import ParseError
from ingest.parsers.canonical import CanonicalWriter
from ingest.parsers.decoding import decode
from ingest.parsers.plain_text import one_line, visible
from ingest.parsers.table_rows import header_text, is_number, row_text

_DELIMITERS = ",;\t|"
_SAMPLE_ROWS = 50


def parse_csv(content: bytes, uri: str) -> ParsedDocument:
    """Parse a table whose columns are separated by comma, semicolon, tab or bar.

    The first row names the columns, unless all its cells are numbers; then they are `Column 1`,
    `Column 2` and so on. Rows of a single cell above a wider table are text.

    Raises:
        ParseError: `unsupported` or `encoding`, when the bytes are not text; `corrupt`, when the
            quoting makes no sense.
    """
    text = visible(decode(content))
    rows = [row for row in _rows(text, _delimiter(text, uri)) if any(row)]
    width = max(map(len, rows), default=0)
    writer = CanonicalWriter()
    while len(rows) > 1 and width > 1 and sum(map(bool, rows[0])) == 1:
        writer.add("text", " ".join(rows.pop(0)))
    if rows and all(is_number(cell) for cell in rows[0] if cell):
        _write_unnamed(writer, rows, width)
    elif rows:
        names = rows.pop(0)
        writer.add_table(_column_names(names, width) if rows else names, rows)
    return writer.document(uri)


def _write_unnamed(writer: CanonicalWriter, rows: list[list[str]], width: int) -> None:
    """Write rows with the numbers of their columns, which no line of the file says."""
    names = _column_names([], width)
    header = header_text(names)
    for cells in rows:
        writer.add("table_row", row_text(names, cells), header=header)


def _column_names(names: list[str], width: int) -> list[str]:
    padded = names + [""] * (width - len(names))
    return [name or f"Column {number}" for number, name in enumerate(padded, start=1)]


def _rows(text: str, delimiter: str) -> Iterator[list[str]]:
    # The limit is the module's own and guards nothing here: the text is already in memory.
    csv.field_size_limit(max(csv.field_size_limit(), len(text)))
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            yield [one_line(cell) for cell in row]
    except csv.Error as error:
        raise ParseError("corrupt", f"the table cannot be read: {error}") from error


def _delimiter(text: str, uri: str) -> str:
    """Return the delimiter that cuts most of the first rows into the same number of cells."""
    if PurePosixPath(uri).suffix.lower() == ".tsv":
        return "\t"
    return max(_DELIMITERS, key=lambda delimiter: _fit(text, delimiter))


def _fit(text: str, delimiter: str) -> tuple[float, int]:
    sample = islice(_rows(text, delimiter), _SAMPLE_ROWS)
    widths = Counter(len(row) for row in sample if any(row))
    width, rows = max(widths.items(), key=lambda item: item[1], default=(0, 0))
    return (rows / widths.total(), width) if width > 1 else (0.0, 0)
