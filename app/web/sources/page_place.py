"""Says on which page a citation stands, and which words to look for there; pure.

A page has a table's cells and not the column names that the canonical text puts before each of them.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from app.web.sources.passage_view import OpenText
from app.web.sources.table_cells import cells_of, column_names, is_names
from core.documents import Element


@dataclass(frozen=True, slots=True)
class PageWords:
    """Words to be marked on a page; `occurrence` is how many times the same ones stand before them there."""

    words: str
    occurrence: int


def page_of(document: OpenText, span: tuple[int, int], fallback: int | None) -> int:
    """Return the page on which a span of the text begins, from 1."""
    for element in document.elements:
        if element.end > span[0] and element.page is not None:
            return element.page
    return fallback or 1


def words_on_page(document: OpenText, span: tuple[int, int], page: int) -> PageWords:
    """Return what of a span of the text stands on a page; no words where nothing of it does."""
    start, end = span
    before: list[str] = []
    words: list[str] = []
    for element in document.elements:
        if element.page != page or element.start >= end:
            continue
        for first, last in _printed(document, element):
            before.append(document.text[first : min(last, start)] if first < start else "")
            words.append(document.text[max(first, start) : min(last, end)] if last > start else "")
    shown = " ".join(filter(None, words))
    return PageWords(shown, _count("".join(before), shown))


def _printed(document: OpenText, element: Element) -> Iterator[tuple[int, int]]:
    """Yield the places of an element's text that are on the page as they are written."""
    text = document.text[element.start : element.end]
    names = column_names(element.header)
    if element.kind != "table_row" or not names or is_names(text, element.header):
        yield element.start, element.end
        return
    for cell in cells_of(text, names):
        yield element.start + cell.start, element.start + cell.end


def _count(text: str, words: str) -> int:
    letters = _letters(words)
    return len(re.findall(f"(?={re.escape(letters)})", _letters(text))) if letters else 0


def _letters(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).casefold()
    return "".join(char for char in plain if char.isalnum())
