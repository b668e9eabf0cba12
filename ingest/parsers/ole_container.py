"""The OLE container of the Office formats before 2007: its checks, streams and properties."""

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from core.errors import ParseError
from ingest.parsers.office_container import metadata

if TYPE_CHECKING:
    from olefile import OleFileIO  # type: ignore[import-untyped]

_SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_CODEPAGE, _TITLE, _AUTHOR, _CREATED, _MODIFIED = 1, 2, 4, 12, 13
_BYTES, _UTF16, _FILE_TIME = 30, 31, b"\x40\0\0\0"
_MAX_PROPERTIES = 100
_MAX_PROPERTY_BYTES = 2_000


@contextmanager
def opened(content: bytes, name: str) -> Iterator["OleFileIO"]:
    """Open a container; `name` is what the file should be, as in "the DOC is damaged".

    Raises:
        ParseError: `corrupt`, or `encrypted` for a file of a newer format inside an encrypted package.
    """
    import olefile

    if not content.startswith(_SIGNATURE):
        raise ParseError("corrupt", f"the file does not begin like a {name}")
    try:
        container = olefile.OleFileIO(content)
    except (OSError, ValueError, IndexError) as error:
        raise ParseError("corrupt", f"the {name} is cut off or damaged") from error
    try:
        if container.exists("EncryptedPackage"):
            raise ParseError("encrypted", "the document is protected with a password")
        yield container
    finally:
        container.close()


def stream(container: "OleFileIO", *names: str) -> bytes:
    """Return the first of these streams that is there; nothing when none is.

    Raises:
        ParseError: `corrupt`.
    """
    for name in names:
        if container.exists(name) and container.get_type(name) == 2:
            try:
                return bytes(container.openstream(name).read())
            except OSError as error:
                raise ParseError("corrupt", f"the stream {name!r} is cut off or damaged") from error
    return b""


def ole_metadata(container: "OleFileIO") -> tuple[str, dict[str, str]]:
    """Return the title and the metadata of a file: author, created, modified.

    Damaged properties are lost, not the document. olefile's own reader counts to four thousand million
    when a damaged list of values tells it to.
    """
    try:
        found = _properties(stream(container, "\x05SummaryInformation"))
    except (ParseError, struct.error):
        return "", {}
    number = struct.unpack("<H", found.get(_CODEPAGE, b"")[4:6].ljust(2, b"\0"))[0]
    encoding = {0: "cp1252", 65001: "utf-8", 10000: "mac_roman"}.get(number, f"cp{number}")
    dates = [_moment(found.get(key, b"")) for key in (_CREATED, _MODIFIED)]
    author = _text(found.get(_AUTHOR, b""), encoding)
    return _text(found.get(_TITLE, b""), encoding), metadata(author, *dates)


def _properties(content: bytes) -> dict[int, bytes]:
    """Return what stands from the beginning of each property on, by its number; [MS-OLEPS] has the form."""
    if len(content) < 56:
        return {}
    (start,) = struct.unpack_from("<I", content, 44)
    (count,) = struct.unpack_from("<I", content, start + 4)
    found = {}
    for position in range(min(count, _MAX_PROPERTIES)):
        key, place = struct.unpack_from("<II", content, start + 8 + 8 * position)
        found[key] = content[start + place : start + place + _MAX_PROPERTY_BYTES]
    return found


def _text(value: bytes, encoding: str) -> str:
    if len(value) < 8:
        return ""
    kind, length = struct.unpack_from("<II", value)
    if kind not in (_BYTES, _UTF16):
        return ""
    text = value[8 : 8 + length * (2 if kind == _UTF16 else 1)]
    try:
        return text.decode("utf-16-le" if kind == _UTF16 else encoding, "replace").partition("\0")[
            0
        ]
    except LookupError:
        return text.decode("cp1252", "replace").partition("\0")[0]


def _moment(value: bytes) -> str:
    """Return a moment in UTC; nothing for the first days of 1601, which stand for none."""
    if len(value) < 12 or value[:4] != _FILE_TIME:
        return ""
    ticks = int.from_bytes(value[4:12], "little")
    try:
        moment = datetime(1601, 1, 1, tzinfo=UTC) + timedelta(microseconds=ticks // 10)
    except OverflowError:
        return ""
    return moment.isoformat() if moment.year > 1601 else ""
