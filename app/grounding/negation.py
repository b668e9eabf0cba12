"""Finds a 'not' or an opposite that only one of two statements has; pure.

A negation counts only where the other statement has the word that it is about. Negation and opposite together mean the
same: 'not allowed', 'forbidden'.
"""

import re

from app.grounding.findings import Finding
from app.grounding.opposites import GROUPS, PREFIXES
from app.grounding.reading import root
from app.grounding.statements import Statement, focus, place_of, telling
from core.polarity import ALTERNATIVES, DENIAL

_LIKE_NOT = re.compile(
    r"\b(?:forbidden|prohibited|banned|except\w*|unless|only|instead|rather than|impossible|excluded|exempt|stop\w*|"
    r"outside|missing|absent|free of|other than|before|until|verboten|nur|ausgeschlossen|prohibido|interdit|solo|sólo|sauf|salvo)\b",
    re.I,
)
_DENIED = re.compile(
    r"\b(?:forbidden|prohibited|banned|(?:not|never|n['’]t) (?:be )?(?:allowed|permitted|possible)|must (?:not|never)|mustn['’]t|"
    r"may (?:not|never)|can ?not|can['’]t|(?:nobody|no one) (?:may|can)|verboten|darf nicht|dürfen nicht|nicht erlaubt|prohibido|"
    r"no (?:puede|pueden|está permitido)|interdit)\b",
    re.I,
)
_ALLOWED = re.compile(
    r"\b(?:may|can|allowed|permitted|possible|free to|darf|dürfen|erlaubt|puede|pueden|permitido|peut|peuvent|autorisé)\b",
    re.I,
)
_OF_PERMISSION = frozenset(
    map(
        root,
        ("allowed", "permitted", "possible", "forbidden", "prohibited", "banned", "put", "use"),
    )
)
_CLOSE = 0.75
_ALIKE = 0.85
_NEAR_CHARS = 24
_LEAST_PREFIXED = 4

_Swap = tuple[int, int, str, str]
"""Where a word stands in a statement, the word, and its opposite in the other."""


def negation(own: Statement, other: Statement, claim: str, evidence: str) -> Finding | None:
    """Return in which 'not' or opposite a statement differs from the evidence's.

    `claim` and `evidence` are the whole texts: the same negation may stand in another part of them.
    """
    swapped = _opposite(own, other)
    if swapped:
        return _swap(own, swapped) if _stand_alike(own, other, swapped) else None
    if _is_even(own, other):
        return None
    added, missed = _unmatched(own, other, evidence), _unmatched(other, own, claim)
    if added:
        start, end = own.start + added.start(), own.start + added.end()
        text = "The answer says it is not so; the source says it is."
        return Finding("negation", "contradicted", start, end, text)
    if missed is None:
        return None
    instead, theirs = (
        {match.group().casefold() for match in _LIKE_NOT.finditer(statement.text)}
        for statement in (own, other)
    )
    if instead - theirs:
        return None
    text = "The source says it is not so; the answer says it is."
    return Finding("negation", "contradicted", *place_of(own), text)


def permission(own: Statement, other: Statement) -> Finding | None:
    """Return what a statement allows and the evidence's forbids, or the other way round, in whatever words."""
    if len(own.roots & other.roots) < _CLOSE * len(own.roots - _OF_PERMISSION):
        return None
    mine, theirs = _permits(own.text), _permits(other.text)
    if not mine or not theirs or mine == theirs or _LIKE_NOT.search(own.text):
        return None
    text = f"The answer says it is {mine}; the source says it is {theirs}."
    return Finding("negation", "contradicted", *place_of(own), text)


def negation_of_whole(own: Statement, other: Statement) -> Finding | None:
    """Return a 'not' more or less in a sentence that is otherwise the same, whatever it stands beside."""
    shared = len(own.roots & other.roots)
    if not shared or shared < _ALIKE * len(own.roots | other.roots):
        return None
    if _is_even(own, other) or _opposite(own, other) is not None:
        return None
    is_added = len(DENIAL.findall(own.text)) > len(DENIAL.findall(other.text))
    said, stands = ("is not", "is") if is_added else ("is", "is not")
    text = f"The answer says it {said} so; the source says it {stands}."
    return Finding("negation", "contradicted", 0, len(own.text), text)


