"""Reads passages as sentences of weighted words, so that a claim's words can be looked up in them.

A word's term is its stem (Snowball, as the index has it); a run of Chinese, Japanese or Korean letters is read as
overlapping pairs. Function words have no weight; others weigh more the fewer sentences have them.
"""

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from math import log

import numpy as np

from core.function_words import content_words
from core.grounding import EvidenceText
from core.search import FloatMatrix
from core.sentences import Span, sentence_spans
from core.short_forms import short_forms
from index.analysis import words_in_order

_UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
_WORD = re.compile(
    r"(?P<time>(?<![\d:.])(?P<hour>\d{1,2})(?::(?P<minute>\d{1,2}))(?::\d\d)?(?:\s?(?P<half>[ap])\.?m\b)?(?![\d:])"
    r"|(?<![\d:.])(?P<hour2>\d{1,2})\s?(?P<half2>[ap])\.?m\b)"
    rf"|(?P<unspaced>[{_UNSPACED}]+)|\d+(?:[.,]\d+)*"
    r"|(?<![\w-])(?P<compound>[a-z]{1,2}-[a-z]{1,4})(?![\w-])"
    rf"|[^\W\d_{_UNSPACED}][^\W_{_UNSPACED}]*(?:['’][^\W_{_UNSPACED}]+)*",
    re.IGNORECASE,
)
_LONG_PARTS = re.compile(r"[A-Z]?[a-z]{3,}|[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_IS_CAMEL = re.compile(r"[A-Za-z]?[a-z]{2,}[A-Z][a-z]{2,}")
_MAX_WORDS, _MAX_SENTENCES = 20_000, 2_000
_MAX_SENTENCE_WORDS = 80
_FULL_LINE = 50
_LAST = tuple(".:!?|。！？")
_NEW_BLOCK = re.compile(r"\s*(?:[-+*•–—]\s|[|#>•]|\d{1,3}[.)]\s)")
_MARKUP = '[*_`("“'
_RECORD = re.compile(r"[^:=\n.!?]{1,60}[:=](?!//)\s*\S")
# fmt: off
_LIGHT = frozenset((
    "also", "additionally", "alternatively", "similarly", "nonetheless", "specifically", "lastly", "firstly", "secondly",
    "however", "therefore", "thus", "hence", "furthermore", "moreover", "overall", "many",
    "much", "more", "most", "other", "another", "each", "every", "both", "either", "neither", "one", "several",
    "various", "certain", "specific", "while", "whereas", "although", "though", "during", "through", "within",
    "between", "among", "upon", "onto", "via", "per", "well", "very", "only", "own", "same", "even", "still",
    "like", "such", "including", "include", "includes", "included", "e.g", "i.e", "etc", "since", "until", "unless",
    "after", "before", "over", "under", "out", "up", "down", "off", "again", "further", "once", "make", "makes",
    "use", "used", "using", "need", "needs", "way", "ways", "thing", "things", "mention", "mentions", "mentioned",
    "state", "states", "stated", "according", "based", "provided", "given", "passage", "passages", "text",
    "documents", "cannot", "it's", "its", "there's", "that's", "they're", "you're", "s", "t",
))
_SPELT_NUMBERS = {word: str(number) for number, word in enumerate((
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
))}
# fmt: on


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a text, [start, end); `term` is what it is compared by; `is_content` tells it from grammar."""

    start: int
    end: int
    text: str
    term: str
    is_content: bool


@dataclass(frozen=True, slots=True)
class EvidenceSentence:
    """A sentence of a passage, [start, end) in its text; `first`/`last` are positions in the words of all passages."""

    passage: int
    start: int
    end: int
    first: int
    last: int


def read_words(text: str, unread: Sequence[Span] = ()) -> list[Word]:
    """Return the words of a text in order, without those in `unread` stretches."""
    words: list[Word] = []
    short = {form.start: form for form in short_forms(text)}
    read_to = 0
    for match in _WORD.finditer(text):
        start, end = match.span()
        if start < read_to or any(span.start <= start < span.end for span in unread):
            continue
        written = match.group()
        if start in short:
            read_to = short[start].end
            words.extend(Word(start, read_to, word, *_read(word)) for word in short[start].words)
        elif match["unspaced"]:
            words.extend(_pairs(start, written))
        elif match["time"]:
            words.append(Word(start, end, written, _time(match), True))
        elif _IS_CAMEL.search(written):
            words.extend(_parts(start, written))
        else:
            term, is_content = _read(written.replace("-", "") if match["compound"] else written)
            words.append(Word(start, end, written, term, is_content))
        if len(words) >= _MAX_WORDS:
            break
    return words


def _time(match: re.Match[str]) -> str:
    """Write a time of day as one term: 5 pm and 17:00 are the same."""
    hour = int(match["hour"] or match["hour2"])
    half = (match["half"] or match["half2"] or "").casefold()
    if half and hour <= 12:
        hour = hour % 12 + (12 if half == "p" else 0)
    return f"{hour}:{int(match['minute'] or 0):02d}"


def _parts(start: int, written: str) -> list[Word]:
    """Read the names of fields as their words: OutdoorSeating is outdoor seating."""
    return [
        Word(start + part.start(), start + part.end(), part.group(), *_read(part.group()))
        for part in _LONG_PARTS.finditer(written)
    ]


def _pairs(start: int, run: str) -> list[Word]:
    size = min(2, len(run))
    return [
        Word(start + at, start + at + size, run[at : at + size], run[at : at + size], True)
        for at in range(len(run) - size + 1)
    ]


@lru_cache(maxsize=65_536)
def _read(written: str) -> tuple[str, bool]:
    """Return a word's term and whether it is a content word."""
    folded = written.casefold().replace("’", "'")
    folded = folded.removesuffix("'s")
    if folded[:1].isdigit():
        number = folded.replace(",", "").rstrip(".")
        return (number.rstrip("0").rstrip(".") if number.count(".") == 1 else number), True
    if folded in _SPELT_NUMBERS and folded != "one":
        return _SPELT_NUMBERS[folded], True
    stems = words_in_order(folded, "en") if len(folded) > 2 else [folded]
    is_light = folded in _LIGHT or folded.endswith("n't") or content_words(f"xq {written}") == "xq"
    return "".join(stems) or folded, not is_light


class PassageWords:
    """The passages of one answer, cut into sentences and words, with the places of every term.

    At most 20,000 words and 2,000 sentences are read: what stands behind them supports nothing.
    """

    def __init__(self, passages: Sequence[EvidenceText]) -> None:
        self.passages = passages
        self.words: list[Word] = []
        self.sentences: list[EvidenceSentence] = []
        self.section_terms = {
            word.term
            for passage in passages
            for part in passage.section
            for word in read_words(part)
        }
        for number, passage in enumerate(passages):
            for span in _lines(passage.text):
                self._add(number, passage.text, span)
            if len(self.words) >= _MAX_WORDS or len(self.sentences) >= _MAX_SENTENCES:
                break
        self.places: dict[str, list[int]] = {}
        self.sentence_of = np.zeros(len(self.words), np.int32)
        for position, sentence in enumerate(self.sentences):
            self.sentence_of[sentence.first : sentence.last] = position
        for position, word in enumerate(self.words):
            self.places.setdefault(word.term, []).append(position)
        self._holders: dict[str, list[int]] = {}
        for position, sentence in enumerate(self.sentences):
            for term in {word.term for word in self.words[sentence.first : sentence.last]}:
                self._holders.setdefault(term, []).append(position)
        self.owners = np.array([sentence.passage for sentence in self.sentences], np.int32)
        terms = [word.term for word in self.words]
        self.runs: set[tuple[str, ...]] = set(pairwise(terms))
        self.runs.update(zip(terms, terms[1:], terms[2:], strict=False))
        self._starts: list[int] = []
        self.flat = self._flat()

    def _add(self, number: int, text: str, span: Span) -> None:
        if len(self.words) >= _MAX_WORDS or len(self.sentences) >= _MAX_SENTENCES:
            return
        found = read_words(text[span.start : span.end])
        for at in range(0, len(found), _MAX_SENTENCE_WORDS):
            part = found[at : at + _MAX_SENTENCE_WORDS]
            first = len(self.words)
            self.words.extend(
                Word(w.start + span.start, w.end + span.start, w.text, w.term, w.is_content)
                for w in part
            )
            whole = len(found) <= _MAX_SENTENCE_WORDS
            start = span.start if whole else span.start + part[0].start
            end = span.end if whole else span.start + part[-1].end
            self.sentences.append(EvidenceSentence(number, start, end, first, len(self.words)))

    def _flat(self) -> str:
        """Return all words between blanks, with a mark between passages that no word has."""
        parts = [" "]
        length, passage = 1, 0
        for position, word in enumerate(self.words):
            owner = self.sentences[self.sentence_of[position]].passage
            if owner != passage:
                parts.append("\n ")
                length, passage = length + 2, owner
            self._starts.append(length)
            parts.append(f"{word.text.casefold()} ")
            length += len(parts[-1])
        return "".join(parts)

    def quoted_at(self, words: Sequence[Word]) -> tuple[int, int] | None:
        """Return the first and last sentence of a place that has these words one after the other, None for nowhere."""
        if not words:
            return None
        sought = f" {' '.join(word.text.casefold() for word in words)} "
        found = self.flat.find(sought)
        if found < 0:
            return None
        first = bisect_right(self._starts, found + 1) - 1
        last = first + len(words) - 1
        return int(self.sentence_of[first]), int(self.sentence_of[last])

    def text_of(self, first: int, last: int) -> str:
        """Return the text from one sentence to another of the same passage."""
        begin, end = self.sentences[first], self.sentences[last]
        return self.passages[begin.passage].text[begin.start : end.end]

    def weight(self, term: str) -> float:
        """Return how telling a term is among these sentences, in [0.3, 1]; 1 for one that none of them has."""
        count = len(self.sentences)
        holders = self._holders.get(term)
        if holders is None or count < 2:
            return 1.0
        return max(0.3, log((count + 1) / (len(holders) + 0.5)) / log((count + 1) / 0.5))

    def presence(self, terms: Sequence[str]) -> FloatMatrix:
        """Return shape (len(terms), sentences): 1 where a sentence has the term."""
        found = np.zeros((len(terms), len(self.sentences)), np.float32)
        for row, term in enumerate(terms):
            holders = self._holders.get(term)
            if holders is not None:
                found[row, holders] = 1.0
        return found


def _lines(text: str) -> list[Span]:
    """Return sentences, list items and rows; a sentence that is broken into lines is one."""
    spans: list[Span] = []
    for sentence in sentence_spans(text):
        place, before = sentence.start, ""
        for line in text[sentence.start : sentence.end].split("\n"):
            end = place + len(line)
            if before and _goes_on(before, line):
                spans[-1] = Span(spans[-1].start, end)
            elif line.strip():
                spans.append(Span(place, end))
            place, before = end + 1, line
    return spans


def _goes_on(line: str, following: str) -> bool:
    """Tell whether a line was only broken because it was full: records and short lines stand for themselves."""
    rest = following.strip()
    if not rest or line.rstrip()[-1:] in _LAST:
        return False
    if _NEW_BLOCK.match(following) or _RECORD.match(following):
        return False
    is_full = len(line) >= _FULL_LINE
    return is_full or (not _RECORD.match(line) and (rest[0].islower() or rest[0] in _MARKUP))
