"""PowerPoint presentations before 2007: slides in their order, read from the file's own records.

document ──▶ lists of slides and of notes: each with the texts of its outline
         ──▶ each slide's drawing: shapes with texts of their own, or with the number of an outline text
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace

from core.documents import ParsedDocument
from core.errors import ParseError
from ingest.parsers.canonical import CanonicalWriter
from ingest.parsers.office_tables import write_table
from ingest.parsers.ole_container import ole_metadata, opened, stream
from ingest.parsers.ppt_records import Record, directory, record_at

_DOCUMENT, _SLIDE, _NOTES = 0x03E8, 0x03EE, 0x03F0
_SLIDE_LIST, _SLIDE_ENTRY = 0x0FF0, 0x03F3
_SLIDES, _NOTE_PAGES = 0, 2  # instances of lists of slides
_TEXT_KIND, _UTF16_TEXT, _BYTE_TEXT, _OUTLINE_NUMBER = 0x0F9F, 0x0FA0, 0x0FA8, 0x0F9E
_DRAWING, _GROUP, _SHAPE = 0x040C, 0xF003, 0xF004
_TEXT_BOX, _CLIENT, _PLACEHOLDER = 0xF00D, 0xF011, 0x0BC3
_CHILD_ANCHOR, _OPTIONS, _MORE_OPTIONS = 0xF00F, 0xF00B, 0xF122
_IS_TABLE, _DESCRIPTION = 0x039F, 0x0381
_COVER_TITLE = 6
_TITLES, _BODIES, _NOTES_TEXT = (0, _COVER_TITLE), (1, 5, 7, 8), 2
_RUNNING = (7, 8, 9, 10)  # placeholders: date, slide number, footer, header
_ENCRYPTED_TOKEN = 0xF3D1C4DF
_RUNNING_SIGN = "*"  # what stands for a number or date that is filled in on the slide
_READABLE = str.maketrans({"\x0b": "\n", "\xa0": " "})


@dataclass(frozen=True, slots=True)
class _Text:
    """One text: `kind` as in a TextHeaderAtom (0 title, 1 body, 2 notes, 4 other, 6 centred title)."""

    kind: int
    text: str


@dataclass(frozen=True, slots=True)
class _Entry:
    """A slide or a page of notes in its list: the number of its record, its id, its outline."""

    number: int
    slide_id: int
    outline: list[_Text]


def parse_ppt(content: bytes, uri: str) -> ParsedDocument:
    """Parse a presentation as `parse_pptx` does: titles as headings, tables row by row, speaker's notes.

    Charts are not read: they are files of other programs inside the file.

    Raises:
        ParseError: `encrypted` or `corrupt`.
    """
    with opened(content, "PPT") as container:
        user = stream(container, "Current User")
        main = memoryview(stream(container, "PowerPoint Document"))
        title, said = ole_metadata(container)
        is_encrypted = container.exists("EncryptedSummary")
    if is_encrypted or user[12:16] == struct.pack("<I", _ENCRYPTED_TOKEN):
        raise ParseError("encrypted", "the presentation is protected with a password")
    number, places = directory(main, user)
    document = record_at(main, places.get(number, -1))
    if document is None or document.kind != _DOCUMENT:
        raise ParseError("corrupt", "the PPT has no document in it")
    writer = CanonicalWriter()
    covers: list[str] = []
    notes = {entry.slide_id: entry for entry in _entries(document, _NOTE_PAGES)}
    for page, entry in enumerate(_entries(document, _SLIDES), start=1):
        slide = record_at(main, places.get(entry.number, -1))
        if slide is not None and slide.kind == _SLIDE:
            pages = notes.get(_notes_id(slide))
            note = record_at(main, places.get(pages.number, -1)) if pages else None
            covers.append(_write_slide(writer, slide, entry, page))
            _write_notes(writer, note, pages, page)
    cover = covers[0] if covers else ""
    return replace(writer.document(uri, cover or title), metadata=said)


def _entries(document: Record, instance: int) -> Iterator[_Entry]:
    """Yield the slides of a list with the texts that stand behind each in it."""
    entry: _Entry | None = None
    kind = 4
    for found in document.children():
        if found.kind != _SLIDE_LIST or found.instance != instance:
            continue
        for record in found.children():
            if record.kind == _SLIDE_ENTRY and len(record.content) >= 16:
                if entry is not None:
                    yield entry
                number, _, _, slide_id = struct.unpack_from("<4I", record.content)
                entry = _Entry(number, slide_id, [])
            elif record.kind == _TEXT_KIND:
                kind = int.from_bytes(record.content[:4], "little")
                if entry is not None:
                    entry.outline.append(_Text(kind, ""))
            elif record.kind in (_UTF16_TEXT, _BYTE_TEXT) and entry is not None and entry.outline:
                entry.outline[-1] = _Text(kind, _decoded(record))
    if entry is not None:
        yield entry


def _decoded(record: Record) -> str:
    encoding = "utf-16-le" if record.kind == _UTF16_TEXT else "latin-1"
    return bytes(record.content).decode(encoding, "replace").translate(_READABLE)


def _notes_id(slide: Record) -> int:
    atom = slide.child(0x03EF)
    if atom is None or len(atom.content) < 20:
        return -1
    return int.from_bytes(atom.content[16:20], "little") or -1


def _write_slide(writer: CanonicalWriter, slide: Record, entry: _Entry, page: int) -> str:
    """Write a slide; return its title if it is one of the title slide's kind."""
    blocks = list(_blocks(slide, entry.outline))
    first = next(
        (block for block in blocks if isinstance(block, _Text) and block.kind in _TITLES), None
    )
    if blocks:
        heading = " ".join(first.text.split()) if first is not None else f"Slide {page}"
        writer.add("heading", heading, level=2, page=page)
    for block in blocks:
        if isinstance(block, _Text):
            if block is not first:
                _write_text(writer, block, page)
        else:
            write_table(writer, block, page=page)
    return first.text if first is not None and first.kind == _COVER_TITLE else ""


