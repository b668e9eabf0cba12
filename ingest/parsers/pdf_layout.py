"""Lines of a PDF to blocks: what is a heading, a paragraph, a list item, code, part of a table.

A PDF says where letters stand and nothing else. What is read from that:

    larger than the body's median size     a heading, its level by rank among the larger sizes
    short, bold and alone, of body size    a heading below those, where the body is not bold
    a wider gap than between most lines    a new paragraph
    on most pages, at the top or bottom    a running header or footer: read once, page numbers never
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median

from core.documents import ElementKind
from ingest.parsers.pdf_lines import PdfLine

_HEADING_RATIO = 1.08
_MAX_HEADING_CHARS = 200
_MAX_BOLD_HEADING_CHARS = 100
_MAX_BOLD_SHARE = 0.25
_MAX_LEVEL = 6
_GAP_RATIO = 1.2
_DEFAULT_STEP = 1.3
_MARGIN = 0.08
_BULLET = re.compile(r"[-*•‣◦\u2013·▪●○➢✓]$|\(?(?:\d{1,3}|[a-zA-Z])[.)]$")
_DIGITS = re.compile(r"\d+")
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_CUT_WORD = re.compile(rf"({_WORD.pattern})-$")
_MIN_HYPHENATED = 0.03
"""The share of lines that end in a hyphen where a writer cuts words. Where it only breaks lines at the
hyphens of `near-water`, it is about 0.01."""


@dataclass(slots=True)
class Block:
    """Lines that belong together, on one page."""

    kind: ElementKind
    lines: list[PdfLine] = field(default_factory=list)
    level: int = 0

    @property
    def page(self) -> int:
        """The page of the block, counted from 1."""
        return self.lines[0].page


def without_running_lines(pages: Sequence[Sequence[PdfLine]]) -> list[list[PdfLine]]:
    """Return the pages without the margin's lines that most of them have.

    The first of them stays, a letterhead may say it nowhere else; not one whose digits change: page numbers.
    """
    seen = Counter(key for lines in pages for key in {_key(line) for line in lines} - {None})
    running = {key for key, count in seen.items() if count > 1 and 2 * count > len(pages)}
    texts: dict[tuple[str, int] | None, set[str]] = {}
    for line in (line for lines in pages for line in lines if _key(line) in running):
        texts.setdefault(_key(line), set()).add(line.text)
    once = {key for key, different in texts.items() if len(different) == 1}
    kept: list[list[PdfLine]] = []
    for lines in pages:
        keys = [_key(line) for line in lines]
        shown = zip(lines, keys, strict=True)
        kept.append([line for line, key in shown if key not in running or key in once])
        once -= set(keys)
    return kept


def _key(line: PdfLine) -> tuple[str, int] | None:
    """Return what two running lines have in common; None for a line that is not in a margin."""
    if _MARGIN < line.height < 1 - _MARGIN:
        return None
    return _DIGITS.sub("#", line.text), round(line.size)


class PdfLayout:
    """What the lines of one document say about its headings and its line distance."""

    def __init__(self, lines: Sequence[PdfLine]) -> None:
        self._levels = _heading_levels(lines)
        self._body_size = _body_size(lines)
        self._bold_level = _bold_level(lines, len(self._levels))
        self._widest_step = _GAP_RATIO * _usual_step(lines)
        self._words = {word for line in lines for word in _WORD.findall(line.text.casefold())}
        hyphens = sum(bool(_CUT_WORD.search(line.text)) for line in lines)
        self._cuts_words = hyphens >= _MIN_HYPHENATED * len(lines)

    def kind(self, line: PdfLine) -> tuple[ElementKind, int]:
        """Return what a line is by itself, and the level of a heading."""
        level = self._levels.get(_rounded(line.size), 0)
        if level and line.is_upright and len(line.text) <= _MAX_HEADING_CHARS:
            return "heading", level
        if self.is_bold_heading(line):
            return "heading", self._bold_level
        if line.is_fixed_width:
            return "code", 0
        if len(line.words) > 1 and _BULLET.match(line.words[0].text):
            return "list_item", 0
        return "text", 0

    def is_bold_heading(self, line: PdfLine) -> bool:
        """Say whether a line is a heading by its weight alone; the names of a table's columns may look so."""
        return (
            bool(self._bold_level)
            and line.is_bold
            and line.is_upright
            and abs(line.size - self._body_size) <= 0.1 * self._body_size
            and len(line.text) <= _MAX_BOLD_HEADING_CHARS
            and line.text[-1:] not in ".,;:"
            and any(map(str.isalpha, line.text))
        )

    def text(self, block: Block) -> str:
        """Return the lines of a block as one text; a word that was cut at the end of a line is whole again."""
        if block.kind == "code":
            return "\n".join(line.text for line in block.lines)
        joined = ""
        for line in block.lines:
            cut = _CUT_WORD.search(joined)
            if cut and line.text[:1].islower():
                joined = joined if self._has_hyphen(cut.group(1), line.text) else joined[:-1]
                joined += line.text
            else:
                joined += f" {line.text}" if joined else line.text
        return joined

    def _has_hyphen(self, begin: str, text: str) -> bool:
        """Say whether a word has the hyphen that a line ends with, by how the document writes it elsewhere."""
        rest = _WORD.match(text.casefold())
        end = rest.group() if rest else ""
        if f"{begin.casefold()}-{end}" in self._words:
            return True
        return not self._cuts_words and f"{begin.casefold()}{end}" not in self._words

    def blocks(self, lines: Sequence[PdfLine]) -> Iterator[Block]:
        """Return the blocks of some lines, in reading order."""
        block: Block | None = None
        for line in lines:
            kind, level = self.kind(line)
            if block is not None and self._continues(block, line, kind, level):
                block.lines.append(line)
                continue
            if block is not None:
                yield block
            block = Block(kind, [line], level)
        if block is not None:
            yield block

    def _continues(self, block: Block, line: PdfLine, kind: ElementKind, level: int) -> bool:
        last = block.lines[-1]
        step = last.baseline - line.baseline
        if line.page != last.page or not _same_size(last, line):
            return False
        if step > self._widest_step * line.size:
            return False
        if step <= 0 and (last.text[-1:] in ".!?:" or not line.text[:1].islower()):
            return False  # a new column, and the sentence does not run on into it
        if block.kind == "list_item":
            return kind == "text" and line.left > block.lines[0].left + 1
        return kind == block.kind and level == block.level


