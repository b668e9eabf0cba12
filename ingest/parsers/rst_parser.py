"""reStructuredText to elements whose offsets are places in the file itself.

The canonical text is the decoded file, unchanged. Unstructured reads this format by way of Pandoc, a
program that it looks for on the machine, and gives no offsets. Docutils builds a tree whose lines are
those of blocks, not of their parts, and follows `include` and `raw` directives unless told not to.

    text over a line of one sign          a heading; its level is that of the sign, in order of use
    `.. name:: text` and what is indented  code for code directives, else its words as text
    `.. text`, `.. _name: target`          not seen by a reader: left out
    after `::`, what is indented           code
"""

import re
from collections.abc import Iterator

from core.documents import Element, ElementKind, ParsedDocument
from ingest.parsers.decoding import decode
from ingest.parsers.plain_text import one_line, tidy, visible
from ingest.parsers.rst_inline import rst_text
from ingest.parsers.rst_tables import (
    SourceTable,
    is_grid_rule,
    is_simple_rule,
    read_grid_table,
    read_simple_table,
)
from ingest.parsers.source_lines import (
    LineReader,
    SourceLine,
    has_too_many_lines,
    lines_to_element,
    read_source_lines,
)
from ingest.parsers.table_rows import header_text, row_text
from ingest.parsers.text_parser import parse_text
from ingest.parsers.titles import title_of

_RULE = re.compile(r"([^\w\s])\1*\s*")
_BULLET = re.compile(
    r"\s*(?:[-*+•‣⁃]|\(?(?:\d{1,4}|#|[a-zA-Z]|[ivxlcdmIVXLCDM]{1,6})[.)])(?:\s+|$)"
)
_DIRECTIVE = re.compile(r"\s*\.\.\s+(?:\|[^|]{1,80}\|\s+)?([a-zA-Z][\w:.+-]*)::(?:\s+(.*))?$")
_NOTE = re.compile(r"\s*\.\.\s+\[([^\]]{1,80})\]\s*(.*)$")
_EXPLICIT = re.compile(r"\s*\.\.(?:\s|$)")
_OPTION = re.compile(r"\s*:([a-zA-Z][\w-]*):\s*(.*)$")
_FIELD = re.compile(r"\s*:([^:`\s][^:`]{0,80}):(?=\s|$)\s*(.*)$")
_CODE_NAMES = (
    "code code-block sourcecode math parsed-literal productionlist prompt doctest testcode "
    "highlight-block console"
)
_CODE = frozenset(_CODE_NAMES.split())
_UNSEEN_NAMES = (
    "raw include contents toctree highlight default-role meta role index sectnum default-domain "
    "currentmodule module literalinclude automodule autoclass autofunction only ifconfig "
    "tabularcolumns"
)
_UNSEEN = frozenset(_UNSEEN_NAMES.split())
_CAPTIONED = frozenset(("image", "figure", "table", "list-table", "csv-table"))
_SHOWN_OPTIONS = frozenset(("alt", "caption"))


def parse_rst(content: bytes, uri: str) -> ParsedDocument:
    """Parse a reStructuredText file; nothing that it includes is read.

    Raises:
        ParseError: `unsupported` or `encoding`, when the bytes are not text.
    """
    text = decode(content)
    if has_too_many_lines(text):
        return parse_text(content, uri)
    elements = tuple(_RstReader(read_source_lines(text)).elements())
    return ParsedDocument(title_of(elements, uri), text, elements)


