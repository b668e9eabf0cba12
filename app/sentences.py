"""Breaks passages into the sentences that an answer can be made of, each with its exact place."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from core.answers import Passage
from core.documents import Element
from core.sentences import aligned_spans, sentence_spans

_BULLET = re.compile(r"^[-*+•‣▪–]\s+(?=\S)")
_LIST_MARKER = re.compile(r"(?:\s*(?:[-*+•‣▪–>]|\d{1,3}[.)])\s+)+")
_NUMBERED = re.compile(r"\s{0,8}(\d{1,3}[.)])\s")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A quotable piece of a passage.

    `start`/`end` are places in the document's canonical text; `plain` is what a reader sees of them. `element` is
    the number of the element that it is of, `mark` what a list item begins with where it begins: `1.`, `-` or ''.
    """

    passage: Passage
    start: int
    end: int
    plain: str
    is_heading: bool
    position: int
    element: int = 0
    in_list: bool = False
    in_table: bool = False
    in_code: bool = False
    mark: str = ""


def quotable(passages: Sequence[Passage]) -> list[Sentence]:
    """Return every sentence of the passages, passage by passage, in reading order."""
    found: list[Sentence] = []
    for passage in passages:
        for number, element in enumerate(passage.elements):
            if element.kind == "table_row" and element.plain == element.header:
                continue  # the names of the columns: every row says them again
            mark = _item_mark(passage, element)
            for start, end, plain in _sentences(passage, element):
                found.append(
                    Sentence(
                        passage=passage,
                        start=start,
                        end=end,
                        plain=plain,
                        is_heading=element.kind in ("title", "heading"),
                        position=len(found),
                        element=number,
                        in_list=element.kind == "list_item",
                        in_table=element.kind == "table_row",
                        in_code=element.kind == "code",
                        mark=mark,
                    )
                )
                mark = ""
    return found


def _item_mark(passage: Passage, element: Element) -> str:
    """Return what a list item begins with where all of it is shown: its number, or a dash for any other sign."""
    if element.kind != "list_item" or element.start < passage.start:
        return ""
    numbered = _NUMBERED.match(passage.text, element.start - passage.start)
    return numbered.group(1) if numbered and numbered.end() <= element.end else "-"


def _sentences(passage: Passage, element: Element) -> Iterator[tuple[int, int, str]]:
    """Yield (start, end, plain) of an element's sentences that lie wholly in the passage."""
    if element.kind in ("text", "list_item"):
        if element.start < passage.start or element.end > passage.end:
            yield from _cut(passage, element)
            return
        source = passage.text[element.start - passage.start : element.end - passage.start]
        pieces = sentence_spans(element.plain)
        for piece, span in zip(pieces, aligned_spans(element.plain, pieces, source), strict=True):
            if span.start < span.end:
                plain = _BULLET.sub("", element.plain[piece.start : piece.end])
                start = span.start + _marker_length(source[span.start : span.end], plain)
                yield element.start + start, element.start + span.end, plain
    elif passage.start <= element.start and element.end <= passage.end:
        yield element.start, element.end, element.plain


def _marker_length(source: str, plain: str) -> int:
    """Return the length of a list marker or quote sign that stands in the source but is not read."""
    match = _LIST_MARKER.match(source)
    if match is None or (plain and plain.startswith(match.group().strip())):
        return 0
    return match.end() if match.end() < len(source) else 0


def _cut(passage: Passage, element: Element) -> Iterator[tuple[int, int, str]]:
    """An element that reaches beyond the passage: take the sentences of the part inside."""
    start, end = max(element.start, passage.start), min(element.end, passage.end)
    source = passage.text[start - passage.start : end - passage.start]
    for span in sentence_spans(source):
        own = source[span.start : span.end]
        mark = _marker_length(own, "")
        yield start + span.start + mark, start + span.end, own[mark:]
