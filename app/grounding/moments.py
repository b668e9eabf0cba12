"""Reads when something is: dates with and without a year, weekdays, times of day; pure.

`index.dates` reads what has a year; this adds '31 March', 'in May', 'noon' and '3 pm'.
"""

import re
from dataclasses import dataclass
from typing import Literal

from core.measures import WEEKDAYS
from core.number_words import SMALL
from index.date_words import MONTH_NUMBERS
from index.dates import mentions, without
from index.periods import Mention, Period, Version

MomentKind = Literal["date", "weekday", "time", "version"]

_MONTHS = "|".join(sorted(MONTH_NUMBERS, key=len, reverse=True))
_FULL_MONTHS = "|".join(
    name.capitalize()
    for name in MONTH_NUMBERS
    if len(name) > 3 and name not in ("march", "mars", "sept", "juin")
)
_DAY = r"(?:0?[1-9]|[12]\d|3[01])"
_DAY_MONTH = re.compile(
    rf"(?<![\w.,:/-])(?P<first>{_DAY})(?:st|nd|rd|th|er|\.)?"
    rf"(?:\s?(?:-|–|,|\band\b|\bto\b|\bor\b|\bund\b|\bbis\b|\by\b|\bal\b|\bet\b|\bau\b)\s?(?P<second>{_DAY})(?:st|nd|rd|th|\.)?)?"
    rf"\s(?:of\s|de\s)?(?P<month>{_MONTHS})\b\.?",
    re.I,
)
_MONTH_DAY = re.compile(
    rf"(?<!\w)(?P<month>{_MONTHS})\b\.?\s(?P<first>{_DAY})(?:st|nd|rd|th)?"
    rf"(?:\s?(?:-|–|\band\b|\bto\b)\s?(?P<second>{_DAY})(?:st|nd|rd|th)?(?!\s(?:{_MONTHS})\b))?"
    r"(?!\w|[:.,]\d)",
    re.I,
)
_MONTH = re.compile(
    rf"(?<!\w)(?:{_FULL_MONTHS})(?!\w)|(?<=[a-zà-ÿ,–-]\s)(?:May|March|Mar|Mai|Mars|Sept)\b"
)
_CLOCK = re.compile(
    r"(?<![\w.,:/])(?<![^\d\s]-)(?P<hour>[01]?\d|2[0-4])(?:(?P<mark>[:.h])(?P<minute>[0-5]\d|(?<=:)0(?!\d)))?(?::[0-5]\d)?\s?"
    r"(?P<half>a\.?m\b\.?|p\.?m\b\.?|o['’]clock\b|uhr\b|h\b(?!\w))?(?!\w|[:.,]\d)",
    re.I,
)
_NAMED_TIMES = {
    "noon": 720, "midday": 720, "midnight": 0, "mittag": 720, "mitternacht": 0, "mediodía": 720, "medianoche": 0,
    "midi": 720, "minuit": 0,
}  # fmt: skip
_SPOKEN = re.compile(
    rf"\b(?P<part>half|quarter) (?P<side>past|to) (?P<hour>\d{{1,2}}|{'|'.join(SMALL)})\b", re.I
)
_NAMED_TIME = re.compile(rf"\b(?:{'|'.join(_NAMED_TIMES)})\b", re.I)
_SHORT_WEEKDAYS = {
    "Mon": 0,
    "Tue": 1,
    "Tues": 1,
    "Wed": 2,
    "Thu": 3,
    "Thur": 3,
    "Thurs": 3,
    "Fri": 4,
    "Sat": 5,
    "Sun": 6,
}
_WEEKDAY = re.compile(rf"\b(?:(?i:{'|'.join(WEEKDAYS)})|{'|'.join(_SHORT_WEEKDAYS)})\b")


@dataclass(frozen=True, slots=True)
class Moment:
    """A date, weekday, time of day or version, between two code points.

    A date has the fields that are written; quarters, halves and fiscal years have `period` instead. `number` is the
    weekday from Monday 0, or the minutes since midnight.
    """

    start: int
    end: int
    kind: MomentKind
    year: int | None = None
    month: int | None = None
    day: int | None = None
    number: int = 0
    period: Period | None = None
    version: Version | None = None


