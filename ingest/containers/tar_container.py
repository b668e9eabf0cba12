"""TAR archives, packed or not, read once from beginning to end.

`tarfile` decodes each header's block, but the archive is walked here: `tarfile` reads an extended header
of any size into memory, and a negative size makes it go back and loop for ever (CVE-2025-8194).
"""

import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from tarfile import TarInfo

from core.errors import ParseError
from ingest.containers.members import AnyMember, BadMember, Budget, Member, bad_member
from ingest.containers.names import UniqueNames, is_clutter, safe_name
from ingest.containers.unpacking import joined

_BLOCK = 512
_PIECE_BYTES = 65_536
_MAX_HEADER_BYTES = 1024 * 1024
_MAX_RECORDS = 10_000
_REST = "rest of the archive"
_LINKS = (tarfile.LNKTYPE, tarfile.SYMTYPE)
_DEVICES = (tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE)
_GNU_NOTES = (b"D", b"M", b"V", b"N")  # lists of folders, parts of volumes, labels
_GNU_SPARSE_MORE_FIRST = 482
_GNU_SPARSE_MORE = 504


def expand_tar(blocks: Iterator[bytes], budget: Budget) -> Iterator[AnyMember]:
    """Yield the files of an archive in their order; `blocks` are its unpacked bytes.

    Raises:
        ParseError: `corrupt`, when not one entry could be read; `too_large`, `archive_bomb`.
    """
    names = UniqueNames()
    archive = _Bytes(blocks)
    entries = 0
    try:
        for entry in _entries(archive, budget):
            entries += 1
            name = safe_name(entry.name)
            if is_clutter(name):
                archive.skip(entry.padded_size)
                continue
            budget.count_member()
            yield _member(archive, entry, names.take(name), budget)
    except _CutOff as error:
        if not entries:
            raise
        yield BadMember(names.take(_REST), error.reason, error.detail, is_rest=True)


class _CutOff(ParseError):
    """The archive cannot be read from here on."""

    def __init__(self, detail: str) -> None:
        super().__init__("corrupt", detail)


class _Bytes:
    """The unpacked archive as a stream that only goes forward."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._block = memoryview(b"")

    def pieces(self, size: int) -> Iterator[bytes]:
        """Yield `size` bytes in pieces of at most 64 KiB."""
        while size > 0:
            if not self._block:
                self._block = memoryview(self._next())
            piece = self._block[: min(size, _PIECE_BYTES)]
            self._block = self._block[len(piece) :]
            size -= len(piece)
            yield bytes(piece)

    def read(self, size: int) -> bytes:
        """Return `size` bytes."""
        return b"".join(self.pieces(size))

    def skip(self, size: int) -> None:
        """Pass over `size` bytes."""
        for _ in self.pieces(size):
            pass

    def is_at_end(self) -> bool:
        """Say whether nothing is left; an archive may end without the empty blocks that mark its end."""
        if not self._block:
            self._block = memoryview(next(self._blocks, b""))
        return not self._block

    def _next(self) -> bytes:
        try:
            return next(self._blocks)
        except StopIteration:
            raise _CutOff("the archive is cut off; what comes after this point is lost") from None
        except ParseError as error:
            if error.reason == "archive_bomb":
                raise
            raise _CutOff(f"{error.detail}; what comes after this point is lost") from error


@dataclass(slots=True)
class _Entry:
    """One header, with what extended headers before it say instead."""

    name: str
    kind: bytes
    size: int
    modified: float
    is_sparse: bool = False

    @property
    def padded_size(self) -> int:
        return -(-self.size // _BLOCK) * _BLOCK


@dataclass(slots=True)
class _Overrides:
    """What extended headers say of the next entry."""

    name: str = ""
    values: dict[str, str] = field(default_factory=dict)


def _entries(archive: _Bytes, budget: Budget) -> Iterator[_Entry]:
    """Yield links, devices and files; the reader must take or skip a file's bytes before the next one."""
    overrides = _Overrides()
    while not archive.is_at_end():
        header = archive.read(_BLOCK)
        if not any(header):
            return
        budget.count_entry()
        info = _decoded(header)
        if info.type in (tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE):
            overrides.values.update(_records(_extended(archive, info)))
        elif info.type == tarfile.GNUTYPE_LONGNAME:
            overrides.name = _text(_extended(archive, info).partition(b"\0")[0])
        elif info.type in (tarfile.XGLTYPE, tarfile.GNUTYPE_LONGLINK):
            _extended(archive, info)
        elif info.type in _GNU_NOTES:
            archive.skip(_entry(info, _Overrides()).padded_size)
        else:
            if info.type == tarfile.GNUTYPE_SPARSE:
                _skip_sparse_map(archive, header)
            if info.type != tarfile.DIRTYPE:
                yield _entry(info, overrides)
            overrides = _Overrides()


