"""Word documents: Unstructured for the body, python-docx for what it does not tell.

Unstructured's partition_docx kept every word of the body of 25 of 26 test documents; the other has
text boxes, which `docx_source` moves into the body first. It calls many short lines a title, so
whether a paragraph is a heading is taken from its style, which it does not report.
"""

from dataclasses import replace
from io import BytesIO
from typing import TYPE_CHECKING

from core.documents import ParsedDocument
from ingest.parsers.canonical import CanonicalWriter
from ingest.parsers.docx_source import heading_levels, names_columns, notes, open_document
from ingest.parsers.html_table import read_table
from ingest.parsers.office_container import OfficeContainer, core_metadata
from ingest.parsers.unstructured_runtime import prepare_unstructured

if TYPE_CHECKING:
    from docx.document import Document

_LEFT_OUT = ("Header", "Footer", "PageBreak", "Image")


def parse_docx(content: bytes, uri: str) -> ParsedDocument:
    """Parse a Word document: headings by style, list items, tables row by row, notes at the end.

    Running headers and footers, comments, deleted and hidden text are left out.
    """
    writer = CanonicalWriter()
    document = open_document(content, writer.hidden)
    _write_body(writer, document)
    for note in notes(document, writer.hidden):
        writer.add("text", note)
    title, said = core_metadata(OfficeContainer(content, "DOCX"))
    return replace(writer.document(uri, title), metadata=said)


def _write_body(writer: CanonicalWriter, document: "Document") -> None:
    prepare_unstructured()
    from unstructured.partition.docx import partition_docx

    stored = BytesIO()
    document.save(stored)
    levels = heading_levels(document)
    marks = iter(names_columns(document))
    # Without `languages` it guesses the language of each element: 17 s instead of 7 for 872 pages.
    for element in partition_docx(file=stored, languages=[""]):
        if element.category == "Table":
            markup = element.metadata.text_as_html or ""
            _write_table(writer, markup, element.text, has_names=next(marks, False))
        elif element.category not in _LEFT_OUT:
            is_item = element.category == "ListItem"
            _write_paragraph(writer, element.text, _level(element.text, levels), is_item=is_item)


def _level(text: str, levels: dict[str, int]) -> int | None:
    words = " ".join(text.split())
    _, _, unnumbered = words.partition(" ")  # automatic numbers are in the text, not in the file
    return levels.get(words, levels.get(unnumbered))


def _write_paragraph(
    writer: CanonicalWriter, text: str, level: int | None, *, is_item: bool
) -> None:
    if level == 0:
        writer.add("title", text)
    elif level is not None:
        writer.add("heading", text, level=level)
    else:
        writer.add("list_item" if is_item else "text", text)


def _write_table(writer: CanonicalWriter, markup: str, text: str, *, has_names: bool) -> None:
    from lxml import html  # type: ignore[import-untyped]

    if not markup:
        writer.add("text", text)
        return
    table = read_table(html.fragment_fromstring(markup), has_names=has_names)
    writer.add_table(table.header, table.rows)
