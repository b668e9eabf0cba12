"""Pages of a PDF that are pictures of text: which they are, and their text by recognition."""

from typing import TYPE_CHECKING

from ingest.parsers.ocr import read_image

if TYPE_CHECKING:
    from pypdfium2 import PdfPage

    from ingest.parsers.pdf_lines import PdfLine

MAX_RECOGNISED_PAGES = 200
_MIN_CHARS = 10
_MAX_OBJECTS = 2_000
_POINTS_PER_INCH = 72
_DOTS_PER_INCH = 200
_MAX_PIXELS = 12_000_000  # a page of A3 at 200 dots an inch has 7.7 million


def is_picture(page: "PdfPage", lines: "list[PdfLine]") -> bool:
    """Say whether a page has next to no text of its own, and an image."""
    from pypdfium2 import raw

    if sum(len(word.text) for line in lines for word in line.words) >= _MIN_CHARS:
        return False
    objects = page.get_objects(filter=(raw.FPDF_PAGEOBJ_IMAGE,), max_depth=3)
    return any(True for _, _ in zip(objects, range(_MAX_OBJECTS), strict=False))


def recognise(page: "PdfPage") -> list[str]:
    """Return the paragraphs that are seen on a page.

    Raises:
        ParseError: `no_text_layer`, when text recognition is not installed.
    """
    width, height = page.get_size()
    inches = max(width * height, 1.0) / _POINTS_PER_INCH**2
    dots = min(float(_DOTS_PER_INCH), (_MAX_PIXELS / inches) ** 0.5)
    bitmap = page.render(scale=dots / _POINTS_PER_INCH, rev_byteorder=False, no_smoothtext=False)
    try:
        image = bitmap.to_numpy()
        return read_image(image[:, :, :3] if image.ndim == 3 else image)
    finally:
        bitmap.close()
