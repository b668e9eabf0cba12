"""ZIP archives: the list at the end is believed for names alone; every size is measured.

Entries that share bytes of the archive make one of them unpack many times (Fifield's bomb: 10 MB become
281 TB), so an archive with such entries is refused before anything of it is unpacked.
"""

import stat
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from io import BytesIO
from zipfile import BadZipFile, ZipFile, ZipInfo

from core.errors import ParseError
from ingest.containers.members import AnyMember, BadMember, Budget, Member, bad_member
from ingest.containers.names import UniqueNames, is_clutter, safe_name
from ingest.containers.unpacking import Packing, joined, unpacked

_LOCAL = struct.Struct("<4s5H3L2H")
_LOCAL_MARK = b"PK\x03\x04"
_DIRECTORY_MARK = b"PK\x01\x02"
_DESCRIPTOR_MARK = b"PK\x07\x08"
_ENCRYPTED = 0x1
_SIZES_FOLLOW = 0x8
_NAME_IS_UTF8 = 0x800
_PACKINGS: dict[int, Packing] = {0: "stored", 8: "deflate", 12: "bzip2"}
_REST = "rest of the archive"
_CUT_OFF = "the archive is cut off or damaged; what comes after this point is lost"


@dataclass(frozen=True, slots=True)
class _Entry:
    """What is needed to read one file: its compressed bytes, which begin at `start` of the archive."""

    name: str
    method: int
    flags: int
    start: int
    packed: memoryview
    checksum: int | None
    mode: int = 0
    modified: str = ""


def expand_zip(content: bytes, budget: Budget) -> Iterator[AnyMember]:
    """Yield the files of an archive, in the order of its list.

    An archive that lost its list is read from its beginning as far as it goes.

    Raises:
        ParseError: `corrupt`, `too_large`, `archive_bomb`.
    """
    # A list of a million entries would cost a gigabyte to read; counting its marks costs 20 ms.
    if content.count(_DIRECTORY_MARK) > budget.max_entries:
        raise ParseError("too_large", f"it lists more than {budget.max_entries:,} entries")
    names = UniqueNames()
    try:
        with ZipFile(BytesIO(content)) as archive:
            listed, end = archive.infolist(), archive.start_dir
    except (BadZipFile, NotImplementedError, ValueError, OSError, struct.error) as error:
        if not content.startswith(_LOCAL_MARK):
            raise ParseError("corrupt", "the archive is damaged, or is no ZIP") from error
        yield from _expand_without_list(content, names, budget)
        return
    _require_apart(content, listed, end)
    files = [(info, name) for info in listed if (name := _file_name(info))]
    # All are counted before the first is read: too many files cost no time.
    for _ in files:
        budget.count_member()
    for info, name in files:
        yield _member(content, info, names.take(name), budget)


def _file_name(info: ZipInfo) -> str:
    """Return the name of an entry, '' for a folder and for clutter."""
    name = safe_name(_listed_name(info))
    return "" if info.is_dir() or is_clutter(name) else name


def _require_apart(content: bytes, listed: list[ZipInfo], end: int) -> None:
    """Refuse an archive of which two entries, or an entry and the list, share bytes."""
    spans = sorted(
        (info.header_offset, _data_start(content, info.header_offset) + info.compress_size)
        for info in listed
    )
    ends = [start for start, _ in spans[1:]] + [end]
    if any(stop > limit for (_, stop), limit in zip(spans, ends, strict=False)):
        raise ParseError("archive_bomb", "its entries overlap, so that one unpacks many times")


def _data_start(content: bytes, offset: int) -> int:
    header = content[offset : offset + _LOCAL.size] if offset >= 0 else b""
    if len(header) < _LOCAL.size or not header.startswith(_LOCAL_MARK):
        return offset  # read as damaged when its turn comes
    *_, name_bytes, extra_bytes = _LOCAL.unpack(header)
    return int(offset + _LOCAL.size + name_bytes + extra_bytes)


