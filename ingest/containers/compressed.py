"""Single compressed files: `prices.csv.gz` holds `prices.csv`."""

import struct
from collections.abc import Iterator
from datetime import UTC, datetime

from core.errors import ParseError
from ingest.containers.members import AnyMember, Budget, Member, bad_member
from ingest.containers.names import safe_name
from ingest.containers.unpacking import Packing, joined, unpacked


def expand_compressed(
    content: bytes, name: str, packing: Packing, budget: Budget
) -> Iterator[AnyMember]:
    """Yield the one file in it, named like the container without its last ending.

    Raises:
        ParseError: `corrupt`, `archive_bomb`.
    """
    inner = safe_name(name.replace("\\", "/").rpartition("/")[2].rpartition(".")[0])
    try:
        unpacked_content = joined(unpacked(memoryview(content), packing, budget), budget)
    except ParseError as error:
        if error.reason == "corrupt":
            raise
        yield bad_member(inner, error)
        return
    yield Member(inner, unpacked_content, _modified(content) if packing == "gzip" else "")


def _modified(content: bytes) -> str:
    (seconds,) = struct.unpack_from("<I", content, 4)
    return datetime.fromtimestamp(seconds, UTC).isoformat() if seconds else ""
