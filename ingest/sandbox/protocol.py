"""Frames between the pool and its children: a JSON header and bytes, never pickled objects.

    4 bytes length of the header | 4 bytes length of the body | header (JSON object, UTF-8) | body

A child that a file took over writes what it likes, so each length is checked before anything is read for
it, and whatever is no frame is a `ProtocolError`.
"""

import json
import struct
from collections.abc import Callable

Frame = tuple[dict[str, object], bytes]
"""A header and a body."""

MAX_HEADER_BYTES = 64 * 1024
MAX_BODY_BYTES = 2**32 - 1

_LENGTHS = struct.Struct(">II")
_FRAME_COST = 1024
_HEADER_BYTE_COST = 24


class ProtocolError(Exception):
    """What came through the pipe is no frame, or one that is too long."""


class EndOfPipe(Exception):
    """The other side has closed its end."""


def pack(header: dict[str, object], body: bytes = b"") -> tuple[bytes, bytes]:
    """Return the lengths with the header, and the body, to be written one after the other.

    Raises:
        ProtocolError: the header or the body is too long for a frame.
    """
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    if len(text) > MAX_HEADER_BYTES:
        raise ProtocolError(f"a header of {len(text)} bytes; the limit is {MAX_HEADER_BYTES}")
    if len(body) > MAX_BODY_BYTES:
        raise ProtocolError(f"a body of {len(body)} bytes; the limit is {MAX_BODY_BYTES}")
    return _LENGTHS.pack(len(text), len(body)) + text, body


def read_frame(read: Callable[[int], bytes], accept: Callable[[int, int], None]) -> Frame:
    """Read one frame; `read(n)` returns exactly n bytes.

    `accept(header_bytes, body_bytes)` may refuse the frame by raising, before memory is taken for it.

    Raises:
        ProtocolError: what comes is no frame.
    """
    header_bytes, body_bytes = _LENGTHS.unpack(read(_LENGTHS.size))
    if header_bytes > MAX_HEADER_BYTES:
        raise ProtocolError(f"a header of {header_bytes} bytes is announced")
    accept(header_bytes, body_bytes)
    header = _header(read(header_bytes))
    return header, read(body_bytes) if body_bytes else b""


def _header(text: bytes) -> dict[str, object]:
    try:
        header = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ProtocolError("a header is not JSON") from error
    if not isinstance(header, dict):
        raise ProtocolError("a header is not a JSON object")
    return header


def cost(header_bytes: int, body_bytes: int) -> int:
    """Return what a frame counts against the output limit.

    More than its bytes: `{"a":[[],[],...]}` takes 24 times its length as Python objects, and a million
    empty frames are a gigabyte of tuples in whoever collects them.
    """
    return _FRAME_COST + _HEADER_BYTE_COST * header_bytes + body_bytes
