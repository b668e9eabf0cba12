"""PDF files with a text layer, read with PDFium.

Unstructured's partition_pdf is not used: it needs layout models from a hub, and an environment of
7.6 GB. A page that is a picture of text is read by the optional extra `footnote[ocr]`; where that is not
installed, a PDF without any text is reported as `no_text_layer`.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from core.documents import ParsedDocument
from core.errors import ParseError
from ingest.parsers.canonical import CanonicalWriter
from ingest.parsers.hidden_text import HiddenText
from ingest.parsers.ocr import INSTALL_HINT, is_ocr_installed
from ingest.parsers.pdf_hiding import PageVisibility
from ingest.parsers.pdf_images import is_picture, recognise
from ingest.parsers.pdf_layout import PdfLayout, without_running_lines
from ingest.parsers.pdf_lines import PdfLine, read_lines
from ingest.parsers.pdf_order import in_reading_order
from ingest.parsers.pdf_tables import table_at

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument

_END_MARK_BYTES = 1024  # where readers look for it
_MAX_PAGES = 5_000


@dataclass(frozen=True, slots=True)
class _Page:
    """The lines of a page's own text, or the paragraphs recognised in its picture."""

    lines: list[PdfLine]
    recognised: list[str] = field(default_factory=list)
    is_picture: bool = False


def parse_pdf(content: bytes, uri: str) -> ParsedDocument:
    """Parse a PDF page by page; every element says on which page it stands.

    Pages that are pictures are read by text recognition where it is installed.

    Raises:
        ParseError: `encrypted`, `corrupt` (also when the end of the file is missing), `too_large`, or
            `no_text_layer` when no page has text.
    """
    if b"%%EOF" not in content[-_END_MARK_BYTES:]:
        raise ParseError("corrupt", "the PDF is cut off: its end is missing")
    with _opened(content) as document:
        if len(document) > _MAX_PAGES:
            detail = f"the PDF has {len(document):,} pages, the limit is {_MAX_PAGES:,}"
            raise ParseError("too_large", detail)
        writer = CanonicalWriter()
        pages = list(_pages(document, writer.hidden))
        declared = str(document.get_metadata_value("Title") or "")
    if not any(page.lines or page.recognised for page in pages):
        raise ParseError("no_text_layer", _no_text_detail(pages))
    _write(writer, pages)
    return writer.document(uri, declared)


def _no_text_detail(pages: Sequence[_Page]) -> str:
    if not any(page.is_picture for page in pages):
        return "the PDF has no text and no picture of text"
    if is_ocr_installed():
        return "no text was found in the pictures that are the PDF's pages"
    return f"the PDF has no text, only images: {INSTALL_HINT}"


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


def _pages(document: "PdfDocument", hidden: HiddenText) -> Iterator[_Page]:
    pictures = 0
    for number in range(len(document)):
        page = document[number]
        text_page = page.get_textpage()
        try:
            visibility = PageVisibility(page, text_page)
            height = page.get_height()
            lines = in_reading_order(read_lines(text_page, number + 1, height, visibility, hidden))
            if not is_picture(page, lines):
                yield _Page(lines)
                continue
            pictures += 1
            recognised = recognise(page, pictures) if is_ocr_installed() else []
            yield _Page(lines, recognised, is_picture=True)
        finally:
            text_page.close()
            page.close()


def _write(writer: CanonicalWriter, pages: Sequence[_Page]) -> None:
    """Write the pages in order, recognised ones by themselves."""
    shown = without_running_lines([page.lines for page in pages])
    layout = PdfLayout([line for lines in shown for line in lines])
    pending: list[PdfLine] = []
    for number, (page, lines) in enumerate(zip(pages, shown, strict=True), start=1):
        if not page.recognised:
            pending += lines
            continue
        # What little text of its own the page has is in its picture too.
        _write_lines(writer, layout, pending)
        pending = []
        for paragraph in page.recognised:
            writer.add("text", paragraph, page=number)
    _write_lines(writer, layout, pending)


def _write_lines(writer: CanonicalWriter, layout: PdfLayout, lines: Sequence[PdfLine]) -> None:
    """Write tables row by row, and what stands between them as blocks."""
    begin = number = 0
    while number < len(lines):
        line = lines[number]
        is_text = layout.kind(line)[0] == "text" or layout.is_bold_heading(line)
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
        writer.add(block.kind, layout.text(block), level=block.level, page=block.page)
