"""Finds passages of different documents that say different things about the same thing; pure.

Precision comes first: a reader who is told of a conflict that is none stops believing the others. Two statements
conflict when nearly all their telling words are the same and one thing differs: an amount, a date, a weekday, a
negation, a duty, a named alternative. Other names (of a country, a product, a person), other years and titles of
siblings make them statements about different things.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import combinations
from typing import Literal

from core.function_words import content_words
from core.measures import MEASURES, WEEKDAYS
from core.number_words import SCALES, SMALL, TENS
from core.numerals import COUNT, ORDINAL, PERCENT
from core.polarity import ALTERNATIVES, CHOICE, DUTY, NEGATION
from core.quantities import Quantity, quantities
from core.sentences import Span, sentence_spans
from index.date_words import MONTH_NAMES
from index.dates import mentions, without
from index.families import are_siblings
from index.periods import Period
from index.version_facts import VersionFacts, facts_of

ConflictKind = Literal[
    "number",
    "amount",
    "percentage",
    "date",
    "weekday",
    "unit",
    "negation",
    "obligation",
    "alternative",
]

_MOST_HITS = 10
_MOST_CONFLICTS = 10
_LEAST_SHARED = 4
_LEAST_OVERLAP = 0.5
_CLOSE_OVERLAP = 0.7
_ROOT_CHARS = 6
"""'required' and 'requirement' are one word by their first letters."""


@dataclass(frozen=True, slots=True)
class FoundText:
    """What a hit says and where it is from; `date` is in ISO 8601 or '', for whoever shows a conflict."""

    doc_id: str
    title: str
    date: str
    text: str


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two sentences that disagree: positions in the list of hits, and spans of the hits' texts."""

    first: int
    second: int
    first_span: Span
    second_span: Span
    kind: ConflictKind


def _roots_of(words: str) -> frozenset[str]:
    return frozenset(word[:_ROOT_CHARS] for word in words.split())


_SAME_TIME = 0.04
"""30 days are a month."""
_NOT_COMPARED = MONTH_NAMES.union(SMALL, TENS, WEEKDAYS)
_TOLD_APART = _roots_of(
    "remote remotely office onsite paid unpaid allowed permitted forbidden prohibited banned enabled disabled included "
    "excluded daily weekly biweekly fortnightly monthly quarterly annually yearly required requirement mandatory "
    "optional voluntary obligatory compulsory longer never cannot percent euros dollars"
) | _roots_of(" ".join(word for word, measure in MEASURES.items() if measure.dimension == "time"))
"""Words that are compared as what may differ, not as what the statements are about."""
_CLAUSE_END = re.compile(r";\s|,\s(?=(?:with|while|whereas|but|and|which|so)\b)")
_OPENING_PHRASE = re.compile(r"(?:[^,;]|,\s(?=\d)){1,40},\s(?!\d)")
_NAME = re.compile(r"(?<![.!?:•*#>-]\s)(?<!^)(?<![\n\"“(])\b(?:[A-Z][\w-]*|\w*\d\w*[A-Za-z]\w*)")
_IN_FORCE = re.compile(
    r"\b(?:starting|effective|beginning|as of|from|since|ab|seit|desde|depuis)\s(?:on\s|in\s)?$",
    re.I,
)

_Value = tuple[ConflictKind, str, float]


@dataclass
class _Clause:
    """One statement of a hit; what can differ is read only once its words have met another's."""

    hit: int
    sentence: Span
    text: str
    sentence_text: str
    words: frozenset[str]
    facts: VersionFacts = field(repr=False)

    @cached_property
    def names(self) -> frozenset[str]:
        found = (match.group().casefold() for match in _NAME.finditer(self.sentence_text))
        return frozenset(
            name
            for name in found
            if not (name in WEEKDAYS or name in MONTH_NAMES or name in SCALES)
        )

    @cached_property
    def periods(self) -> frozenset[Period]:
        """The dates that the sentence speaks about: not the one since when it holds."""
        return frozenset(
            mention.value
            for mention in mentions(self.sentence_text)
            if isinstance(mention.value, Period)
            and not _IN_FORCE.search(self.sentence_text[: mention.start])
        )

    @cached_property
    def counted(self) -> tuple[Quantity, ...]:
        return quantities(without(self.text, mentions(self.text)))

    @cached_property
    def values(self) -> frozenset[_Value]:
        return frozenset(filter(None, map(_value, self.counted)))

    @cached_property
    def weekdays(self) -> frozenset[int]:
        words = re.findall(r"[^\W\d_]+", self.text.casefold())
        return frozenset(WEEKDAYS[word] for word in words if word in WEEKDAYS)


def find_conflicts(hits: Sequence[FoundText]) -> list[Conflict]:
    """Return up to 10 conflicts among the first 10 hits, in their order; at most one for two sentences."""
    clauses = [
        clause
        for position, hit in enumerate(hits[:_MOST_HITS])
        for clause in _clauses(position, hit)
    ]
    found: dict[tuple[int, int, Span, Span], Conflict] = {}
    for first, second in combinations(clauses, 2):
        if len(first.words & second.words) < _LEAST_SHARED:
            continue
        kind = _kind(first, second, hits)
        if kind:
            key = (first.hit, second.hit, first.sentence, second.sentence)
            found.setdefault(key, Conflict(*key, kind))
            if len(found) == _MOST_CONFLICTS:
                break
    return list(found.values())


