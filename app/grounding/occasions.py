"""Compares the dates, weekdays, times of day and versions of a claim with those of its evidence; pure."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from app.grounding.findings import FactKind, Finding
from app.grounding.moments import Moment
from app.grounding.pairing import Pair
from app.grounding.reading import Reading

_KINDS: dict[str, FactKind] = {
    "date": "date",
    "weekday": "weekday",
    "time": "time",
    "version": "identifier",
}
_WORKING_WEEK = re.compile(
    r"\b(?:weekdays?|week days|working days?|werktag\w*|wochentag\w*|weekends?|wochenende\w*)\b",
    re.I,
)
_SPAN = re.compile(r"\s?(?:-|–|to|through|until|till|bis|a|à)\s?")
_LEAST_COVERAGE = 0.5


def compare_moments(pair: Pair) -> Iterator[Finding]:
    """Yield a finding for each moment of the claim that its evidence does not have."""
    offered = [(other, sentence) for sentence in pair.evidence for other in sentence.moments]
    for own in pair.claim.moments:
        if any(_agree(own, other, pair) for other, _ in offered) or _within_span(own, pair):
            continue
        if pair.elsewhere(lambda s, own=own: any(_agree(own, m, pair) for m in s.moments)):  # type: ignore[misc]
            continue
        rivals = [(other, s) for other, s in offered if _is_rival(own, other, pair)]
        finding = _missing(pair, own, rivals)
        if finding:
            yield finding


def agreeing_moments(pair: Pair) -> Iterator[tuple[int, int]]:
    """Yield where the claim has a date, weekday or time that its evidence has too, in whatever form."""
    offered = [other for sentence in pair.evidence for other in sentence.moments]
    for own in pair.claim.moments:
        if any(_agree(own, other, pair) for other in offered) or _within_span(own, pair):
            yield own.start, own.end


def _missing(pair: Pair, own: Moment, rivals: Sequence[tuple[Moment, Reading]]) -> Finding | None:
    in_question = any(_agree(own, moment, pair) for moment in pair.question.moments)
    said = pair.claim.text[own.start : own.end].strip(" .,")
    if rivals and pair.coverage >= _LEAST_COVERAGE:
        other, sentence = rivals[0]
        stands = sentence.text[other.start : other.end].strip(" .,")
        text = f"The answer says {said}; the source says {stands}."
        kind = _KINDS[own.kind]
        return Finding(kind, "contradicted", own.start, own.end, text, sentence.text)
    anywhere = pair.mentions_anywhere(lambda s: any(_agree(own, m, pair) for m in s.moments))
    if in_question or anywhere:
        return None
    return Finding(_KINDS[own.kind], "unsupported", own.start, own.end, f"No source says {said}.")


def _is_rival(own: Moment, other: Moment, pair: Pair) -> bool:
    """Whether the evidence's moment is of the same sort and no other part of the claim has it."""
    if own.kind != other.kind or any(_agree(mine, other, pair) for mine in pair.claim.moments):
        return False
    if own.kind != "date":
        return True
    if (own.period is None) != (other.period is None):
        return False
    shared = [(a, b) for a, b in zip(_fields(own), _fields(other), strict=True) if a and b]
    return bool(shared)


def _agree(own: Moment, other: Moment, pair: Pair) -> bool:
    """Whether a moment of the evidence supports one of the claim; the claim may be less exact, not more."""
    if own.kind != other.kind:
        return False
    if own.kind == "version":
        return bool(own.version and other.version and _same_version(own, other))
    if own.kind != "date":
        return own.number == other.number
    if own.period or other.period:
        return _same_period(own, other)
    pairs = list(zip(_fields(own), _fields(other), strict=True))
    if any(a and b and a != b for a, b in pairs):
        return False
    missing = [position for position, (a, b) in enumerate(pairs) if a and not b]
    if missing == [0] and own.year is not None:
        return str(own.year) in pair.context_text or str(own.year) in pair.question.text
    return not missing and any(a and b for a, b in pairs)


def _same_version(own: Moment, other: Moment) -> bool:
    return bool(own.version and other.version and other.version.matches(own.version))


def _same_period(own: Moment, other: Moment) -> bool:
    if own.period and other.period:
        return own.period == other.period
    if own.period is None and other.period is not None:
        return own.month is None and own.year == other.year
    return False


def _fields(moment: Moment) -> tuple[int | None, int | None, int | None]:
    return moment.year, moment.month, moment.day


def _within_span(own: Moment, pair: Pair) -> bool:
    """Whether a weekday lies between two that the evidence joins ('Monday to Friday') or in its working week."""
    if own.kind != "weekday" or any(own in span for span in _spans(pair.claim)):
        return False
    for sentence in pair.evidence:
        days = [moment for moment in sentence.moments if moment.kind == "weekday"]
        if any(first.number <= own.number <= last.number for first, last in _spans(sentence)):
            return True
        if not days and _WORKING_WEEK.search(sentence.text):
            return True
    return False


def _spans(sentence: Reading) -> list[tuple[Moment, Moment]]:
    """Return the pairs of weekdays that a sentence joins: Monday to Friday."""
    days = [moment for moment in sentence.moments if moment.kind == "weekday"]
    return [
        (first, last)
        for first, last in pairwise(days)
        if _SPAN.fullmatch(sentence.text[first.end : last.start])
    ]
