"""Finds two values that a claim exchanges between two names: two days in Porto and one in Ghent, the other way round; pure.

Every word and number of such a claim stands in its sentence. Values and names are read in order: where a value comes
first, the names up to the next value go with it; where a name does, the values up to the next name. Only a sentence
that has two values of one sort and two names is read like this.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.grounding.findings import Finding
from app.grounding.pairing import Pair
from app.grounding.reading import Reading
from app.grounding.values import agrees, comparable
from core.quantities import Quantity

_LEAST_COVERAGE = 0.6
_MOST_FACTS = 12


@dataclass(frozen=True, slots=True)
class _Anchor:
    """What a value can belong to: a name or an identifier."""

    start: int
    end: int
    key: str


@dataclass(frozen=True, slots=True)
class _Assigned:
    anchor: _Anchor
    value: Quantity


def compare_assignments(pair: Pair) -> Iterator[Finding]:
    """Yield a finding for a value that the evidence gives to another name than the claim does."""
    mine = list(_assigned(pair.claim))
    if not mine or pair.coverage < _LEAST_COVERAGE or pair.best is None:
        return
    theirs = list(_assigned(pair.best))
    if len({other.anchor.key for other in theirs}) < 2:
        return
    for own in mine:
        about = [other.value for other in theirs if other.anchor.key == own.anchor.key]
        rivals = [value for value in about if comparable(own.value, value)]
        elsewhere = any(
            agrees(own.value, other.value) for other in theirs if other.anchor.key != own.anchor.key
        )
        if rivals and elsewhere and not any(agrees(own.value, value) for value in about):
            said = pair.claim.text[own.value.start : own.value.end]
            name = pair.claim.text[own.anchor.start : own.anchor.end]
            stands = pair.best.text[rivals[0].start : rivals[0].end]
            text = f"The answer says {said} of {name}; the source says {stands}."
            start, end = own.value.start, own.value.end
            yield Finding("number", "contradicted", start, end, text, is_certain=True)


def _assigned(sentence: Reading) -> Iterator[_Assigned]:
    """Yield each name of a sentence with each value that goes with it."""
    values = [value for value in sentence.numbers if not value.is_plain][:_MOST_FACTS]
    anchors = _anchors(sentence)[:_MOST_FACTS]
    if not values or not anchors:
        return
    facts: list[_Anchor | Quantity] = sorted([*values, *anchors], key=lambda fact: fact.start)
    leads_value = isinstance(facts[0], Quantity)
    group: list[_Anchor | Quantity] = []
    for position, fact in enumerate(facts):
        is_new = isinstance(fact, Quantity) == leads_value and (
            position == 0 or isinstance(facts[position - 1], Quantity) != leads_value
        )
        if is_new and group:
            yield from _pairs(group)
            group = []
        group.append(fact)
    yield from _pairs(group)


def _pairs(group: Sequence[_Anchor | Quantity]) -> Iterator[_Assigned]:
    for anchor in group:
        for value in group:
            if isinstance(anchor, _Anchor) and isinstance(value, Quantity):
                yield _Assigned(anchor, value)


def _anchors(sentence: Reading) -> list[_Anchor]:
    """Return names and identifiers in order; the capital of a first word says nothing unless the word is a name elsewhere."""
    marked = [*sentence.identifiers, *sentence.names]
    found = sorted((m.start, m.end, m.key) for m in marked)
    kept: list[_Anchor] = []
    for start, end, key in found:
        if not kept or start >= kept[-1].end:
            kept.append(_Anchor(start, end, key))
    return kept
