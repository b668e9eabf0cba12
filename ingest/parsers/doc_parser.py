"""Word documents before 2007, read from the pieces that [MS-DOC] makes of their text.

    WordDocument stream: header (FIB) ──▶ table stream: piece table ──▶ characters, in their order
                                       └▶ formatting pages ──▶ kind of each paragraph (doc_formatting)

One run of characters holds the body, then footnotes, running headers, comments, endnotes and text boxes,
each of a length that the header says.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from core.documents import ParsedDocument
from core.errors import ParseError
from ingest.parsers.canonical import CanonicalWriter
from ingest.parsers.doc_formatting import (
    ParagraphFormat,
    StyleSheet,
    character_stretches,
    is_deleted,
    paragraph_stretches,
)
from ingest.parsers.office_tables import write_table
from ingest.parsers.ole_container import ole_metadata, opened, stream

if TYPE_CHECKING:
    from olefile import OleFileIO  # type: ignore[import-untyped]

_MAGIC = 0xA5EC
_FIRST_OF_97 = 193
_ENCRYPTED, _SECOND_TABLE, _COMPLEX = 0x0100, 0x0200, 0x0004
_STYLES, _CHARACTERS, _PARAGRAPHS, _PIECES = 1, 12, 13, 33  # places in the FIB's list of parts
_CELL, _PARAGRAPH, _PAGE = "\x07", "\r", "\x0c"
_FIELD_BEGIN, _FIELD_RESULT, _FIELD_END = "\x13", "\x14", "\x15"
_READABLE = str.maketrans(
    {
        "\x0b": "\n",
        "\x1e": "-",
        "\x1f": None,
        "\xa0": " ",
        **dict.fromkeys("\x01\x02\x03\x04\x05\x08"),
    }
)


@dataclass(frozen=True, slots=True)
class _Piece:
    """Characters that follow each other in the file from an offset on, each of 1 or 2 bytes."""

    text: str
    offset: int
    width: int


@dataclass(frozen=True, slots=True)
class _Paragraph:
    text: str
    mark: str
    format: ParagraphFormat


def parse_doc(content: bytes, uri: str) -> ParsedDocument:
    """Parse a Word document: headings by style, list items, tables row by row; notes and boxes at the end.

    Of fields only the results are kept. Deleted text, running headers and comments are left out.

    Raises:
        ParseError: `encrypted`, `corrupt`, or `unsupported` for Word 6 files that were saved quickly
            and for still older ones.
    """
    with opened(content, "DOC") as container:
        main = stream(container, "WordDocument")
        if len(main) < 0x60 or struct.unpack_from("<H", main)[0] != _MAGIC:
            raise ParseError("corrupt", "the file is no Word document, or its beginning is damaged")
        if _flags(main) & _ENCRYPTED:
            raise ParseError("encrypted", "the document is protected with a password")
        title, said = ole_metadata(container)
        version = struct.unpack_from("<H", main, 2)[0]
        paragraphs = _paragraphs(container, main) if version >= _FIRST_OF_97 else _old(main)
        writer = CanonicalWriter()
        _write(writer, paragraphs)
    return replace(writer.document(uri, title), metadata=said)


def _flags(main: bytes) -> int:
    return int.from_bytes(main[0x0A:0x0C], "little")


def _old(main: bytes) -> Iterator[_Paragraph]:
    """Yield the paragraphs of Word 6 and 95: one run of bytes, and no kinds."""
    if _flags(main) & _COMPLEX or struct.unpack_from("<H", main, 2)[0] < 101:
        raise ParseError("unsupported", "the document is of a very old Word: save it as .docx")
    first, _ = struct.unpack_from("<II", main, 0x18)
    (length,) = struct.unpack_from("<I", main, 0x34)
    text = main[first : first + length].decode("cp1252", "replace")
    for line in _shown(text, [False] * len(text))[0].split(_PARAGRAPH):
        yield _Paragraph(line.replace(_CELL, " "), _PARAGRAPH, ParagraphFormat())


def _paragraphs(container: "OleFileIO", main: bytes) -> Iterator[_Paragraph]:
    """Yield the paragraphs of the body, the notes and the text boxes."""
    table = stream(container, "1Table" if _flags(main) & _SECOND_TABLE else "0Table")
    pieces = list(_pieces(main, _part(main, table, _PIECES)))
    kinds = paragraph_stretches(main, _part(main, table, _PARAGRAPHS))
    looks = character_stretches(main, _part(main, table, _CHARACTERS))
    styles = StyleSheet(_part(main, table, _STYLES))
    characters = "".join(piece.text for piece in pieces)
    offsets = [piece.offset + piece.width * n for piece in pieces for n in range(len(piece.text))]
    deleted = _deleted_places(offsets, looks.starts, [is_deleted(value) for value in looks.values])
    formats: dict[bytes, ParagraphFormat] = {}
    for begin, end in _stories(main, len(characters)):
        text, places = _shown(characters[begin:end], deleted[begin:end])
        start = 0
        for place, sign in enumerate(text):
            if sign in (_CELL, _PARAGRAPH, _PAGE):
                value = kinds.at(offsets[begin + places[place]])
                kind = formats.setdefault(value, styles.format_of(value))
                yield _Paragraph(text[start:place], sign, kind)
                start = place + 1
        yield _Paragraph(text[start:], _PARAGRAPH, ParagraphFormat())


def _part(main: bytes, table: bytes, number: int) -> bytes:
    place = 0x9A + 8 * number
    if len(main) < place + 8:
        raise ParseError("corrupt", "the beginning of the DOC is damaged")
    start, length = struct.unpack_from("<II", main, place)
    return table[start : start + length]


def _pieces(main: bytes, clx: bytes) -> Iterator[_Piece]:
    """Yield the pieces of the text in its order.

    Raises:
        ParseError: `corrupt` without a piece table, or if pieces ask for more text than the file has.
    """
    position = 0
    while (
        position + 3 <= len(clx) and clx[position] == 1
    ):  # properties of pieces stand before the table
        position += 3 + int.from_bytes(clx[position + 1 : position + 3], "little")
    if position + 5 > len(clx) or clx[position] != 2:
        raise ParseError("corrupt", "the DOC has no table of its text")
    table = clx[
        position + 5 : position + 5 + int.from_bytes(clx[position + 1 : position + 5], "little")
    ]
    count = (len(table) - 4) // 12
    left = len(main)
    for number in range(count):
        begin, end = struct.unpack_from("<II", table, 4 * number)
        (offset,) = struct.unpack_from("<I", table, 4 * (count + 1) + 8 * number + 2)
        width = 1 if offset & 0x40000000 else 2
        offset = (offset & 0x3FFFFFFF) // (3 - width)
        found = main[offset : offset + width * max(0, end - begin)]
        left -= len(found)
        if end < begin or left < 0:
            raise ParseError("corrupt", "the table of the DOC's text makes no sense")
        text = found.decode("cp1252" if width == 1 else "utf-16-le", "replace") if found else ""
        yield _Piece(_of_units(found, text, width), offset, width)


def _of_units(found: bytes, text: str, width: int) -> str:
    """Return one character a unit of the file, so that places can be counted; pairs stay apart."""
    if width == 1 or len(text) * 2 == len(found):
        return text
    units = struct.unpack(f"<{len(found) // 2}H", found[: len(found) // 2 * 2])
    return "".join(map(chr, units))


def _deleted_places(offsets: list[int], starts: list[int], marks: list[bool]) -> list[bool]:
    from bisect import bisect_right

    if not any(marks):
        return [False] * len(offsets)
    found = []
    for offset in offsets:
        place = bisect_right(starts, offset) - 1
        found.append(place >= 0 and marks[place])
    return found


def _stories(main: bytes, length: int) -> Iterator[tuple[int, int]]:
    """Yield where the body, footnotes, endnotes and text boxes begin and end."""
    body, foot, headers, macros, comments, end, boxes, _ = struct.unpack_from("<8I", main, 0x4C)
    start = 0
    for size, is_kept in (
        (body, True), (foot, True), (headers, False), (macros, False),
        (comments, False), (end, True), (boxes, True),
    ):  # fmt: skip
        if is_kept and size:
            yield min(start, length), min(start + size, length)
        start += size


def _shown(text: str, deleted: list[bool]) -> tuple[str, list[int]]:
    """Return the characters without codes of fields and deletions, and where each was."""
    out: list[str] = []
    places: list[int] = []
    hidden: list[bool] = []  # for each open field: whether its code is being read
    codes = 0
    for place, sign in enumerate(text):
        if sign == _FIELD_BEGIN:
            hidden.append(True)
            codes += 1
        elif sign in (_FIELD_RESULT, _FIELD_END):
            if hidden and hidden[-1]:
                hidden[-1] = False
                codes -= 1
            if sign == _FIELD_END and hidden:
                hidden.pop()
        elif not codes and not deleted[place]:
            out.append(sign)
            places.append(place)
    return "".join(out), places


def _write(writer: CanonicalWriter, paragraphs: Iterator[_Paragraph]) -> None:
    table = _TableReader(writer)
    for paragraph in paragraphs:
        text = _readable(paragraph.text)
        if paragraph.format.in_table or paragraph.mark == _CELL:
            table.add(text, paragraph)
            continue
        table.end()
        level = paragraph.format.level
        if level < 0:
            writer.add("title", text)
        elif level:
            writer.add("heading", text, level=min(level, 6))
        else:
            writer.add("list_item" if paragraph.format.in_list else "text", text)
    table.end()


def _readable(text: str) -> str:
    # Pairs of UTF-16 units become the one character that they stand for.
    joined = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return joined.translate(_READABLE)


class _TableReader:
    """Collects cells until their row ends, and rows until their table does."""

    def __init__(self, writer: CanonicalWriter) -> None:
        self._writer = writer
        self._cell: list[str] = []
        self._row: list[str] = []
        self._rows: list[list[str]] = []
        self._has_names = False

    def add(self, text: str, paragraph: _Paragraph) -> None:
        if paragraph.format.ends_row:
            self._has_names |= not self._rows and paragraph.format.is_names_row
            self._end_row()
            return
        self._cell.append(text)
        if paragraph.mark == _CELL or paragraph.format.ends_inner_cell:
            self._row.append(" ".join(filter(None, self._cell)))
            self._cell = []

    def _end_row(self) -> None:
        self._row += filter(None, [" ".join(filter(None, self._cell))])
        self._rows.append(self._row)
        self._row, self._cell = [], []

    def end(self) -> None:
        if self._row or self._cell:
            self._end_row()
        if self._rows:
            write_table(self._writer, self._rows, has_names=self._has_names)
        self._rows, self._has_names = [], False