def _decoded(header: bytes) -> TarInfo:
    try:
        info = TarInfo.frombuf(header, "utf-8", "surrogateescape")
    except (tarfile.HeaderError, ValueError) as error:
        raise _CutOff(
            "a header of the archive is damaged; what comes after this point is lost"
        ) from error
    if info.size < 0:
        raise _CutOff("a size in the archive is less than nothing; what comes after is lost")
    return info


def _entry(info: TarInfo, overrides: _Overrides) -> _Entry:
    values = overrides.values
    name = (
        overrides.name
        or values.get("path", "")
        or _text(info.name.encode(errors="surrogateescape"))
    )
    size = values.get("size", "")
    modified = values.get("mtime", "")
    return _Entry(
        name,
        info.type,
        int(size) if size.isascii() and size.isdigit() and len(size) < 20 else info.size,
        _number(modified) if modified else info.mtime,
        info.type == tarfile.GNUTYPE_SPARSE or any(key.startswith("GNU.sparse") for key in values),
    )


def _extended(archive: _Bytes, info: TarInfo) -> bytes:
    if info.size > _MAX_HEADER_BYTES:
        raise _CutOff("a header of the archive is larger than 1 MiB; what comes after is lost")
    return archive.read(-(-info.size // _BLOCK) * _BLOCK)[: info.size]


def _records(header: bytes) -> Iterator[tuple[str, str]]:
    """Yield the keys and values of an extended header, whose records are `LENGTH KEY=VALUE`."""
    position = 0
    for _ in range(_MAX_RECORDS):
        length, space, _ = header[position : position + 10].partition(b" ")
        if not space or not length.isdigit() or int(length) <= len(length) + 1:
            return
        record = header[position + len(length) + 1 : position + int(length)]
        key, _, value = record.rstrip(b"\n").partition(b"=")
        yield _text(key), _text(value)
        position += int(length)


def _skip_sparse_map(archive: _Bytes, header: bytes) -> None:
    has_more = header[_GNU_SPARSE_MORE_FIRST]
    while has_more:
        has_more = archive.read(_BLOCK)[_GNU_SPARSE_MORE]


def _member(archive: _Bytes, entry: _Entry, name: str, budget: Budget) -> AnyMember:
    if entry.kind in _LINKS:
        return BadMember(name, "unsupported", "is a link")
    if entry.kind in _DEVICES:
        return BadMember(name, "unsupported", "is a device, not a file")
    if entry.is_sparse:
        archive.skip(entry.padded_size)
        return BadMember(name, "unsupported", "is a file with holes")
    try:
        budget.require_size(entry.size)
    except ParseError as error:
        archive.skip(entry.padded_size)
        return bad_member(name, error)
    content = joined(archive.pieces(entry.size), budget)
    archive.skip(entry.padded_size - entry.size)
    return Member(name, content, _iso(entry.modified))


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def _iso(seconds: float) -> str:
    try:
        return datetime.fromtimestamp(int(seconds), UTC).isoformat() if seconds > 0 else ""
    except (ValueError, OverflowError, OSError):
        return ""
