"""Finds the one value that was put for another in a claim that repeats its evidence word for word; pure.

The value may stand elsewhere in the same sentence ('20 percent for breakfast, 40 percent for lunch'), so that looking
values up does not find it.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from app.grounding.findings import FactKind, Finding
from app.grounding.pairing import Pair
from app.grounding.reading import Reading, normal, read, unnumbered
from app.grounding.values import agrees

_WORD = re.compile(r"\w+(?:[.,'’]\w+)*")
_LEAST_WORDS = 4
_MOST_REPLACED = 3


def compare_replaced(pair: Pair) -> Iterator[Finding]:
    """Yield a finding for the number, date, weekday or name that stands where the evidence has another."""
    for source in pair.evidence:
        finding = _replaced(pair.claim, source)
        if finding and not any(normal(pair.claim.text) == normal(s.text) for s in pair.context):
            yield finding
            return


def _replaced(claim: Reading, source: Reading) -> Finding | None:
    skipped = len(claim.text) - len(unnumbered(claim.text))
    mine = list(_WORD.finditer(claim.text, skipped))
    theirs = list(_WORD.finditer(source.text))
    if len(mine) != len(theirs) or len(mine) < _LEAST_WORDS:
        return None
    differ = [
        at
        for at, (own, other) in enumerate(zip(mine, theirs, strict=True))
        if own.group().casefold() != other.group().casefold()
    ]
    if not differ or differ[-1] - differ[0] >= _MOST_REPLACED:
        return None
    start, end = mine[differ[0]].start(), mine[differ[-1]].end()
    said, stands = (
        claim.text[start:end],
        source.text[theirs[differ[0]].start() : theirs[differ[-1]].end()],
    )
    kind = _kind(read(f"x {said} x"), read(f"x {stands} x"))
    if kind is None or (kind == "name" and not differ[0]):
        return None  # any first word has a capital
    text = f"The answer says {said}; the source says {stands}."
    return Finding(kind, "contradicted", start, end, text, source.text, is_certain=True)


def _kind(own: Reading, other: Reading) -> FactKind | None:
    """Return what was replaced, None where a word that is no value was, or the values are the same."""
    if own.moments and other.moments:
        first, second = own.moments[0], other.moments[0]
        if replace(first, start=0, end=0) == replace(second, start=0, end=0):
            return None
        return "weekday" if first.kind == "weekday" else "date"
    if own.numbers and other.numbers:
        first_number, second_number = own.numbers[0], other.numbers[0]
        if first_number.is_plain or second_number.is_plain:
            return None
        return None if agrees(first_number, second_number) else "number"
    if own.names and other.names:
        return "name" if own.names[0].key[:4] != other.names[0].key[:4] else None
    return None
