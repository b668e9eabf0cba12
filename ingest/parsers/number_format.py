"""Numbers of workbooks as people see them: what a cell's number format makes of its value.

    "General"     1.5 -> 1.5           "0.0%"        .051 -> 5.1%
    "#,##0.00 €"  1234.5 -> 1,234.50 €  "dd.mm.yyyy"  46000 -> 09.12.2025

The short forms of date and time that each computer shows in its own way are written in ISO 8601. Names
of months are English whatever the format's language; colours, conditions and widths are left out.
"""

import calendar
import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache

GENERAL = "General"
BUILT_IN = {
    1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 5: "$#,##0", 6: "$#,##0", 7: "$#,##0.00", 8: "$#,##0.00",
    9: "0%", 10: "0.00%", 11: "0.00E+00", 14: "yyyy-mm-dd", 15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy",
    18: "h:mm AM/PM", 19: "h:mm:ss AM/PM", 20: "h:mm", 21: "h:mm:ss", 22: "yyyy-mm-dd hh:mm",
    37: "#,##0", 38: "#,##0", 39: "#,##0.00", 40: "#,##0.00", 45: "mm:ss", 46: "[h]:mm:ss", 47: "mm:ss.0",
    48: "0.0E+0", 49: "@",
}  # fmt: skip
"""The formats that a file names by number alone; every other number without a format is General."""

_TOKEN = re.compile(
    r'"([^"]*)"|\\(.)|_(?:.)|\*(?:.)|\[([^\]]*)\]|(AM/PM|A/P)|(E[+-])|'
    r"(General)|(y+|m+|d+|h+|s+(?:\.0+)?)|(.)",
    re.IGNORECASE | re.DOTALL,
)
_ELAPSED = re.compile(r"h+|m+|s+", re.IGNORECASE)
_MAX_SERIAL = 2_958_466  # the day after 9999-12-31
_MAX_FORMAT_CHARS = 255  # what the programs allow
_MAX_PLAIN = 1e15  # beyond it a double has no exact digits


