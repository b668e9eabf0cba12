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
from core.sentences import Span, sentence_spans
from index.date_words import MONTH_NAMES
from index.dates import mentions
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


_NUMBER_WORDS = {
    word: number
    for number, words in enumerate(
        (
            "zero null cero zéro",
            "one eins un una uno une",
            "two zwei dos deux",
            "three drei tres trois",
            "four vier cuatro quatre",
            "five fünf cinco cinq",
            "six sechs seis",
            "seven sieben siete sept",
            "eight acht ocho huit",
            "nine neun nueve neuf",
            "ten zehn diez dix",
            "eleven elf once onze",
            "twelve zwölf doce douze",
        )
    )
    for word in words.split()
} | {"fifteen": 15, "twenty": 20, "thirty": 30, "sixty": 60, "ninety": 90}
_MINUTES = {
    unit: minutes
    for minutes, units in (
        (1.0, "minute minutes minuten minutos"),
        (60.0, "hour hours stunde stunden hora horas heure heures"),
        (1440.0, "day days tag tage tagen día días jour jours"),
        (10080.0, "week weeks woche wochen semana semanas semaine semaines"),
        (43830.0, "month months monat monate monaten mes meses mois"),
        (525960.0, "year years jahr jahre jahren año años an ans"),
    )
    for unit in units.split()
}
_SAME_TIME = 0.04
"""30 days are a month."""
_WEEKDAYS = {
    name: number
    for number, names in enumerate(
        (
            "monday mondays montag lunes lundi",
            "tuesday tuesdays dienstag martes mardi",
            "wednesday wednesdays mittwoch miércoles mercredi",
            "thursday thursdays donnerstag jueves jeudi",
            "friday fridays freitag viernes vendredi",
            "saturday saturdays samstag sábado samedi",
            "sunday sundays sonntag domingo dimanche",
        )
    )
    for name in names.split()
}
_NOT_COMPARED = MONTH_NAMES.union(_NUMBER_WORDS, _WEEKDAYS)
_SCALES = {"k": 1e3, "thousand": 1e3, "m": 1e6, "million": 1e6, "bn": 1e9, "billion": 1e9}
_CURRENCIES = {
    "€": "eur", "$": "usd", "£": "gbp", "eur": "eur", "usd": "usd", "gbp": "gbp", "euro": "eur", "euros": "eur",
    "dollar": "usd", "dollars": "usd", "pound": "gbp", "pounds": "gbp", "chf": "chf",
}  # fmt: skip
_SIGN = r"[€$£]|\b(?:eur|usd|gbp|chf)\b"
_VALUE = re.compile(
    rf"(?P<sign>{_SIGN})?\s?(?<![\w.])(?P<number>\d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?|\d+(?:\.\d+)?|"
    rf"\b(?:{'|'.join(_NUMBER_WORDS)})\b)(?:\s?(?P<scale>thousand|million|billion|bn|k|m)\b)?"
    rf"(?:[\s-]?(?P<percent>%|percent\b|prozent\b|pour cent\b|por ciento\b)|\s?(?P<after>{_SIGN}|euros?\b|dollars?\b|"
    r"pounds?\b)|[\s-](?:(?:working|business|calendar|full|consecutive)\s)?(?P<unit>[^\W\d_]+))?",
    re.I,
)
_NEGATION = re.compile(
    r"\b(?:not(?! only)|no longer|never|cannot|neither|nor|no(?= \w)|nicht|kein\w*|niemals|nunca|jamais|ne)\b|n['’]t\b",
    re.I,
)
_DUTY = re.compile(
    r"\b(?:required|mandatory|must|obligatory|compulsory|(?:have|has|need|needs) to|verpflichtend|pflicht|müssen|"
    r"obligatorio|obligatoire)\b",
    re.I,
)
_CHOICE = re.compile(
    r"\b(?:optional|optionally|voluntary|at (?:your|their) discretion|(?:not|n['’]t) (?:required|mandatory|have to|need)|"
    r"need not|freiwillig|opcional|facultatif)\b",
    re.I,
)
_ALTERNATIVES = tuple(
    tuple(re.compile(rf"\b(?:{words})\b", re.I) for words in group)
    for group in (
        (
            "remote|remotely|from home|at home",
            r"in[- ](?:the )?office|from (?:the|an) office|on[- ]?site|in person",
        ),
        ("paid|bezahlt", "unpaid|unbezahlt"),
        (
            "allowed|permitted|erlaubt|permitido|autorisé",
            "forbidden|prohibited|banned|verboten|prohibido|interdit",
        ),
        ("full[- ]time", "part[- ]time"),
        ("enabled", "disabled"),
        ("included", "excluded"),
        (
            "daily",
            "weekly",
            "biweekly|fortnightly",
            "monthly",
            "quarterly",
            "annually|yearly",
        ),
    )
)
_TOLD_APART = _roots_of(
    "remote remotely office onsite paid unpaid allowed permitted forbidden prohibited banned enabled disabled included "
    "excluded daily weekly biweekly fortnightly monthly quarterly annually yearly required requirement mandatory "
    "optional voluntary obligatory compulsory longer never cannot percent euros dollars"
) | _roots_of(" ".join(_MINUTES))
"""Words that are compared as what may differ, not as what the statements are about."""
_CLAUSE_END = re.compile(r";\s|,\s(?=(?:with|while|whereas|but|and|which|so)\b)")
_OPENING_PHRASE = re.compile(r"(?:[^,;]|,\s(?=\d)){1,40},\s(?!\d)")
_NAME = re.compile(r"(?<![.!?:•*#>-]\s)(?<!^)(?<![\n\"“(])\b(?:[A-Z][\w-]*|\w*\d\w*[A-Za-z]\w*)")
_IN_FORCE = re.compile(
    r"\b(?:starting|effective|beginning|as of|from|since|ab|seit|desde|depuis)\s(?:on\s|in\s)?$",
    re.I,
)
_PLURAL_UNIT = re.compile(r"(?<=\w{3})s$")

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
            if not (name in _WEEKDAYS or name in MONTH_NAMES or name in _SCALES)
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
    def values(self) -> frozenset[_Value]:
        text = self.text
        for mention in mentions(text):
            text = text[: mention.start] + " " * (mention.end - mention.start) + text[mention.end :]
        return frozenset(filter(None, (_value(match) for match in _VALUE.finditer(text))))

    @cached_property
    def weekdays(self) -> frozenset[int]:
        words = re.findall(r"[^\W\d_]+", self.text.casefold())
        return frozenset(_WEEKDAYS[word] for word in words if word in _WEEKDAYS)


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
    a, b = (
        {match["number"].casefold() for match in _VALUE.finditer(clause.text)}
        for clause in (first, second)
    )
    return a == b


