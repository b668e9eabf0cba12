"""OpenDocument texts, workbooks and presentations (.odt, .ods, .odp), read from their content.xml.

odfpy gives the same tree as the XML itself: spaces, lists, notes and repeated cells are left to its caller.
"""

from collections.abc import Iterator
from dataclasses import replace

from core.documents import ElementKind, ParsedDocument
from core.errors import ParseError
from ingest.parsers.canonical import CanonicalWriter
from ingest.parsers.office_container import (
    Node,
    OfficeContainer,
    attribute,
    local_name,
    metadata,
)
from ingest.parsers.office_tables import write_table
from ingest.parsers.open_document_sheets import read_sheets
from ingest.parsers.open_document_text import paragraph_text, plain_texts
from ingest.parsers.sheet_rows import SheetWriter

_CONTENT = "content.xml"
_WRAPPERS = frozenset({
    "section", "list-header", "index-body", "table-of-content", "illustration-index", "table-index",
    "object-index", "user-index", "alphabetical-index", "bibliography", "numbered-paragraph",
    "index-title", "text-box", "soft-page-break", "deletion", "insertion", "a",
})  # fmt: skip
_SHAPES = frozenset({
    "frame", "custom-shape", "rect", "ellipse", "circle", "line", "connector", "polygon", "path", "g",
    "page-thumbnail",
})  # fmt: skip
_RUNNING = ("header", "footer", "date-time", "page-number")
_MAX_COLUMNS = 1_000  # of a table in a text; its cells may ask to be repeated


def parse_open_document(content: bytes, uri: str) -> ParsedDocument:
    """Parse a text, workbook or presentation.

    Texts: headings by outline level, list items, tables row by row, notes and boxes behind their
    paragraph. Workbooks: as `parse_xlsx` has it, from the values that the cells show. Presentations:
    as `parse_pptx` has it. Deleted text, running headers and comments on text are left out.

    Raises:
        ParseError: `encrypted`, `unsupported`, `corrupt`, `too_large` or `archive_bomb`.
    """
    container = OfficeContainer(content, "OpenDocument file")
    container.require(_CONTENT)
    if b"encryption-data" in container.read("META-INF/manifest.xml"):
        raise ParseError("encrypted", "the document is protected with a password")
    body = container.tree(_CONTENT).find("{*}body")
    writer = CanonicalWriter()
    for part in body if body is not None else ():
        kind = local_name(part)
        if kind == "spreadsheet":
            sheets = SheetWriter(writer)
            for page, sheet in read_sheets(part):
                sheets.write(sheet, page)
        elif kind == "presentation":
            _write_slides(writer, part)
        else:
            _BodyWriter(writer).write(part)
    title, said = _properties(container)
    return replace(writer.document(uri, title), metadata=said)


def _properties(container: OfficeContainer) -> tuple[str, dict[str, str]]:
    try:
        tree = container.tree("meta.xml")
    except ParseError:
        return "", {}
    said = {local_name(node): node.text or "" for node in tree.iterfind("{*}meta/*")}
    author = said.get("initial-creator") or said.get("creator", "")
    dates = said.get("creation-date", ""), said.get("date", "")
    return said.get("title", ""), metadata(author, *dates)


