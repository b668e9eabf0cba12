"""Reads lines that say yes or no of something, as settings, forms and records have them: `outdoor seating: no`.

A sentence that says that there is outdoor seating has all its words in that line, and is wrong. Only words that no other
sentence has are judged, so that prose is never taken for a flag.
"""

import re
from collections.abc import Sequence
from typing import Literal

from app.grounding.evidence import PassageWords, Word
from core.sentences import Span

Flag = Literal["yes", "no", "unknown"]
_FLAG_LINE = re.compile(
    r"[^:\n]{1,120}[:=|]\s*[\"']?(?:(?P<yes>yes|true|y|on|enabled|x|✓|✔|ja|s[ií])"
    r"|(?P<no>no|false|n|off|disabled|✗|✘|nein)"
    r"|(?P<unknown>unknown|none|null|n/?a|nan|-|–|\?))[\"']?\s*[,;|.]?\s*",
    re.IGNORECASE,
)
_RECORD_LINE = re.compile(r"[^:=\n.!?]{1,60}[:=]\s*\S.{0,80}")
_ENOUGH_LINES = 5
_NEGATION = re.compile(
    r"\b(?:no|not|n['’]t|never|without|neither|nor|lacks?|lacking|none|cannot|isn|doesn|don|didn|won|kein\w*|nicht|ohne|"
    r"sin|nunca)\b|n['’]t\b",
    re.IGNORECASE,
)


_ANEW = re.compile(
    r"\W*(?:but|however|although|though|while|and|which|where|it|they|there|the|this|with|for|on|so|yet|making|aber|und|"
    r"pero|y)\b",
    re.IGNORECASE,
)


def negated_clauses(text: str, spans: Sequence[Span]) -> list[bool]:
    """Tell which clauses are negated; one that only goes on with a list stays so."""
    found: list[bool] = []
    for span in spans:
        clause = text[span.start : span.end]
        goes_on = bool(found) and found[-1] and not _ANEW.match(clause)
        found.append(goes_on or bool(_NEGATION.search(clause)))
    return found


def flags_of(passages: PassageWords) -> dict[int, Flag]:
    """Return the sentences that are flags, by their positions, with what they say."""
    found: dict[int, Flag] = {}
    for position, sentence in enumerate(passages.sentences):
        text = passages.passages[sentence.passage].text[sentence.start : sentence.end]
        match = _FLAG_LINE.fullmatch(text.strip()) if len(text) <= 160 else None
        if match:
            found[position] = "yes" if match["yes"] else "no" if match["no"] else "unknown"
    return found


def flag_conflict(
    words: Sequence[Word], negated: bool, flags: dict[int, Flag], passages: PassageWords
) -> tuple[float, float, float, float]:
    """Return the share of a clause's content words that a flag denies, whether one does, and the same of open ones."""
    if not flags or not words:
        return 0.0, 0.0, 0.0, 0.0
    denied = unknown = 0
    for word in words:
        said = [
            flags.get(int(passages.sentence_of[place]))
            for place in passages.places.get(word.term, ())
        ]
        if not said:
            continue
        if all(flag == "unknown" for flag in said):
            unknown += 1
        elif all(flag == ("yes" if negated else "no") for flag in said):
            denied += 1
    return denied / len(words), float(denied > 0), unknown / len(words), float(unknown > 0)


def are_records(passages: PassageWords) -> bool:
    """Tell passages that are lines of `name: value`, such as forms, settings and rows of tables, from prose."""
    lines = [
        passages.passages[sentence.passage].text[
            sentence.start : min(sentence.end, sentence.start + 200)
        ]
        for sentence in passages.sentences
    ]
    matching = sum(_RECORD_LINE.fullmatch(line) is not None for line in lines)
    return matching >= _ENOUGH_LINES and matching >= len(lines) / 2
