"""How urgent a flag is, in plain rules that docs/review.md lists; pure. Points add up, more is more urgent."""

from collections.abc import Mapping, Sequence
from typing import Literal

from core.answers import Answer, Claim

Urgency = Literal["high", "medium", "low"]

_SEVERITY: Mapping[str, int] = {"unwanted": 30, "questionable": 15, "benign": 0}
_SEVERITY_UNKNOWN = 10
_VERDICT: Mapping[str, int] = {"contradicted": 25, "unsupported": 15, "partial": 5}
_VERDICT_WORDS: Mapping[str, str] = {
    "contradicted": "its source contradicts what was flagged",
    "unsupported": "no source supports what was flagged",
    "partial": "its source supports only a part of what was flagged",
}
_CONFIDENT = 15
_CONFIDENT_FROM = 0.8
_BARE_THUMB = -10
_EXPLAINED = 5
_OTHER_PERSON = 8
_MOST_OTHERS = 4
_HIGH_FROM, _MEDIUM_FROM = 50, 25


def points_of_flag(
    answer: Answer,
    confidence: float,
    *,
    severity: str,
    category: str,
    span: tuple[int, int] | None,
    is_explained: bool,
) -> tuple[int, tuple[str, ...]]:
    """Return the points that a flag has by itself, and why, as short sentences without a full stop.

    Args:
        answer: the answer as it was when it was flagged.
        confidence: how sure it was to answer, in [0, 1].
        severity: what the person who flagged says, '' for nothing.
        category: what is wrong, '' for a thumb without a word.
        span: the flagged words, None for the whole answer.
        is_explained: whether there is a comment or a correction.
    """
    points, reasons = _SEVERITY.get(severity, _SEVERITY_UNKNOWN), []
    if severity in ("unwanted", "questionable"):
        reasons.append(f"said to be {severity}")
    worst = _worst(answer.claims, span)
    if worst:
        points += _VERDICT[worst]
        reasons.append(_VERDICT_WORDS[worst])
    if answer.status == "answered" and confidence >= _CONFIDENT_FROM:
        points += _CONFIDENT
        reasons.append("answered with confidence")
    if not category:
        points += _BARE_THUMB
    if is_explained:
        points += _EXPLAINED
        reasons.append("with an explanation")
    return max(0, points), tuple(reasons)


def points_of_triage(priority: str) -> int:
    """Return the points of a flag whose urgency a reviewer has said, 0 where nobody did."""
    return {"high": _HIGH_FROM, "medium": _MEDIUM_FROM, "low": 1}.get(priority, 0)


def points_of_others(people: int) -> int:
    """Return the points for so many people who flagged the same answer or the same words, this one included."""
    return _OTHER_PERSON * min(max(0, people - 1), _MOST_OTHERS)


def urgency_of(points: int) -> Urgency:
    """Return points as a word."""
    if points >= _HIGH_FROM:
        return "high"
    return "medium" if points >= _MEDIUM_FROM else "low"


def _worst(claims: Sequence[Claim], span: tuple[int, int] | None) -> str:
    verdicts = {
        claim.verdict
        for claim in claims
        if span is None or (claim.start < span[1] and span[0] < claim.end)
    }
    return next((verdict for verdict in _VERDICT if verdict in verdicts), "")