@dataclass(frozen=True, slots=True)
class _Token:
    """`kind` is literal, general, digit, date, elapsed, half (AM/PM) or exponent."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class _Section:
    tokens: tuple[_Token, ...]
    is_date: bool


def shown(value: float, number_format: str, *, since_1904: bool = False) -> str:
    """Return a number as its format shows it; as General shows it when the format makes no sense."""
    sections = _sections(number_format[:_MAX_FORMAT_CHARS])
    if not sections or not sections[0].tokens:
        return general(value)
    chosen, value = _choose(sections, value)
    if chosen.is_date:
        return _date(value, chosen, since_1904=since_1904) or general(value)
    return _number(value, chosen)


def general(value: float) -> str:
    """Return a number without a format: whole numbers whole, others to ten digits."""
    if value != value or abs(value) == float("inf"):
        return str(value)
    if value == int(value) and abs(value) < _MAX_PLAIN:
        return str(int(value))
    return f"{value:.10g}" if abs(value) < 1e9 else f"{value:.15g}"


def _choose(sections: tuple[_Section, ...], value: float) -> tuple[_Section, float]:
    if value < 0 and len(sections) > 1:
        return sections[1], -value  # its own sign is part of the section, if it has one
    if value == 0 and len(sections) > 2:
        return sections[2], value
    return sections[0], value


@lru_cache(maxsize=4096)
def _sections(number_format: str) -> tuple[_Section, ...]:
    sections: list[list[_Token]] = [[]]
    for match in _TOKEN.finditer(number_format):
        literal, escaped, bracket, half, exponent, plain, date_part, other = match.groups()
        if other == ";":
            sections.append([])
        elif plain:
            sections[-1].append(_Token("general", plain))
        elif token := _token(literal or escaped, bracket, half, exponent, date_part or "", other):
            sections[-1].append(token)
    return tuple(
        _Section(tuple(tokens), any(token.kind in ("date", "elapsed") for token in tokens))
        for tokens in sections
    )


def _token(
    literal: str | None,
    bracket: str | None,
    half: str | None,
    exponent: str | None,
    date_part: str,
    other: str | None,
) -> _Token | None:
    if literal:
        return _Token("literal", literal)
    if bracket is not None:
        return _bracket(bracket)
    if half or exponent:
        return _Token("half" if half else "exponent", half or exponent or "")
    if date_part:
        return _Token("date", date_part.lower())
    if other and other in "0#?.,":
        return _Token("digit", other)
    return _Token("literal", other) if other else None


def _bracket(text: str) -> _Token | None:
    if _ELAPSED.fullmatch(text):
        return _Token("elapsed", text.lower())
    if text.startswith("$-") and text[2:].upper() in ("F800", "F400"):
        return _Token("date", "system" + text[2:].upper())
    return _Token("literal", text[1:].partition("-")[0]) if text.startswith("$") else None


def _date(value: float, section: _Section, *, since_1904: bool) -> str:
    """Return a day or time as the format has it; nothing for a number that is none."""
    if not 0 <= value < _MAX_SERIAL:
        return ""
    moment = moment_of(value, since_1904=since_1904)
    has_half = any(token.kind == "half" for token in section.tokens)
    parts = []
    for number, token in enumerate(section.tokens):
        if token.text.startswith("system"):
            return moment.date().isoformat() if token.text.endswith("800") else _clock(moment)
        if token.kind == "half":
            parts.append("AM" if moment.hour < 12 else "PM")
        elif token.kind == "elapsed":
            parts.append(_elapsed(value, token.text))
        elif token.kind == "date":
            is_minute = token.text in ("m", "mm") and _is_minute(section.tokens, number)
            parts.append(_part(moment, token.text, is_minute=is_minute, has_half=has_half))
        else:
            parts.append(token.text)
    return "".join(parts).strip()


def moment_of(value: float, *, since_1904: bool = False) -> datetime:
    """Return the moment of a serial number, to the nearest millisecond."""
    # The programs count a 29 February 1900 that never was; before it, days are one later.
    first = datetime(1904, 1, 1) if since_1904 else datetime(1899, 12, 31 if value < 60 else 30)  # noqa: DTZ001
    return first + timedelta(milliseconds=round(value * 86_400_000))


def iso_moment(moment: datetime | date) -> str:
    """Return a day, with its time of day unless that is midnight, in ISO 8601 with a space."""
    if isinstance(moment, datetime) and (moment.hour or moment.minute or moment.second):
        return moment.isoformat(" ", "seconds").removesuffix(":00")
    return (moment.date() if isinstance(moment, datetime) else moment).isoformat()


def _clock(moment: datetime) -> str:
    return moment.time().isoformat("seconds")


def _elapsed(value: float, text: str) -> str:
    total = round(value * 86_400)
    count = total // {"h": 3600, "m": 60, "s": 1}[text[0]]
    return str(count).zfill(len(text))


def _is_minute(tokens: tuple[_Token, ...], number: int) -> bool:
    """Say whether an `m` stands behind hours or before seconds, so that it means minutes."""
    dates = [
        (position, token.text)
        for position, token in enumerate(tokens)
        if token.kind in ("date", "elapsed")
    ]
    place = [position for position, _ in dates].index(number)
    before = dates[place - 1][1] if place else ""
    after = dates[place + 1][1] if place + 1 < len(dates) else ""
    return before.startswith("h") or after.startswith("s")


def _part(moment: datetime, text: str, *, is_minute: bool, has_half: bool) -> str:
    if is_minute:
        return str(moment.minute).zfill(len(text))
    kind, width = text[0], len(text)
    if kind == "y":
        return f"{moment.year:04}" if width > 2 else f"{moment.year % 100:02}"
    if kind in "md" and width > 2:
        return _name(moment, kind, width)
    if kind == "s":
        return _seconds(moment, text)
    hour = (moment.hour + 11) % 12 + 1 if has_half else moment.hour
    return str({"m": moment.month, "d": moment.day, "h": hour}[kind]).zfill(min(width, 2))


def _name(moment: datetime, kind: str, width: int) -> str:
    name = calendar.day_name[moment.weekday()] if kind == "d" else calendar.month_name[moment.month]
    return name[:3] if width == 3 else name[:1] if width == 5 else name


def _seconds(moment: datetime, text: str) -> str:
    whole, _, fraction = text.partition(".")
    if not fraction:
        return str(moment.second).zfill(min(len(whole), 2))
    digits = f"{moment.microsecond:06}".ljust(len(fraction), "0")[: len(fraction)]
    return f"{str(moment.second).zfill(min(len(whole), 2))}.{digits}"


def _number(value: float, section: _Section) -> str:
    places = [number for number, token in enumerate(section.tokens) if token.kind == "digit"]
    literals = [token.text for token in section.tokens if token.kind == "literal"]
    if any(token.kind == "general" for token in section.tokens) or "@" in literals:
        return "".join(_general_part(token, value) for token in section.tokens).strip()
    if places and "/" in literals:  # a fraction such as `# ?/?`
        return general(value)
    if not places:
        return _literals(section.tokens).strip()
    if any(token.kind == "exponent" for token in section.tokens):
        return _scientific(value, section)
    first, last = places[0], places[-1]
    pattern = "".join(token.text for token in section.tokens[first : last + 1])
    before, after = section.tokens[:first], section.tokens[last + 1 :]
    scaled = value * 100.0 ** "".join(literals).count("%")
    digits = _digits(scaled, pattern)
    sign = "-" if digits.startswith("-") else ""
    return f"{sign}{_literals(before)}{digits.removeprefix('-')}{_literals(after)}".strip()


def _general_part(token: _Token, value: float) -> str:
    return general(value) if token.kind == "general" or token.text == "@" else token.text


def _literals(tokens: tuple[_Token, ...]) -> str:
    return "".join(token.text for token in tokens if token.kind == "literal" and token.text != "@")


def _digits(value: float, pattern: str) -> str:
    """Return the digits for a pattern such as `#,##0.00`, `00000` or `000-0000`."""
    if abs(value) >= _MAX_PLAIN or value != value:
        return general(value)
    whole, _, fraction = pattern.partition(".")
    thousands = sum(len(part) - len(part.rstrip(",")) for part in (whole, fraction))
    fraction = fraction.rstrip(",")
    decimals = min(sum(sign in "0#?" for sign in fraction), 30)
    text = f"{value / 1000.0**thousands:.{decimals}f}"
    sign = "-" if text.startswith("-") and text.strip("-0.") else ""
    left, _, right = text.lstrip("-").partition(".")
    while right and decimals and fraction[decimals - 1 : decimals] == "#" and right[-1] == "0":
        right, decimals = right[:-1], decimals - 1
    left = _whole(left, whole.rstrip(","))
    return f"{sign}{left}.{right}" if right else f"{sign}{left}"


def _whole(digits: str, pattern: str) -> str:
    digits = digits.lstrip("0").zfill(pattern.count("0"))
    if "," in pattern:
        return re.sub(r"(?<=\d)(?=(?:\d{3})+$)", ",", digits)
    if all(sign in "0#?" for sign in pattern):
        return digits
    return _interleaved(digits, pattern)


def _interleaved(digits: str, pattern: str) -> str:
    """Fill digits into a pattern from the right, as in a telephone number."""
    left, out = list(digits), []
    first = re.search(r"[0#?]", pattern)
    for position in range(len(pattern) - 1, -1, -1):
        sign = pattern[position]
        if sign not in "0#?":
            out.append(sign)
        elif first is not None and position == first.start():
            out.append("".join(left))
        elif left:
            out.append(left.pop())
    return "".join(reversed(out))


def _scientific(value: float, section: _Section) -> str:
    pattern = "".join(token.text for token in section.tokens if token.kind != "literal")
    mantissa = re.split(r"E[+-]", pattern, maxsplit=1, flags=re.IGNORECASE)[0]
    decimals = sum(sign in "0#?" for sign in mantissa.partition(".")[2])
    return f"{value:.{min(decimals, 30)}E}"
