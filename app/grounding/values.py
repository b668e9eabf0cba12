"""Compares the numbers of a claim with those of its evidence: units converted, rounding and ranges allowed; pure."""

from collections.abc import Iterator, Sequence

from app.grounding.findings import FactKind, Finding
from app.grounding.pairing import Pair
from app.grounding.reading import Reading
from core.numerals import COUNT, ORDINAL, PERCENT
from core.quantities import Quantity

_SAME = 1e-9
_SAME_IN_OTHER_UNITS = 0.04
"""30 days are a month."""
_ROUNDED = 0.05
_BARE = ("", COUNT)
_LEAST_COVERAGE = 0.5
_VERBATIM = 0.9
_WORSE_PLACE = 0.25


def compare_values(pair: Pair) -> Iterator[Finding]:
    """Yield a finding for each number of the claim that its evidence does not have, or has of something else."""
    offered = [(other, sentence) for sentence in pair.evidence for other in sentence.numbers]
    # 'one day' stands for itself where the claim has it too, and not for another '24 hours' of the claim.
    exact = {
        id(other)
        for other, _ in offered
        if any(_is_exact(own, other) for own in pair.claim.numbers)
    }
    taken = {id(other) for own in pair.claim.numbers for other in _matched(own, offered)}
    for own in pair.claim.numbers:
        equal = [
            (other, sentence)
            for other, sentence in offered
            if _is_exact(own, other) or (id(other) not in exact and agrees(own, other))
        ]
        if equal:
            yield from _beside_equal(pair, own, equal, offered)
            continue
        if pair.elsewhere(lambda sentence, own=own: _has(sentence, own)):  # type: ignore[misc]
            continue
        if own.is_plain and own.dimension != ORDINAL:
            yield from _plain_unit(pair, own, offered)
            continue
        free = [other for other, _ in offered if id(other) not in taken and comparable(own, other)]
        finding = _missing(pair, own, free)
        if finding:
            yield finding


def agreeing_values(pair: Pair) -> Iterator[tuple[int, int]]:
    """Yield where the claim has a number that its evidence has too, in whatever form."""
    offered = [other for sentence in pair.evidence for other in sentence.numbers]
    for own in pair.claim.numbers:
        if any(agrees(own, other) for other in offered):
            yield own.start, own.end


def _matched(own: Quantity, offered: Sequence[tuple[Quantity, Reading]]) -> list[Quantity]:
    """Return the numbers of the evidence that one of the claim stands for: those written alike before others."""
    same = [other for other, _ in offered if agrees(own, other)]
    return [other for other in same if _is_exact(own, other)] or same


def _plain_unit(
    pair: Pair, own: Quantity, offered: Sequence[tuple[Quantity, Reading]]
) -> Iterator[Finding]:
    """Find 'within a month' put for 'within an hour', in a claim that is otherwise the evidence."""
    if own.dimension != "time" or pair.coverage < _VERBATIM:
        return
    for other, _ in offered:
        is_gone = not any(agrees(mine, other) for mine in pair.claim.numbers)
        if other.is_plain and other.dimension == "time" and is_gone:
            yield _contradicted(pair, own, other)
            return


def _missing(pair: Pair, own: Quantity, free: Sequence[Quantity]) -> Finding | None:
    in_question = _has(pair.question, own)
    if free and pair.coverage >= _LEAST_COVERAGE:
        other = _likest(own, free)
        return _contradicted(pair, own, other)
    if own.dimension == ORDINAL or in_question or (own.is_word and own.value <= 2):
        return None
    if pair.mentions_anywhere(lambda sentence: _has(sentence, own)):
        return None
    text = f"No source says {_said(pair.claim, own)}."
    return Finding(_kind(own), "unsupported", own.start, own.end, text)


def _contradicted(pair: Pair, own: Quantity, other: Quantity) -> Finding:
    source = next(s for s in pair.evidence if any(q is other for q in s.numbers))
    kind: FactKind = _kind(own)
    if own.dimension != COUNT and own.unit != other.unit and _digits(own) == _digits(other):
        kind = "unit"
    said, stands = _said(pair.claim, own), _said(source, other)
    text = f"The answer says {said}; the source says {stands}."
    return Finding(kind, "contradicted", own.start, own.end, text, source.text)


def _beside_equal(
    pair: Pair,
    own: Quantity,
    equal: Sequence[tuple[Quantity, Reading]],
    offered: Sequence[tuple[Quantity, Reading]],
) -> Iterator[Finding]:
    """Find what differs although the number is there: its bound, its rate, or the row that it stands in."""
    # 'once a week' is compared with 'once a year' before it is with 'one piece'.
    equal = [pair for pair in equal if pair[0].dimension == own.dimension] or equal
    other = equal[0][0]
    if own.bound and other.bound and all(own.bound == -candidate.bound for candidate, _ in equal):
        said = "at least" if own.bound > 0 else "at most"
        stands = "at least" if other.bound > 0 else "at most"
        text = f"The answer says {said} {_said(pair.claim, own)}; the source says {stands}."
        yield Finding("comparison", "contradicted", own.start, own.end, text, equal[0][1].text)
    elif own.per and all(candidate.per and candidate.per != own.per for candidate, _ in equal):
        text = f"The answer gives {_said(pair.claim, own)} for another stretch than the source."
        yield Finding("unit", "contradicted", own.start, own.end, text, equal[0][1].text)
    else:
        yield from _in_a_worse_place(pair, own, equal, offered)