def _member(content: bytes, info: ZipInfo, name: str, budget: Budget) -> AnyMember:
    start = _data_start(content, info.header_offset)
    stop = start + info.compress_size
    if start == info.header_offset or stop > len(content):
        return BadMember(name, "corrupt", "it is not where the archive's list says")
    entry = _Entry(
        name,
        info.compress_type,
        info.flag_bits,
        start,
        memoryview(content)[start:stop],
        info.CRC,
        info.external_attr >> 16,
        _modified(info.date_time),
    )
    return _read(entry, budget)


def _read(entry: _Entry, budget: Budget) -> AnyMember:
    try:
        packing = _packing(entry)
        content = joined(unpacked(entry.packed, packing, budget), budget)
        if entry.checksum not in (None, zlib.crc32(content)):
            raise ParseError("corrupt", "its checksum is wrong")
    except ParseError as error:
        return bad_member(entry.name, error)
    return Member(entry.name, content, entry.modified)


def _packing(entry: _Entry) -> Packing:
    kind = stat.S_IFMT(entry.mode)
    if kind == stat.S_IFLNK:
        raise ParseError("unsupported", "is a link")
    if kind not in (0, stat.S_IFREG):
        raise ParseError("unsupported", "is a device, not a file")
    if entry.flags & _ENCRYPTED:
        raise ParseError("encrypted", "is protected with a password")
    if entry.method not in _PACKINGS:
        raise ParseError("unsupported", f"is compressed in a way that is not read ({entry.method})")
    return _PACKINGS[entry.method]


def _listed_name(info: ZipInfo) -> str:
    # Not `filename`: that ends at a NUL, and `report.exe\0.txt` would be another file.
    name = info.orig_filename
    return name if info.flag_bits & _NAME_IS_UTF8 else _as_utf8(name)


def _as_utf8(name: str) -> str:
    """Read a name as UTF-8 where it is; many programs write that and do not say so."""
    try:
        return name.encode("cp437").decode("utf-8")
    except UnicodeError:
        return name


def _modified(moment: tuple[int, int, int, int, int, int]) -> str:
    try:
        return datetime(*moment).isoformat()  # noqa: DTZ001  # the format has no time zone
    except ValueError:
        return ""


def _expand_without_list(content: bytes, names: UniqueNames, budget: Budget) -> Iterator[AnyMember]:
    position = 0
    while content.startswith(_LOCAL_MARK, position):
        budget.count_entry()
        entry = _local_entry(content, position)
        if entry is None:
            break
        before = budget.packed
        found = _read(entry, budget)
        if entry.checksum is not None:
            position = entry.start + len(entry.packed)
        elif isinstance(found, Member):
            position = _behind_descriptor(content, entry.start + budget.packed - before)
        else:
            break
        name = safe_name(entry.name)
        if not entry.name.endswith("/") and not is_clutter(name):
            budget.count_member()
            yield replace(found, name=names.take(name))
    yield BadMember(names.take(_REST), "corrupt", _CUT_OFF, is_rest=True)


def _local_entry(content: bytes, position: int) -> _Entry | None:
    """Return the entry whose header is at `position`, None when its end cannot be told."""
    header = content[position : position + _LOCAL.size]
    if len(header) < _LOCAL.size:
        return None
    _, _, flags, method, _, _, checksum, size, _, name_bytes, _ = _LOCAL.unpack(header)
    start = _data_start(content, position)
    if start + size > len(content):
        return None
    raw = content[position + _LOCAL.size : position + _LOCAL.size + name_bytes]
    name = raw.decode("utf-8" if flags & _NAME_IS_UTF8 else "cp437", "replace")
    if not flags & _NAME_IS_UTF8:
        name = _as_utf8(name)
    if not flags & _SIZES_FOLLOW:
        packed = memoryview(content)[start : start + size]
        return _Entry(name, method, flags, start, packed, checksum)
    # The size is behind the data. Deflated data says itself where it ends; anything else does not.
    if _PACKINGS.get(method) != "deflate":
        return None
    return _Entry(name, method, flags, start, memoryview(content)[start:], None)


def _behind_descriptor(content: bytes, position: int) -> int:
    return position + (16 if content.startswith(_DESCRIPTOR_MARK, position) else 12)
