"""PDF files with a text layer, read with PDFium.

Unstructured's partition_pdf is not used: it needs layout models from a hub, and an environment of
7.6 GB. A PDF of images alone is reported as `no_text_layer`; nothing here reads images.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from core.documents import ParsedDocument
from core.errors import ParseError
from ingest.parsers.canonical import CanonicalWriter
from ingest.parsers.pdf_layout import PdfLayout, without_running_lines
from ingest.parsers.pdf_lines import PdfLine, read_lines
from ingest.parsers.pdf_tables import table_at

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument

_END_MARK_BYTES = 1024  # where readers look for it


def parse_pdf(content: bytes, uri: str) -> ParsedDocument:
    """Parse a PDF page by page; every element says on which page it stands.

    Raises:
        ParseError: `encrypted`, `corrupt` (also when the end of the file is missing), or
            `no_text_layer` when no page has text.
    """
    if b"%%EOF" not in content[-_END_MARK_BYTES:]:
        raise ParseError("corrupt", "the PDF is cut off: its end is missing")
    with _opened(content) as document:
        pages = list(_pages(document))
        declared = str(document.get_metadata_value("Title") or "")
    if not any(pages):
        raise ParseError(
            "no_text_layer", "the PDF has no text, only images: run text recognition on it first"
        )
    writer = CanonicalWriter()
    _write(writer, [line for lines in without_running_lines(pages) for line in lines])
    return writer.document(uri, declared)


@contextmanager
def _opened(content: bytes) -> Iterator["PdfDocument"]:
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as error:
        if error.err_code in (pypdfium2.raw.FPDF_ERR_PASSWORD, pypdfium2.raw.FPDF_ERR_SECURITY):
            raise ParseError("encrypted", "the PDF is protected with a password") from error
        raise ParseError("corrupt", "the PDF is damaged and cannot be opened") from error
    try:
        yield document
    except pypdfium2.PdfiumError as error:
        raise ParseError("corrupt", "a page of the PDF is damaged") from error
    finally:
        document.close()


def _pages(document: "PdfDocument") -> Iterator[list[PdfLine]]:
    for number in range(len(document)):
        page = document[number]
        text_page = page.get_textpage()
        try:
            yield read_lines(text_page, number + 1, page.get_height())
        finally:
            text_page.close()
            page.close()


def _write(writer: CanonicalWriter, lines: Sequence[PdfLine]) -> None:
    """Write tables row by row, and what stands between them as blocks."""
    layout = PdfLayout(lines)
    begin = number = 0
    while number < len(lines):
        is_text = layout.kind(lines[number])[0] == "text"
        found = table_at(lines, number) if is_text else None
        if found is None:
            number += 1
            continue
        _write_blocks(writer, layout, lines[begin:number])
        table, number = found
        writer.add_table(table.header, table.rows, page=table.page)
        begin = number
    _write_blocks(writer, layout, lines[begin:])


def _write_blocks(writer: CanonicalWriter, layout: PdfLayout, lines: Sequence[PdfLine]) -> None:
    for block in layout.blocks(lines):
        writer.add(block.kind, block.text, level=block.level, page=block.page)
