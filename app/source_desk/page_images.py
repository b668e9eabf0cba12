"""Pictures of pages: drawn by a confined process of their own, one each, and kept for a while in memory.

    this process ──header, file──▶ python -m ingest.page_image ──header, PNG──▶ this process

What the process answers is not trusted, since the file may have taken it over: sizes are bounded while they
are read, and every value is checked. Whoever asks has been checked before, on every call.
"""

import json
import os
import struct
import subprocess
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from core.errors import ServiceUnavailable
from core.log import get_logger

_log = get_logger(__name__)

SECONDS = 10.0
_AT_ONCE = 2
_MOST_BYTES = 3_000_000
_MOST_HEADER = 64 * 1024
_MOST_SIDE = 2000
_MOST_BOXES = 200
_QUOTE_CHARS = 8000
_KEPT_BYTES = 48_000_000
_KEPT = 200
_LENGTHS = struct.Struct(">II")
_PNG = b"\x89PNG\r\n\x1a\n"
_START = (
    "import sys; sys.path.insert(0, sys.argv.pop(1)); from ingest.page_image import main; main()"
)
_ENVIRONMENT = {
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONUTF8": "1",
    "LANG": "C.UTF-8",
    "HOME": "/nonexistent",
    "MALLOC_ARENA_MAX": "2",
    "OMP_NUM_THREADS": "1",
}
"""All that the process gets: no setting, no secret, no PATH."""

NOT_DRAWN = "This page cannot be shown as a picture ({why}). Its text is in the other view."


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on a page, as shares of its width and height from the upper left corner."""

    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class PageImage:
    """One page as PNG; `page` of `pages`, from 1. `width` and `height` are the page's own, in its units.

    `boxes` are the lines of the quoted words on it; none when they were not found there.
    """

    png: bytes
    page: int
    pages: int
    width: float
    height: float
    boxes: tuple[Box, ...]


_Key = tuple[str, int, str, int]


class PageImages:
    """Draws pages, two at a time, and keeps the last ones; any thread may ask."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._kept: OrderedDict[_Key, PageImage] = OrderedDict()
        self._kept_bytes = 0
        self._lock = threading.Lock()
        self._places = threading.BoundedSemaphore(_AT_ONCE)

    def draw(
        self, version: str, content: bytes, page: int, quote: str = "", occurrence: int = 0
    ) -> PageImage:
        """Return a page of a file with the places of a quote's words.

        Args:
            version: names the bytes; a page is drawn once for each.
            content: the file.
            page: from 1; one beyond the last is the last.
            quote: words to be found on the page, '' for none.
            occurrence: how many times the same words stand before these on the page.

        Raises:
            ServiceUnavailable: the page cannot be drawn, or not in time; the message says so to a reader.
        """
        key = (version, page, quote[:_QUOTE_CHARS], occurrence)
        known = self.known(*key)
        if known is not None:
            return known
        until = time.monotonic() + self._seconds
        if not self._places.acquire(timeout=self._seconds):
            raise _not_drawn("too many pages are being drawn")
        try:
            drawn = _drawn(content, key, until)
        finally:
            self._places.release()
        self._keep(key, drawn)
        return drawn

    def known(
        self, version: str, page: int, quote: str = "", occurrence: int = 0
    ) -> PageImage | None:
        """Return a page that was drawn before, None if it is not kept (any more)."""
        key = (version, page, quote[:_QUOTE_CHARS], occurrence)
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
            return found

    def _keep(self, key: _Key, image: PageImage) -> None:
        with self._lock:
            before = self._kept.pop(key, None)
            self._kept_bytes += len(image.png) - (len(before.png) if before else 0)
            self._kept[key] = image
            while self._kept_bytes > _KEPT_BYTES or len(self._kept) > _KEPT:
                _, oldest = self._kept.popitem(last=False)
                self._kept_bytes -= len(oldest.png)


def _drawn(content: bytes, key: _Key, until: float) -> PageImage:
    version, page, quote, occurrence = key
    header = {"page": page, "quote": quote, "occurrence": occurrence, "parent": os.getpid()}
    text = json.dumps(header).encode()
    request = (_LENGTHS.pack(len(text), len(content)) + text, content)
    with _process(request, until) as answer:
        try:
            image = _read_image(answer)
        except (ValueError, TypeError, KeyError, struct.error) as error:
            _log.warning("page_not_drawn", version=version, page=page)
            why = "it takes too long" if time.monotonic() >= until else "its file is damaged"
            raise _not_drawn(why) from error
    if isinstance(image, str):
        _log.info("page_not_drawn", version=version, page=page, detail=image)
        raise _not_drawn(image)
    return image


@contextmanager
def _process(request: tuple[bytes, bytes], until: float) -> Iterator[IO[bytes]]:
    """Run the process; yields what it answers, which ends early when its time is over."""
    project = str(Path(__file__).resolve().parents[2])
    # -P -s: neither the current folder nor a user's own is imported from.
    command = [sys.executable, "-P", "-s", "-c", _START, project]
    try:
        process = subprocess.Popen(  # noqa: S603  # nothing of it comes from a file
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_ENVIRONMENT,
            cwd="/",
            start_new_session=True,
        )
    except OSError as error:
        raise _not_drawn("no process can be started") from error
    assert process.stdin is not None and process.stdout is not None  # noqa: S101, PT018
    clock = threading.Timer(max(0.0, until - time.monotonic()), process.kill)
    writer = threading.Thread(target=_send, args=(process.stdin, request), daemon=True)
    clock.start()
    writer.start()
    try:
        yield process.stdout
    finally:
        clock.cancel()
        process.kill()
        process.wait()
        writer.join()
        process.stdout.close()


def _send(pipe: IO[bytes], request: tuple[bytes, bytes]) -> None:
    with suppress(OSError), pipe:
        for part in request:
            pipe.write(part)


def _read_image(pipe: IO[bytes]) -> PageImage | str:
    """Return the picture, or why there is none.

    Raises:
        ValueError, TypeError, KeyError, struct.error: what comes is neither.
    """
    header_bytes, body_bytes = _LENGTHS.unpack(pipe.read(_LENGTHS.size))
    if header_bytes > _MOST_HEADER or body_bytes > _MOST_BYTES:
        raise ValueError("the answer is too long")
    header: dict[str, Any] = json.loads(pipe.read(header_bytes))
    if "detail" in header:
        return _printable(str(header["detail"]))
    png = pipe.read(body_bytes)
    if len(png) != body_bytes or not _is_picture(png):
        raise ValueError("the answer is no picture")
    boxes = [Box(*map(_share, box)) for box in header["boxes"][:_MOST_BOXES]]
    page, pages = int(header["page"]), int(header["pages"])
    return PageImage(
        png, page, pages, float(header["width"]), float(header["height"]), tuple(boxes)
    )


def _is_picture(png: bytes) -> bool:
    if not png.startswith(_PNG) or png[12:16] != b"IHDR":
        return False
    sides: tuple[int, int] = struct.unpack(">II", png[16:24])
    return all(0 < side <= _MOST_SIDE for side in sides)


def _share(value: object) -> float:
    share = float(value)  # type: ignore[arg-type]  # what is no number raises
    if not 0 <= share <= 1:
        raise ValueError("a box lies outside its page")
    return share


def _printable(text: str) -> str:
    return "".join(char for char in text[:200] if char.isprintable())


def _not_drawn(why: str) -> ServiceUnavailable:
    return ServiceUnavailable(NOT_DRAWN.format(why=why))