class _RstReader(LineReader):
    def __init__(self, lines: list[SourceLine]) -> None:
        super().__init__(lines)
        self._styles: list[str] = []

    def elements(self) -> Iterator[Element]:
        """Return the elements of the file in order."""
        readers = (
            self._blank,
            self._heading,
            self._table,
            self._directive,
            self._note,
            self._unseen,
            self._doctest,
        )
        return self._read(readers, self._paragraph)

    def _blank(self) -> list[Element] | None:
        if self._line().strip():
            return None
        self._place += 1
        return []

    def _heading(self) -> list[Element] | None:
        first, second, third = self._line(), self._line(1), self._line(2)
        if is_simple_rule(first):
            return None
        if _RULE.fullmatch(first):
            return self._overlined(first, second, third)
        if first[:1].isspace() or not _is_underline(second, first):
            return None
        return self._add_heading(self._take(2), first, second[0])

    def _overlined(self, first: str, second: str, third: str) -> list[Element] | None:
        if second.strip() and first.rstrip() == third.rstrip() and len(first.rstrip()) > 1:
            return self._add_heading(self._take(3), second, f"{first[0]}/")
        if len(first.rstrip()) < 4:
            return None
        self._place += 1  # a line between two sections
        return []

    def _add_heading(self, lines: list[SourceLine], text: str, style: str) -> list[Element]:
        if style not in self._styles:
            self._styles.append(style)
        level = min(self._styles.index(style) + 1, 6)
        plain = one_line(rst_text(text))
        return list(lines_to_element("heading", lines, plain, level=level))

    def _table(self) -> list[Element] | None:
        line = self._line()
        if is_grid_rule(line):
            count = 1
            while self._line(count).lstrip()[:1] in ("|", "+") and self._line(count).strip():
                count += 1
            lines = self._take(count)
            return _table_elements(read_grid_table(lines), lines)
        if is_simple_rule(line):
            lines = self._take(self._simple_table_length())
            return _table_elements(read_simple_table(lines), lines)
        return None

    def _simple_table_length(self) -> int:
        """Count the lines up to the last border: the second, or the third where one is under names."""
        borders = 0
        count = 1
        while self._place + count < len(self._lines):
            if is_simple_rule(self._line(count)):
                borders += 1
                if borders == 2 or not self._line(count + 1).strip():
                    return count + 1
            elif not self._line(count).strip() and not self._line(count + 1).strip():
                break
            count += 1
        return count

    def _directive(self) -> list[Element] | None:
        match = _DIRECTIVE.match(self._line())
        if match is None:
            return None
        name, argument = match.group(1).lower(), match.group(2) or ""
        lines = self._take(1)
        options = self._options(lines[0].indent)
        if name in _UNSEEN:
            self._indented(lines[0].indent)
            return []
        if name in _CODE:
            return _code(self._indented(lines[0].indent))
        if argument and name not in _CAPTIONED:
            more = self._take(self._count_filled())
            argument, lines = "\n".join([argument, *(line.text for line in more)]), lines + more
        found = list(lines_to_element("text", lines, tidy(rst_text(argument))))
        if name in ("image", "figure"):
            found = []
        for line in options:
            found += _shown_option(line)
        if name in ("list-table", "csv-table"):
            body = self._indented(lines[0].indent)
            found += _list_table(body) if name == "list-table" else _csv_table(options, body)
        return found

    def _count_filled(self) -> int:
        count = 0
        while self._line(count).strip():
            count += 1
        return count

    def _options(self, indent: int) -> list[SourceLine]:
        count = 0
        while _OPTION.match(self._line(count)) and self._lines[self._place + count].indent > indent:
            count += 1
        return self._take(count)

    def _note(self) -> list[Element] | None:
        match = _NOTE.match(self._line())
        if match is None:
            return None
        lines = self._take(1)
        plain = tidy(rst_text(f"[{match.group(1)}] {match.group(2)}"))
        return list(lines_to_element("text", lines, plain))

    def _unseen(self) -> list[Element] | None:
        """Pass over comments, link targets and the definitions of substitutions."""
        if not _EXPLICIT.match(self._line()):
            return None
        indent = self._take(1)[0].indent
        if self._line().strip():
            self._indented(indent)
        return []

    def _doctest(self) -> list[Element] | None:
        if not self._line().lstrip().startswith(">>> "):
            return None
        count = 1
        while self._line(count).strip():
            count += 1
        return _code(self._take(count))

    def _paragraph(self) -> list[Element]:
        kind: ElementKind = "list_item" if _BULLET.match(self._line()) else "text"
        indent = self._lines[self._place].indent
        count = 1
        while self._runs_on(count):
            count += 1
        lines = self._take(count)
        last = lines[-1].text.rstrip()
        plain = tidy(rst_text(_without_marks(lines, kind)))
        if last.endswith("::"):
            plain = plain.removesuffix("::").rstrip() if last.strip() == "::" else plain[:-1]
            return [*lines_to_element(kind, lines, plain), *_code(self._indented(indent))]
        return list(lines_to_element(kind, lines, plain))

    def _runs_on(self, ahead: int) -> bool:
        line = self._line(ahead)
        if not line.strip() or _BULLET.match(line) or _EXPLICIT.match(line) or is_grid_rule(line):
            return False
        return not (not line[:1].isspace() and _is_underline(self._line(ahead + 1), line))

    def _indented(self, indent: int) -> list[SourceLine]:
        """Take the lines that stand deeper than `indent`, and the blank ones between them."""
        count = last = 0
        while self._place + count < len(self._lines):
            line = self._lines[self._place + count]
            count += 1
            if line.is_blank:
                continue
            if line.indent <= indent:
                break
            last = count
        return self._take(last)


