"""Compares how a claim and its evidence say it: negation, opposites, how many, must or may; pure.

A statement of the claim is laid beside the statement of the evidence that has most of its words. Only what stands beside
a word that both have is compared, so that a 'not' about something else changes nothing.
"""

import re
from collections.abc import Iterator

from app.grounding.findings import Finding
from app.grounding.negation import (
    negation,
    negation_of_whole,
    opposite_of_whole,
    permission,
)
from app.grounding.pairing import Pair
from app.grounding.statements import Statement, focus, same_matter, statements, whole
from core.polarity import DENIAL, MODAL

_ALL = r"all|every|each|everyone|everybody|everything|always|any|both|alle|jede[rnms]?|immer|todos|todas|siempre|tous|toutes|toujours"
_SOME = (
    r"some|several|many|(?<!at )(?<!the )most|few|sometimes|occasionally|often|partly|rarely|seldom|someone|somebody|einige|manche|"
    r"viele|oft|algunos|algunas|muchos|certains|quelques|parfois|souvent"
)
_QUANTIFIER = re.compile(
    rf"\b(?:(?P<some>(?:not|nicht|no) (?:{_ALL})|{_SOME})|(?P<all>{_ALL}))\b", re.I
)
_ONLY = re.compile(
    r"\b(?:(?<!not )only|solely|exclusively|nur|ausschließlich|solo|sólo|solamente|únicamente|seulement|uniquement)\b",
    re.I,
)
_LIKE_ONLY = re.compile(
    r"\b(?:just|alone|sole|nothing else|no other|no one else|nobody else|unless|except|must|not before|not until|limited to|"
    r"at most|up to|single|allein|bloß|one)\b|\bno(?:t|body| one)\b.{1,60}\b(?:but|until|unless|outside|without)\b",
    re.I,
)
_CLOSE = 0.75


def compare_wording(pair: Pair) -> Iterator[Finding]:
    """Yield at most one difference in negation, opposites, quantifiers and duties."""
    parts = [part for sentence in pair.evidence for part in statements(sentence.text)]
    sentences = [whole(sentence.text) for sentence in pair.evidence]
    evidence = "\n".join(sentence.text for sentence in pair.evidence)
    for own in statements(pair.claim.text):
        other = same_matter(own, parts) or same_matter(own, sentences)
        if other is None or own.text.strip() == other.text.strip():
            continue
        finding = (
            negation(own, other, pair.claim.text, evidence)
            or permission(own, other)
            or _duty(own, other)
            or _quantifier(own, other)
            or _only(own, other)
        )
        if finding:
            yield finding
            return
    if pair.best is not None:
        own, best = whole(pair.claim.text), whole(pair.best.text)
        finding = negation_of_whole(own, best) or opposite_of_whole(own, best)
        if finding:
            yield finding


def _duty(own: Statement, other: Statement) -> Finding | None:
    """Find a 'may' put for a 'must' of the same verb, or the other way round."""
    if DENIAL.search(own.text) or DENIAL.search(other.text):
        return None
    for match in MODAL.finditer(own.text):
        about = set(focus(own.text, match))
        beside = [
            found for found in MODAL.finditer(other.text) if about & set(focus(other.text, found))
        ]
        if beside and all(found.lastgroup != match.lastgroup for found in beside):
            text = f"The answer says “{match.group()}”; the source says “{beside[0].group()}”."
            start, end = own.start + match.start(), own.start + match.end()
            return Finding("obligation", "contradicted", start, end, text)
    return None


def _quantifier(own: Statement, other: Statement) -> Finding | None:
    """Find 'all' put for 'some', or the other way round."""
    for match in _QUANTIFIER.finditer(own.text):
        wanted = "some" if match.lastgroup == "all" else "all"
        stands = list(_QUANTIFIER.finditer(other.text))
        rival = next((found for found in stands if found.lastgroup == wanted), None)
        if rival is None or any(found.lastgroup == match.lastgroup for found in stands):
            continue
        if set(focus(own.text, match)) & set(focus(other.text, rival)):
            start, end = own.start + match.start(), own.start + match.end()
            text = f"The answer says “{match.group()}”; the source says “{rival.group()}”."
            return Finding("quantifier", "contradicted", start, end, text)
    return None


def _only(own: Statement, other: Statement) -> Finding | None:
    """Find an 'only' that the evidence has not, in a claim that is otherwise the evidence."""
    only = _ONLY.search(own.text)
    if only is None or len(own.roots & other.roots) < _CLOSE * len(own.roots):
        return None
    if _ONLY.search(other.text) or _LIKE_ONLY.search(other.text):
        return None
    start, end = own.start + only.start(), own.start + only.end()
    text = "The answer says “only”; the source does not."
    return Finding("quantifier", "unsupported", start, end, text)
