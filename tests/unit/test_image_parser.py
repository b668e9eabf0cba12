"""Images: text by recognition where it is installed, and limits before anything is unpacked."""

import struct
import time
import zlib
from io import BytesIO

import pytest

from core.errors import ParseError
from ingest.parsers import image_parser
from ingest.parsers.image_parser import parse_image
from ingest.parsers.ocr import is_ocr_installed

needs_ocr = pytest.mark.skipif(not is_ocr_installed(), reason="footnote[ocr] is not installed")


def picture(*lines, size=(900, 300), kind="PNG"):
    from PIL import Image, ImageDraw, ImageFont

    image = Image.new("RGB", size, "white")
    font = ImageFont.load_default(size=40)
    for number, line in enumerate(lines):
        ImageDraw.Draw(image).text((40, 30 + 120 * number), line, fill="black", font=font)
    stored = BytesIO()
    image.save(stored, kind)
    return stored.getvalue()


def png_header(width, height):
    fields = struct.pack(">II5B", width, height, 8, 2, 0, 0, 0)
    check = struct.pack(">I", zlib.crc32(b"IHDR" + fields))
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + fields + check + b"\0\0\0\0IDAT"


def failure(content):
    with pytest.raises(ParseError) as caught:
        parse_image(content, "scans/a.png")
    return caught.value


@needs_ocr
def test_the_text_of_an_image_is_read_from_top_to_bottom():
    document = parse_image(picture("Restore the database", "Then call support"), "scans/a.png")
    assert document.text.split("\n\n") == ["Restore the database", "Then call support"]
    assert {element.page for element in document.elements} == {1}


@needs_ocr
def test_an_image_without_text_says_so():
    assert failure(picture()).reason == "no_text_layer"


@needs_ocr
@pytest.mark.parametrize("side", [9_000, 50_000])
def test_a_huge_image_is_refused_by_its_header_alone(side):
    started = time.process_time()
    error = failure(png_header(side, side))
    assert error.reason == "too_large"
    assert time.process_time() - started < 5


@needs_ocr
def test_a_cut_image_is_corrupt_and_another_file_unsupported():
    assert failure(picture("Restore the database")[:800]).reason == "corrupt"
    assert failure(b"no image at all").reason == "unsupported"


def test_without_the_extra_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(image_parser, "is_ocr_installed", lambda: False)
    error = failure(b"\x89PNG")
    assert error.reason == "no_text_layer"
    assert "install footnote[ocr]" in error.detail