class _BodyWriter:
    """Writes blocks in their order; `page` is the number of the slide that they stand on."""

    def __init__(self, writer: CanonicalWriter, page: int | None = None) -> None:
        self._writer = writer
        self._page = page

    def write(self, node: Node) -> None:
        for child in node:
            self._write_block(child, "text")

    def write_shape(self, shape: Node) -> None:
        """Write what a shape holds: a table, the text of a box, or the description of a picture."""
        for child in shape:
            kind = local_name(child)
            if kind in ("title", "desc"):
                self._add("text", "".join(child.itertext()))
            elif kind == "image":
                self.write(child)
            elif kind in _SHAPES:
                self.write_shape(child)
            else:
                self._write_block(child, "text")

    def _add(self, kind: ElementKind, text: str, *, level: int = 0) -> None:
        self._writer.add(kind, text, level=level, page=self._page)

    def _write_block(self, node: Node, kind: ElementKind) -> None:
        name = local_name(node)
        if name == "h":
            self._write_heading(node)
        elif name == "p":
            self._write_paragraph(node, kind)
        elif name in ("list", "list-item"):
            for child in node:
                self._write_block(child, "list_item")
        elif name == "table":
            self._write_table(node)
        elif name in _SHAPES:
            self.write_shape(node)
        elif name in _WRAPPERS or name.endswith("-source"):
            for child in node if not name.endswith("-source") else ():
                self._write_block(child, kind)

    def _write_heading(self, node: Node) -> None:
        level = attribute(node, "outline-level")
        number = int(level) if level.isdecimal() and level != "0" else 1
        self._write_text(node, "heading", min(number, 6))

    def _write_paragraph(self, node: Node, kind: ElementKind) -> None:
        is_title = attribute(node, "style-name") == "Title"
        self._write_text(node, "title" if is_title else kind, 0)

    def _write_text(self, node: Node, kind: ElementKind, level: int) -> None:
        found = paragraph_text(node)
        self._add(kind, found.text, level=level)
        for note in found.notes:
            self._add("text", " ".join(plain_texts(note)))
        for frame in found.frames:
            self.write_shape(frame)

    def _write_table(self, node: Node) -> None:
        rows = list(_table_rows(node))
        if any(row.find(".//{*}table") is not None for row, _ in rows) or _is_layout(rows):
            # A table around tables arranges them: its cells are read one after the other.
            for row, _ in rows:
                for cell in row.iterchildren("{*}table-cell"):
                    self.write(cell)
            return
        has_names = bool(rows) and rows[0][1]
        write_table(
            self._writer, [_cells(row) for row, _ in rows], has_names=has_names, page=self._page
        )


def _table_rows(table: Node) -> Iterator[tuple[Node, bool]]:
    """Yield the rows of a table itself, and whether each stands in its head."""
    for child in table:
        name = local_name(child)
        if name == "table-row":
            yield child, False
        elif name == "table-header-rows":
            yield from ((row, True) for row, _ in _table_rows(child))
        elif name in ("table-rows", "table-row-group"):
            yield from _table_rows(child)


def _is_layout(rows: list[tuple[Node, bool]]) -> bool:
    return all(len(row) < 2 for row, _ in rows)


def _cells(row: Node) -> list[str]:
    cells: list[str] = []
    for cell in row.iterchildren("{*}table-cell", "{*}covered-table-cell"):
        count = attribute(cell, "number-columns-repeated")
        text = " ".join(plain_texts(cell)) if local_name(cell) == "table-cell" else ""
        repeats = int(count) if count.isascii() and count.isdecimal() and len(count) < 10 else 1
        # No writer repeats a cell with text in a text document: its text stands in the first.
        cells += [text, *[""] * (min(repeats, _MAX_COLUMNS) - 1)]
    return cells[:_MAX_COLUMNS]


def _write_slides(writer: CanonicalWriter, presentation: Node) -> None:
    for page, slide in enumerate(presentation.iterchildren("{*}page"), start=1):
        shapes = [shape for shape in slide if local_name(shape) in _SHAPES]
        titles = [shape for shape in shapes if attribute(shape, "class") == "title"]
        title = " ".join(plain_texts(titles[0])) if titles else ""
        slide_text = any(plain_texts(shape) for shape in shapes)
        if title or slide_text:
            writer.add("heading", title or f"Slide {page}", level=2, page=page)
        body = _BodyWriter(writer, page)
        for shape in shapes:
            if (not titles or shape is not titles[0]) and attribute(shape, "class") not in _RUNNING:
                body.write_shape(shape)
        for notes in slide.iterchildren("{*}notes"):
            _write_notes(writer, notes, page)


def _write_notes(writer: CanonicalWriter, notes: Node, page: int) -> None:
    shapes = [shape for shape in notes if attribute(shape, "class") not in (*_RUNNING, "page")]
    texts = [text for shape in shapes for text in plain_texts(shape)]
    if texts:
        writer.add("heading", "Speaker notes", level=3, page=page)
    for text in texts:
        writer.add("text", text, page=page)
