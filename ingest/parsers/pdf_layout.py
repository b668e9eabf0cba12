"""Lines of a PDF to blocks: what is a heading, a paragraph, a list item, code, part of a table.

A PDF says where letters stand and nothing else. What is read from that:

    larger than the body's median size     a heading, its level by rank among the larger sizes
    a wider gap than between most lines    a new paragraph
    on most pages, at the top or bottom    a running header or footer: left out
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
_MAX_LEVEL = 6
_GAP_RATIO = 1.2
_DEFAULT_STEP = 1.3
_MARGIN = 0.08
_BULLET = re.compile(r"[-*•‣◦\u2013·▪●○➢✓]$|\(?(?:\d{1,3}|[a-zA-Z])[.)]$")
_DIGITS = re.compile(r"\d+")
_HYPHENATED = re.compile(r"[^\W\d_]-$")


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

    @property
    def text(self) -> str:
        """The lines as one text; a word that was cut at the end of a line is whole again."""
        if self.kind == "code":
            return "\n".join(line.text for line in self.lines)
        joined = ""
        for line in self.lines:
            if _HYPHENATED.search(joined) and line.text[:1].islower():
                joined = joined[:-1] + line.text
            else:
                joined += f" {line.text}" if joined else line.text
        return joined


def without_running_lines(pages: Sequence[Sequence[PdfLine]]) -> list[list[PdfLine]]:
    """Return the pages without the margin's lines that most of them have, page numbers aside."""
    seen = Counter(key for lines in pages for key in {_key(line) for line in lines} - {None})
    running = {key for key, count in seen.items() if count > 1 and 2 * count > len(pages)}
    return [[line for line in lines if _key(line) not in running] for lines in pages]


def _key(line: PdfLine) -> tuple[str, int] | None:
    """Return what two running lines have in common; None for a line that is not in a margin."""
    if _MARGIN < line.height < 1 - _MARGIN:
        return None
    return _DIGITS.sub("#", line.text), round(line.size)


class PdfLayout:
    """What the lines of one document say about its headings and its line distance."""

    def __init__(self, lines: Sequence[PdfLine]) -> None:
        self._levels = _heading_levels(lines)
        self._widest_step = _GAP_RATIO * _usual_step(lines)

    def kind(self, line: PdfLine) -> tuple[ElementKind, int]:
        """Return what a line is by itself, and the level of a heading."""
        level = self._levels.get(_rounded(line.size), 0)
        if level and line.is_upright and len(line.text) <= _MAX_HEADING_CHARS:
            return "heading", level
        if line.is_fixed_width:
            return "code", 0
        if len(line.words) > 1 and _BULLET.match(line.words[0].text):
            return "list_item", 0
        return "text", 0

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


def _heading_levels(lines: Sequence[PdfLine]) -> dict[float, int]:
    """Return the level of each rounded size that is larger than the body's."""
    sizes = [_rounded(line.size) for line in lines for _ in line.text]
    body = median(sizes) if sizes else 0.0
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
