"""Reads out of a question what time it asks for: today's state, an earlier one, a period, a version; pure."""

import re
from dataclasses import dataclass
from typing import Literal

from index.date_patterns import version_in
from index.date_words import NUMBERED
from index.dates import is_counted, mentions, without
from index.periods import Period, Version

Wants = Literal["any", "current", "old", "previous", "original"]
Relation = Literal["in", "before", "since"]


@dataclass(frozen=True, slots=True)
class TimeAsked:
    """What time a question asks for.

    `relation` says how the periods are meant: the state in them, before them, or since them. `versions` has also
    numbers after a name ('Python 3', 'OAuth 2.0'), which mean a version only where documents carry such ones.
    """

    wants: Wants = "any"
    relation: Relation = "in"
    periods: tuple[Period, ...] = ()
    versions: tuple[Version, ...] = ()


# Words that ask for the newest or for an earlier state, in the four languages.
_CURRENT = re.compile(
    r"\b(?:latest|current(?:ly)?|now|nowadays|newest|today|these days|up[- ]to[- ]date|most recent|right now"
    r"|aktuell\w{0,2}|derzeit\w*|heute|neuest\w+|jetzt|gegenwärtig\w*"
    r"|actual(?:es|mente)|hoy|vigentes?|ahora|más recientes?"
    r"|actuel(?:le|les|s|lement)?|aujourd['’]hui|maintenant|en vigueur)\b",
    re.I,
)
_ORIGINAL = re.compile(
    r"\b(?:original(?:ly)?|initial(?:ly)?|very first|ursprünglich\w*|originalmente|inicial(?:mente)?|initialement"
    r"|à l['’]origine|d['’]origine)\b",
    re.I,
)
_PREVIOUS = re.compile(
    r"\b(?:previous(?:ly)?|prior(?! to)|preceding|vorherig\w+|vorig\w+|anterior(?:es)?|précédent\w*)\b",
    re.I,
)
_OLD = re.compile(
    r"\b(?:(?<!how )(?<!years )(?<!year )(?<!months )(?<!days )old|older|legacy|deprecated|former(?:ly)?|obsolete"
    r"|outdated|archived|superseded|historical(?:ly)?|history of|(?:version|change|revision) history"
    r"|(?:it|we|they|there|this|that) used to"
    r"|in the past|back then|(?-i:alte[nrsm]?)|frühere[nrsm]?|früher|ehemalige?[nrsm]?|veraltete?[nrsm]?|damals"
    r"|antigu[oa]s?|obsolet[oa]s?|históric[oa]s?|ancien(?:ne)?s?|obsolètes?|historiques?|autrefois)\b",
    re.I,
)
# 'former employees' and 'previous employer' speak of people and times, not of documents.
_OF_SOMETHING_ELSE = re.compile(
    r"[\s-]+(?:employ\w+|staff|colleague\w*|manager\w*|boss\w*|work(?:er|ers|place)\b|job\w*|role\w*|position\w*|"
    r"experience\w*|address\w*|name\w*|spous\w*|partner\w*|customer\w*|client\w*|tenant\w*|student\w*|military"
    r"|year\w*|month\w*|week\w*|quarter\w*|day\w*|laptop\w*|phone\w*|device\w*|computer\w*|equipment|password\w*"
    r"|age\w*|mitarbeit\w+|arbeitgeber\w*|jahr\w*|monat\w*|woche\w*|emplead\w+|años?|mes(?:es)?|salarié\w*|année\w*)",
    re.I,
)
_BEFORE = re.compile(
    r"(?:\b(?:before|prior to|until|till|up to|earlier than|vor|bis|antes del?|hasta|avant|jusqu['’]\S*)(?:\s\S+)?"
    r"|\bpre-)\s*$",
    re.I,
)
_SINCE = re.compile(
    r"(?:\b(?:since|after|starting(?: in| from)?|beginning(?: in)?|from|seit|ab|nach|desde|a partir del?|después del?"
    r"|depuis|après|à partir de|dès)|\bpost-)\s*$",
    re.I,
)
_AFTER_NAME = re.compile(
    r"\b(?P<word>[A-Z][\w.+#]*|in|on|for|under|to|from|für|mit|auf|en|pour|para)\s(?P<v>\d{1,2}(?:\.\d{1,3}){0,3})"
    r"(?!\w)(?!\s?[%€$£])(?![.,:/-]\d)"
)


def time_asked(question: str) -> TimeAsked:
    """Return what time a question asks for; the default where it names none."""
    found = mentions(question)
    periods = [mention for mention in found if isinstance(mention.value, Period)]
    versions = [mention.value for mention in found if isinstance(mention.value, Version)]
    rest = without(question, found)
    versions += [
        version_in(match)
        for match in _AFTER_NAME.finditer(rest)
        if match["word"].casefold() not in NUMBERED and not is_counted(rest, match.end())
    ]
    return TimeAsked(
        _wants(question),
        _relation(question[: periods[0].start]) if periods else "in",
        tuple(m.value for m in periods if isinstance(m.value, Period)),
        tuple(dict.fromkeys(versions)),
    )


def _wants(question: str) -> Wants:
    kinds: tuple[tuple[re.Pattern[str], Wants], ...] = (
        (_ORIGINAL, "original"),
        (_PREVIOUS, "previous"),
        (_OLD, "old"),
    )
    for pattern, wants in kinds:
        for match in pattern.finditer(question):
            if not _OF_SOMETHING_ELSE.match(question, match.end()):
                return wants
    return "current" if _CURRENT.search(question) else "any"


def _relation(before: str) -> Relation:
    if _BEFORE.search(before):
        return "before"
    return "since" if _SINCE.search(before) else "in"
