"""Pages of a PDF that are pictures of text: which they are, and their text by recognition."""

from typing import TYPE_CHECKING

from core.errors import ParseError
from ingest.parsers.ocr import processor_seconds_left, read_image

if TYPE_CHECKING:
    from pypdfium2 import PdfPage

    from ingest.parsers.pdf_lines import PdfLine

_MAX_RECOGNISED_PAGES = 200
_PAGE_S = 8.0
"""Processor time that a dense page may take; usual ones took 3.3 to 6.8 s."""
_MIN_CHARS = 10
_MAX_OBJECTS = 2_000
_POINTS_PER_INCH = 72
_DOTS_PER_INCH = (
    110  # of 844 words .954 were kept in 7.3 s; at 150 .927 in 11 s, at 200 .871 in 20 s
)
_MAX_PIXELS = 12_000_000  # a page of A3 has 2.3 million


def is_picture(page: "PdfPage", lines: "list[PdfLine]") -> bool:
    """Say whether a page has next to no text of its own, and an image."""
    from pypdfium2 import raw

    if sum(len(word.text) for line in lines for word in line.words) >= _MIN_CHARS:
        return False
    objects = page.get_objects(filter=(raw.FPDF_PAGEOBJ_IMAGE,), max_depth=3)
    return any(True for _, _ in zip(objects, range(_MAX_OBJECTS), strict=False))


def recognise(page: "PdfPage", pictures: int) -> list[str]:
    """Return the paragraphs that are seen on a page, the `pictures`-th that is a picture.

    Raises:
        ParseError: `no_text_layer`, when text recognition is not installed; `too_large`, when the time that
            the process may take does not suffice for one more page.
    """
    if pictures > _MAX_RECOGNISED_PAGES or processor_seconds_left() < _PAGE_S:
        raise ParseError(
            "too_large",
            f"the PDF has more pages that are pictures of text than can be read in the time for a file "
            f"({pictures - 1} were read): run text recognition on it first, or split it",
        )
    width, height = page.get_size()
    inches = max(width * height, 1.0) / _POINTS_PER_INCH**2
    dots = min(float(_DOTS_PER_INCH), (_MAX_PIXELS / inches) ** 0.5)
    bitmap = page.render(scale=dots / _POINTS_PER_INCH, rev_byteorder=False, no_smoothtext=False)
    try:
        image = bitmap.to_numpy()
        return read_image(image[:, :, :3] if image.ndim == 3 else image)
    finally:
        bitmap.close()
