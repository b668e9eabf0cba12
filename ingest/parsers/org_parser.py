"""Org files to elements whose offsets are places in the file itself.

The canonical text is the decoded file, unchanged. Unstructured reads this format by way of Pandoc, a
program that it looks for on the machine, and gives no offsets.

    `** Heading :tag:`           a heading of level 2, without its state, priority and tags
    `#+BEGIN_SRC … #+END_SRC`    code; quotes and verses are text; comments and exports are left out
    `| a | b |`                  table rows; those above the first rule name the columns
    `#+TITLE: …`, `:PROPERTIES:`  the title; drawers, comments and other keywords are left out
"""

import re
from collections.abc import Iterator

from core.documents import Element, ElementKind, ParsedDocument
from ingest.parsers.decoding import decode
from ingest.parsers.plain_text import one_line, tidy, visible
from ingest.parsers.source_lines import (
    LineReader,
    SourceLine,
    has_too_many_lines,
    lines_to_element,
    read_source_lines,
)
from ingest.parsers.table_rows import header_text, looks_like_names, row_text
from ingest.parsers.text_parser import parse_text
from ingest.parsers.titles import title_of

_HEADING = re.compile(r"(\*+)\s+(?:(?:TODO|DONE|NEXT|WAITING|CANCELLED)\s+)?(?:\[#\w\]\s+)?(.*)$")
_TAGS = re.compile(r"\s+:[\w@#%:]+:\s*$")
_KEYWORD = re.compile(r"\s*#\+([A-Za-z][\w-]*):\s*(.*)$")
_BEGIN = re.compile(r"\s*#\+begin_(\w+)", re.IGNORECASE)
_DRAWER = re.compile(r"\s*:[\w-]+:\s*$")
_DRAWER_END = re.compile(r"\s*:end:\s*$", re.IGNORECASE)
_COMMENT = re.compile(r"\s*#(?:\s|$)")
_FIXED = re.compile(r"\s*:(?:\s|$)")
_ROW = re.compile(r"\s*\|")
_ROW_RULE = re.compile(r"\s*\|[-+|:\s]+$")
_BULLET = re.compile(r"(?:\s*[-+]|\s+\*|\s*(?:\d{1,4}|[a-zA-Z])[.)])(?:\s+|$)")
_ITEM = re.compile(r"\s*(?:[-+*]\s+)?(?:\[@\d+\]\s+)?(?:\[[ xX-]\]\s+)?")
_LINK = re.compile(r"\[\[([^\[\]]*)\](?:\[([^\[\]]*)\])?\]")
_ANY_MARK = re.compile(r"[*/_+=~\[]")
_VERBATIM = re.compile(r"(?<![\w=~])([=~])(?=\S)([^\n=~]{1,500}?)(?<=\S)\1(?![\w=~])")
_MARKS = tuple(
    re.compile(rf"(?<![\w{sign}]){sign}(?=\S)([^{sign}]{{1,1000}}?)(?<=\S){sign}(?![\w{sign}])")
    for sign in (r"\*", "/", "_", r"\+")
)
_CODE_BLOCKS = ("src", "example")
_UNSEEN_BLOCKS = ("comment", "export")
_METADATA = {"author": "author", "language": "language"}


def parse_org(content: bytes, uri: str) -> ParsedDocument:
    """Parse an Org file; nothing that it includes is read and no code in it is run.

    Raises:
        ParseError: `unsupported` or `encoding`, when the bytes are not text.
    """
    text = decode(content)
    if has_too_many_lines(text):
        return parse_text(content, uri)
    reader = _OrgReader(read_source_lines(text))
    elements = tuple(reader.elements())
    title = title_of((e for e in elements if e.kind == "title"), "") or title_of(elements, uri)
    return ParsedDocument(title, text, elements, reader.metadata)


def org_text(text: str) -> str:
    """Return the visible text of a paragraph: no emphasis marks, links as their words."""
    if not _ANY_MARK.search(text):
        return text  # most cells of tables: a table of 2 million cells took 13 s
    text = _LINK.sub(lambda match: match.group(2) or match.group(1), text)
    parts = _VERBATIM.split(text)  # every third part is what stands between two marks
    for number in range(0, len(parts), 3):
        for mark in _MARKS:
            parts[number] = mark.sub(r"\1", parts[number])
    del parts[1::3]
    return "".join(parts)