def _write_text(writer: CanonicalWriter, block: _Text, page: int) -> None:
    lines = [line for line in block.text.split("\r") if line.strip()]
    is_list = block.kind in _BODIES and len(lines) > 1
    for line in lines:
        writer.add("list_item" if is_list else "text", line, page=page)


def _write_notes(
    writer: CanonicalWriter, notes: Record | None, entry: _Entry | None, page: int
) -> None:
    if notes is None or notes.kind != _NOTES or entry is None:
        return
    found = [block for block in _blocks(notes, entry.outline) if isinstance(block, _Text)]
    texts = [block for block in found if block.kind == _NOTES_TEXT] or [
        block for block in found if block.kind not in _TITLES
    ]
    if texts:
        writer.add("heading", "Speaker notes", level=3, page=page)
    for block in texts:
        for line in block.text.split("\r"):
            writer.add("text", line, page=page)


def _blocks(page: Record, outline: list[_Text]) -> Iterator[_Text | list[list[str]]]:
    """Yield the texts and tables of a slide's drawing in the order of its shapes."""
    drawing = page.child(_DRAWING)
    for group in drawing.below(_GROUP) if drawing is not None else ():
        yield from _group_blocks(group, outline)


def _group_blocks(
    group: Record, outline: list[_Text], depth: int = 0
) -> Iterator[_Text | list[list[str]]]:
    if depth > 30:
        return
    shapes = [record for record in group.children() if record.kind in (_GROUP, _SHAPE)]
    if shapes and _IS_TABLE in dict(_options(shapes[0])):
        yield _table(shapes[1:], outline)
        return
    for shape in shapes:
        if shape.kind == _GROUP:
            yield from _group_blocks(shape, outline, depth + 1)
        else:
            yield from _shape_texts(shape, outline)


def _shape_texts(shape: Record, outline: list[_Text]) -> Iterator[_Text]:
    client = shape.child(_CLIENT)
    placeholder = client.child(_PLACEHOLDER) if client is not None else None
    if (
        placeholder is not None
        and len(placeholder.content) > 4
        and placeholder.content[4] in _RUNNING
    ):
        return
    box = shape.child(_TEXT_BOX)
    found = list(_box_texts(box, outline)) if box is not None else []
    yield from (text for text in found if text.text.strip() not in ("", _RUNNING_SIGN))
    description = dict(_options(shape)).get(_DESCRIPTION, "")
    if description and not found:
        yield _Text(4, description)


def _box_texts(box: Record, outline: list[_Text]) -> Iterator[_Text]:
    kind = 4
    # The box holds records although its header does not say so.
    for record in replace(box, is_container=True).children():
        if record.kind == _TEXT_KIND:
            kind = int.from_bytes(record.content[:4], "little")
        elif record.kind == _OUTLINE_NUMBER:
            number = int.from_bytes(record.content[:4], "little")
            if number < len(outline):
                yield outline[number]
        elif record.kind in (_UTF16_TEXT, _BYTE_TEXT):
            yield _Text(kind, _decoded(record))


def _options(shape: Record) -> Iterator[tuple[int, str]]:
    """Yield the properties of a shape by their numbers, with the texts of those that have one."""
    for record in shape.children():
        if (
            record.kind not in (_OPTIONS, _MORE_OPTIONS)
            or len(record.content) < 6 * record.instance
        ):
            continue
        position = 6 * record.instance
        for number in range(record.instance):
            key, value = struct.unpack_from("<HI", record.content, 6 * number)
            text = ""
            if key & 0x8000:
                if key & 0x3FFF == _DESCRIPTION:
                    found = bytes(record.content[position : position + value])
                    text = found.decode("utf-16-le", "replace").rstrip("\0")
                position += value
            yield key & 0x3FFF, text


def _table(cells: list[Record], outline: list[_Text]) -> list[list[str]]:
    """Return the rows of a table, which is a group of boxes; those with the same top are a row."""
    rows: dict[int, list[tuple[int, str]]] = {}
    for cell in cells:
        anchor = cell.child(_CHILD_ANCHOR)
        box = cell.child(_TEXT_BOX)
        if anchor is None or box is None or len(anchor.content) < 16:
            continue
        left, top = struct.unpack_from("<ii", anchor.content)
        text = " ".join(one.text.replace("\r", " ") for one in _box_texts(box, outline))
        rows.setdefault(top, []).append((left, text))
    return [[text for _, text in sorted(rows[top])] for top in sorted(rows)]
