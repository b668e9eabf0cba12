"""Source code and configuration files: their blocks as code, offsets are places in the file itself.

A block is a run of lines without a blank one. A line at the margin that begins a function, a class or a
section of settings is a heading, so that what stands below it is found under its name.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import PurePosixPath

from core.documents import Element, ParsedDocument
from ingest.parsers.decoding import decode
from ingest.parsers.plain_text import one_line, visible
from ingest.parsers.source_lines import (
    SourceLine,
    has_too_many_lines,
    lines_to_element,
    read_source_lines,
)
from ingest.parsers.text_parser import parse_text

_LEVEL = 2
"""Of every heading: level 1 is the document's title, and a file of code is called by its name."""
_MAX_HEADING_CHARS = 120
_PYTHON = re.compile(r"(?:async\s+)?def\s+\w+|class\s+\w+")
_SCRIPT = re.compile(
    r"(?:export\s+)?(?:default\s+)?(?:async\s+)?(?:function\b\*?\s*\w+|(?:abstract\s+)?class\s+\w+"
    r"|interface\s+\w+)"
)
_GO = re.compile(r"func\s+[\w(]|type\s+\w+\s+(?:struct|interface)\b")
_SECTION = re.compile(r"\[[^\[\]]{1,80}\]\s*$|\[\[[^\[\]]{1,80}\]\]\s*$")
_HEADINGS = {
    ".py": _PYTHON,
    **dict.fromkeys((".js", ".jsx", ".ts", ".tsx", ".vue"), _SCRIPT),
    ".go": _GO,
    **dict.fromkeys((".ini", ".toml", ".cfg", ".conf"), _SECTION),
}
_NEVER = re.compile(r"(?!)")


def parse_source_code(content: bytes, uri: str) -> ParsedDocument:
    """Parse a file of code; its name is its title.

    Raises:
        ParseError: `unsupported` or `encoding`, when the bytes are not text.
    """
    text = decode(content)
    path = PurePosixPath(uri)
    if has_too_many_lines(text):
        return replace(parse_text(content, uri), title=path.name)
    heading = _HEADINGS.get(path.suffix.lower(), _NEVER)
    return ParsedDocument(path.name, text, tuple(_elements(read_source_lines(text), heading)))


def _elements(lines: list[SourceLine], heading: re.Pattern[str]) -> Iterator[Element]:
    block: list[SourceLine] = []
    for line in lines:
        is_heading = len(line.text) <= _MAX_HEADING_CHARS and heading.match(line.text)
        if line.is_blank or is_heading:
            yield from _code(block)
            block = []
        if is_heading:
            yield from lines_to_element("heading", [line], one_line(line.text), level=_LEVEL)
        elif not line.is_blank:
            block.append(line)
    yield from _code(block)


def _code(block: list[SourceLine]) -> Iterator[Element]:
    plain = "\n".join(visible(line.text).rstrip() for line in block)
    yield from lines_to_element("code", block, plain)