def opposite_of_whole(own: Statement, other: Statement) -> Finding | None:
    """Return an opposite beside the same word ('manually deleted'), however else two sentences differ."""
    swapped = _opposite(own, other)
    if swapped is None or not _stand_alike(own, other, swapped):
        return None
    start, end, _, stands = swapped
    beside = _beside(own.text, start, end) & _beside(other.text, *_find(other.text, stands))
    return _swap(own, swapped) if beside else None


def _is_even(own: Statement, other: Statement) -> bool:
    return len(DENIAL.findall(own.text)) % 2 == len(DENIAL.findall(other.text)) % 2


def _stand_alike(own: Statement, other: Statement, swapped: _Swap) -> bool:
    """Whether a word and its opposite are both negated, or neither is: 'not allowed' is 'forbidden'."""
    place = _find(other.text, swapped[3])[0]
    mine, theirs = (
        DENIAL.search(text[max(0, at - _NEAR_CHARS) : at]) is not None
        for text, at in ((own.text, swapped[0]), (other.text, place))
    )
    return mine == theirs


def _swap(own: Statement, swapped: _Swap) -> Finding:
    start, end, said, stands = swapped
    text = f"The answer says “{said}”; the source says “{stands}”."
    return Finding("comparison", "contradicted", own.start + start, own.start + end, text)


def _beside(text: str, start: int, end: int) -> frozenset[str]:
    near = telling(text[max(0, start - 60) : start])[-1:] + telling(text[end : end + 60])[:1]
    return frozenset(map(root, near))


def _unmatched(own: Statement, other: Statement, sentence: str) -> re.Match[str] | None:
    """Return the first negation of a statement that is about a word which the other says without one."""
    theirs = [focus(sentence, match) for match in DENIAL.finditer(sentence)]
    for match in DENIAL.finditer(own.text):
        about = focus(own.text, match)
        if about and about[0] in other.roots and not any(about[0] in found for found in theirs):
            return match
    return None


def _opposite(own: Statement, other: Statement) -> _Swap | None:
    """Return the word of a statement for which the other has the opposite."""
    mine, theirs = own.words - other.words, other.words - own.words
    return (
        _of_a_group(own, other, mine, theirs)
        or _with_prefix(own, mine, theirs)
        or _alternative(own, other)
    )


def _of_a_group(
    own: Statement, other: Statement, mine: frozenset[str], theirs: frozenset[str]
) -> _Swap | None:
    for group in GROUPS:
        for said in mine & group.keys():
            side = group[said]
            stands = next((word for word in theirs & group.keys() if group[word] != side), None)
            if stands and not (_has(own, group, group[stands]) or _has(other, group, side)):
                return (*_find(own.text, said), said, stands)
    return None


def _has(statement: Statement, group: dict[str, int], side: int) -> bool:
    return any(group.get(word) == side for word in statement.words)


def _with_prefix(own: Statement, mine: frozenset[str], theirs: frozenset[str]) -> _Swap | None:
    for said in mine:
        for prefix in PREFIXES:
            stands = next(
                (w for w in (prefix + said, said.removeprefix(prefix)) if w in theirs), None
            )
            if stands and stands != said and min(len(stands), len(said)) >= _LEAST_PREFIXED:
                return (*_find(own.text, said), said, stands)
    return None


def _alternative(own: Statement, other: Statement) -> _Swap | None:
    for group in ALTERNATIVES:
        mine, theirs = (
            [match for pattern in group if (match := pattern.search(statement.text))]
            for statement in (own, other)
        )
        if len(mine) == len(theirs) == 1 and mine[0].re is not theirs[0].re:
            (said,), (stands,) = mine, theirs
            return said.start(), said.end(), said.group(), stands.group().casefold()
    return None


def _find(text: str, word: str) -> tuple[int, int]:
    match = re.search(rf"\b{re.escape(word)}\b", text, re.I)
    return match.span() if match else (0, len(text))


def _permits(text: str) -> str:
    """Return 'allowed' or 'not allowed', '' where a text says neither."""
    if _DENIED.search(text):
        return "not allowed"
    return "allowed" if _ALLOWED.search(text) and not DENIAL.search(text) else ""
