"""Writes the canonical text of formats whose bytes are no text: elements with a blank line between."""

from collections.abc import Sequence

from core.documents import Element, ElementKind, ParsedDocument
from ingest.parsers.hidden_text import HiddenText
from ingest.parsers.plain_text import tidy, visible
from ingest.parsers.table_rows import header_text, row_text
from ingest.parsers.titles import title_of

_GAP = "\n\n"


class CanonicalWriter:
    """Collects elements in reading order; text without a visible character is passed over.

    `hidden` counts what is left out because no reader sees it.
    """

    def __init__(self) -> None:
        self.hidden = HiddenText()
        self._parts: list[str] = []
        self._elements: list[Element] = []
        self._length = 0

    def add(
        self,
        kind: ElementKind,
        text: str,
        *,
        level: int = 0,
        page: int | None = None,
        header: str = "",
    ) -> None:
        """Add one element; white space is tidied, except inside code."""
        self.hidden.characters(text)
        plain = visible(text).strip("\n").rstrip() if kind == "code" else tidy(text)
        if not plain.strip():
            return
        start = self._length + (len(_GAP) if self._parts else 0)
        end = start + len(plain)
        self._parts.append(plain)
        self._elements.append(Element(kind, start, end, plain, level, page, header))
        self._length = end

    def add_table(
        self, header: Sequence[str], rows: Sequence[Sequence[str]], *, page: int | None = None
    ) -> None:
        """Add one element a row, the column names first; a table of column names alone is a text."""
        names = header_text(header)
        if not rows:
            self.add("text", names, page=page)
            return
        self.add_names(names, page=page)
        for cells in rows:
            self.add("table_row", row_text(header, cells), page=page, header=names)

    def add_names(self, names: str, *, page: int | None = None) -> None:
        """Add the column names of a table, one line, as a row above those that repeat them.

        All words of a table are there in their order so; `plain` and `header` are the same.
        """
        self.add("table_row", names, page=page, header=names)

    def document(self, uri: str, declared_title: str = "") -> ParsedDocument:
        """Return what was collected, titled by its first title or level-1 heading."""
        title = title_of(self._elements, uri, declared_title)
        return ParsedDocument(
            title, _GAP.join(self._parts), tuple(self._elements), hidden=self.hidden.counts()
        )
