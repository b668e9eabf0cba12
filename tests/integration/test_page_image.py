"""A page is drawn by a confined process of its own: the words are boxed, and a bad file costs a sentence."""

import io
import os
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from fpdf import FPDF
from PIL import Image

from app.source_desk.page_images import Box, PageImage, PageImages
from core.documents import content_version
from core.errors import ServiceUnavailable

pytestmark = pytest.mark.integration

ROOT = Path(__file__).resolve().parents[2]
FILLER = "Every shift writes down what it saw, and the next one reads it. "
SENTENCE = (
    "The gondola is stopped as soon as the wind speed is higher than 62 kilometres an hour at the upper mast, "
    "whatever the timetable says."
)


def pdf_of(*pages: str, rotation: int = 0) -> bytes:
    pdf = FPDF()
    pdf.set_font("Helvetica", size=12)
    for text in pages:
        pdf.add_page()
        with pdf.rotation(rotation, x=100, y=100):
            pdf.multi_cell(w=0, h=7, text=text)
    return bytes(pdf.output())


def draw(content: bytes, page: int = 1, quote: str = "", occurrence: int = 0) -> PageImage:
    return PageImages(seconds=60).draw(content_version(content), content, page, quote, occurrence)


def dark_share(image: PageImage, box: Box) -> float:
    """Return the share of dark pixels in a box of the picture."""
    picture = Image.open(io.BytesIO(image.png)).convert("L")
    width, height = picture.size
    left, top = int(box.left * width), int(box.top * height)
    right, bottom = int((box.left + box.width) * width), int((box.top + box.height) * height)
    pixels = picture.crop((left, top, right + 1, bottom + 1)).tobytes()
    return sum(value < 128 for value in pixels) / len(pixels)


def test_the_words_are_in_the_boxes_one_for_each_line() -> None:
    content = pdf_of(FILLER * 9, f"{FILLER * 3}\n\n{SENTENCE}\n\n{FILLER * 3}", FILLER)
    image = draw(content, 2, SENTENCE)
    assert (image.page, image.pages) == (2, 3)
    first, *others, last = image.boxes
    assert all(box.top > first.top + first.height / 2 for box in (*others, last))
    assert first.width > 0.7 > last.width
    # All that is printed in the lines' height is in the boxes, and there is something in them.
    assert all(0.05 < dark_share(image, box) < 0.7 for box in image.boxes)
    margin = Box(first.left, last.top + last.height + 0.004, 0.5, 0.008)
    assert dark_share(image, margin) == 0
    assert draw(content, 1, SENTENCE).boxes == ()


def test_the_same_words_later_on_the_page_are_boxed_there() -> None:
    content = pdf_of("The wind is strong.\n\n\n\n\n\nAgain, the wind is strong.")
    first = draw(content, 1, "the wind is strong", 0).boxes
    second = draw(content, 1, "the wind is strong", 1).boxes
    assert len(first) == len(second) == 1
    assert second[0].top > first[0].top + 0.05


def test_a_turned_page_has_its_boxes_where_the_words_are() -> None:
    import pypdfium2

    document = pypdfium2.PdfDocument(pdf_of(f"{FILLER * 3}\n\n{SENTENCE}"))
    document[0].set_rotation(90)
    stream = io.BytesIO()
    document.save(stream)
    image = draw(stream.getvalue(), 1, SENTENCE)
    assert image.width > image.height
    assert len(image.boxes) > 1
    assert all(box.height > box.width and dark_share(image, box) > 0.05 for box in image.boxes)


def test_a_page_beyond_the_last_is_the_last() -> None:
    assert draw(pdf_of("one", "two"), 99).page == 2
    assert draw(pdf_of("one", "two"), -4).page == 1


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF"])
def test_an_image_is_its_own_page(kind: str) -> None:
    stream = io.BytesIO()
    Image.new("RGB", (3000, 500), "teal").save(stream, kind)
    image = draw(stream.getvalue(), 1, "words")
    picture = Image.open(io.BytesIO(image.png))
    assert (image.page, image.pages, image.boxes) == (1, 1, ())
    assert max(picture.size) <= 2000
    assert picture.size[0] / picture.size[1] == pytest.approx(6, rel=0.02)


def test_a_tiff_of_several_pages_has_them_all() -> None:
    stream = io.BytesIO()
    frames = [Image.new("RGB", (200, 100), colour) for colour in ("red", "lime", "blue")]
    frames[0].save(stream, "TIFF", save_all=True, append_images=frames[1:])
    image = draw(stream.getvalue(), 2)
    assert (image.page, image.pages) == (2, 3)
    assert Image.open(io.BytesIO(image.png)).convert("RGB").getpixel((50, 50)) == (0, 255, 0)