def _is_underline(line: str, text: str) -> bool:
    rule = line.rstrip()
    return bool(text.strip() and _RULE.fullmatch(line)) and (
        len(rule) >= min(len(text.rstrip()), 4)
    )


def _without_marks(lines: list[SourceLine], kind: ElementKind) -> str:
    texts = [line.text.strip() for line in lines]
    if kind == "list_item" and texts[0][:1] in "-*+•‣⁃":
        texts[0] = texts[0][1:]
    if all(text.startswith("|") for text in texts):
        texts = [text[1:] for text in texts]
    if match := _FIELD.match(texts[0]):
        texts[0] = f"{match.group(1)}: {match.group(2)}"
    return "\n".join(texts)


def _code(lines: list[SourceLine]) -> list[Element]:
    shown = [line for line in lines if not line.is_blank]
    margin = min((line.indent for line in shown), default=0)
    plain = "\n".join(visible(line.text[margin:]).rstrip() for line in lines).strip("\n")
    return list(lines_to_element("code", lines, plain))


def _shown_option(line: SourceLine) -> list[Element]:
    match = _OPTION.match(line.text)
    if match is None or match.group(1) not in _SHOWN_OPTIONS:
        return []
    return list(lines_to_element("text", [line], tidy(rst_text(match.group(2)))))


def _table_elements(table: SourceTable, lines: list[SourceLine]) -> list[Element]:
    names = [rst_text(cell) for cell in table.header.cells] if table.header else []
    found: list[Element] = []
    for row in table.rows:
        plain = row_text(names, [rst_text(cell) for cell in row.cells])
        found += lines_to_element("table_row", row.lines, plain, header=header_text(names))
    return found or list(lines_to_element("text", lines, header_text(names)))


def _list_table(body: list[SourceLine]) -> list[Element]:
    """Return the rows of a `list-table`: a list of lists, whose first row names the columns."""
    rows: list[tuple[list[SourceLine], list[str]]] = []
    for line in body:
        text = line.text.strip()
        if match := re.match(r"[*-]\s+[*-](?:\s+(.*))?$", text):
            rows.append(([line], [match.group(1) or ""]))
        elif rows and (match := re.match(r"[*-](?:\s+(.*))?$", text)):
            rows[-1][0].append(line)
            rows[-1][1].append(match.group(1) or "")
        elif rows and text:
            rows[-1][0].append(line)
            rows[-1][1][-1] += f" {text}"
    return _named_rows(rows, [])


def _csv_table(options: list[SourceLine], body: list[SourceLine]) -> list[Element]:
    import csv

    header: list[str] = []
    for line in options:
        if (match := _OPTION.match(line.text)) and match.group(1) == "header":
            header = next(csv.reader([match.group(2)], skipinitialspace=True), [])
    shown = [line for line in body if not line.is_blank]
    rows = [
        ([line], next(csv.reader([line.text.strip()], skipinitialspace=True), [])) for line in shown
    ]
    return _named_rows(rows, header)


def _named_rows(rows: list[tuple[list[SourceLine], list[str]]], header: list[str]) -> list[Element]:
    if not header and len(rows) > 1:
        header = rows.pop(0)[1]
    names = [rst_text(name) for name in header]
    found: list[Element] = []
    for lines, cells in rows:
        plain = row_text(names, [rst_text(cell) for cell in cells])
        found += lines_to_element("table_row", lines, plain, header=header_text(names))
    return found
