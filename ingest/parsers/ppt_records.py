"""The records of a PowerPoint file before 2007, as [MS-PPT] and [MS-ODRAW] name them.

record: version and instance (2 bytes), type (2), length (4), then its content or its children
Current User ──▶ last edit ──▶ the edits before it; each has a directory: number ──▶ place of a record
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from core.errors import ParseError

_CONTAINER = 0xF
_HEADER_BYTES = 8
_MAX_DEPTH = 40
_EDIT, _DIRECTORY = 0x0FF5, 0x1772
_MAX_EDITS = 10_000


@dataclass(frozen=True, slots=True)
class Record:
    """One record; `content` is what stands behind its header."""

    kind: int
    instance: int
    is_container: bool
    content: memoryview

    def children(self) -> Iterator["Record"]:
        """Yield the records in this one; nothing if it holds none."""
        if self.is_container:
            yield from records(self.content)

    def child(self, kind: int) -> "Record | None":
        """Return the first record in this one of a kind."""
        return next((record for record in self.children() if record.kind == kind), None)

    def below(self, *kinds: int, depth: int = _MAX_DEPTH) -> Iterator["Record"]:
        """Yield the records of these kinds at any depth, in their order; not those in one of them."""
        for record in self.children() if depth else ():
            if record.kind in kinds:
                yield record
            else:
                yield from record.below(*kinds, depth=depth - 1)


def records(content: memoryview) -> Iterator[Record]:
    """Yield the records that stand one after the other; one that is cut off ends them."""
    position = 0
    while (record := record_at(content, position)) is not None:
        yield record
        position += _HEADER_BYTES + len(record.content)


def record_at(content: memoryview, position: int) -> Record | None:
    """Return the record at a place; None where there is no whole one."""
    if position < 0 or position + _HEADER_BYTES > len(content):
        return None
    first, kind, length = struct.unpack_from("<HHI", content, position)
    start = position + _HEADER_BYTES
    if start + length > len(content):
        return None
    return Record(kind, first >> 4, first & 0xF == _CONTAINER, content[start : start + length])


def directory(stream: memoryview, current_user: bytes) -> tuple[int, dict[int, int]]:
    """Return the number of the document's own record, and the place of each record by its number.

    Raises:
        ParseError: `corrupt`.
    """
    if len(current_user) < 20:
        raise ParseError("corrupt", "the PPT does not say where its last edit is")
    (place,) = struct.unpack_from("<I", current_user, 16)
    places: dict[int, int] = {}
    document = 0
    seen: set[int] = set()
    while place and place not in seen and len(seen) < _MAX_EDITS:
        seen.add(place)
        edit = record_at(stream, place)
        if edit is None or edit.kind != _EDIT or len(edit.content) < 20:
            break
        place, found, number = struct.unpack_from("<III", edit.content, 8)
        document = document or number
        for key, value in _places(record_at(stream, found)):
            places.setdefault(key, value)  # later edits come first
    if not document:
        raise ParseError("corrupt", "the last edit of the PPT cannot be read")
    return document, places


def _places(record: Record | None) -> Iterator[tuple[int, int]]:
    if record is None or record.kind != _DIRECTORY:
        return
    words = struct.unpack_from(f"<{len(record.content) // 4}I", record.content)
    position = 0
    while position < len(words):
        first, count = words[position] & 0xFFFFF, words[position] >> 20
        for number, place in enumerate(words[position + 1 : position + 1 + count]):
            yield first + number, place
        position += 1 + count
