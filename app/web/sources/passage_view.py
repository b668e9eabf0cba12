"""Cuts the part of a document that is shown around a citation, and finds the cited words in it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, Protocol

from core.answers import Citation
from core.documents import Element

Found = Literal["exact", "moved", "gone"]

CONTEXT_CHARS = 10_000


class OpenText(Protocol):
    """A document as far as it is shown here."""

    @property
    def text(self) -> str:
        """The canonical text."""

    @property
    def elements(self) -> tuple[Element, ...]:
        """Its elements, in reading order."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A run of a document's text that is shown in one way."""

    text: str
    kind: str
    marked: bool


@dataclass(frozen=True, slots=True)
class PassageView:
    """A window of a document; `start` and `end` are its bounds, `found` tells where the words are.

    `marked` are the bounds of the words in the text, an empty span when they are gone.
    """

    segments: tuple[Segment, ...]
    start: int
    end: int
    length: int
    found: Found
    marked: tuple[int, int] = (0, 0)


def passage_view(view: OpenText, citation: Citation, context: int = CONTEXT_CHARS) -> PassageView:
    """Return the document around a citation, its words marked where they stand today."""
    found, start, end = locate(view.text, citation)
    first, last = max(0, start - context), min(len(view.text), end + context)
    marked = (start, end) if found != "gone" else (first, first)
    segments = tuple(_segments(view.text, view.elements, (first, last), marked))
    return PassageView(segments, first, last, len(view.text), found, marked)


def locate(text: str, citation: Citation) -> tuple[Found, int, int]:
    """Return where a citation's words are in a text that may have changed since they were cited."""
    if text[citation.start : citation.end] == citation.quote:
        return "exact", citation.start, citation.end
    # The nearest occurrence: the same words may stand in several places.
    after = text.find(citation.quote, citation.start) if citation.quote else -1
    before = text.rfind(citation.quote, 0, citation.start) if citation.quote else -1
    places = [place for place in (after, before) if place >= 0]
    if not places:
        return "gone", 0, 0
    start = min(places, key=lambda place: abs(place - citation.start))
    return "moved", start, start + len(citation.quote)


def _segments(
    text: str,
    elements: Sequence[Element],
    window: tuple[int, int],
    marked: tuple[int, int],
) -> Iterator[Segment]:
    for start, end, kind in _runs(elements, window):
        yield from cut(text, (start, end), kind, marked)


def cut(text: str, span: tuple[int, int], kind: str, marked: tuple[int, int]) -> Iterator[Segment]:
    """Yield a span of a text as segments that are marked wholly or not at all."""
    start, end = span
    cuts = sorted({start, end, *(place for place in marked if start < place < end)})
    for first, last in pairwise(cuts):
        yield Segment(text[first:last], kind, marked[0] <= first and last <= marked[1])


def _runs(elements: Sequence[Element], window: tuple[int, int]) -> Iterator[tuple[int, int, str]]:
    """Cover a window with runs: the elements, and what lies between them as `plain`."""
    position, last = window
    for element in elements:
        start, end = max(element.start, position), min(element.end, last)
        if start >= end:
            continue
        if position < start:
            yield position, start, "plain"
        yield start, end, element.kind
        position = end
    if position < last:
        yield position, last, "plain"
