"""Which words of a PDF page no reader sees, as far as PDFium tells it cheaply.

    invisible_text   render mode 3 (neither filled nor stroked), on a page that no scanned image covers: over an
                     image it is what text recognition wrote, and all the text that the page has
    transparent      filled with an alpha of 0
    tiny_text        letters lower than one point
    off_screen       outside the page's visible box
    white_text       filled white, with nothing behind it that is not white

Not seen: text under an image or a filled shape that was drawn later, colour that is only nearly the paper's, text
that a clipping path or an optional layer hides, white text on a page that places forms (nobody says then what
lies behind).
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pypdfium2 import PdfObject, PdfPage, PdfTextPage

_Box = tuple[float, float, float, float]
_NEAR_WHITE = 0xF8
_SMALLEST_PT = 1.0
_SCAN_SHARE = 0.5
_MAX_OBJECTS = 5_000


class PageVisibility:
    """Answers for one page which of its characters are hidden, and how."""

    def __init__(self, page: "PdfPage", text_page: "PdfTextPage") -> None:
        self._page = page
        self._text_page = text_page
        self._box: _Box = page.get_bbox()
        self._backdrops: list[_Box] | None = None
        self._is_scan: bool | None = None

    def hiding(self, index: int) -> str:
        """Return how the character with this number is hidden, '' for one that is seen."""
        from pypdfium2 import raw

        box = raw.FS_RECTF()
        if not raw.FPDFText_GetLooseCharBox(self._text_page, index, box):
            return ""
        left, bottom, right, top = self._box
        if box.right < left or box.left > right or box.top < bottom or box.bottom > top:
            return "off_screen"
        if (
            0 < abs(box.top - box.bottom) < _SMALLEST_PT
            and 0 < abs(box.right - box.left) < _SMALLEST_PT
        ):
            return "tiny_text"
        mode = raw.FPDFTextObj_GetTextRenderMode(raw.FPDFText_GetTextObject(self._text_page, index))
        if mode == raw.FPDF_TEXTRENDERMODE_INVISIBLE:
            return "" if self._covered_by_scan() else "invisible_text"
        if mode != raw.FPDF_TEXTRENDERMODE_FILL:
            return ""
        return self._by_color(index, (box.left + box.right) / 2, (box.top + box.bottom) / 2)

    def _by_color(self, index: int, x: float, y: float) -> str:
        import ctypes

        from pypdfium2 import raw

        red, green, blue, alpha = (ctypes.c_uint() for _ in range(4))
        if not raw.FPDFText_GetFillColor(self._text_page, index, red, green, blue, alpha):
            return ""
        if alpha.value == 0:
            return "" if self._covered_by_scan() else "transparent"
        if min(red.value, green.value, blue.value) < _NEAR_WHITE:
            return ""
        return "" if any(_holds(box, x, y) for box in self._behind()) else "white_text"

    def _covered_by_scan(self) -> bool:
        if self._is_scan is None:
            from pypdfium2 import raw

            left, bottom, right, top = self._box
            size = max(1.0, (right - left) * (top - bottom))
            images = self._objects(raw.FPDF_PAGEOBJ_IMAGE)
            self._is_scan = any(_area(_bounds(image)) >= _SCAN_SHARE * size for image in images)
        return self._is_scan

    def _behind(self) -> list[_Box]:
        """Return the boxes of what may be behind white letters; the whole page where that cannot be told."""
        from pypdfium2 import raw

        if self._backdrops is None:
            found = self._objects(
                raw.FPDF_PAGEOBJ_PATH,
                raw.FPDF_PAGEOBJ_IMAGE,
                raw.FPDF_PAGEOBJ_SHADING,
                raw.FPDF_PAGEOBJ_FORM,
            )
            unknown = len(found) >= _MAX_OBJECTS or any(
                one.type == raw.FPDF_PAGEOBJ_FORM for one in found
            )
            boxes = [_bounds(one) for one in found if _is_dark(one)]
            self._backdrops = [(-1e9, -1e9, 1e9, 1e9)] if unknown else boxes
        return self._backdrops

    def _objects(self, *kinds: int) -> "list[PdfObject]":
        # Depth 1: what stands in a form has the form's own coordinates.
        objects = self._page.get_objects(filter=kinds, max_depth=1)
        return [one for one, _ in zip(objects, range(_MAX_OBJECTS), strict=False)]


def _is_dark(one: "PdfObject") -> bool:
    """Whether an object paints anything but white over its box."""
    import ctypes

    from pypdfium2 import raw

    if one.type != raw.FPDF_PAGEOBJ_PATH:
        return True
    fill, stroke = ctypes.c_int(), ctypes.c_int()
    if not raw.FPDFPath_GetDrawMode(one.raw, fill, stroke) or fill.value == 0:
        return False
    red, green, blue, alpha = (ctypes.c_uint() for _ in range(4))
    # A pattern or shading has no colour of its own.
    if not raw.FPDFPageObj_GetFillColor(one.raw, red, green, blue, alpha):
        return True
    return alpha.value > 0 and min(red.value, green.value, blue.value) < _NEAR_WHITE


def _bounds(one: "PdfObject") -> _Box:
    import pypdfium2

    try:
        get = one.get_bounds if hasattr(one, "get_bounds") else one.get_pos
        left, bottom, right, top = get()
    except pypdfium2.PdfiumError:
        return (0.0, 0.0, 0.0, 0.0)
    return (left, bottom, right, top)


def _area(box: _Box) -> float:
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])


def _holds(box: _Box, x: float, y: float) -> bool:
    return box[0] <= x <= box[2] and box[1] <= y <= box[3]
