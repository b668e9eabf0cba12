"""Excel workbooks before 2007, read with xlrd."""

from collections.abc import Callable
from dataclasses import replace
from io import StringIO
from typing import TYPE_CHECKING

from core.documents import ParsedDocument
from core.errors import ParseError
from ingest.parsers.canonical import CanonicalWriter
from ingest.parsers.number_format import BUILT_IN, GENERAL, shown
from ingest.parsers.ole_container import ole_metadata, opened, stream
from ingest.parsers.sheet_rows import CellBudget, Merge, Sheet, SheetWriter, cell_name

if TYPE_CHECKING:
    from xlrd.book import Book  # type: ignore[import-untyped]
    from xlrd.sheet import Cell  # type: ignore[import-untyped]
    from xlrd.sheet import Sheet as XlrdSheet

_OLE = b"\xd0\xcf\x11\xe0"


def parse_xls(content: bytes, uri: str) -> ParsedDocument:
    """Parse a workbook as `parse_xlsx` does: visible sheets, values as they are shown, comments.

    Text boxes and charts are left out.

    Raises:
        ParseError: `encrypted`, `corrupt`, `too_large` or `archive_bomb`.
    """
    title, said = "", dict[str, str]()
    if content.startswith(_OLE):  # workbooks of the first versions stand in no container
        with opened(content, "XLS") as container:
            title, said = ole_metadata(container)
            # xlrd's own reader of containers goes round for ever in one whose chain of sectors is a ring.
            content = stream(container, "Workbook", "Book")
    if not content:
        raise ParseError("corrupt", "the file has no workbook in it")
    book = _book(content)
    writer = CanonicalWriter()
    sheets = SheetWriter(writer)
    budget = CellBudget()
    for page, sheet in enumerate(book.sheets(), start=1):
        if not sheet.visibility:
            sheets.write(_sheet(book, sheet, budget), page)
    return replace(writer.document(uri, title), metadata=said)


def _book(content: bytes) -> "Book":
    import xlrd  # type: ignore[import-untyped]
    from xlrd.compdoc import CompDocError  # type: ignore[import-untyped]

    try:
        # Without ragged rows one cell in the last column makes every row 256 cells wide.
        return xlrd.open_workbook(
            file_contents=content, logfile=StringIO(), formatting_info=True, ragged_rows=True
        )
    except (xlrd.XLRDError, CompDocError) as error:
        if "encrypted" in str(error).lower() or "password" in str(error).lower():
            raise ParseError("encrypted", "the document is protected with a password") from error
        raise ParseError("corrupt", "the XLS is cut off or damaged") from error


def _sheet(book: "Book", source: "XlrdSheet", budget: CellBudget) -> Sheet:
    sheet = Sheet(source.name)
    for row in range(source.nrows):
        cells = source.row(row)
        for column, cell in enumerate(cells):
            text = _text(book, cell)
            budget.spend(1, len(text))
            sheet.set(row, column, text)
    sheet.merges = [
        Merge(top, left, bottom - 1, right - 1) for top, bottom, left, right in source.merged_cells
    ]
    sheet.comments = [
        (cell_name(*place), " ".join(note.text.split()))
        for place, note in sorted(source.cell_note_map.items())
        if note.text.strip()
    ]
    return sheet


def _text(book: "Book", cell: "Cell") -> str:
    import xlrd

    readers: dict[int, Callable[[], str]] = {
        xlrd.XL_CELL_TEXT: lambda: str(cell.value),
        xlrd.XL_CELL_NUMBER: lambda: _number(book, cell),
        xlrd.XL_CELL_DATE: lambda: _number(book, cell),
        xlrd.XL_CELL_BOOLEAN: lambda: "TRUE" if cell.value else "FALSE",
        xlrd.XL_CELL_ERROR: lambda: str(xlrd.error_text_from_code.get(cell.value, "")),
    }
    read = readers.get(cell.ctype)
    return read() if read is not None else ""


def _number(book: "Book", cell: "Cell") -> str:
    number_format = GENERAL
    if cell.xf_index is not None and 0 <= cell.xf_index < len(book.xf_list):
        key = book.xf_list[cell.xf_index].format_key
        found = book.format_map.get(key)
        number_format = BUILT_IN.get(key) or (found.format_str if found is not None else GENERAL)
    return shown(float(cell.value), number_format or GENERAL, since_1904=bool(book.datemode))
