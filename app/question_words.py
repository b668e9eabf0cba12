"""What a question asks for, as far as its words tell: a number, a date, a person, a place; pure."""

import re

_NUMBER = re.compile(
    r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|hundred|thousand|million)\b", re.I
)
_DATE = re.compile(
    r"\b(?:1[0-9]{3}|20[0-9]{2})\b|\b(?:january|february|march|april|may|june|july|august|september|october|"
    r"november|december|monday|tuesday|wednesday|thursday|friday|saturday|sunday|century|day|days|week|weeks|"
    r"month|months|year|years|hour|hours|minutes)\b|\d{1,2}:\d{2}",
    re.I,
)
_NAME = re.compile(r"(?<![.!?]\s)(?<!^)\b[A-Z][\w'’-]+")

_KINDS: tuple[tuple[re.Pattern[str], re.Pattern[str]], ...] = (
    (
        re.compile(
            r"\bhow (?:many|much|long|often|far|old|large|big|tall|high|fast)\b|\bwhat (?:percent|number|price|amount)",
            re.I,
        ),
        _NUMBER,
    ),
    (
        re.compile(
            r"\bwhen\b|\b(?:what|which) (?:year|day|date|month|century|time|decade)\b|\bby when\b",
            re.I,
        ),
        _DATE,
    ),
    (
        re.compile(
            r"\bwho(?:m|se)?\b|\bwhere\b|\b(?:what|which) (?:person|country|city|company|team|role)\b",
            re.I,
        ),
        _NAME,
    ),
)


def wanted_pattern(question: str) -> re.Pattern[str] | None:
    """Return a pattern that an answer to this question probably has; None when its words do not tell."""
    for asks, pattern in _KINDS:
        if asks.search(question):
            return pattern
    return None
