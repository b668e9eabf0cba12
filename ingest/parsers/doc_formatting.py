"""What the Word binary format says about stretches of its text: kinds of paragraphs, and deletions.

    table stream: list of pages (PlcfBtePapx, PlcfBteChpx) ──▶ 512-byte pages of the main stream
    page: offsets in the file, and for each stretch between two of them its list of properties

The properties are named by numbers ("sprm") of two bytes; three bits of each say how long its value is.
Names and numbers are those of [MS-DOC].
"""

import struct
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field

_PAGE_BYTES = 512
_MAX_BASES = 11  # styles that a style is based on, one after the other
_VALUE_BYTES = {0: 1, 1: 1, 2: 2, 3: 4, 4: 2, 5: 2, 7: 3}

_STYLE, _OUTLINE, _LIST = 0x4600, 0x2640, 0x460B
_IN_TABLE, _ROW_END = 0x2416, 0x2417
_INNER_CELL, _INNER_ROW_END = 0x244B, 0x244C
_NAMES_ROW = 0x3404
_DELETED = 0x0800
_TABLE_DEFINITIONS = (0xD608, 0xC615)  # their lengths are counted in their own ways
_NO_LEVEL = 9
_TITLE_STYLE = 62


@dataclass(frozen=True, slots=True)
class ParagraphFormat:
    """What is known of one paragraph; `level` is 1 to 9 for headings, -1 for a document's title."""

    level: int = 0
    in_list: bool = False
    in_table: bool = False
    ends_row: bool = False
    ends_inner_cell: bool = False
    is_names_row: bool = False


@dataclass(slots=True)
class Stretches:
    """Values by place in the file; each holds from its offset to `end`, exclusive."""

    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    values: list[bytes] = field(default_factory=list)

    def at(self, offset: int) -> bytes:
        """Return the value at an offset; nothing between two stretches."""
        place = bisect_right(self.starts, offset) - 1
        return self.values[place] if place >= 0 and offset < self.ends[place] else b""


def paragraph_stretches(main: bytes, pages: bytes) -> Stretches:
    """Return the properties of paragraphs, each with its style's number in the first two bytes."""
    return _stretches(main, pages, entry_bytes=13, is_paragraph=True)


def character_stretches(main: bytes, pages: bytes) -> Stretches:
    """Return the properties of characters."""
    return _stretches(main, pages, entry_bytes=1, is_paragraph=False)


def _stretches(main: bytes, pages: bytes, *, entry_bytes: int, is_paragraph: bool) -> Stretches:
    count = max(0, (len(pages) - 4) // 8)
    seen: set[int] = set()
    entries: list[tuple[int, int, bytes]] = []
    for position in range(count):
        (number,) = struct.unpack_from("<I", pages, 4 * (count + 1) + 4 * position)
        start = (number & 0x3FFFFF) * _PAGE_BYTES
        page = main[start : start + _PAGE_BYTES]
        if len(page) == _PAGE_BYTES and start not in seen:
            seen.add(start)
            entries += _page_entries(page, entry_bytes, is_paragraph=is_paragraph)
    entries.sort(key=lambda entry: entry[:2])
    return Stretches(
        [start for start, _, _ in entries],
        [end for _, end, _ in entries],
        [value for _, _, value in entries],
    )


def _page_entries(
    page: bytes, entry_bytes: int, *, is_paragraph: bool
) -> Iterator[tuple[int, int, bytes]]:
    count = page[-1]
    table = 4 * (count + 1)
    if not count or table + count * entry_bytes > _PAGE_BYTES - 1:
        return
    offsets = struct.unpack_from(f"<{count + 1}I", page)
    for number in range(count):
        place = 2 * page[table + number * entry_bytes]
        value = b""
        if place:
            begin, length = place + 1, page[place]
            if is_paragraph:  # counted in words; 0 means that the next byte counts
                begin, length = (
                    (place + 2, 2 * page[place + 1]) if not length else (begin, 2 * length - 1)
                )
            value = page[begin : begin + length]
        yield offsets[number], offsets[number + 1], value


def is_deleted(properties: bytes) -> bool:
    """Say whether characters are a deletion that Word keeps until it is accepted."""
    return any(sprm == _DELETED and value == b"\1" for sprm, value in _properties(properties))


def _properties(grpprl: bytes) -> Iterator[tuple[int, bytes]]:
    position = 0
    while position + 2 <= len(grpprl):
        (sprm,) = struct.unpack_from("<H", grpprl, position)
        position += 2
        size = _VALUE_BYTES.get(sprm >> 13)
        if size is None:
            size, position = _long_value(grpprl, position, sprm)
        yield sprm, grpprl[position : position + size]
        position += size


def _long_value(grpprl: bytes, position: int, sprm: int) -> tuple[int, int]:
    if sprm == _TABLE_DEFINITIONS[0]:
        length = int.from_bytes(grpprl[position : position + 2], "little")
        return max(0, length - 1), position + 2
    length = grpprl[position] if position < len(grpprl) else 0
    if sprm == _TABLE_DEFINITIONS[1] and length == 255:
        return len(
            grpprl
        ), position + 1  # the value's own counts say its length: nothing after it matters
    return length, position + 1


class StyleSheet:
    """The heading levels of a document's styles, read from its STSH."""

    def __init__(self, stsh: bytes) -> None:
        self._styles = list(_styles(stsh))

    def format_of(self, properties: bytes) -> ParagraphFormat:
        """Return what the properties of a paragraph and its style say."""
        if len(properties) < 2:
            return ParagraphFormat()
        said = {
            sprm: int.from_bytes(value, "little") for sprm, value in _properties(properties[2:])
        }
        style = said.get(_STYLE, int.from_bytes(properties[:2], "little"))
        level = self._level(style)
        outline = said.get(_OUTLINE, _NO_LEVEL)
        return ParagraphFormat(
            level=level or (outline + 1 if outline < _NO_LEVEL else 0),
            in_list=said.get(_LIST, 0) not in (0, 0xF801),
            in_table=bool(said.get(_IN_TABLE)),
            ends_row=bool(said.get(_ROW_END) or said.get(_INNER_ROW_END)),
            ends_inner_cell=bool(said.get(_INNER_CELL)),
            is_names_row=bool(said.get(_NAMES_ROW)),
        )

    def _level(self, style: int) -> int:
        for _ in range(_MAX_BASES):
            if style >= len(self._styles):
                return 0
            built_in, base = self._styles[style]
            if 1 <= built_in <= 9:
                return built_in
            if built_in == _TITLE_STYLE:
                return -1
            style = base
        return 0


def _styles(stsh: bytes) -> Iterator[tuple[int, int]]:
    """Yield each style's number among Word's own, and the style that it is based on."""
    if len(stsh) < 4:
        return
    (header,) = struct.unpack_from("<H", stsh)
    position = 2 + header
    while position + 2 <= len(stsh):
        (length,) = struct.unpack_from("<H", stsh, position)
        position += 2
        if length >= 4 and position + 4 <= len(stsh):
            first, second = struct.unpack_from("<HH", stsh, position)
            yield first & 0x0FFF, second >> 4
        else:
            yield 0x0FFF, 0x0FFF
        position += length + length % 2
