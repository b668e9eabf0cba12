"""Frames come back as they were packed, and nothing that is no frame gets through."""

import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.sandbox.protocol import (
    MAX_HEADER_BYTES,
    EndOfPipe,
    ProtocolError,
    cost,
    pack,
    read_frame,
)

PLAIN = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text()
HEADERS = st.dictionaries(st.text(), PLAIN | st.lists(PLAIN, max_size=3), max_size=4)


def read(content: bytes, most_body: int = 10_000) -> tuple[dict[str, object], bytes]:
    stream = io.BytesIO(content)

    def exactly(count: int) -> bytes:
        part = stream.read(count)
        if len(part) < count:
            raise EndOfPipe
        return part

    def accept(header_bytes: int, body_bytes: int) -> None:
        if body_bytes > most_body:
            raise ProtocolError("too long")

    return read_frame(exactly, accept)


@given(header=HEADERS, body=st.binary(max_size=200))
def test_a_frame_comes_back_as_it_was_packed(header: dict[str, Any], body: bytes) -> None:
    try:
        packed = b"".join(pack(header, body))
    except UnicodeEncodeError:  # half of a surrogate pair
        return
    assert read(packed) == (header, body)


@given(content=st.binary(max_size=64))
def test_arbitrary_bytes_are_a_frame_or_refused(content: bytes) -> None:
    try:
        header, _ = read(content)
    except (ProtocolError, EndOfPipe):
        return
    assert isinstance(header, dict)


@pytest.mark.parametrize(
    "text",
    [b"", b"{", b"[]", b"1", b"\xff\xff", b"[" * 60_000, b'{"a":' * 12_000, b"9" * 60_000],
    ids=lambda text: repr(text[:8]),
)
def test_a_header_that_is_no_json_object_is_refused(text: bytes) -> None:
    with pytest.raises(ProtocolError, match="header is not"):
        read(len(text).to_bytes(4, "big") + bytes(4) + text)


def test_a_long_header_is_refused_on_both_sides() -> None:
    with pytest.raises(ProtocolError, match="limit"):
        pack({"a": "x" * MAX_HEADER_BYTES})
    with pytest.raises(ProtocolError, match="announced"):
        read((MAX_HEADER_BYTES + 1).to_bytes(4, "big") + bytes(4))


def test_a_body_is_refused_before_it_is_read() -> None:
    with pytest.raises(ProtocolError, match="too long"):
        read(b"\0\0\0\2\xff\xff\xff\xff{}")


def test_what_a_header_costs_covers_what_it_takes_in_memory() -> None:
    import tracemalloc

    text = b'{"a":[' + b",".join([b"[]"] * 20_000) + b"]}"
    tracemalloc.start()
    header = json.loads(text)
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert header
    assert taken <= cost(len(text), 0)
