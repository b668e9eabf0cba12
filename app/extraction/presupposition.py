"""What a question takes for granted, as a claim that is compared with what the documents say; pure.

'Why was the 30-day return policy cancelled?' takes for granted that it was cancelled; 'Who approved the 20 % bonus?'
that a bonus of 20 % was approved. A question that may be answered with no ('Is remote work forbidden?') takes nothing
for granted beyond the values it names. Precision comes first: a sentence must be about the claim, and a value that
any passage has is no false premise.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from app.grounding.facts import FactKind, compare
from core.function_words import content_words

_MOST_SENTENCES = 4
_MOST_CHARS = 400
_SAME_SUBJECT = 0.5
"""A sentence speaks of the same thing when it has at least half of the claim's content words."""
_WHOLE_SUBJECT = 0.75
"""Where nothing contradicts, a sentence must have this part of the words to be of the same thing."""
_STEM = 5

_VALUES: frozenset[FactKind] = frozenset(("amount", "percentage", "number", "unit"))
_COUNTS: frozenset[FactKind] = frozenset(("number", "unit"))
_STATEMENTS: frozenset[FactKind] = frozenset(("negation", "comparison", "obligation"))

_CLAUSE = re.compile(
    r"^\W{0,5}(?:why|how come|since when|until when|when|where|for what reason)\s+"
    r"(?:(do|does|did)|(is|are|was|were|has|have|had|can|may|must|should|will))\s+(.{3,300}?)[\s?!.…]{0,5}$",
    re.I | re.S,
)
_REST = re.compile(
    r"^\W{0,5}(?:who(?:m|se)?|what|which|when|where|why|how(?: many| much| long| often)?)\s+(.{3,300}?)[\s?!.…]{0,5}$",
    re.I | re.S,
)
_YES_NO = re.compile(
    r"^\W{0,5}(?:is|are|was|were|do|does|did|can|could|may|must|should|will|would|has|have|had|am|shall)\b",
    re.I,
)
_DEFINITE_VALUE = re.compile(r"\b(?:the|our|this|that|my|their|its) (?:[\w-]{1,20} ){0,2}?\d", re.I)
_PREDICATE = re.compile(
    r"\s(?=(?:not|no longer|never|only|always|allowed|forbidden|able|required|mandatory|optional|free|closed|open|"
    r"\w{2,20}(?:ed|en))\b)",
    re.I,
)
_VALUE = re.compile(r"\d")
_WORD = re.compile(r"\w+")
_MEASURED = re.compile(r"\d[\s-]?[^\W\d]{3,}")
_ENDED = re.compile(
    r"\b(?:cancel\w{0,6}|abolish\w{0,3}|discontinu\w{1,4}|scrap(?:ped)?|revok\w{1,3}|repeal\w{0,3}|withdr[ae]w\w{0,3}|"
    r"abandon\w{0,3}|terminat\w{1,4}|suspend\w{0,3}|remov\w{1,3}|end(?:ed)?|stop(?:ped)?|drop(?:ped)?)\b",
    re.I,
)
_GOES_ON = re.compile(
    r"\b(?:remains?|continues?|stays?) (?:\w{1,15} ){0,2}(?:in force|in effect|in place|valid|available|unchanged|"
    r"applicable|open|active)\b|\b(?:is|are) still\b|\b(?:continues?) to\b|\bstill (?:appl\w{1,3}|exists?|valid|offers?)\b|"
    r"\bwas (?:not|never) (?:cancel\w{2,4}|abolished|discontinued|withdrawn|removed|ended|stopped)\b",
    re.I,
)


@dataclass(frozen=True, slots=True)
class _Premise:
    """What is taken for granted, and which differences from the documents say that it is wrong."""

    claim: str
    kinds: frozenset[FactKind]


