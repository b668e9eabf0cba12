"""Reads the words around a number that say whether it is the most, the least or only about right; pure."""

import re

_BOUND_CHARS = 36
_MONEY = r"(?:\s?[€$£¥]|\s(?:eur|usd|gbp|chf))?\s?$"
_UPPER_BEFORE = re.compile(
    r"(?:\b(?:up to|at (?:the )?most|maximum(?: of)?|max\.?|(?:no|not) (?:more|longer|later|older|larger|higher|greater) than|"
    r"not exceed|(?<!no )(?<!not )(?:less|fewer) than|lower than|smaller than|younger than|under|below|within|höchstens|maximal|"
    r"bis zu|weniger als|unter|innerhalb von|como máximo|hasta|menos de|au plus|jusqu['’]à|moins de)|≤|<=?)"
    + _MONEY,
    re.I,
)
_LOWER_BEFORE = re.compile(
    r"(?:\b(?:at (?:the )?least|minimum(?: of)?|min\.?|(?:no|not) (?:less|fewer|earlier|lower|shorter|sooner) than|more than|over|"
    r"above|exceed(?:s|ed|ing)?|(?:longer|older|greater|higher|larger|later) than|after|mindestens|wenigstens|"
    r"mehr als|über|al menos|como mínimo|más de|au moins|plus de)|≥|>=?)" + _MONEY,
    re.I,
)
_UPPER_AFTER = re.compile(
    r"(?:\s[^\W\d_]{1,20})?\s(?:or (?:less|fewer|under|below)|at (?:the )?most|maximum|or younger|oder weniger)\b",
    re.I,
)
_LOWER_AFTER = re.compile(
    r"\+|(?:\s[^\W\d_]{1,20})?\s(?:or (?:more|later|above|older|longer|over|higher|greater)|at (?:the )?least|minimum|and (?:above|over|more|older)|"
    r"oder mehr|o más|ou plus)\b",
    re.I,
)
_ABOUT = re.compile(
    r"(?:\b(?:about|around|approximately|approx\.?|roughly|nearly|almost|close to|circa|ca\.?|some|just (?:over|under)|"
    r"over|under|more than|less than|well over|etwa|ungefähr|rund|knapp|gut|alrededor de|aproximadamente|casi|unos|unas|"
    r"environ|près de|presque)|[~≈])" + _MONEY,
    re.I,
)


def bound_of(text: str, start: int, end: int) -> tuple[int, bool]:
    """Return (-1 at most, 1 at least, 0 neither; whether about) for the number between two code points."""
    before, after = text[max(0, start - _BOUND_CHARS) : start], text[end : end + _BOUND_CHARS]
    is_about = _ABOUT.search(before) is not None
    if _UPPER_BEFORE.search(before) or _UPPER_AFTER.match(after):
        return -1, is_about
    if _LOWER_BEFORE.search(before) or _LOWER_AFTER.match(after):
        return 1, is_about
    return 0, is_about
