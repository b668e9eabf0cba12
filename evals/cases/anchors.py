"""Finds the evidence of a case in the documents as they are now, however they are cut and wherever they moved.

    the place it had ─▶ the same words ─▶ the same words, whatever blanks and capitals ─▶ the most similar words
      └ in the document of that name, then (for words that are long enough) in any other that may be read

Chunks play no part in it: a span of the canonical text stays what it is when the document is cut in another way.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Literal

from core.answers import Caller
from core.documents import DocumentRecord
from evals.cases.case import Anchor
from index.catalogue import Catalogue
from index.permissions import may_read

State = Literal["found", "moved", "changed", "gone"]

SIMILAR_FROM = 0.75
"""Share of the words, in order, that a changed passage must still have."""
_MOVED_CHARS = 20
"""Shorter words stand in many documents, and do not show where one moved to."""
_MOST_PLACES = 20
_TEXTS_KEPT = 256


@dataclass(frozen=True, slots=True)
class Resolved:
    """Where an anchor stands now; `doc_id` is '' and there is no span when it is gone.

    `spans` are all places that have the words, the likeliest first, [start, end) in code points of the document.
    `match` in [0, 1] is how much of the words is still there. `why` is a sentence, '' for `found`.
    """

    anchor: Anchor
    state: State
    doc_id: str = ""
    uri: str = ""
    spans: tuple[tuple[int, int], ...] = ()
    match: float = 1.0
    why: str = ""


class AnchorResolver:
    """Finds anchors among the documents that one caller may read, in one catalogue."""

    def __init__(self, catalogue: Catalogue, caller: Caller) -> None:
        self._catalogue = catalogue
        self._caller = caller
        self._text = lru_cache(maxsize=_TEXTS_KEPT)(
            lambda doc_id: catalogue.document_text(doc_id)[0]
        )
        self._words = lru_cache(maxsize=_TEXTS_KEPT)(lambda doc_id: Words(self._text(doc_id)))
        self._readable: list[DocumentRecord] | None = None

    def resolve(self, anchor: Anchor) -> Resolved:
        """Return where the words of an anchor stand; never raises for what is gone."""
        named = [
            r
            for r in self._catalogue.find_documents(anchor.uri)
            if may_read(self._caller, r.access)
        ]
        for record in named:
            spans = self._same(anchor, record.doc_id)
            if spans:
                return Resolved(anchor, "found", record.doc_id, record.uri, spans)
        moved = self._moved(anchor, {record.doc_id for record in named})
        if moved is not None:
            return moved
        return self._changed(anchor, named)

    def _same(self, anchor: Anchor, doc_id: str) -> tuple[tuple[int, int], ...]:
        text = self._text(doc_id)
        if not anchor.quote:
            start, end = anchor.start or 0, anchor.end or 0
            return ((start, end),) if end <= len(text) and text[start:end].strip() else ()
        return same_words(self._words(doc_id), text, anchor)

    def _moved(self, anchor: Anchor, known: set[str]) -> Resolved | None:
        if len(anchor.quote.strip()) < _MOVED_CHARS:
            return None
        for record in self._others(known):
            spans = self._same(anchor, record.doc_id)
            if spans:
                why = f"These words stand in {record.uri!r} now, not in {anchor.uri!r}."
                return Resolved(anchor, "moved", record.doc_id, record.uri, spans, 1.0, why)
        return None

    def _others(self, known: set[str]) -> Iterator[DocumentRecord]:
        if self._readable is None:
            self._readable = [
                record
                for record in self._catalogue.list_documents()
                if record.chunks and may_read(self._caller, record.access)
            ]
        return (record for record in self._readable if record.doc_id not in known)

    def _changed(self, anchor: Anchor, named: Sequence[DocumentRecord]) -> Resolved:
        if not named:
            why = f"The document {anchor.uri!r} is not there any more, or may not be read."
            return Resolved(anchor, "gone", match=0.0, why=why)
        if not anchor.quote:
            why = f"{anchor.uri!r} has no text at {anchor.start} to {anchor.end} any more."
            return Resolved(anchor, "gone", match=0.0, why=why)
        best, record = max(
            ((most_similar(self._words(r.doc_id), anchor.quote), r) for r in named),
            key=lambda found: found[0][0],
        )
        share, span = best
        if share < SIMILAR_FROM:
            why = f"{anchor.uri!r} does not have these words any more (the most similar ones share {share:.0%})."
            return Resolved(anchor, "gone", match=round(share, 4), why=why)
        why = f"The words changed in {record.uri!r}: {share:.0%} of them are still there."
        return Resolved(anchor, "changed", record.doc_id, record.uri, (span,), round(share, 4), why)


class Words:
    """A text as words without case, with the place of each; `start`/`end` are lists of code points."""

    def __init__(self, text: str) -> None:
        self.folded: list[str] = []
        self.start: list[int] = []
        self.end: list[int] = []
        for first, last in _runs(text):
            self.folded.append(text[first:last].casefold())
            self.start.append(first)
            self.end.append(last)
        self.joined = " ".join(self.folded)
        self.at: list[int] = []
        position = 0
        for word in self.folded:
            self.at.append(position)
            position += len(word) + 1

    def span(self, first: int, last: int) -> tuple[int, int]:
        """Return the place of words first to last, both included."""
        return self.start[first], self.end[last]


def same_words(words: Words, text: str, anchor: Anchor) -> tuple[tuple[int, int], ...]:
    """Return where a text has the words of an anchor, whatever their blanks and capitals, likeliest place first."""
    quote = anchor.quote
    if anchor.start is not None and text[anchor.start : anchor.end] == quote:
        return ((anchor.start, anchor.start + len(quote)),)
    exact = [(at, at + len(quote)) for at in _places(text, quote)]
    spans = exact or list(_folded_places(words, text, quote))
    if anchor.start is not None:
        wanted = anchor.start
        spans.sort(key=lambda span: (abs(span[0] - wanted), span[0]))
    return tuple(spans)


def most_similar(words: Words, quote: str) -> tuple[float, tuple[int, int]]:
    """Return the share of a quote's words that stand in the most similar place, in order, and that place.

    The share is 2 times words in common / (words of the quote + words of the place), 0 where nothing is in common.
    """
    wanted = [word for word in Words(quote).folded if word]
    if not wanted or not words.folded:
        return 0.0, (0, 0)
    size = len(wanted)
    best, place = 0.0, (0, 0)
    for first in _likeliest_windows(words.folded, wanted):
        last = min(len(words.folded), first + size)
        share, span = _in_order(
            words, wanted, max(0, first - size // 3), min(len(words.folded), last + size // 3)
        )
        if share > best:
            best, place = share, span
    return best, place


def _likeliest_windows(folded: Sequence[str], wanted: Sequence[str]) -> list[int]:
    """Return the beginnings of the five windows that have most of the wanted words."""
    size, need = len(wanted), Counter(wanted)
    have: Counter[str] = Counter()
    common = 0
    scores: list[tuple[int, int]] = []
    for last, word in enumerate(folded):
        if word in need:
            have[word] += 1
            common += have[word] <= need[word]
        gone = last - size
        if gone >= 0 and folded[gone] in need:
            common -= have[folded[gone]] <= need[folded[gone]]
            have[folded[gone]] -= 1
        scores.append((-common, max(0, last - size + 1)))
    return [first for common, first in sorted(scores)[:5] if common]


def _in_order(
    words: Words, wanted: Sequence[str], first: int, last: int
) -> tuple[float, tuple[int, int]]:
    """Return how similar the best part of words first to last is, beginning and ending with words in common."""
    blocks = SequenceMatcher(
        None, words.folded[first:last], wanted, autojunk=False
    ).get_matching_blocks()
    matched = [block for block in blocks if block.size]
    if not matched:
        return 0.0, (0, 0)
    begin, end = first + matched[0].a, first + matched[-1].a + matched[-1].size - 1
    common = sum(block.size for block in matched)
    return 2 * common / (len(wanted) + end - begin + 1), words.span(begin, end)


def _folded_places(words: Words, text: str, quote: str) -> Iterator[tuple[int, int]]:
    folded = Words(quote).joined
    if not folded:
        return
    for at in _places(words.joined, folded):
        first = bisect_right(words.at, at) - 1
        last = bisect_right(words.at, at + len(folded) - 1) - 1
        # A quote may begin or end inside a word: where folding keeps lengths, the place is exact.
        head, tail = (
            at - words.at[first],
            words.at[last] + len(words.folded[last]) - at - len(folded),
        )
        start, end = words.start[first] + head, words.end[last] - max(0, tail)
        if _fold(text[start:end]) == folded:
            yield start, end
        else:
            yield words.span(first, last)


def _places(text: str, part: str) -> Iterator[int]:
    at, found = text.find(part), 0
    while at >= 0 and found < _MOST_PLACES:
        yield at
        at, found = text.find(part, at + 1), found + 1


def _runs(text: str) -> Iterable[tuple[int, int]]:
    start = None
    for position, character in enumerate(text):
        if character.isspace():
            if start is not None:
                yield start, position
                start = None
        elif start is None:
            start = position
    if start is not None:
        yield start, len(text)


def _fold(text: str) -> str:
    return " ".join(text.split()).casefold()


Resolve = Callable[[Anchor], Resolved]
