"""Finds one role put for another in lower-case words: 'line manager' for 'head of department'; pure.

Only roles of two words and more are compared: 'the manager' may be any of them.
"""

import re
from collections.abc import Iterator

from app.grounding.findings import Finding
from app.grounding.pairing import Pair
from app.grounding.reading import root

_ROLE = re.compile(
    r"\b(?:(?:head|director|chair|secretary|leader|manager) of (?:the |your |our )?(?P<of>\w+)"
    r"|(?:line|team|project|department|office|product|account|general|senior|branch|area|store|shift|plant|sales|service|"
    r"customer|security|finance|procurement|engineering|operations|legal|data|privacy|safety|training) "
    r"(?:managers?|leads?|leaders?|heads?|directors?|officers?|desk|council|committee)"
    r"|chief (?:\w+ ){1,2}officers?|managing directors?|vice presidents?|works council|board of directors)\b",
    re.I,
)
_LEAST_COVERAGE = 0.5
_JOINTS = frozenset(("of", "the", "your", "our"))


def compare_roles(pair: Pair) -> Iterator[Finding]:
    """Yield a finding for a role of the claim that its evidence does not name, where it names another one."""
    if pair.coverage < _LEAST_COVERAGE or pair.best is None:
        return
    offered = {role for sentence in pair.evidence for role, _ in _roles(sentence.text)}
    mine = list(_roles(pair.claim.text))
    own_roles = {role for role, _ in mine}
    for role, match in mine:
        rival = next((m for r, m in _roles(pair.best.text) if r not in own_roles), None)
        if role in offered or rival is None:
            continue
        text = f"The answer says {match.group()}; the source says {rival.group()}."
        yield Finding("name", "contradicted", match.start(), match.end(), text, pair.best.text)


def _roles(text: str) -> Iterator[tuple[frozenset[str], re.Match[str]]]:
    """Yield each role as the roots of its words, in whatever order: head of department, department head."""
    for match in _ROLE.finditer(text):
        words = (word for word in match.group().casefold().split() if word not in _JOINTS)
        yield frozenset(map(root, words)), match
