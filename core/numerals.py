"""Reads numbers in digits and words among the tokens of a text, before it is known what they count; pure.

'1.2 million' -> 1,200,000    'twenty-five' -> 25    'one and a half' -> 1.5    'a third' -> 33.3 percent
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from core.measures import BETWEEN, CURRENCIES, MEASURES
from core.number_words import (
    ARTICLES,
    DOZENS,
    HALVES,
    HUNDREDS,
    JOINING,
    MULTIPLES,
    ORDINALS,
    PARTS,
    SCALES,
    SMALL,
    TENS,
    WHOLE,
)

COUNT = "count"
ORDINAL = "ordinal"
PERCENT = "percent"
_TOKEN = re.compile(
    r"(?P<digits>(?<![^\W_])(?<![^\W\d_]-)(?<!\d[.,:/])(?:\d{1,3}(?P<sep>[,.'’\u00a0\u202f ])\d{3}"
    r"(?:(?P=sep)\d{3}){0,4}(?!\d)(?:(?!(?P=sep))[.,]\d{1,6}(?!\d))?|\d{1,15}(?:[.,]\d{1,6})?)(?![.:/]\d|,\d|\d))|"
    r"(?P<part>[½¼¾])|(?P<sign>[%€$£¥°≥≤><~≈+/])|(?P<word>[^\W\d_]+)"
)
_SUFFIXES = frozenset({"st", "nd", "rd", "th", "er", "ère", "ème", "e"})
_PARTS_OF_ONE = {"½": 0.5, "¼": 0.25, "¾": 0.75}


@dataclass(frozen=True, slots=True)
class Token:
    """A number in digits, a sign, or a word in lower case, between two code points."""

    kind: str
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Numeral:
    """A number before its unit is known: its readings, where it is, the tokens it took and its step."""

    values: tuple[float, ...]
    start: int
    end: int
    after: int
    step: float
    is_word: bool = False
    is_article: bool = False
    dimension: str = ""


def tokens_of(text: str) -> list[Token]:
    """Return the numbers, words and signs of a text in order; what is part of a name is no number."""
    return [_token(match) for match in _TOKEN.finditer(text)]


def _token(match: re.Match[str]) -> Token:
    kind = match.lastgroup if match.lastgroup != "sep" else "digits"
    text = match.group()
    return Token(
        kind or "digits", text.casefold() if kind == "word" else text, match.start(), match.end()
    )


def numeral_at(tokens: Sequence[Token], position: int) -> Numeral | None:
    """Read the number that starts at a token, None where none does."""
    token = tokens[position]
    if token.kind == "digits":
        return _in_digits(tokens, position)
    if token.kind == "part":
        value = _PARTS_OF_ONE[token.text]
        return Numeral((value,), token.start, token.end, position + 1, 0.01)
    return _in_words(tokens, position) if token.kind == "word" else None


def _in_digits(tokens: Sequence[Token], position: int) -> Numeral:
    token = tokens[position]
    values, step = _readings(token.text)
    after, end = position + 1, token.end
    following = token_at(tokens, after)
    if following and following.kind == "part" and following.start - end <= 1:
        values = tuple(value + _PARTS_OF_ONE[following.text] for value in values)
        after, end = after + 1, following.end
    suffix = token_at(tokens, after)
    if suffix and suffix.start == end and suffix.text in _SUFFIXES:
        return Numeral(values, token.start, suffix.end, after + 1, step)
    scale, after, end = _scaled(tokens, after, end)
    half, after, end = _and_a_half(tokens, 0.0, after, end)
    values = tuple((value + half) * scale for value in values)
    return Numeral(values, token.start, end, after, step * scale)


@lru_cache(maxsize=4096)
def _readings(digits: str) -> tuple[tuple[float, ...], float]:
    """Return what digits with separators may mean, and what the last digit is worth in the first reading."""
    plain = re.sub(r"['’\u00a0\u202f ]", "", digits)
    marks = re.findall(r"[.,]", plain)
    if not marks:
        return (float(plain),), 1.0
    joined = re.sub(r"[.,]", "", plain)
    last = re.split(r"[.,]", plain)[-1]
    fraction = float(f"{joined[: -len(last)]}.{last}")
    if len(set(marks)) == 2:
        return (fraction,), 10.0 ** -len(last)
    if len(marks) > 1:
        return (float(joined),), 1.0
    if len(last) != 3 or plain.startswith("0"):
        return (fraction,), 10.0 ** -len(last)
    # No language writes three decimals after a comma as often as English writes thousands with one.
    return ((float(joined),), 1.0) if marks == [","] else ((fraction, float(joined)), 0.001)


def _scaled(tokens: Sequence[Token], after: int, end: int) -> tuple[float, int, int]:
    """Read 'million', 'k' or 'dozen' after a number; an 'm' may be metres, so only money has it as millions."""
    token = token_at(tokens, after)
    if not token or token.kind != "word":
        return 1.0, after, end
    factor = SCALES.get(token.text) or DOZENS.get(token.text) or HUNDREDS.get(token.text)
    if not factor or (token.text in ("m", "k") and token.start - end > 1):
        return 1.0, after, end
    before = tokens[after - 2] if after >= 2 else None
    following = token_at(tokens, after + 1)
    is_money = any(near and near.text.casefold() in CURRENCIES for near in (before, following))
    if token.text == "m" and not is_money:
        return 1.0, after, end
    return float(factor), after + 1, token.end


def _in_words(tokens: Sequence[Token], position: int) -> Numeral | None:
    token = tokens[position]
    word = token.text
    if word in MULTIPLES:
        return Numeral(
            (float(MULTIPLES[word]),),
            token.start,
            token.end,
            position + 1,
            1.0,
            True,
            False,
            "turns",
        )
    if word in HALVES:
        return _half(tokens, position)
    if word in ARTICLES:
        return _article(tokens, position)
    total, after, end = _composed(tokens, position)
    if total is None:
        return _ordinal(token, position)
    part = token_at(tokens, after)
    if part and part.text in PARTS and (part.text.endswith("s") or total == 1):
        share = 100 * total / PARTS[part.text]
        return Numeral((share,), token.start, part.end, after + 1, 1.0, True, True, PERCENT)
    total, after, end = _and_a_half(tokens, total, after, end)
    return Numeral((total,), token.start, end, after, 1.0 if total % 1 == 0 else 0.1, True)


def _ordinal(token: Token, position: int) -> Numeral | None:
    if token.text not in ORDINALS:
        return None
    value = float(ORDINALS[token.text])
    return Numeral((value,), token.start, token.end, position + 1, 1.0, True, True, ORDINAL)


def _composed(tokens: Sequence[Token], position: int) -> tuple[float | None, int, int]:
    """Put number words together: (value, next token, end); None where no number starts here."""
    total, current, seen = 0.0, 0.0, False
    end = tokens[position].start
    at = position
    while at < len(tokens) and tokens[at].kind == "word":
        word = tokens[at].text
        if seen and word in JOINING and _continues(tokens, at + 1, current):
            at += 1
            continue
        if word in SCALES and seen and word not in ("k", "m"):
            total, current = total + max(current, 1.0) * SCALES[word], 0.0
        elif word in HUNDREDS or (word in DOZENS and seen):
            current = max(current, 1.0) * (HUNDREDS.get(word) or DOZENS[word])
        else:
            value = _small(word)
            if value is None or (seen and not _adds(current, value)):
                break
            # 'quatre-vingt' is the one number that multiplies.
            current = 80.0 if (current, word) == (4.0, "vingt") else current + value
        seen, end, at = True, tokens[at].end, at + 1
    return (total + current if seen else None), at, end


def _small(word: str) -> float | None:
    for table in (SMALL, TENS, WHOLE):
        if word in table:
            return float(table[word])
    return None


def _adds(current: float, value: float) -> bool:
    if current == 4.0 and value == 20.0:
        return True
    if current % 100 in (60, 80) and value < 20:
        return True
    if current and current % 100 == 0:
        return value < 100
    return current == 0 or (current % 10 == 0 and current % 100 >= 20 and 0 < value < 10)


def _continues(tokens: Sequence[Token], at: int, current: float) -> bool:
    token = token_at(tokens, at)
    value = _small(token.text) if token and token.kind == "word" else None
    return value is not None and current >= 20 and _adds(current, value) and current % 10 == 0


def _and_a_half(
    tokens: Sequence[Token], total: float, after: int, end: int
) -> tuple[float, int, int]:
    words = [token.text for token in tokens[after : after + 3]]
    if words[:1] and words[0] in JOINING:
        skipped = 2 if len(words) > 2 and words[1] in ARTICLES else 1
        if len(words) > skipped and words[skipped] in HALVES:
            return total + 0.5, after + skipped + 1, tokens[after + skipped].end
    return total, after, end


def _half(tokens: Sequence[Token], position: int) -> Numeral:
    """Read 'half an hour' as half of the unit, and any other half as 50 percent."""
    token = tokens[position]
    after = position + 1
    following = token_at(tokens, after)
    if following and following.text in ARTICLES:
        after += 1
        following = token_at(tokens, after)
    if following and following.kind == "word" and following.text in MEASURES:
        return Numeral((0.5,), token.start, token.end, after, 0.5, True)
    return Numeral((50.0,), token.start, token.end, position + 1, 1.0, True, True, PERCENT)


def _article(tokens: Sequence[Token], position: int) -> Numeral | None:
    """Read 'a third', 'a hundred', 'a dozen' and 'a week'; an article before any other noun is none."""
    token, following = tokens[position], token_at(tokens, position + 1)
    if not following or following.kind != "word":
        return None
    word = following.text
    if word in PARTS and word_at(tokens, position + 2) in ("of", "der", "des", "de"):
        share = 100 / PARTS[word]
        return Numeral((share,), token.start, following.end, position + 2, 1.0, True, True, PERCENT)
    big = HUNDREDS.get(word) or DOZENS.get(word) or (SCALES.get(word) if len(word) > 2 else None)
    if big:
        return Numeral((float(big),), token.start, following.end, position + 2, 1.0, True, True)
    if word in HALVES:
        return None
    if word in BETWEEN or word in MEASURES:
        return Numeral((1.0,), token.start, token.end, position + 1, 1.0, True, True)
    return None


def token_at(tokens: Sequence[Token], position: int) -> Token | None:
    """Return the token at a position, None where there is none."""
    return tokens[position] if 0 <= position < len(tokens) else None


def text_at(tokens: Sequence[Token], position: int) -> str:
    """Return the text of the token at a position, '' where there is none."""
    token = token_at(tokens, position)
    return token.text if token else ""


def word_at(tokens: Sequence[Token], position: int) -> str | None:
    """Return the word at a position, None where something else stands there."""
    token = token_at(tokens, position)
    return token.text if token and token.kind == "word" else None
