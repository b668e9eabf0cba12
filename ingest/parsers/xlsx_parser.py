"""Excel workbooks since 2007, read as a stream from the file's own XML.

openpyxl gives merged cells and comments only when it holds the whole workbook as objects, many times its
size; Unstructured reads through it and pandas, and shows 0.05 where people see 5 %.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from core.documents import ParsedDocument
from ingest.parsers.canonical import CanonicalWriter
from ingest.parsers.drawing_text import chart_title, paragraphs
from ingest.parsers.hidden_text import HiddenText
from ingest.parsers.number_format import BUILT_IN, GENERAL, general, iso_moment, shown
from ingest.parsers.office_container import (
    Node,
    OfficeContainer,
    Relation,
    attribute,
    core_metadata,
    iso_date,
    local_name,
)
from ingest.parsers.sheet_rows import CellBudget, Merge, Sheet, SheetWriter

_CELL = re.compile(r"([A-Z]{1,3})(\d{1,7})")
_THREAD_NOTE = re.compile(r"\[Threaded comment\].*?\n\s*\n?.*?:\s*\n?", re.DOTALL)
_MAX_MERGES = 100_000
_YES = ("1", "true")
_Entry = TypeVar("_Entry")
_WHITE = frozenset(("FFFFFFFF", "00FFFFFF"))


def parse_xlsx(content: bytes, uri: str) -> ParsedDocument:
    """Parse a workbook: a heading of level 2 for each sheet with text, its rows with their columns' names.

    The page of an element is the number of its sheet. Only visible sheets are read, with their hidden
    rows and columns, which are counted; white cells without a fill are not. Values are those that were stored with the formulas, shown as their number
    formats show them; nothing is calculated. Comments, text boxes, titles of charts and descriptions of
    pictures come after the rows.

    Raises:
        ParseError: `encrypted`, `unsupported`, `corrupt`, `too_large` or `archive_bomb`.
    """
    container = OfficeContainer(content, "XLSX")
    named = container.related("", "officeDocument")
    main = named[0] if named else "xl/workbook.xml"
    container.require(main)
    writer = CanonicalWriter()
    _write_sheets(container, main, SheetWriter(writer), writer.hidden)
    title, said = core_metadata(container)
    return replace(writer.document(uri, title), metadata=said)


def _write_sheets(
    container: OfficeContainer, main: str, writer: SheetWriter, hidden: HiddenText
) -> None:
    workbook = container.tree(main)
    relations = container.relations(main)
    reader = _WorkbookReader(container, main, workbook, hidden)
    for page, node in enumerate(workbook.iterfind("{*}sheets/{*}sheet"), start=1):
        relation = relations.get(attribute(node, "id"))
        if relation is None:
            continue
        if node.get("state") in ("hidden", "veryHidden"):
            hidden.merge({"hidden_sheet": 1})
            continue
        if relation.kind in ("worksheet", "chartsheet"):
            writer.write(reader.sheet(node.get("name") or "", relation), page)


class _WorkbookReader:
    """Reads sheets with the texts and number formats that they share."""

    def __init__(
        self, container: OfficeContainer, main: str, workbook: Node, hidden: HiddenText
    ) -> None:
        self._hidden = hidden
        properties = workbook.find("{*}workbookPr")
        self._since_1904 = properties is not None and properties.get("date1904") in _YES
        self._container = container
        self._budget = CellBudget()
        self._texts = [
            _rich_text(node)
            for part in container.related(main, "sharedStrings")
            for node in container.nodes(part, "si")
        ]
        styles = container.related(main, "styles")
        self._formats = _cell_formats(container.tree(styles[0])) if styles else []
        self._white = _white_styles(container.tree(styles[0])) if styles else frozenset()
        self._readers: dict[str, Callable[[Node, str], str]] = {
            "s": lambda _, value: self._shared(value),
            "inlineStr": lambda cell, _: "".join(map(_rich_text, cell.iterchildren("{*}is"))),
            "b": lambda _, value: "TRUE" if value in _YES else "FALSE",
            "d": lambda _, value: _iso_value(value),
            "n": self._number,
        }

    def sheet(self, name: str, relation: Relation) -> Sheet:
        sheet = Sheet(name)
        # A file may leave out the numbers of rows and cells: they count on from the last one.
        row_number = -1
        kinds = {one.kind for one in self._container.relations(relation.target).values()}
        # The style of a table colours its rows, which no cell says.
        white = frozenset() if "table" in kinds else self._white
        for node in self._container.nodes(relation.target, "row", "mergeCell"):
            if local_name(node) == "row":
                number = node.get("r") or ""
                row_number = int(number) - 1 if number.isdecimal() else row_number + 1
                if node.get("hidden") in _YES:
                    self._hidden.merge({"hidden_rows": 1})
                self._read_row(sheet, row_number, node, white)
            elif len(sheet.merges) < _MAX_MERGES and (merge := _merge(node.get("ref") or "")):
                sheet.merges.append(merge)
        for related in self._container.relations(relation.target).values():
            if related.kind == "comments":
                sheet.comments = _comments(self._container, related.target)
            elif related.kind == "drawing":
                sheet.texts += _drawing_texts(self._container, related.target)
        return sheet

    def _read_row(self, sheet: Sheet, row: int, node: Node, white: frozenset[str]) -> None:
        column = -1
        for cell in node.iterchildren("{*}c"):
            place = _place(cell.get("r") or "")
            column = place[1] if place else column + 1
            text = self._text(cell)
            if text and cell.get("s") in white:
                self._hidden.part("white_text", text)
                text = ""
            self._budget.spend(1, len(text))
            sheet.set(row, column, text)

    def _text(self, cell: Node) -> str:
        kind = cell.get("t") or "n"
        value = cell.findtext("{*}v") or ""
        if not value and kind != "inlineStr":
            return ""
        read = self._readers.get(kind)
        return read(cell, value) if read is not None else value  # else a formula's text or an error

    def _shared(self, value: str) -> str:
        number = int(value) if value.strip().isdecimal() else len(self._texts)
        return self._texts[number] if number < len(self._texts) else ""

    def _number(self, cell: Node, value: str) -> str:
        try:
            number = float(value)
        except ValueError:
            return value
        style = cell.get("s") or "0"
        place = int(style) if style.isdecimal() else 0
        number_format = self._formats[place] if place < len(self._formats) else GENERAL
        if number_format == GENERAL:  # most cells of most sheets
            return general(number)
        return shown(number, number_format, since_1904=self._since_1904)


def _rich_text(node: Node) -> str:
    """Return the text of a cell without the readings that stand above Japanese words."""
    return "".join(
        text.text or "" for text in node.iter("{*}t") if local_name(text.getparent()) != "rPh"
    )


def _white_styles(styles: Node) -> frozenset[str]:
    """Return the numbers of the cell styles with white letters and no fill; none where conditions may fill a cell."""
    fonts = [
        {(color.get("rgb") or "").upper() for color in font.iterfind("{*}color")}
        for font in styles.iterfind("{*}fonts/{*}font")
    ]
    fills = [
        {pattern.get("patternType") or "none" for pattern in fill.iterfind("{*}patternFill")}
        == {"none"}
        for fill in styles.iterfind("{*}fills/{*}fill")
    ]
    if styles.find("{*}dxfs/{*}dxf/{*}fill") is not None:
        return frozenset()
    found = set()
    for number, node in enumerate(styles.iterfind("{*}cellXfs/{*}xf")):
        colors = _numbered(fonts, node.get("fontId"), set())
        if colors and colors <= _WHITE and _numbered(fills, node.get("fillId"), default=False):
            found.add(str(number))
    return frozenset(found)


def _numbered(entries: Sequence[_Entry], number: str | None, default: _Entry) -> _Entry:
    """Return the entry with a number as the file writes it; the first one when it writes none."""
    place = int(number or "0") if (number or "0").isdecimal() else len(entries)
    return entries[place] if place < len(entries) else default


def _cell_formats(styles: Node) -> list[str]:
    own = {
        node.get("numFmtId"): node.get("formatCode") or GENERAL
        for node in styles.iterfind("{*}numFmts/{*}numFmt")
    }
    found = []
    for node in styles.iterfind("{*}cellXfs/{*}xf"):
        number = node.get("numFmtId") or "0"
        built_in = BUILT_IN.get(int(number), GENERAL) if number.isdecimal() else GENERAL
        found.append(own.get(number, built_in))
    return found


def _iso_value(value: str) -> str:
    from datetime import datetime

    moment = iso_date(value)
    return iso_moment(datetime.fromisoformat(moment)) if moment else value


def _place(reference: str) -> tuple[int, int] | None:
    """Return the row and column of a cell such as `B3`, counted from zero."""
    match = _CELL.fullmatch(reference)
    if match is None:
        return None
    column = 0
    for letter in match.group(1):
        column = column * 26 + ord(letter) - ord("A") + 1
    return int(match.group(2)) - 1, column - 1


def _merge(reference: str) -> Merge | None:
    first, _, last = reference.partition(":")
    begin, end = _place(first), _place(last)
    return Merge(*begin, *end) if begin and end else None


def _comments(container: OfficeContainer, part: str) -> list[tuple[str, str]]:
    found = []
    for node in container.tree(part).iterfind("{*}commentList/{*}comment"):
        text = "".join(map(_rich_text, node.iterchildren("{*}text")))
        # A thread stands behind a note of the program's own to those who cannot see threads.
        found.append((node.get("ref") or "", " ".join(_THREAD_NOTE.sub("", text).split())))
    return [(cell, text) for cell, text in found if text]


def _drawing_texts(container: OfficeContainer, part: str) -> list[str]:
    texts = []
    for node in container.tree(part).iter("{*}txBody", "{*}cNvPr"):
        if local_name(node) == "txBody":
            texts += [paragraph.text for paragraph in paragraphs(node)]
        else:
            texts.append(node.get("descr") or "")
    texts += [chart_title(container.tree(chart)) for chart in container.related(part, "chart")]
    return [text for text in texts if text.strip()]
