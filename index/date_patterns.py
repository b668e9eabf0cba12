"""The forms in which dates, periods and versions are written, and what each of them means.

PATTERNS are tried in their order: what one took is not read by a later one.
"""

import re
from calendar import monthrange
from collections.abc import Callable
from datetime import date

from index.date_words import MONTH_NUMBERS, ORDINALS
from index.periods import Kind, Period, Version

YEAR = r"(?:19[5-9]\d|20\d\d)"
MM = r"(?:0[1-9]|1[0-2])"
DD = r"(?:0[1-9]|[12]\d|3[01])"
_D = r"(?:0?[1-9]|[12]\d|3[01])"
_MONTH = "(?:" + "|".join(sorted(MONTH_NUMBERS, key=len, reverse=True)) + r")\b\.?"
_ORDINAL = "(?:" + "|".join(re.escape(word) for word in ORDINALS) + ")"
_FISCAL = r"(?:fy|fiscal(?: year)?|gj|geschäftsjahr|año fiscal|ejercicio(?: fiscal)?|exercice(?: fiscal)?)"
NUMBERS = r"\d{1,4}(?:\.\d{1,4}){0,3}"
VERSION_WORD = r"(?:version|versión|release|revision|rev\.?|edition|ausgabe|fassung|édition)"
_START = r"(?<![\w.#$€£+@])"
_END = r"(?!\w)(?![.,]\d)"

_Build = Callable[[re.Match[str]], "Period | Version | None"]


def _year_number(text: str) -> int:
    number = int(text)
    if number >= 100:
        return number
    return 2000 + number if number < 70 else 1900 + number


def _months(kind: Kind, year: int, first: int, count: int) -> Period:
    last = first + count - 1
    return Period(kind, date(year, first, 1), date(year, last, monthrange(year, last)[1]))


def whole_year(text: str, kind: Kind = "year") -> Period:
    """Return all days of a year; two digits below 70 are of this century."""
    return _months(kind, _year_number(text), 1, 12)


def day_of(year: str, month: int, day: str) -> Period | None:
    """Return one day, None where the month has no such day."""
    number = int(day)
    if number > monthrange(int(year), month)[1]:
        return None
    found = date(int(year), month, number)
    return Period("day", found, found)


def _month_number(name: str) -> int:
    return MONTH_NUMBERS[name.casefold().rstrip(".")]


def _slashed(match: re.Match[str]) -> Period | None:
    first, second = int(match["a"]), int(match["b"])
    if first > 12 or first == second:
        return day_of(match["y"], second, match["a"]) if second <= 12 else None
    if second > 12:
        return day_of(match["y"], first, match["b"])
    # 03/04/2024 is the third of April or the fourth of March: only its year is sure.
    return whole_year(match["y"])


def _quarter(match: re.Match[str]) -> Period:
    number = match["q"].casefold()
    return _months(
        "quarter", _year_number(match["y"]), 3 * int(ORDINALS.get(number, number)) - 2, 3
    )


def _half(match: re.Match[str]) -> Period | None:
    number = int(ORDINALS.get(match["h"].casefold(), match["h"]))
    return _months("half", _year_number(match["y"]), 6 * number - 5, 6) if number <= 2 else None


def version_in(match: re.Match[str]) -> Version:
    """Return the version that stands in the group `v` of a match."""
    text = match["v"].casefold()
    return Version(tuple(int(part) for part in text.split(".") if part != "x"), text.endswith(".x"))


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.I)