class _OrgReader(LineReader):
    def __init__(self, lines: list[SourceLine]) -> None:
        self.metadata: dict[str, str] = {}
        super().__init__(lines)

    def elements(self) -> Iterator[Element]:
        """Return the elements of the file in order."""
        readers = (
            self._blank,
            self._heading,
            self._block,
            self._keyword,
            self._unseen,
            self._fixed,
            self._table,
        )
        return self._read(readers, self._paragraph)

    def _blank(self) -> list[Element] | None:
        if self._line().strip() and not re.fullmatch(r"\s*-{5,}\s*", self._line()):
            return None
        self._place += 1
        return []

    def _heading(self) -> list[Element] | None:
        match = _HEADING.match(self._line())
        if match is None:
            return None
        plain = one_line(org_text(_TAGS.sub("", match.group(2))))
        level = min(len(match.group(1)), 6)
        return list(lines_to_element("heading", self._take(1), plain, level=level))

    def _block(self) -> list[Element] | None:
        match = _BEGIN.match(self._line())
        if match is None:
            return None
        name = match.group(1).lower()
        if name not in _CODE_BLOCKS + _UNSEEN_BLOCKS:
            self._place += 1
            return []
        end = re.compile(rf"\s*#\+end_{name}\b", re.IGNORECASE)
        count = 1
        while self._place + count < len(self._lines) and not end.match(self._line(count)):
            count += 1
        lines = self._take(count + 1)
        body = lines[1:count]
        return _code(body) if name in _CODE_BLOCKS else []

    def _keyword(self) -> list[Element] | None:
        if not self._line().lstrip().startswith("#+"):
            return None
        lines = self._take(1)
        match = _KEYWORD.match(lines[0].text)
        if match is None:
            return []
        name, value = match.group(1).lower(), one_line(org_text(match.group(2)))
        if name in _METADATA and value:
            self.metadata[_METADATA[name]] = value
        if name in ("title", "caption", "author"):
            return list(lines_to_element("title" if name == "title" else "text", lines, value))
        return []

    def _unseen(self) -> list[Element] | None:
        if _COMMENT.match(self._line()):
            self._place += 1
            return []
        if not _DRAWER.match(self._line()):
            return None
        for count in range(1, 100):  # drawers are short; one without an end is text
            if self._line(count).startswith("*"):
                break
            if _DRAWER_END.match(self._line(count)):
                self._place += count + 1
                return []
        return None

    def _fixed(self) -> list[Element] | None:
        count = 0
        while _FIXED.match(self._line(count)):
            count += 1
        return _code(self._take(count), marks=1) if count else None

    def _table(self) -> list[Element] | None:
        count = 0
        while _ROW.match(self._line(count)):
            count += 1
        return _rows(self._take(count)) if count else None

    def _paragraph(self) -> list[Element]:
        kind: ElementKind = "list_item" if _BULLET.match(self._line()) else "text"
        count = 1
        while self._runs_on(self._line(count)):
            count += 1
        lines = self._take(count)
        texts = [line.text for line in lines]
        texts[0] = texts[0][_item_mark(texts[0]) :] if kind == "list_item" else texts[0]
        plain = tidy(org_text("\n".join(texts)))
        return list(lines_to_element(kind, lines, plain.replace(" :: ", ": ", 1)))

    def _runs_on(self, line: str) -> bool:
        starts = (_HEADING, _BULLET, _ROW, _FIXED, _COMMENT)
        if not line.strip() or line.lstrip().startswith("#+"):
            return False
        return not any(start.match(line) for start in starts)


def _item_mark(text: str) -> int:
    match = _ITEM.match(text)
    return match.end() if match else 0


def _code(lines: list[SourceLine], marks: int = 0) -> list[Element]:
    texts = [line.text.lstrip()[marks:] if marks else line.text for line in lines]
    margin = min((len(t) - len(t.lstrip()) for t in texts if t.strip()), default=0)
    plain = "\n".join(visible(text[margin:]).rstrip() for text in texts).strip("\n")
    return list(lines_to_element("code", lines, plain))


def _rows(lines: list[SourceLine]) -> list[Element]:
    rules = [number for number, line in enumerate(lines) if _ROW_RULE.match(line.text)]
    rows = [(line, _cells(line.text)) for line in lines if not _ROW_RULE.match(line.text)]
    inner = [number for number in rules if 0 < number < len(lines) - 1]
    count = sum(number not in rules for number in range(inner[0])) if inner else 0
    if not inner and looks_like_names([cells for _, cells in rows]):
        count = 1
    names = [
        " ".join(filter(None, column))
        for column in zip(*(c for _, c in rows[:count]), strict=False)
    ]
    found: list[Element] = []
    for line, cells in rows[count:]:
        plain = row_text(names, cells)
        found += lines_to_element("table_row", [line], plain, header=header_text(names))
    return found or list(lines_to_element("text", lines, header_text(names)))


def _cells(line: str) -> list[str]:
    row = line.strip().removeprefix("|").removesuffix("|")
    return [org_text(cell.strip()) for cell in row.split("|")]