def _body_size(lines: Sequence[PdfLine]) -> float:
    """Return the size of most letters, in points."""
    sizes = [_rounded(line.size) for line in lines for _ in line.text]
    return median(sizes) if sizes else 0.0


def _bold_level(lines: Sequence[PdfLine], larger: int) -> int:
    """Return the level of bold lines of body size; 0 where so much is bold that it says nothing."""
    letters = sum(len(line.text) for line in lines)
    bold = sum(len(line.text) for line in lines if line.is_bold)
    return min(larger + 1, _MAX_LEVEL) if bold <= _MAX_BOLD_SHARE * letters else 0


def _heading_levels(lines: Sequence[PdfLine]) -> dict[float, int]:
    """Return the level of each rounded size that is larger than the body's."""
    body = _body_size(lines)
    upright = {_rounded(line.size) for line in lines if line.is_upright}
    larger = sorted((size for size in upright if size > _HEADING_RATIO * body), reverse=True)
    return {size: min(rank, _MAX_LEVEL) for rank, size in enumerate(larger, start=1)}


def _rounded(size: float) -> float:
    return round(2 * size) / 2


def _usual_step(lines: Sequence[PdfLine]) -> float:
    """Return the usual distance of two lines of text, in font sizes."""
    steps = [
        (upper.baseline - lower.baseline) / upper.size
        for upper, lower in pairwise(lines)
        if upper.page == lower.page and upper.size > 0 and _same_size(upper, lower)
    ]
    usual = [step for step in steps if 0.8 < step < 3]
    return median(usual) if usual else _DEFAULT_STEP


def _same_size(one: PdfLine, other: PdfLine) -> bool:
    return abs(one.size - other.size) <= 0.05 * max(one.size, other.size)
