"""Orders the documents that were found as the question asks: the newest version first, or the one it names; pure.

    names and metadata -> VersionFacts -> families -> Ordering: a score and reasons for each document

Siblings are never placed below another. Nothing is removed: what was superseded stands just below what replaced
it, and what is put first can be seen with its reason. All documents given may be read by whoever asks; the caller
sees to that.
"""

import re
from collections.abc import Sequence
from datetime import date
from functools import cmp_to_key
from itertools import pairwise

from core.function_words import content_words
from index.asked_time import TimeAsked, time_asked
from index.document_names import TOKEN
from index.families import are_related, compare_age, is_weak, says_it_replaces
from index.version_facts import VersionFacts, facts_of
from index.version_order import OrderedDocument, Ordering, OrderingRules, Placing, RankedDocument
from index.version_weights import (
    is_named_after,
    understood,
    weigh_age,
    weigh_periods,
    weigh_variants,
    weigh_versions,
)

__all__ = [
    "OrderedDocument",
    "Ordering",
    "OrderingRules",
    "RankedDocument",
    "VersionFacts",
    "facts_of",
    "order_versions",
]

_BELOW = 1e-6
"""How far below another a score is put: only the order matters."""
_ROOT_CHARS = 5


def order_versions(
    question: str, ranked: Sequence[RankedDocument], rules: OrderingRules | None = None
) -> Ordering:
    """Return the documents in the order that the question asks for; the order they are given in does not count.

    Scores stay in [0, 1]. A document about which neither name nor metadata say anything keeps its score.
    """
    rules = rules or OrderingRules()
    asked = time_asked(question)
    words = _roots(content_words(question))
    found_in = re.compile(rf"\b(?:{'|'.join(map(re.escape, sorted(words)))})" if words else r"(?!)")
    documents = [
        Placing(
            document.facts,
            document.score,
            document.score,
            frozenset(found_in.findall(document.text.casefold())),
        )
        for document in sorted(ranked, key=lambda document: (-document.score, document.doc_id))
    ]
    asked = understood(asked, documents)
    weigh_variants(question, documents, rules)
    if asked.versions:
        weigh_versions(asked, documents, rules)
    elif asked.periods and asked.relation != "since":
        weigh_periods(asked, documents, rules)
    elif asked.wants in ("any", "current"):
        weigh_age(question, documents, rules)
    for family in _families(documents):
        _place(asked, family, words, rules)
    ordered = sorted(documents, key=lambda d: (-d.score, -d.found_score, d.facts.doc_id))
    return Ordering(
        tuple(
            OrderedDocument(d.facts.doc_id, d.score, d.superseded_by, tuple(d.reasons))
            for d in ordered
        )
    )


def _families(documents: Sequence[Placing]) -> list[list[Placing]]:
    """Group the documents: each with those after it that are versions of it; groups of one are left out."""
    left = list(documents)
    families = []
    while left:
        head, *rest = left
        family = [head]
        left = []
        for document in rest:
            (family if are_related(head.facts, document.facts) else left).append(document)
        if len(family) > 1:
            families.append(family)
    return families


def _place(
    asked: TimeAsked, family: list[Placing], asked_words: frozenset[str], rules: OrderingRules
) -> None:
    """Put the version that is asked for first, and the others below it."""
    newest_first = sorted(family, key=cmp_to_key(_compared))
    for newer, older in pairwise(newest_first):
        if compare_age(newer.facts, older.facts) < 0 and not older.facts.is_record:
            older.superseded_by = newer.facts.doc_id
    wanted, reason = _wanted_version(asked, newest_first, rules)
    if wanted is not None:
        _lead(wanted, [d for d in family if d is not wanted], reason)
    elif not asked.versions and not (asked.periods and asked.relation != "since"):
        _newest_leads(newest_first, asked_words, rules)


def _compared(first: Placing, second: Placing) -> int:
    return compare_age(first.facts, second.facts)


