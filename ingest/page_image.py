"""Draws one page of a PDF or an image, and says where the words of a quote stand on it: `python -m ingest.page_image`.

    in    header {page, quote, occurrence, parent} body: the file       (frames of `ingest.sandbox.protocol`)
    out   header {page, pages, width, height, boxes} body: a PNG
          header {reason, detail}

One page, one process: it confines itself as a parser's child does before it looks at the file, and ends. `boxes`
are [left, top, width, height] as shares of the page, one for each line of the words.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import TYPE_CHECKING, Any, cast

from core.errors import ParseError
from ingest.page_image_words import find_words
from ingest.sandbox.confinement import confine, limit_cpu, prepare
from ingest.sandbox.limits import SandboxLimits
from ingest.sandbox.protocol import Frame, pack, read_frame
from ingest.sandbox.readable import import_folders, readable_paths

if TYPE_CHECKING:
    from PIL.Image import Image
    from pypdfium2 import PdfDocument, PdfPage, PdfTextPage

MAX_SIDE = 2000
"""Pixels of the longer side of a picture."""
MAX_BYTES = 3_000_000
_LIMITS = SandboxLimits(memory_mb=768, cpu_s=10)
_DOTS_PER_POINT = 110 / 72
_SMALLER = 0.7
_MOST_CHARS = 200_000
"""A page that has more is drawn without marks."""
_MOST_PIXELS = 60_000_000
_MOST_BOXES = 200
_FORMATS = ("PNG", "JPEG", "TIFF", "BMP", "GIF", "WEBP")

Box = list[float]


def main() -> None:
    """Answer the one request on standard input and end."""
    source, target = os.dup(0), os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)  # what a library prints must not be taken for the answer
    with os.fdopen(source, "rb") as pipe:
        header, content = read_frame(pipe.read, lambda header_bytes, body_bytes: None)
    with os.fdopen(target, "wb") as pipe:
        _confine(cast("int", header["parent"]))
        for part in pack(*_answer(header, content)):
            pipe.write(part)


def _confine(parent: int) -> None:
    readable = readable_paths()
    prepare(parent, readable, import_folders())
    # Loaded now: what they need of the system to load is refused from here on.
    import PIL.Image
    import PIL.ImageOps
    import PIL.PngImagePlugin
    import pypdfium2
    import pypdfium2.raw

    PIL.Image.preinit()
    PIL.Image.init()
    del pypdfium2
    confine(_LIMITS, readable)
    limit_cpu(_LIMITS.cpu_s)


def _answer(header: dict[str, object], content: bytes) -> Frame:
    page, quote = cast("int", header["page"]), cast("str", header["quote"])
    try:
        if b"%PDF-" in content[:1024]:
            return _pdf_page(content, page, quote, cast("int", header["occurrence"]))
        return _picture(content, page)
    except ParseError as error:
        return {"reason": error.reason, "detail": error.detail}, b""
    except MemoryError:
        return {"reason": "memory", "detail": "drawing the page takes too much memory"}, b""
    except Exception as error:  # noqa: BLE001  # a library's own: there is no complete list of them
        return {
            "reason": "corrupt",
            "detail": f"the page cannot be drawn ({type(error).__name__})",
        }, b""


def _pdf_page(content: bytes, number: int, quote: str, occurrence: int) -> Frame:
    with _opened(content) as document:
        pages = len(document)
        page = document[_within(number, pages) - 1]
        width, height = page.get_size()
        scale = min(_DOTS_PER_POINT, MAX_SIDE / max(width, height, 1))
        picture = page.render(scale=scale, may_draw_forms=False).to_pil()
        facts = _facts(_within(number, pages), pages, width, height)
        return facts | {"boxes": _boxes(page, quote, occurrence)}, _png(picture)


@contextmanager
def _opened(content: bytes) -> Iterator["PdfDocument"]:
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as error:
        raise ParseError("corrupt", "the PDF cannot be opened") from error
    try:
        yield document
    finally:
        document.close()


def _boxes(page: "PdfPage", quote: str, occurrence: int) -> list[Box]:
    text_page = page.get_textpage()
    try:
        count = text_page.count_chars()
        if not quote or count > _MOST_CHARS:
            return []
        boxes: list[Box] = []
        for start, end in find_words(_characters(text_page, count), quote, occurrence):
            lines = text_page.count_rects(start, end - start)
            boxes += [_share(page, text_page.get_rect(number)) for number in range(lines)]
        return [box for box in boxes if box[2] > 0 and box[3] > 0][:_MOST_BOXES]
    finally:
        text_page.close()


def _characters(text_page: "PdfTextPage", count: int) -> list[str]:
    from pypdfium2 import raw

    # One by one: the text as a whole leaves characters out, and its positions are others then.
    codes = (raw.FPDFText_GetUnicode(text_page.raw, position) for position in range(count))
    return [chr(code) if 0 < code <= sys.maxunicode else "" for code in codes]


def _share(page: "PdfPage", rectangle: tuple[float, float, float, float]) -> Box:
    """Return a rectangle of the PDF's own coordinates as shares of the page as it is drawn, turned or cut."""
    from ctypes import byref, c_int

    from pypdfium2 import raw

    left, bottom, right, top = rectangle
    size = 100_000  # in units of which the library counts whole ones
    corners = []
    for x, y in ((left, top), (right, bottom)):
        across, down = c_int(), c_int()
        raw.FPDF_PageToDevice(page.raw, 0, 0, size, size, 0, x, y, byref(across), byref(down))
        corners.append((across.value / size, down.value / size))
    (x0, y0), (x1, y1) = corners
    first, last = _inside(min(x0, x1)), _inside(max(x0, x1))
    upper, lower = _inside(min(y0, y1)), _inside(max(y0, y1))
    return [round(value, 5) for value in (first, upper, last - first, lower - upper)]


def _inside(share: float) -> float:
    return min(1.0, max(0.0, share))


def _picture(content: bytes, number: int) -> Frame:
    from PIL import Image, ImageOps

    with Image.open(BytesIO(content), formats=_FORMATS) as image:
        pages = int(getattr(image, "n_frames", 1)) if image.format == "TIFF" else 1
        if pages > 1:
            image.seek(_within(number, pages) - 1)
        width, height = image.size
        if width * height > _MOST_PIXELS:
            raise ParseError("too_large", f"the picture has {width:,} x {height:,} pixels")
        image.draft("RGB", (MAX_SIDE, MAX_SIDE))
        upright = ImageOps.exif_transpose(image)
        shown = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
    facts = _facts(_within(number, pages), pages, *shown.size)
    shown.thumbnail((MAX_SIDE, MAX_SIDE))
    return facts | {"boxes": []}, _png(shown)


def _png(picture: "Image") -> bytes:
    """Return a picture as PNG of at most `MAX_BYTES`, smaller where it takes that."""
    while True:
        stream = BytesIO()
        picture.save(stream, "PNG", compress_level=6)
        if stream.tell() <= MAX_BYTES:
            return stream.getvalue()
        width, height = picture.size
        picture = picture.resize((max(1, int(width * _SMALLER)), max(1, int(height * _SMALLER))))


def _facts(page: int, pages: int, width: float, height: float) -> dict[str, Any]:
    return {"page": page, "pages": pages, "width": round(width, 2), "height": round(height, 2)}


def _within(number: int, pages: int) -> int:
    return min(max(1, number), pages)


if __name__ == "__main__":
    main()