def _in_a_worse_place(
    pair: Pair,
    own: Quantity,
    equal: Sequence[tuple[Quantity, Reading]],
    offered: Sequence[tuple[Quantity, Reading]],
) -> Iterator[Finding]:
    """Find a number taken from another row: the sentence that fits the claim best has another one."""
    best = pair.best
    if best is None or any(sentence is best for _, sentence in equal) or own.is_plain:
        return
    place = max(pair.claim.covered_by(sentence) for _, sentence in equal)
    rivals = [
        other
        for other, sentence in offered
        if sentence is best
        and comparable(own, other)
        and not any(agrees(mine, other) for mine in pair.claim.numbers)
    ]
    if rivals and place < pair.coverage - _WORSE_PLACE:
        yield _contradicted(pair, own, _likest(own, rivals))


def _has(sentence: Reading, own: Quantity) -> bool:
    return any(agrees(own, other) for other in sentence.numbers)


def _is_exact(own: Quantity, other: Quantity) -> bool:
    """Whether two numbers are the same as they are written."""
    return (own.dimension, own.unit, own.values) == (other.dimension, other.unit, other.values)


def agrees(own: Quantity, other: Quantity) -> bool:
    """Return whether a number of the evidence supports one of the claim: converted, rounded, in words."""
    if not _measures_same(own, other):
        return False
    if (own.dimension == COUNT) != (other.dimension == COUNT):
        return own.written == other.written  # 'days: 56' in a table is 56 days
    return any(_close(own, other, a, b) for a in own.values for b in other.values)


def _close(own: Quantity, other: Quantity, a: float, b: float) -> bool:
    largest = max(abs(a), abs(b))
    if abs(a - b) <= _SAME * largest:
        return True
    converted = own.dimension == other.dimension != COUNT and own.unit != other.unit
    if converted and abs(a - b) <= _SAME_IN_OTHER_UNITS * largest:
        return True
    # 1.2 million for 1,204,331, about 20 for 19: the claim is the source rounded to the claim's last digit.
    step = _last_step(own, a) if own.is_about else own.step
    is_coarser = step > (_last_step(other, b) if own.is_about else other.step)
    error = abs(a - b)
    return is_coarser and (error <= step / 2 or own.is_about) and error <= _ROUNDED * largest


def _last_step(own: Quantity, value: float) -> float:
    """What the last digit is worth that is not a zero of a whole number: 1,200 is exact to 100."""
    step = own.step
    while step < abs(value) and value % (step * 10) == 0:
        step *= 10
    return step


def _measures_same(own: Quantity, other: Quantity) -> bool:
    if own.dimension == other.dimension:
        return True
    if {own.dimension, other.dimension} == {ORDINAL, COUNT}:
        return True
    # A table gives numbers without their unit; a claim may leave out the unit of its evidence.
    if COUNT in (own.dimension, other.dimension):
        bare = own if own.dimension == COUNT else other
        return ORDINAL not in (own.dimension, other.dimension) and (not bare.unit or bare.is_word)
    return {own.dimension, other.dimension} == {"turns", COUNT}


def comparable(own: Quantity, other: Quantity) -> bool:
    """Whether another number of the evidence is one that the claim could have meant."""
    if other.is_word and other.value == 1 and other.dimension == COUNT:
        return False  # 'one difference is'
    if own.is_plain or other.is_plain:
        return own.dimension == other.dimension == ORDINAL and own.unit == other.unit
    if own.dimension == other.dimension == COUNT:
        return own.unit == other.unit or not (own.unit and other.unit)
    if own.dimension.startswith("money"):
        return other.dimension.startswith("money")
    if own.dimension in ("time", "working time"):
        return other.dimension in ("time", "working time")
    if own.dimension in (PERCENT, "points"):
        return other.dimension in (PERCENT, "points")
    return own.dimension == other.dimension


def _likest(own: Quantity, others: Sequence[Quantity]) -> Quantity:
    """Return the number that the claim most likely meant: of the same unit, then the nearest."""
    return min(others, key=lambda other: (own.unit != other.unit, abs(own.value - other.value)))


def _digits(quantity: Quantity) -> float:
    return round(quantity.value / quantity.step, 6) if quantity.step else quantity.value


def _kind(own: Quantity) -> FactKind:
    if own.dimension.startswith("money"):
        return "amount"
    return "percentage" if own.dimension in (PERCENT, "points") else "number"


def _said(sentence: Reading, quantity: Quantity) -> str:
    """Return a number as it is written, with the word that it counts."""
    text = sentence.text[quantity.start : quantity.end]
    rest = sentence.text[quantity.end :].split(maxsplit=1)
    if quantity.dimension in _BARE and quantity.unit and rest:
        text = f"{text} {rest[0].strip('.,;:!?|()')}"
    return " ".join(text.split())
