"""Compares names, identifiers and quoted words of a claim with its evidence; pure.

A name that stands nowhere in the passages is invented. One that stands elsewhere in them is put for another only when
the evidence has a rival in the same role: beside the same words.
"""

import re
from collections.abc import Iterator

from app.grounding.findings import Finding
from app.grounding.pairing import Pair
from app.grounding.reading import Marked, Reading, normal, root
from core.function_words import content_words

_LEAST_COVERAGE = 0.5
_NEIGHBOURS = 2
_PREFIX = 4
_COMMON = frozenset(
    ("yes", "no", "ja", "nein", "ok", "oui", "sí", "answer", "note", "source", "question", "please")
)


def compare_names(pair: Pair) -> Iterator[Finding]:
    """Yield a finding for each name of the claim that is invented, or stands where the evidence has another."""
    for own in pair.claim.names:
        if own.is_first and not _is_name_elsewhere(own, pair):
            continue
        if _stands_in(own, pair.evidence_words) or _stands_in(own, pair.question.words):
            continue
        if own.key in _COMMON or _is_short_for(own, pair):
            continue
        finding = _missing(pair, own)
        if finding:
            yield finding


def _missing(pair: Pair, own: Marked) -> Finding | None:
    known = _stands_in(own, pair.context_words)
    if known and pair.elsewhere(lambda s: _stands_in(own, s.words)):
        return None
    rival = _rival(own, pair)
    if rival and pair.coverage >= _LEAST_COVERAGE:
        other, sentence = rival
        text = f"The answer says {own.text}; the source says {other.text}."
        return Finding("name", "contradicted", own.start, own.end, text, sentence.text)
    if known or own.is_first:
        return None
    return Finding("name", "unsupported", own.start, own.end, f"No source names {own.text}.")


def _rival(own: Marked, pair: Pair) -> tuple[Marked, Reading] | None:
    """Return a name of the evidence that the claim lacks and that has the same words beside it, and its sentence."""
    beside = _beside(pair.claim.text, own)
    for sentence in sorted(pair.evidence, key=pair.claim.covered_by, reverse=True):
        for other in sentence.names:
            if _stands_in(other, pair.claim.words) or _stands_in(other, pair.question.words):
                continue
            if beside & _beside(sentence.text, other):
                return other, sentence
    return None


def _beside(text: str, marked: Marked) -> frozenset[str]:
    """Return the roots of the telling words right before and after a name."""
    before = _telling(text[max(0, marked.start - 60) : marked.start])[-_NEIGHBOURS:]
    after = _telling(text[marked.end : marked.end + 60])[:_NEIGHBOURS]
    return frozenset(before + after)


def _telling(text: str) -> list[str]:
    kept = content_words(text).split()
    return [root(word) for word in kept if word[:1].isalpha() and content_words(f"{word} x") != "x"]


def _stands_in(name: Marked, words: frozenset[str]) -> bool:
    """Whether words have a name, in any form: Germany's, German."""
    if name.key in words:
        return True
    parts = [part for part in re.split(r"[-&'’]", name.key) if part]
    if len(parts) > 1 and all(part in words for part in parts):
        return True
    stem = root(name.key)
    long = len(name.key) > _PREFIX
    return any(
        root(word) == stem or (long and len(word) > _PREFIX and _akin(word, name.key))
        for word in words
    )


def _akin(word: str, name: str) -> bool:
    """Norway and Norwegian, Germany and German: the same beginning, as long as the shorter one less two."""
    shared = min(len(word), len(name)) - 2
    return shared >= _PREFIX and word[:shared] == name[:shared]


def _is_name_elsewhere(own: Marked, pair: Pair) -> bool:
    """Whether a word that begins a sentence has its capital inside another sentence too."""
    return re.search(rf"(?<=[a-z,] ){re.escape(own.text)}\b", pair.context_text) is not None or any(
        other.key == own.key and not other.is_first for s in pair.evidence for other in s.names
    )


def _is_short_for(own: Marked, pair: Pair) -> bool:
    """Whether capitals are the first letters of words in the evidence, or a word is one of a spelled-out name."""
    letters = own.text.replace(".", "")
    if not letters.isupper() or not 2 <= len(letters) <= 6:
        return False
    joint = r"\W{1,3}(?:(?:of|the|and|for|in)\W{1,3})?"
    pattern = joint.join(rf"{re.escape(letter)}\w{{0,30}}" for letter in letters)
    return re.search(rf"\b{pattern}", pair.context_text, re.I) is not None


def compare_identifiers(pair: Pair) -> Iterator[Finding]:
    """Yield a finding for each identifier (POL-12, AquaSense 3, an address) that the evidence does not have."""
    offered = [other for sentence in pair.evidence for other in sentence.identifiers]
    for own in pair.claim.identifiers:
        if any(_is_same(own, other) for other in offered) or _has_key(own, pair.question):
            continue
        if pair.elsewhere(lambda s, own=own: _has_key(own, s)):  # type: ignore[misc]
            continue
        rival = next((other for other in offered if _is_of_kind(own, other, pair)), None)
        if rival:
            text = f"The answer says {own.text}; the source says {rival.text}."
            yield Finding("identifier", "contradicted", own.start, own.end, text)
        elif own.key not in " ".join(pair.lowered_context.split()):
            yield Finding(
                "identifier", "unsupported", own.start, own.end, f"No source has {own.text}."
            )


def _has_key(own: Marked, sentence: Reading) -> bool:
    return (
        any(_is_same(own, other) for other in sentence.identifiers)
        or own.key in sentence.text.casefold()
    )


def _is_same(own: Marked, other: Marked) -> bool:
    a, b = (re.sub(r"[\s_-]", "", marked.key) for marked in (own, other))
    return a == b


def _is_of_kind(own: Marked, other: Marked, pair: Pair) -> bool:
    """Whether two identifiers name things of one kind: the same letters with another number."""
    a, b = (re.sub(r"[\d.]+.*$", "", marked.key).strip(" -_") for marked in (own, other))
    if any(_is_same(mine, other) for mine in pair.claim.identifiers):
        return False
    return a == b


def compare_quotes(pair: Pair) -> Iterator[Finding]:
    """Yield a finding for each quotation of three words and more that no passage has word for word."""
    if not pair.claim.quotes:
        return
    sources = [normal(sentence.text) for sentence in pair.evidence]
    sources += [normal(pair.context_text), normal(pair.question.text)]
    for own in pair.claim.quotes:
        if len(own.key.split()) >= 3 and not any(own.key in source for source in sources):
            text = f"No source has the quoted words “{own.text}”."
            yield Finding("quote", "unsupported", own.start, own.end, text)