def moments(text: str) -> tuple[Moment, ...]:
    """Return the dates, weekdays, times and versions of a text; no two of them overlap."""
    found: list[Moment] = []
    if any(character.isdigit() for character in text):
        dated = mentions(text)
        found += [_from_mention(mention) for mention in dated]
        left = without(text, dated)
        for pattern in (_DAY_MONTH, _MONTH_DAY):
            left = _take_days(pattern, left, found)
        left = _take_times(left, found)
    else:
        left = text
    found += [
        Moment(match.start(), match.end(), "time", number=_NAMED_TIMES[match.group().casefold()])
        for match in _NAMED_TIME.finditer(left)
    ]
    found += [
        Moment(match.start(), match.end(), "time", number=_spoken(match))
        for match in _SPOKEN.finditer(left)
    ]
    for match in _MONTH.finditer(left):
        number = MONTH_NUMBERS[match.group().casefold()]
        found.append(Moment(match.start(), match.end(), "date", month=number))
    for match in _WEEKDAY.finditer(left):
        word = match.group()
        day = WEEKDAYS.get(word.casefold(), _SHORT_WEEKDAYS.get(word, 0))
        found.append(Moment(match.start(), match.end(), "weekday", number=day))
    return tuple(sorted(found, key=lambda moment: moment.start))


def _spoken(match: re.Match[str]) -> int:
    """Return 570 for 'half past nine'."""
    word = match["hour"].casefold()
    hour = SMALL[word] if word in SMALL else int(word)
    minutes = 30 if match["part"].casefold() == "half" else 15
    return (hour * 60 + (minutes if match["side"].casefold() == "past" else -minutes)) % 1440


def _from_mention(mention: Mention) -> Moment:
    value = mention.value
    if isinstance(value, Version):
        return Moment(mention.start, mention.end, "version", version=value)
    year, month, day = value.first.year, value.first.month, value.first.day
    if value.kind == "day":
        return Moment(mention.start, mention.end, "date", year, month, day)
    if value.kind == "month":
        return Moment(mention.start, mention.end, "date", year, month)
    if value.kind == "year":
        return Moment(mention.start, mention.end, "date", year)
    return Moment(mention.start, mention.end, "date", year, period=value)


def _take_days(pattern: re.Pattern[str], text: str, found: list[Moment]) -> str:
    """Read days of a month ('24 and 31 December' are two) and blank them."""
    for match in list(pattern.finditer(text)):
        if not _is_month(match["month"]):
            continue
        month = MONTH_NUMBERS[match["month"].casefold().rstrip(".")]
        first_end = match.end("first") if match["second"] else match.end()
        found.append(Moment(match.start(), first_end, "date", month=month, day=int(match["first"])))
        if match["second"]:
            start = match.start("second")
            found.append(Moment(start, match.end(), "date", month=month, day=int(match["second"])))
        text = text[: match.start()] + "\x00" * (match.end() - match.start()) + text[match.end() :]
    return text


def _is_month(word: str) -> bool:
    """Tell a month from a word that looks like one: '5 may', '10 set', '3 mar'."""
    return word[0].isupper() or len(word) > 4


def _take_times(text: str, found: list[Moment]) -> str:
    for match in list(_CLOCK.finditer(text)):
        half = (match["half"] or "").casefold().replace(".", "")
        mark = match["mark"]
        if not (half or (mark == ":" and match["minute"]) or (mark == "h" and match["minute"])):
            continue
        if half == "h" and not match["minute"]:
            continue
        hour = int(match["hour"])
        if half in ("am", "pm"):
            hour = hour % 12 + (12 if half == "pm" else 0)
        found.append(
            Moment(
                match.start(),
                match.end(),
                "time",
                number=hour % 24 * 60 + int(match["minute"] or 0),
            )
        )
        text = text[: match.start()] + "\x00" * (match.end() - match.start()) + text[match.end() :]
    return text