def false_premise(question: str, sentences: Sequence[str], context: str = "") -> str | None:
    """Return a note on what a question takes for granted and a sentence contradicts; None where none does.

    `sentences` are the best ones for the question, best first; `context` is all that was found, whose values no
    question gets wrong.
    """
    premise = _premise(question[:_MOST_CHARS])
    if premise is None:
        return None
    for sentence in sentences[:_MOST_SENTENCES]:
        if not _same_subject(premise.claim, sentence):
            continue
        if _GOES_ON.search(sentence) and _ENDED.search(premise.claim):
            return _note(f"“{premise.claim}”", sentence)
        for finding in compare(premise.claim, sentence, context or "\n".join(sentences)):
            # Asked beyond the premise, a question shares fewer words: it is enough that the sentence has a rival.
            has_rival = finding.verdict == "contradicted" or finding.source == sentence
            if not has_rival or finding.kind not in premise.kinds:
                continue
            if finding.kind in _STATEMENTS:
                return _note(f"“{premise.claim}”", sentence)
            said = premise.claim[finding.start : finding.end].strip()
            # A year, an ordinal or a bare count is rarely what a question rests on.
            measured = finding.kind not in _COUNTS or _MEASURED.search(said) is not None
            if measured and _speaks_of_same(premise.claim, finding.start, finding.end, sentence):
                return _note(f"“{said}”", sentence)
    return _unsaid_end(premise, sentences, context)


def _unsaid_end(premise: _Premise, sentences: Sequence[str], context: str) -> str | None:
    """Return a note when something is taken to have ended and nothing found says so, though it is spoken of."""
    if not premise.kinds >= _STATEMENTS or not _ENDED.search(premise.claim):
        return None
    if _ENDED.search(context) or any(_ENDED.search(sentence) for sentence in sentences):
        return None
    subject = set(_stems(_ENDED.sub(" ", premise.claim)))
    for sentence in sentences[:_MOST_SENTENCES]:
        if len(subject) > 1 and len(subject & set(_stems(sentence))) >= _WHOLE_SUBJECT * len(
            subject
        ):
            return (
                f"The question takes for granted that something has ended (“{premise.claim}”). None of the passages "
                f"found says so; they say: “{_shortened(sentence)}”"
            )
    return None


def _speaks_of_same(claim: str, start: int, end: int, sentence: str) -> bool:
    """Whether a sentence has the thing that a value is of: the word behind it, or the one before it at the end."""
    after = _stems(claim[end:])
    beside = after[:1] or _stems(claim[:start])[-1:]
    return bool(beside) and beside[0] in _stems(sentence)


def _note(granted: str, sentence: str) -> str:
    return f"The question takes {granted} for granted; the documents say otherwise: “{_shortened(sentence)}”"


def _shortened(sentence: str) -> str:
    words = " ".join(sentence.split())
    return words if len(words) <= _MOST_CHARS else f"{words[: _MOST_CHARS - 1]}…"


def _premise(question: str) -> _Premise | None:
    """Return the claim of a question; None when it takes nothing for granted that could be compared."""
    clause = _CLAUSE.match(question)
    if clause:
        helper, rest = clause.group(2), clause.group(3)
        claim = _declarative(rest, helper) if helper else rest
        return _Premise(claim, _VALUES | _STATEMENTS)
    if not _VALUE.search(question):
        return None
    if _YES_NO.match(question) and not _DEFINITE_VALUE.search(question):
        return None
    rest_of = _REST.match(question)
    claim = rest_of.group(1) if rest_of else question.strip(" ?")
    return _Premise(claim, _VALUES)


def _declarative(rest: str, helper: str) -> str:
    """Put the helping verb behind the subject: 'is remote work forbidden' becomes 'remote work is forbidden'."""
    found = _PREDICATE.search(rest)
    if found is None:
        return f"{helper} {rest}"
    return f"{rest[: found.start()]} {helper} {rest[found.end() :]}"


def _same_subject(claim: str, sentence: str) -> bool:
    asked = set(_stems(claim))
    return bool(asked) and len(asked & set(_stems(sentence))) >= _SAME_SUBJECT * len(asked)


def _stems(text: str) -> list[str]:
    """Return the starts of the content words of a text, in order, without values."""
    words = _WORD.findall(content_words(text)) if _WORD.search(text) else []
    return [word.casefold().removesuffix("s")[:_STEM] for word in words if not _VALUE.search(word)]
