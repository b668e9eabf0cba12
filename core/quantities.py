"""Reads how much a text says of what: numbers in digits and words, with unit, currency, bound and rate; pure.

    'at least three working days a week' -> 3 days of working time, at least, each week

English, German, Spanish and French. Dates, times of day and names are not told from numbers here: whoever knows
them blanks them first. A number that is part of a name (X200, RS-485, 2.3.1, 10:30) is not read.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from core.bounds import bound_of
from core.measures import (
    BETWEEN,
    CURRENCIES,
    MEASURES,
    PER,
    RATES,
    SCALELESS,
    SCALES_OF_DEGREES,
    SYMBOLS,
    WORKING,
    WORKING_AFTER,
    Measure,
)
from core.number_words import ARTICLES
from core.numerals import (
    COUNT,
    ORDINAL,
    PERCENT,
    Numeral,
    Token,
    numeral_at,
    text_at,
    token_at,
    tokens_of,
    word_at,
)

_ROOT_CHARS = 6
_NO_UNIT = frozenset(
    [
        *(
            "to",
            "or",
            "and",
            "of",
            "in",
            "on",
            "at",
            "for",
            "from",
            "by",
            "with",
            "is",
            "are",
            "was",
            "were",
            "the",
        ),
        *(
            "than",
            "as",
            "per",
            "und",
            "oder",
            "bis",
            "von",
            "im",
            "y",
            "o",
            "de",
            "et",
            "ou",
            "à",
            "if",
            "when",
            "may",
        ),
        *(
            "can",
            "must",
            "will",
            "after",
            "before",
            "until",
            "which",
            "that",
            "who",
            "but",
            "not",
            "has",
            "have",
        ),
    ]
)
_RANGE = re.compile(r"\s?(?:-|–|—|\bto\b|\bor\b|\band\b|\bbis\b|\boder\b|\ba\b|\bà\b|\bou\b)\s?")


@dataclass(frozen=True, slots=True)
class Quantity:
    """One number of a text, between two code points, with what it counts.

    `values` are the readings of the number in base units of its dimension, the likeliest first ('1.000' is a
    thousand, or one). `dimension` is 'count' for what no unit measures; `unit` is then the root of what is counted
    and otherwise the unit as it is written. `step` is what the last written digit is worth. `bound` is -1 for at
    most, 1 for at least, 0 for exactly. `per` is what the rate is for ('week', 'person'), '' for none. `is_plain`
    says that it cannot be missed in a text that says the same in other words: an article, a fraction, an ordinal.
    `written` is the number before its unit was converted.
    """

    start: int
    end: int
    values: tuple[float, ...]
    dimension: str
    unit: str = ""
    step: float = 1.0
    bound: int = 0
    is_about: bool = False
    per: str = ""
    is_word: bool = False
    is_plain: bool = False
    written: float = 0.0

    @property
    def value(self) -> float:
        """The likeliest reading."""
        return self.values[0]


def quantities(text: str) -> tuple[Quantity, ...]:
    """Return the numbers of a text in order; ranges give their two ends, both with the unit."""
    tokens = tokens_of(text)
    found: list[Quantity] = []
    position = 0
    while position < len(tokens):
        number = numeral_at(tokens, position)
        quantity = _measured(text, tokens, number, position) if number else None
        if quantity and number:
            found.append(quantity)
            position = max(number.after, position + 1)
        else:
            position += 1
    return _with_shared_units(text, found)


def _measured(
    text: str, tokens: Sequence[Token], number: Numeral, position: int
) -> Quantity | None:
    """Add what the number counts, its bound and its rate."""
    before = tokens[position - 1] if position else None
    if number.is_article and number.values == (1.0,) and before and before.text in PER:
        return None
    currency, after, end = _currency(tokens, number, before)
    measure, unit, is_working = None, "", False
    if not currency and not number.dimension:
        measure, unit, is_working, after, end = _unit(text, tokens, number)
    elif number.dimension == ORDINAL:
        unit = _root(word_at(tokens, after) or "")
    if number.is_article and number.values == (1.0,) and not (measure or number.dimension):
        return None
    if number.is_word and number.values == (1.0,) and not (unit or currency or number.dimension):
        return None  # 'the other one'
    dimension = _dimension(number, measure, currency, is_working)
    start = (
        before.start
        if currency and before and before.text.casefold() in CURRENCIES
        else number.start
    )
    bound, is_about = bound_of(text, start, end)
    factor = measure.factor if measure else 1.0
    if is_working:
        factor = 1440.0
    return Quantity(
        start,
        end,
        _in_base_units(number, measure, unit, factor),
        dimension,
        unit or currency,
        number.step * factor,
        bound,
        is_about,
        _per(tokens, after, measure is not None),
        number.is_word,
        number.is_article,
        number.values[0],
    )


def _in_base_units(
    number: Numeral, measure: Measure | None, unit: str, factor: float
) -> tuple[float, ...]:
    """Return the readings of a number; degrees of no named scale are read in both."""
    offset = measure.offset if measure else 0.0
    values = tuple((value - offset) * factor for value in number.values)
    if unit in SCALELESS:
        other = SYMBOLS["F"]
        values += tuple((value - other.offset) * other.factor for value in number.values)
    return values


def _dimension(number: Numeral, measure: Measure | None, currency: str, is_working: bool) -> str:
    if currency:
        return f"money {currency}"
    if measure:
        return "working time" if is_working and measure.dimension == "time" else measure.dimension
    return number.dimension or COUNT


def _currency(
    tokens: Sequence[Token], number: Numeral, before: Token | None
) -> tuple[str, int, int]:
    """Return the currency beside a number, with the next token and where the amount ends."""
    after = token_at(tokens, number.after)
    if before and before.text.casefold() in CURRENCIES and 0 <= number.start - before.end <= 1:
        return CURRENCIES[before.text.casefold()], number.after, number.end
    if after and after.text.casefold() in CURRENCIES and 0 <= after.start - number.end <= 1:
        return CURRENCIES[after.text.casefold()], number.after + 1, after.end
    return "", number.after, number.end


def _unit(
    text: str, tokens: Sequence[Token], number: Numeral
) -> tuple[Measure | None, str, bool, int, int]:
    """Return (measure, unit or root of what is counted, whether of working time, next token, end)."""
    at, is_working = number.after, False
    while at < number.after + 3 and _is_between(word_at(tokens, at) or ""):
        is_working = is_working or word_at(tokens, at) in WORKING
        at += 1
    token = token_at(tokens, at)
    if not token or token.start - tokens[at - 1].end > 1:
        return None, "", False, number.after, number.end
    measure = _measure(text, tokens, at, number)
    if measure:
        is_working = is_working or word_at(tokens, at + 1) in WORKING_AFTER
        end = token.end
        is_scaled = token.text in SCALELESS and word_at(tokens, at + 1) in SCALES_OF_DEGREES
        if token.text == "°" or is_scaled or (token.text == "per" and measure.dimension == PERCENT):
            at, end = at + 1, tokens[at + 1].end
        if measure.dimension == PERCENT and (word_at(tokens, at + 1) or "").startswith("point"):
            return Measure("points", 1.0), "points", False, at + 2, tokens[at + 1].end
        return measure, text[token.start : end].casefold(), is_working, at + 1, end
    if token.kind != "word" or token.text in _NO_UNIT:
        return None, "", False, number.after, number.end
    return None, _root(token.text), False, at + 1, number.end


def _is_between(word: str) -> bool:
    """Whether a word may stand between a number and its unit: '14 fully paid weeks'."""
    return word in BETWEEN or word.endswith("lly")


def _measure(text: str, tokens: Sequence[Token], at: int, number: Numeral) -> Measure | None:
    token = tokens[at]
    if token.text in ("%", "°"):
        following = text[tokens[at + 1].start : tokens[at + 1].end] if at + 1 < len(tokens) else ""
        return SYMBOLS["%"] if token.text == "%" else SYMBOLS.get(following)
    written = text[token.start : token.end]
    if not number.is_word and written in SYMBOLS and token.start - number.end <= 1:
        return SYMBOLS[written]
    if token.text in ("per", "por", "pour") and word_at(tokens, at + 1) in ("cent", "ciento"):
        return MEASURES["percent"]
    if token.text in SCALELESS:
        return SCALES_OF_DEGREES.get(word_at(tokens, at + 1) or "", SYMBOLS["C"])
    return MEASURES.get(token.text)


def _per(tokens: Sequence[Token], after: int, is_measured: bool) -> str:
    """Return what a rate is for: 'three days a week' is for a week; '' where none is said."""
    if text_at(tokens, after) == "in" and text_at(tokens, after + 1) in ARTICLES:
        after += 1
    word, following = text_at(tokens, after), word_at(tokens, after + 1)
    if word in RATES:
        return f"{RATES[word]:g}"
    if not following or not (word in PER or word in ARTICLES or word == "/"):
        return ""
    measure = MEASURES.get(following)
    if measure and measure.dimension == "time":
        return f"{measure.factor:g}"
    if word == "/" and following in SYMBOLS and is_measured:
        return f"{SYMBOLS[following].factor:g}"
    return _root(following) if word in ("per", "pro", "/") else ""


def _with_shared_units(text: str, found: list[Quantity]) -> tuple[Quantity, ...]:
    """Give both ends of '3-5 days', '$3-5 million' and 'two or three days' the unit that one of them has."""
    for position in range(len(found) - 2, -1, -1):
        first, second = found[position], found[position + 1]
        between = text[first.end : second.start]
        if len(between) > 6 or not _RANGE.fullmatch(between):
            continue
        if second.dimension == COUNT and first.dimension.startswith("money"):
            second = replace(second, dimension=first.dimension, unit=first.unit)
            found[position + 1] = second
            first = replace(first, dimension=COUNT, unit="")
        if first.dimension == COUNT and not first.unit:
            found[position] = _in_units_of(second, first)
    return tuple(found)


def _in_units_of(other: Quantity, bare: Quantity) -> Quantity:
    """Return a number without a unit in the unit and scale of the other end of its range."""
    measure = MEASURES.get(other.unit)
    factor = measure.factor if measure else max(other.step, 1.0)
    return replace(
        bare,
        values=tuple(value * factor for value in bare.values),
        dimension=other.dimension,
        unit=other.unit,
        step=bare.step * factor,
        per=other.per,
    )


def _root(word: str) -> str:
    """Return the beginning that 'gateway' and 'gateways' share."""
    return (word[:-1] if len(word) > 3 and word.endswith("s") else word)[:_ROOT_CHARS]