def _wanted_version(
    asked: TimeAsked, newest_first: Sequence[Placing], rules: OrderingRules
) -> tuple[Placing | None, str]:
    """Return the version of a family that the question names, and why it is that one."""
    if asked.versions:
        meant = [
            d
            for d in newest_first
            if d.facts.version and any(d.facts.version.matches(v) for v in asked.versions)
        ]
        return _best(meant), "the version asked for"
    if asked.periods and asked.relation != "since":
        return _of_that_time(asked, newest_first)
    earlier, reason = _earlier_version(asked, newest_first)
    # Words such as 'originally' may speak of the matter and not of the document.
    least = rules.about_share * max(d.found_score for d in newest_first)
    is_about = earlier is not None and earlier.found_score >= least
    return (earlier, reason) if is_about else (None, "")


def _of_that_time(asked: TimeAsked, newest_first: Sequence[Placing]) -> tuple[Placing | None, str]:
    if asked.relation == "in":
        named = [d for d in newest_first if is_named_after(asked, d.facts)]
        if named:
            return _best(named), "named after the time asked for"
        last = max(period.last for period in asked.periods)
        in_force = [d for d in newest_first if d.facts.effective and d.facts.effective <= last]
    else:
        first = min(period.first for period in asked.periods)
        in_force = [d for d in newest_first if d.facts.effective and d.facts.effective < first]
    latest = max(in_force, key=lambda d: d.facts.effective or date.min, default=None)
    return latest, "in force at the time asked for"


def _earlier_version(
    asked: TimeAsked, newest_first: Sequence[Placing]
) -> tuple[Placing | None, str]:
    earlier = [d for d in newest_first[1:] if compare_age(newest_first[0].facts, d.facts) < 0]
    if not earlier:
        return None, ""
    if asked.wants == "original":
        return earlier[-1], "the first version"
    if asked.wants == "previous":
        return earlier[0], "the version before the newest"
    if asked.wants == "old":
        return _best(earlier), "an earlier version, as asked"
    return None, ""


def _best(documents: Sequence[Placing]) -> Placing | None:
    return max(documents, key=lambda d: (d.score, d.found_score), default=None)


def _lead(leader: Placing, others: Sequence[Placing], reason: str) -> None:
    leader.score = max(leader.score, *(d.score for d in others))
    leader.reasons.append(reason)
    for other in others:
        if other.score > leader.score - _BELOW:
            other.score = max(0.0, leader.score - _BELOW)
            other.reasons.append(f"below {leader.facts.label!r}, {reason}")


def _newest_leads(
    newest_first: Sequence[Placing], asked_words: frozenset[str], rules: OrderingRules
) -> None:
    """Walk from the newest to the oldest: each goes before all older ones if it is about the question."""
    for position, newer in enumerate(newest_first[:-1]):
        older = [
            d for d in newest_first[position + 1 :] if _goes_below(d, newer, asked_words, rules)
        ]
        better = [d for d in older if d.score > newer.score - _BELOW]
        if not better:
            continue
        newer.score = max(newer.score, *(d.score for d in better))
        newer.reasons.append(f"newer than {better[0].facts.label!r}")
        for number, document in enumerate(better, start=1):
            document.score = max(0.0, newer.score - number * _BELOW)
            document.reasons.append(_superseded(document.facts, newer.facts))


def _goes_below(
    older: Placing, newer: Placing, asked_words: frozenset[str], rules: OrderingRules
) -> bool:
    if compare_age(newer.facts, older.facts) >= 0:
        return False
    if says_it_replaces(newer.facts, older.facts):
        return True
    named = _roots(" ".join((*older.facts.name.spoken, *newer.facts.name.spoken)))
    only_older = older.answering - newer.answering - named
    if len(only_older) >= max(2.0, rules.silent_share * len(asked_words - named)):
        return False
    is_sure = not (older.facts.is_record or is_weak(older.facts, newer.facts))
    share = rules.about_share if is_sure else rules.nearly_share
    return newer.found_score >= share * older.found_score


def _roots(text: str) -> frozenset[str]:
    """Return the first letters of the words of a text, which inflection leaves alone in most languages."""
    return frozenset(token[:_ROOT_CHARS] for token in TOKEN.findall(text.casefold()))


def _superseded(older: VersionFacts, newer: VersionFacts) -> str:
    if older.is_record:
        return f"{newer.label!r} is later"
    since = f", effective {newer.effective}" if newer.effective else ""
    if newer.version and older.version and newer.version.is_newer(older.version):
        since = f", version {newer.version}"
    return f"superseded by {newer.label!r}{since}"