def _clauses(position: int, hit: FoundText) -> Iterator[_Clause]:
    facts = _facts(hit.doc_id, hit.title)
    for span in sentence_spans(hit.text):
        sentence = hit.text[span.start : span.end]
        for text in _split(sentence):
            told = set(content_words(text).casefold().split()) - _NOT_COMPARED
            words = frozenset(word[:_ROOT_CHARS] for word in told if word.isalpha())
            if len(words) >= _LEAST_SHARED:
                yield _Clause(position, span, text, sentence, words, facts)


@lru_cache(maxsize=256)
def _facts(doc_id: str, title: str) -> VersionFacts:
    return facts_of(doc_id, "", title, "", {})


def _split(sentence: str) -> Iterator[str]:
    opening = _OPENING_PHRASE.match(sentence)
    yield from _CLAUSE_END.split(sentence[opening.end() :] if opening else sentence)


def _kind(first: _Clause, second: _Clause, hits: Sequence[FoundText]) -> ConflictKind | None:
    """Return in what two clauses differ, None when they agree or speak of different things."""
    shared = first.words & second.words
    only_first, only_second = (c.words - shared - _TOLD_APART for c in (first, second))
    overlap = len(shared) / (len(shared) + len(only_first) + len(only_second))
    if overlap < _LEAST_OVERLAP or first.text == second.text:
        return None
    if hits[first.hit].doc_id == hits[second.hit].doc_id:
        return None
    is_close = overlap >= _CLOSE_OVERLAP
    if only_first and only_second and (not is_close or len(only_first) == len(only_second) == 1):
        # 'Developers get …' and 'designers get …': one word put for another changes whom it is about.
        return None
    if are_siblings(first.facts, second.facts) or _names_differ(first, second, hits):
        return None
    if _are_of_other_times(first, second):
        return None
    return _differing_value(first, second) or (_differing_word(first, second) if is_close else None)


def _names_differ(first: _Clause, second: _Clause, hits: Sequence[FoundText]) -> bool:
    for one, other in ((first, second), (second, first)):
        elsewhere = f"{hits[other.hit].title}\n{hits[other.hit].text}".casefold()
        if any(name not in elsewhere for name in one.names - other.names):
            return True
        if one.names - other.names and other.names - one.names:
            return True
    return False


def _are_of_other_times(first: _Clause, second: _Clause) -> bool:
    """Whether each speaks of its own time: reports of two years, or two years in the sentences."""
    if (
        first.facts.is_record
        and second.facts.is_record
        and first.facts.periods != second.facts.periods
    ):
        return True
    dated = first.periods and second.periods and first.periods != second.periods
    return bool(dated) and first.values != second.values


def _differing_value(first: _Clause, second: _Clause) -> ConflictKind | None:
    for kind, unit in sorted({(value[0], value[1]) for value in first.values}):
        a = {value[2] for value in first.values if value[:2] == (kind, unit)}
        b = {value[2] for value in second.values if value[:2] == (kind, unit)}
        if len(a) == len(b) and len(a - b) == 1:
            (x,), (y,) = a - b, b - a
            if unit == "minutes" and abs(x - y) <= _SAME_TIME * max(x, y):
                continue
            return "unit" if unit == "minutes" and _same_digits(first, second) else kind
    if first.weekdays != second.weekdays and len(first.weekdays) == len(second.weekdays) == 1:
        return "weekday"
    if first.periods != second.periods and len(first.periods) == len(second.periods) == 1:
        return "date"
    return None


def _same_digits(first: _Clause, second: _Clause) -> bool:
    """Whether the numbers are the same and only their units differ: 30 days and 30 weeks."""
    a, b = (
        {round(q.value / MEASURES[q.unit].factor, 3) for q in clause.counted if q.unit in MEASURES}
        for clause in (first, second)
    )
    return a == b


def _differing_word(first: _Clause, second: _Clause) -> ConflictKind | None:
    for one, other in ((first, second), (second, first)):
        if CHOICE.search(one.text) and DUTY.search(other.text) and not CHOICE.search(other.text):
            return "obligation"
    if len(NEGATION.findall(first.text)) % 2 != len(NEGATION.findall(second.text)) % 2:
        return "negation"
    for group in ALTERNATIVES:
        a, b = (
            {number for number, words in enumerate(group) if words.search(clause.text)}
            for clause in (first, second)
        )
        if len(a) == len(b) == 1 and a != b:
            return "alternative"
    return None


def _value(quantity: Quantity) -> _Value | None:
    """Return (kind, what it counts, how much); None for a number that counts nothing."""
    dimension = quantity.dimension
    if quantity.is_plain or dimension == ORDINAL:
        return None
    if dimension.startswith("money"):
        return "amount", quantity.unit, quantity.value
    if dimension == PERCENT:
        return "percentage", "", quantity.value
    if dimension in ("time", "working time"):
        return "number", "minutes", quantity.value
    if quantity.is_word and not quantity.unit:
        return None
    return "number", quantity.unit if dimension == COUNT else dimension, quantity.value
