"""Decides whether a difference in facts contradicts a claim, when all passages are looked at; pure.

Whether a sentence with another value speaks of the same thing cannot be known from the value. It does when it has nearly
everything else that the claim says. Real answers put together what stands in several sentences: there the nearest other
value is that of the next step of a recipe, or of the other animal ('5 minutes' and '10 minutes'). Without this, of the
19 claims of RAGTruth's development half that were called contradicted none was marked by people.
"""

import re
from dataclasses import replace

from app.grounding.findings import Finding
from app.grounding.moments import Moment
from app.grounding.pairing import Pair
from app.grounding.reading import Reading, normal, read, telling_roots
from app.grounding.values import agrees
from core.polarity import DENIAL
from core.quantities import Quantity

_VALUES = frozenset(
    ("number", "amount", "percentage", "unit", "date", "weekday", "time", "identifier", "name")
)
_SAME_MATTER = 0.7
"""Of the other telling words of a claim, that the sentence with the other value must have."""
_SAME_WORDS = 0.6
"""Of the telling words of that sentence, that the claim must have before a 'not' in one of them counts."""
_NEAR, _FARTHER = 0.34, 0.1
"""Of the other telling words, that must stand around the claim's own value; it may be a little less than around the other."""
_WORDS_BEFORE = 3
_CONDITION = re.compile(r"\b(?:if|unless|in case|wenn|falls|si)\b", re.I)


def settled(finding: Finding, pair: Pair) -> Finding | None:
    """Return a finding as it is, as a mere lack of support, or None where the claim's value stands near its matter."""
    if finding.verdict != "contradicted" or finding.is_certain:
        return finding
    source = read(finding.source) if finding.source else pair.best
    if source is None:
        return replace(finding, verdict="unsupported")
    about = _about(finding, pair)
    is_same = not about or len(about & source.roots) >= _SAME_MATTER * len(about)
    is_repeated = len(pair.claim.roots & source.roots) >= _SAME_WORDS * len(source.roots)
    if finding.kind in _VALUES:
        shared = len(about & source.roots) / len(about) if about else 0.0
        # A name that the source has beside the same words may be another person's; it is told by the whole sentence.
        is_one = is_same and (is_repeated or finding.kind != "name")
        if is_one and not _is_near(finding, about, pair, _NEAR):
            return finding
        if not is_one and _is_near(finding, about, pair, max(_NEAR, shared - _FARTHER)):
            return None
        return replace(finding, verdict="unsupported")
    is_said_twice = finding.kind == "negation" and _is_denied_elsewhere(about, source, pair)
    if is_same and is_repeated and not is_said_twice and not _is_condition(finding, source, pair):
        return finding
    return replace(finding, verdict="unsupported")


def _about(finding: Finding, pair: Pair) -> frozenset[str]:
    """Return the telling roots of a claim outside the words that differ; all where the whole claim does."""
    text = pair.claim.text
    rest = f"{text[: finding.start]} {text[finding.end :]}"
    return telling_roots(rest) if rest.strip() else pair.claim.roots


def _is_near(finding: Finding, about: frozenset[str], pair: Pair, least: float) -> bool:
    """Tell whether the claim's value stands in a sentence of the passages that, with its neighbours, is about the claim."""
    beside = _with_word_before(finding, pair)
    for position, sentence in enumerate(pair.context):
        if sentence.text == finding.source or not _has(sentence, finding, pair):
            continue
        if beside and f" {beside} " in f" {normal(sentence.text)} ":
            return True
        around = pair.context[max(0, position - 1) : position + 2]
        roots = frozenset(
            r for other in around if other.text != finding.source for r in other.roots
        )
        if len(about & roots) >= max(1.0, least * len(about)) or _has_more(sentence, finding, pair):
            return True
    return False


def _with_word_before(finding: Finding, pair: Pair) -> str:
    """Return the value with the telling word before it, 'boil for 2 minutes'; "" where none is near."""
    before = normal(pair.claim.text[: finding.start]).split()
    for position in range(len(before) - 1, max(-1, len(before) - 1 - _WORDS_BEFORE), -1):
        if telling_roots(before[position]):
            said = normal(pair.claim.text[finding.start : finding.end])
            return " ".join((*before[position:], said))
    return ""


def _has_more(sentence: Reading, finding: Finding, pair: Pair) -> bool:
    """Tell whether a sentence has another number or date of the claim too: 'July' beside the 69 degrees."""
    facts: list[Quantity | Moment] = [*pair.claim.numbers, *pair.claim.moments]
    others = (f for f in facts if f.end <= finding.start or finding.end <= f.start)
    return any(_states(sentence, other) for other in others)


def _has(sentence: Reading, finding: Finding, pair: Pair) -> bool:
    """Tell whether a sentence has what the claim says at a finding, as it is written or in another form."""
    said = normal(pair.claim.text[finding.start : finding.end])
    if f" {said} " in f" {normal(sentence.text)} ":
        return True
    facts: list[Quantity | Moment] = [*pair.claim.numbers, *pair.claim.moments]
    own = (fact for fact in facts if fact.start < finding.end and finding.start < fact.end)
    return any(_states(sentence, fact) for fact in own)


def _states(sentence: Reading, fact: Quantity | Moment) -> bool:
    if isinstance(fact, Quantity):
        return any(agrees(fact, other) for other in sentence.numbers)
    same = replace(fact, start=0, end=0)
    return any(replace(other, start=0, end=0) == same for other in sentence.moments)


def _is_denied_elsewhere(about: frozenset[str], source: Reading, pair: Pair) -> bool:
    """Tell whether another sentence about the same matter says no: two things are set against each other there."""
    return any(
        other.text != source.text
        and len(about & other.roots) >= _NEAR * len(about)
        and DENIAL.search(other.text)
        for other in pair.context
    )


def _is_condition(finding: Finding, source: Reading, pair: Pair) -> bool:
    """Tell a 'not' of the source that is only supposed: 'if water cannot get it clean'."""
    if finding.kind != "negation" or _CONDITION.search(pair.claim.text):
        return False
    condition = _CONDITION.search(source.text)
    denial = DENIAL.search(source.text)
    return bool(condition and denial and condition.start() < denial.start())