def _differing_word(first: _Clause, second: _Clause) -> ConflictKind | None:
    for one, other in ((first, second), (second, first)):
        if _CHOICE.search(one.text) and _DUTY.search(other.text) and not _CHOICE.search(other.text):
            return "obligation"
    if len(_NEGATION.findall(first.text)) % 2 != len(_NEGATION.findall(second.text)) % 2:
        return "negation"
    for group in _ALTERNATIVES:
        a, b = (
            {number for number, words in enumerate(group) if words.search(clause.text)}
            for clause in (first, second)
        )
        if len(a) == len(b) == 1 and a != b:
            return "alternative"
    return None


def _value(match: re.Match[str]) -> _Value | None:
    """Read one number: (kind, what it counts, how much); None for one that counts nothing."""
    text = match["number"].casefold()
    number = float(_NUMBER_WORDS[text] if text in _NUMBER_WORDS else text.replace(",", ""))
    number *= _SCALES.get((match["scale"] or "").casefold(), 1.0)
    currency = (match["sign"] or match["after"] or "").casefold()
    if currency:
        return "amount", _CURRENCIES[currency], number
    if match["percent"]:
        return "percentage", "", number
    unit = (match["unit"] or "").casefold()
    if unit in _MINUTES:
        return "number", "minutes", number * _MINUTES[unit]
    if text in _NUMBER_WORDS and not unit:
        return None
    return "number", _PLURAL_UNIT.sub("", unit)[:_ROOT_CHARS], number