def test_a_picture_stays_small_enough_to_be_sent() -> None:
    stream = io.BytesIO()
    Image.frombytes("RGB", (1900, 1900), os.urandom(3 * 1900 * 1900)).save(stream, "PNG")
    assert len(draw(stream.getvalue()).png) <= 3_000_000


def huge_page() -> bytes:
    """Return a PDF whose page is 14,400 inches wide, and says that it holds a picture of 30,000 x 30,000 pixels."""
    content = pdf_of(FILLER)
    return content.replace(b"/MediaBox [0 0 595.28 841.89]", b"/MediaBox [0 0 9e6 1.2e6  ]")


def bomb_png() -> bytes:
    """Return an image of 60,000 x 60,000 pixels in a few kilobytes."""
    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + head + b"\0" * 400


@pytest.mark.parametrize(
    "content",
    [
        pdf_of(FILLER)[:700],
        b"%PDF-1.7\n" + os.urandom(5000),
        b"%PDF-1.4\n%%EOF",
        b"\x89PNG\r\n\x1a\n broken",
        bomb_png(),
        b"no page at all",
        b"",
    ],
    ids=["cut", "noise", "empty", "broken image", "image bomb", "text", "nothing"],
)
def test_a_bad_file_costs_a_sentence(content: bytes) -> None:
    with pytest.raises(ServiceUnavailable, match="cannot be shown as a picture") as raised:
        draw(content, 1, "words")
    assert "Traceback" not in str(raised.value)


def test_a_page_of_absurd_size_is_drawn_small_or_not_at_all() -> None:
    try:
        image = draw(huge_page())
    except ServiceUnavailable:
        return
    assert max(Image.open(io.BytesIO(image.png)).size) <= 2000


def test_what_takes_too_long_is_given_up() -> None:
    started = time.monotonic()
    with pytest.raises(ServiceUnavailable, match="takes too long"):
        PageImages(seconds=0.01).draw("a" * 16, pdf_of(FILLER), 1)
    assert time.monotonic() - started < 20


def test_a_page_is_drawn_once_and_kept() -> None:
    images = PageImages(seconds=60)
    content = pdf_of(FILLER)
    first = images.draw("a" * 16, content, 1)
    assert images.known("a" * 16, 1) is first
    assert images.draw("a" * 16, b"not looked at", 1) is first
    assert images.known("a" * 16, 2) is None


def test_pages_that_are_asked_for_at_once_wait_for_each_other() -> None:
    images, content = PageImages(seconds=60), pdf_of(*[FILLER] * 6)
    drawn: list[int] = []

    def work(page: int) -> None:
        drawn.append(images.draw("a" * 16, content, page).page)

    threads = [threading.Thread(target=work, args=(page,)) for page in range(1, 7)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(drawn) == [1, 2, 3, 4, 5, 6]


CONFINED = """
import os, socket, subprocess, sys
sys.path.insert(0, {project!r})
import ingest.page_image as page_image

tried = {{
    "network": lambda: socket.create_connection(("127.0.0.1", {port})),
    "write": lambda: open({written!r}, "w"),
    "read": lambda: open({secret!r}).read(),
    "program": lambda: subprocess.run(["/bin/true"]),
}}

def answer(header, content):
    held = []
    for name, attempt in tried.items():
        try:
            attempt()
        except (PermissionError, OSError):
            held.append(name)
    try:
        bytearray(3_000_000_000)
    except MemoryError:
        held.append("memory")
    return {{"held": held}}, b""

page_image._answer = answer
page_image.main()
"""


def test_the_process_reaches_neither_network_nor_files(tmp_path: Path) -> None:
    import json
    import socket

    secret, written = tmp_path / "secret", tmp_path / "written"
    secret.write_text("nobody's business")
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        code = CONFINED.format(
            project=str(ROOT),
            port=server.getsockname()[1],
            secret=str(secret),
            written=str(written),
        )
        header = json.dumps({"parent": os.getpid()}).encode()
        done = subprocess.run(
            [sys.executable, "-P", "-s", "-c", code],
            input=struct.pack(">II", len(header), 0) + header,
            capture_output=True,
            check=True,
            timeout=60,
        )
        with pytest.raises(BlockingIOError):
            server.accept()
    size, _ = struct.unpack(">II", done.stdout[:8])
    held = json.loads(done.stdout[8 : 8 + size])["held"]
    assert held == ["network", "write", "read", "program", "memory"]
    assert not written.exists()
