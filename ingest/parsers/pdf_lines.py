"""The lines of a PDF page as PDFium reads them, with where they stand and how large they are."""

import ctypes
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ingest.parsers.hidden_text import HiddenText
from ingest.parsers.pdf_hiding import PageVisibility

if TYPE_CHECKING:
    from pypdfium2 import PdfTextPage

_Characters = list[tuple[int, str]]
"""The characters of a word, each with its number on the page."""
_LINE_BREAKS = (10, 13)
_HYPHENS = (0x02, 0xFFFE)
"""What PDFium reports for a hyphen at the end of a line, by version."""
_SPACES = (0x20, 0xA0, 0x09)
_FONT_NAME_BYTES = 256
_UPRIGHT_RADIANS = 0.1


@dataclass(frozen=True, slots=True)
class PdfWord:
    """A run of characters without a space; `left` and `right` in points from the left edge."""

    text: str
    left: float
    right: float


_BOLD = re.compile(r"bold|black|heavy|-bd\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PdfLine:
    """One line: `baseline` in points from the bottom edge, `height` the same as a share of the page.

    `size` is the font's in points as it appears.
    """

    page: int
    words: tuple[PdfWord, ...]
    baseline: float
    height: float
    size: float
    font: str
    is_upright: bool = True
    last_font: str = ""

    @property
    def text(self) -> str:
        """The words with one space between."""
        return " ".join(word.text for word in self.words)

    @property
    def left(self) -> float:
        """Where the line begins."""
        return self.words[0].left

    @property
    def is_bold(self) -> bool:
        """Whether all of it is in one bold font, by the font's name."""
        return self.font == self.last_font and bool(_BOLD.search(self.font))

    @property
    def is_fixed_width(self) -> bool:
        """Whether its font is one for code."""
        name = self.font.casefold()
        return "courier" in name or "mono" in name or "consolas" in name


def read_lines(
    text_page: "PdfTextPage",
    page: int,
    page_height: float,
    visibility: PageVisibility,
    hidden: HiddenText,
) -> list[PdfLine]:
    """Return the lines of one page in PDFium's reading order; `page` counts from 1. What is hidden is counted."""
    lines: list[PdfLine] = []
    for run in _runs(text_page):
        words = _seen(run, visibility, hidden)
        if not words:
            continue
        line = _line(text_page, page, page_height, words)
        # PDFium breaks a line before a lone short word, such as a digit in a table's cell.
        if lines and _stands_beside(lines[-1], line):
            lines[-1] = replace(lines[-1], words=lines[-1].words + line.words)
        else:
            lines.append(line)
    return lines


def _seen(
    run: list[_Characters], visibility: PageVisibility, hidden: HiddenText
) -> list[_Characters]:
    words: list[_Characters] = []
    unseen: dict[str, list[str]] = {}
    for word in run:
        kind = visibility.hiding(word[0][0])
        if kind:
            unseen.setdefault(kind, []).append("".join(character for _, character in word))
        else:
            words.append(word)
    for kind, texts in unseen.items():
        hidden.part(kind, " ".join(texts))
    return words


def _stands_beside(left: PdfLine, right: PdfLine) -> bool:
    is_level = abs(left.baseline - right.baseline) < 0.1 * left.size
    return is_level and left.is_upright and right.left >= left.words[-1].right


def _runs(text_page: "PdfTextPage") -> Iterator[list[_Characters]]:
    """Cut the page's characters into lines of words.

    PDFium reads a word that is cut by a hyphen at the end of a line in one go: cut it there again, so
    that every line keeps its place.
    """
    from pypdfium2 import raw

    word: _Characters = []
    words: list[_Characters] = []
    for index in range(raw.FPDFText_CountChars(text_page)):
        code = raw.FPDFText_GetUnicode(text_page, index)
        is_hyphen = code in _HYPHENS
        if code and code not in _SPACES and code not in _LINE_BREAKS:
            word.append((index, "-" if is_hyphen else chr(code)))
            if not is_hyphen:
                continue
        if word:
            words.append(word)
            word = []
        if words and (is_hyphen or code in _LINE_BREAKS):
            yield words
            words = []
    if word:
        words.append(word)
    if words:
        yield words


def _line(
    text_page: "PdfTextPage", page: int, page_height: float, words: list[_Characters]
) -> PdfLine:
    first = words[0][0][0]
    baseline = _baseline(text_page, first)
    return PdfLine(
        page,
        tuple(_word(text_page, word) for word in words),
        baseline,
        baseline / page_height if page_height else 0.5,
        max(_size(text_page, word[0][0]) for word in words[:3]),
        _font(text_page, first),
        _is_upright(text_page, first),
        _font(text_page, words[-1][-1][0]),
    )


def _word(text_page: "PdfTextPage", characters: _Characters) -> PdfWord:
    # Characters beyond U+FFFF come as two UTF-16 halves.
    text = "".join(character for _, character in characters)
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")
    left, _ = _edges(text_page, characters[0][0])
    _, right = _edges(text_page, characters[-1][0])
    return PdfWord(whole, left, right)


def _edges(text_page: "PdfTextPage", index: int) -> tuple[float, float]:
    from pypdfium2 import raw

    box = raw.FS_RECTF()
    raw.FPDFText_GetLooseCharBox(text_page, index, box)
    return float(box.left), float(box.right)


def _baseline(text_page: "PdfTextPage", index: int) -> float:
    from pypdfium2 import raw

    x, y = ctypes.c_double(), ctypes.c_double()
    raw.FPDFText_GetCharOrigin(text_page, index, x, y)
    return y.value


def _size(text_page: "PdfTextPage", index: int) -> float:
    # Many writers set a font of size 1 and scale it with the text matrix.
    from pypdfium2 import raw

    matrix = raw.FS_MATRIX()
    nominal = float(raw.FPDFText_GetFontSize(text_page, index))
    if not raw.FPDFText_GetMatrix(text_page, index, matrix):
        return nominal
    return nominal * float((matrix.c**2 + matrix.d**2) ** 0.5)


def _is_upright(text_page: "PdfTextPage", index: int) -> bool:
    from pypdfium2 import raw

    return abs(float(raw.FPDFText_GetCharAngle(text_page, index))) < _UPRIGHT_RADIANS


def _font(text_page: "PdfTextPage", index: int) -> str:
    from pypdfium2 import raw

    buffer = ctypes.create_string_buffer(_FONT_NAME_BYTES)
    flags = ctypes.c_int()
    raw.FPDFText_GetFontInfo(text_page, index, buffer, _FONT_NAME_BYTES, flags)
    return buffer.value.decode("utf-8", "replace")