PATTERNS: tuple[tuple[re.Pattern[str], _Build], ...] = tuple(
    (_compiled(pattern), build)
    for pattern, build in (
        (
            rf"{_START}(?<!\d-)(?P<y>{YEAR})(?P<s>[-/.])(?P<m>{MM})(?P=s)(?P<d>{DD})(?=T\d|\b)(?!-?\d)",
            lambda m: day_of(m["y"], int(m["m"]), m["d"]),
        ),
        (
            rf"{_START}(?<!\d-)(?P<d>{_D})(?P<s>[.-])(?P<m>{MM}|[1-9])(?P=s)\s?(?P<y>{YEAR}){_END}",
            lambda m: day_of(m["y"], int(m["m"]), m["d"]),
        ),
        (rf"{_START}(?P<a>{_D})/(?P<b>{_D})/(?P<y>{YEAR}){_END}", _slashed),
        (
            rf"{_START}(?P<m>{_MONTH})\s?(?P<d>{_D})(?:st|nd|rd|th)?,?\s(?P<y>{YEAR}){_END}",
            lambda m: day_of(m["y"], _month_number(m["m"]), m["d"]),
        ),
        (
            rf"{_START}(?P<d>{_D})(?:st|nd|rd|th|er|\.)?[\s-](?:de\s|of\s)?(?P<m>{_MONTH})[\s,-]{{1,2}}(?:del?\s)?"
            rf"(?P<y>{YEAR}){_END}",
            lambda m: day_of(m["y"], _month_number(m["m"]), m["d"]),
        ),
        (
            rf"{_START}(?P<m>{_MONTH})[\s,-]{{1,2}}(?:del?\s|of\s)?(?P<y>{YEAR}){_END}",
            lambda m: _months("month", int(m["y"]), _month_number(m["m"]), 1),
        ),
        (
            rf"{_START}(?<!\d-)(?P<y>{YEAR})[\s-](?P<m>{_MONTH}){_END}",
            lambda m: _months("month", int(m["y"]), _month_number(m["m"]), 1),
        ),
        (
            rf"{_START}(?<!\d-)(?<![A-Z]-)(?P<y>{YEAR})-(?P<m>{MM})(?![\w-]){_END}",
            lambda m: _months("month", int(m["y"]), int(m["m"]), 1),
        ),
        (
            rf"{_START}(?<!/)(?P<m>{MM})/(?P<y>{YEAR}){_END}",
            lambda m: _months("month", int(m["y"]), int(m["m"]), 1),
        ),
        (
            rf"{_START}[qt](?P<q>[1-4])[\s/-]?(?:of\s|fy\s?)?(?P<y>{YEAR}|(?<=fy)\d\d|'\d\d|(?<=fy\s)\d\d){_END}",
            lambda m: _quarter(m) if "'" not in m["y"] else _short_quarter(m),
        ),
        (rf"{_START}(?P<q>[1-4])[qt]\s?(?:fy\s?)?(?P<y>{YEAR}|\d\d){_END}", _quarter),
        (rf"{_START}(?:fy\s?)?(?P<y>{YEAR})[\s/-]?[qt](?P<q>[1-4]){_END}", _quarter),
        (
            rf"{_START}(?P<q>{_ORDINAL})\s(?:quarter|quartal|trimestre)\s(?:of\s|del?\s)?(?:{_FISCAL}\s?)?"
            rf"(?P<y>{YEAR}){_END}",
            _quarter,
        ),
        (rf"{_START}[hs](?P<h>[12])[\s/-]?(?:of\s|fy\s?)?(?P<y>{YEAR}){_END}", _half),
        (rf"{_START}(?P<h>[12])h\s?(?P<y>{YEAR}|\d\d){_END}", _half),
        (
            rf"{_START}(?P<h>{_ORDINAL})\s(?:half|halbjahr|semestre)\s(?:of\s|del?\s)?(?P<y>{YEAR}){_END}",
            _half,
        ),
        (
            rf"{_START}{_FISCAL}[\s-]?(?:year\s)?'?(?:{YEAR}\s?[/-]\s?)?(?P<y>{YEAR}|\d\d){_END}",
            lambda m: whole_year(m["y"], "fiscal_year"),
        ),
        (
            rf"{_START}(?P<y>{YEAR})\s(?:fiscal(?:\syear)?|financial\syear){_END}",
            lambda m: whole_year(m["y"], "fiscal_year"),
        ),
        (
            rf"{_START}(?:{VERSION_WORD}\s?(?:no\.?\s?)?|v\.?\s?)(?!{YEAR}(?![.\d]))(?P<v>{NUMBERS}(?:\.x)?)"
            rf"(?!\w)(?!\.\d)",
            version_in,
        ),
        (
            rf"{_START}(?P<v>\d{{1,3}})(?:st|nd|rd|th|\.)\s(?:edition|version|revision|release|auflage){_END}",
            version_in,
        ),
        (rf"{_START}(?P<v>\d{{1,3}}(?:\.\d{{1,3}})?\.x)(?!\w)", version_in),
    )
)


def _short_quarter(match: re.Match[str]) -> Period:
    return _months("quarter", _year_number(match["y"].strip("'")), 3 * int(match["q"]) - 2, 3)
