"""Reads dates, periods and versions out of texts, names and metadata; pure.

    text -> mentions: where a period or version stands, and which one it is

A period is a stretch of days: 'Q3 2022' is 92 of them. Company calendars differ, so that a fiscal year has the
days of its calendar year and is told apart by its kind. Numbers that only look like a date (401k, 1099, port
8080, ISO 27001, 2000 employees, phone numbers, ticket ids) are none: a wrong date reorders answers, a missed one
does not.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

from index.date_patterns import (
    DD,
    MM,
    NUMBERS,
    PATTERNS,
    VERSION_WORD,
    YEAR,
    day_of,
    version_in,
    whole_year,
)
from index.date_words import COUNTED, JOINED, MONTH_NUMBERS, NUMBERED, YEAR_BEFORE
from index.periods import Mention, Period, Version

_BARE_YEAR = re.compile(rf"(?<!\w){YEAR}(?!\w)")
_COMPACT_DAY = re.compile(rf"(?<!\d)(?P<y>{YEAR})(?P<m>{MM})(?P<d>{DD})(?!\d)")
_LAST_NUMBER = re.compile(r"(?<=[\s-])(?P<v>\d{1,3}(?:\.\d{1,4}){1,3})\W*$")
_WORD_BEFORE = re.compile(r"([^\W\d]+)[.:]?\s*$")
_WORD_AFTER = re.compile(r"\s([^\W\d]+)")
_YEAR_AFTER = re.compile(rf"\s?[-–/]\s?(?:{YEAR}|\d\d)(?!\w)(?![-–.]\d)")
_YEAR_AND_DASH = re.compile(rf"(?<!\w){YEAR}\s?[-–/]\s?$")
_DIGITS_BEFORE = re.compile(r"\d[ \-.)]$")


def mentions(text: str) -> tuple[Mention, ...]:
    """Return the periods and versions of a question or sentence, in order; no two of them overlap."""
    return _sorted(_read(text))


@lru_cache(maxsize=1024)
def mentions_in_name(name: str) -> tuple[Mention, ...]:
    """Return those of a title or file name, where `_` and `-` stand between words and a bare year is one."""
    spaced = re.sub(r"(?<=\d)_(?=\d)", "-", name).replace("_", " ")
    spaced = re.sub(r"(?<=[^\W\d])-|-(?=[^\W\d])", " ", spaced)
    found = []
    left = spaced
    for match in _COMPACT_DAY.finditer(spaced):
        day = day_of(match["y"], int(match["m"]), match["d"])
        if day:
            found.append(Mention(match.start(), match.end(), day))
            left = _blanked(left, match)
    found += _patterns_in(left)
    left = without(left, found)
    found += [
        Mention(match.start(), match.end(), whole_year(match.group()))
        for match in _BARE_YEAR.finditer(left)
        if _names_year(left, match)
    ]
    ending = _LAST_NUMBER.search(without(left, found))
    if ending:
        found.append(Mention(ending.start("v"), ending.end("v"), version_in(ending)))
    return _sorted(found)


def period_of(value: str) -> Period | None:
    """Return the period that a metadata value is, None where it is none ('2023-05-01', 'May 2023', 'FY24')."""
    return next((m.value for m in mentions_in_name(value) if isinstance(m.value, Period)), None)


def version_of(value: str) -> Version | None:
    """Return the version that a metadata value is: 'v2.3', '9.x', '4', '2.0-beta'; None where it is none."""
    match = re.match(
        rf"\s*(?:{VERSION_WORD}\s?|v\.?\s?)?(?P<v>{NUMBERS}(?:\.x)?)(?!\d|/|-\d)", value, re.I
    )
    return version_in(match) if match and not _COMPACT_DAY.match(value.strip()) else None


def is_month(word: str) -> bool:
    """Return whether a word is the name of a month, or its abbreviation."""
    return word.casefold().rstrip(".") in MONTH_NUMBERS


def _read(text: str) -> list[Mention]:
    found = _patterns_in(text)
    left = without(text, found)
    found += [
        Mention(match.start(), match.end(), whole_year(match.group()))
        for match in _BARE_YEAR.finditer(left)
        if _is_year(left, match)
    ]
    return found


def _patterns_in(text: str) -> list[Mention]:
    """Periods and versions with a sure form; what an earlier pattern took is not read by a later one."""
    if not any(character.isdigit() for character in text):
        return []
    found: list[Mention] = []
    for pattern, build in PATTERNS:
        for match in list(pattern.finditer(text)):
            value = build(match)
            if value is not None:
                found.append(Mention(match.start(), match.end(), value))
                text = _blanked(text, match)
    return found


def _is_year(text: str, match: re.Match[str]) -> bool:
    """Tell a year in running text from a number that counts or names something."""
    before, after = text[: match.start()], text[match.end() :]
    if not (_follows_well(before) and _is_left_alone(after)):
        return False
    word = _WORD_BEFORE.search(before)
    previous = word.group(1).casefold() if word else ""
    if previous in NUMBERED - YEAR_BEFORE or is_counted(text, match.end()):
        return False
    if int(match.group()) % 100:
        return True
    following = _WORD_AFTER.match(after)
    return previous in YEAR_BEFORE and following is None


def _follows_well(before: str) -> bool:
    """Whether what stands before a number lets it be a year: no sign, no letters of an id, no other digits."""
    if not before or _YEAR_AND_DASH.search(before):
        return True
    if before[-1] in "-–":
        word = re.search(r"([^\W\d]+)[-–]$", before)
        return word is not None and word.group(1) in JOINED
    return before[-1] not in "#./\\$€£+@=&:" and not _DIGITS_BEFORE.search(before)


def _is_left_alone(after: str) -> bool:
    """Whether what stands after a number lets it be a year."""
    if _YEAR_AFTER.match(after):
        return True
    return not re.match(r"\s?[%€$£]|[.,:/@=-]\w|[ ]\d{3}", after)


def _names_year(name: str, match: re.Match[str]) -> bool:
    word = _WORD_BEFORE.search(name[: match.start()].replace("-", " "))
    previous = word.group(1).casefold() if word else ""
    is_amount = re.match(r"[.,]\d", name[match.end() :])
    counted = is_counted(name.replace("-", " "), match.end())
    return not (previous in NUMBERED or is_amount or counted)


def is_counted(text: str, position: int) -> bool:
    """Return whether the number that ends here counts something: '2000 employees'."""
    word = _WORD_AFTER.match(text, position)
    return word is not None and word.group(1).casefold() in COUNTED


def _blanked(text: str, match: re.Match[str]) -> str:
    return text[: match.start()] + "\x00" * (match.end() - match.start()) + text[match.end() :]


def without(text: str, found: Sequence[Mention]) -> str:
    """Return the text with the mentions blanked out; all other places stay."""
    for mention in found:
        text = text[: mention.start] + "\x00" * (mention.end - mention.start) + text[mention.end :]
    return text


def _sorted(found: list[Mention]) -> tuple[Mention, ...]:
    return tuple(sorted(found, key=lambda mention: mention.start))
