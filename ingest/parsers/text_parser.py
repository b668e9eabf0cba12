"""Plain text to elements whose offsets are places in the file itself.

The canonical text is the decoded file, unchanged. Unstructured's partition_text is not used: it joins
and cleans lines and keeps no offsets, and finding its pieces again in the file is guesswork as soon as
a sentence occurs twice.

A block is a run of lines without a blank one. Within it, a bullet, a speaker's turn (`Name: …`) and an
underlined heading begin an element of their own; the lines after it belong to it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from core.documents import Element, ElementKind, ParsedDocument
from ingest.parsers.decoding import decode
from ingest.parsers.plain_text import tidy
from ingest.parsers.titles import title_of

_LINE = re.compile(r"[^\r\n\f]*(?:\r\n?|\n|\f|\Z)")
_BULLET = re.compile(r"\s*(?:[-*+•‣◦\u2013·]|\d{1,3}[.)]|[a-zA-Z][.)])\s+\S")
_SPEAKER = re.compile(r"\s*[^\W\d_][\w .'\u2019&/-]{0,40}(?:\s\([^()\n]{1,60}\))?:(?=\s)")
_UNDERLINE = re.compile(r"\s*(={3,}|-{3,}|~{3,})\s*")
_TITLE_LINE = re.compile(r"\s*title\s*:\s*(\S.*)", re.IGNORECASE)
_NOT_SPACE = re.compile(r"\S")
_MAX_HEADING_CHARS = 80


@dataclass(frozen=True, slots=True)
class _Line:
    start: int
    end: int
    text: str


def parse_text(content: bytes, uri: str) -> ParsedDocument:
    """Parse a plain text file.

    Raises:
        ParseError: `unsupported` or `encoding`, when the bytes are not text.
    """
    text = decode(content)
    elements = tuple(_elements(text))
    declared = ""
    if elements and (match := _TITLE_LINE.match(elements[0].plain)):
        declared = match.group(1)
    title = declared or title_of(elements, uri)
    return ParsedDocument(title, text, elements)


def _elements(text: str) -> Iterator[Element]:
    is_first = True
    for block in _blocks(text):
        for kind, level, lines in _parts(block, is_first):
            start, end = lines[0].start, lines[-1].end
            lead = _NOT_SPACE.search(text, start, end)
            plain = tidy(text[start:end])
            if lead is not None and plain:
                end = start + len(text[start:end].rstrip())
                yield Element(kind, lead.start(), end, plain, level=level)
                is_first = False


def _blocks(text: str) -> Iterator[list[_Line]]:
    block: list[_Line] = []
    for match in _LINE.finditer(text):
        if match.group().strip():
            block.append(_Line(match.start(), match.end(), match.group()))
        elif block:
            yield block
            block = []
    if block:
        yield block


def _parts(block: list[_Line], is_first: bool) -> Iterator[tuple[ElementKind, int, list[_Line]]]:
    """Cut one block of lines into parts: kind, level of a heading, lines."""
    heading = _heading(block, is_first)
    if heading:
        level, count = heading
        yield "heading", level, block[:count]
        block = block[count:]
    kind: ElementKind = "text"
    part: list[_Line] = []
    for line in block:
        if starter := _starter(line.text):
            if part:
                yield kind, 0, part
            kind, part = starter, []
        part.append(line)
    if part:
        yield kind, 0, part


def _heading(block: list[_Line], is_first: bool) -> tuple[int, int] | None:
    """Return level and number of lines of the heading that a block begins with, if it does."""
    line = block[0].text.strip()
    if len(line) > _MAX_HEADING_CHARS:
        return None
    if len(block) > 1 and (rule := _UNDERLINE.fullmatch(block[1].text)):
        return (1 if rule.group(1)[0] == "=" else 2), 2
    if is_first and (_is_capitals(line) or _TITLE_LINE.fullmatch(line)):
        return 1, 1
    return (2, 1) if len(block) == 1 and _is_capitals(line) else None


def _is_capitals(line: str) -> bool:
    return line.isupper() and sum(map(str.isalpha, line)) >= 3 and line[-1] not in ".;,"


def _starter(line: str) -> ElementKind | None:
    if _BULLET.match(line):
        return "list_item"
    return "text" if _SPEAKER.match(line) else None
