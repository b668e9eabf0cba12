"""Unpacks compressed bytes block by block, counted as they come; declared sizes are never asked.

The readers of the standard library are not used: `zipfile` gives bzip2 and LZMA data no bound (64 KiB of
them become 1.3 GB at once), and `gzip`, `bz2` and `lzma` tell nothing of how much they have read.
"""

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterator
from typing import Literal, Protocol

from core.errors import ParseError
from ingest.containers.members import Budget

Packing = Literal["stored", "deflate", "gzip", "bzip2", "xz"]

_CHUNK_BYTES = 16_384
_BLOCK_BYTES = 65_536
_MAX_DICTIONARY_BYTES = 256 * 1024 * 1024  # `xz -9` needs 65 MiB
_MAX_STREAMS = 100_000
_MAGIC: dict[Packing, bytes] = {"gzip": b"\x1f\x8b", "bzip2": b"BZh", "xz": b"\xfd7zXZ\x00"}


class _Stream(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


class _Inflater:
    """zlib's stream with the interface of the other two."""

    def __init__(self, window_bits: int) -> None:
        self._stream = zlib.decompressobj(window_bits)

    @property
    def eof(self) -> bool:
        return self._stream.eof

    @property
    def needs_input(self) -> bool:
        return not self._stream.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._stream.unused_data

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        return self._stream.decompress(self._stream.unconsumed_tail + data, max_length)


_STREAMS: dict[Packing, Callable[[], _Stream]] = {
    "deflate": lambda: _Inflater(-zlib.MAX_WBITS),
    "gzip": lambda: _Inflater(16 + zlib.MAX_WBITS),
    "bzip2": bz2.BZ2Decompressor,
    "xz": lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, _MAX_DICTIONARY_BYTES),
}


def unpacked(content: memoryview, packing: Packing, budget: Budget) -> Iterator[bytes]:
    """Yield the unpacked bytes in blocks of at most 64 KiB; what follows the last stream is ignored.

    Raises:
        ParseError: `corrupt`, after the last good block; `archive_bomb`.
    """
    if packing == "stored":
        for start in range(0, len(content), _BLOCK_BYTES):
            block = bytes(content[start : start + _BLOCK_BYTES])
            budget.count_bytes(len(block), len(block))
            yield block
        return
    position = 0
    magic = _MAGIC.get(packing, b"")
    for _ in range(_MAX_STREAMS):
        for block, read in _one_stream(content[position:], _STREAMS[packing](), budget):
            position += read
            if block:
                yield block
        if not magic or bytes(content[position : position + len(magic)]) != magic:
            return
    raise ParseError("archive_bomb", f"it is made of more than {_MAX_STREAMS:,} compressed parts")


def _one_stream(
    content: memoryview, stream: _Stream, budget: Budget
) -> Iterator[tuple[bytes, int]]:
    """Yield blocks, and how many packed bytes were read for each; they sum up to the stream's length."""
    position = 0
    while not stream.eof:
        chunk = b""
        if stream.needs_input:
            chunk = bytes(content[position : position + _CHUNK_BYTES])
            position += len(chunk)
        try:
            block = stream.decompress(chunk, _BLOCK_BYTES)
        except (zlib.error, lzma.LZMAError, OSError, ValueError) as error:
            raise ParseError("corrupt", "the compressed data is damaged") from error
        read = len(chunk) - len(stream.unused_data)
        budget.count_bytes(read, len(block))
        if not block and not chunk and not stream.eof:
            raise ParseError("corrupt", "the compressed data is cut off")
        yield block, read


def joined(blocks: Iterator[bytes], budget: Budget) -> bytes:
    """Return one member's bytes.

    Raises:
        ParseError: `too_large`, when it is larger than a member may be; what `blocks` raises.
    """
    content = bytearray()
    for block in blocks:
        content += block
        budget.require_size(len(content))
    return bytes(content)
