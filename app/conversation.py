"""Turns a follow-up into a question that can be searched and answered on its own; pure.

    'and for contractors?'  the question before it, with the part that is asked anew put in its place
    'Who approves them?'    the follow-up, with the telling words of the question before it behind it
    'Which laptop …?'       stays: it has a subject of its own

The turns before are made standalone first, so that a third question still knows what the first was about. Only
questions are used, never answers: those hold words of documents that may not be readable any more.
"""

import re
from collections.abc import Sequence

from core.answers import Turn
from core.function_words import content_words

_REMEMBERED = 6
_FEW_WORDS = 2
"""A question with fewer telling words has no subject of its own: 'Why?', 'Since when?'."""
_MAX_CONTEXT_WORDS = 14
_OPENING = re.compile(
    r"^[\s¿]*(?:(?:and|but|or|so|ok|okay|also|then|now|und|aber|oder|auch|y|pero|o|et|mais|ou)\b[\s,]*)*"
    r"(?:(?:what|how) about\b|was ist mit\b|wie (?:ist|sieht) es mit\b|wie steht es um\b|¿?qué (?:hay|pasa) (?:de|con)\b|"
    r"qu['’]en est[- ]il (?:de|pour)\b)?[\s,]*",
    re.IGNORECASE,
)
_JOINED = re.compile(
    r"^[\s¿]*(?:and|but|or|so|also|what about|how about|und|aber|oder|was ist mit|wie (?:ist|sieht) es mit|y|pero|et|mais)\b",
    re.IGNORECASE,
)
_ASKS = re.compile(
    r"\b(?:who|whom|whose|what|which|when|where|why|how|wer|wen|wem|was|welche\w*|wann|wo|warum|wieso|wie|quién(?:es)?|"
    r"qué|cuál(?:es)?|cuándo|dónde|cómo|cuánt\w+|qui|que|quoi|quel(?:le)?s?|quand|où|pourquoi|comment|combien)\b"
    r"|^[\s¿]*(?:is|are|was|were|do|does|did|can|could|may|must|should|will|would|has|have|had|ist|sind|war|hat|haben|kann|"
    r"können|darf|muss|soll|gibt|es|son|hay|puedo|puede|tiene|est|sont|peut)\b",
    re.IGNORECASE,
)
_POINTS_BACK = re.compile(
    r"\b(?:it|its|that|this|they|them|their|theirs|those|these|he|she|him|his|hers?|one|ones|same|there|then|so"
    r"|dies\w*|das|jene\w*|dort|dafür|davon|dazu|deren|dessen|eso|esto|ello|ellos|ellas|allí|cela|ça|ceci|celui|celle|leur)\b",
    re.IGNORECASE,
)
_STATES = re.compile(
    r"\b(?:that|this|these|those) (?=\w)|\bthere (?:is|are|was|were|a|any)\b|\bis there\b|\bare there\b",
    re.IGNORECASE,
)
_PREPOSITION = re.compile(
    r"\b(?P<word>for|in|at|on|during|after|before|without|within|from|to|by|with|für|bei|im|in|nach|vor|ohne|während|para|"
    r"en|durante|sin|con|pour|dans|chez|pendant|sans|avec)\s",
    re.IGNORECASE,
)
_END = re.compile(r"[\s?!.¿¡]+$")
_WORD = re.compile(r"\w+(?:['’-]\w+)*")


def standalone_query(question: str, history: Sequence[Turn]) -> str:
    """Return what to search for and to answer; the question itself unless it leans on the turns before."""
    before = ""
    for turn in history[-_REMEMBERED:]:
        before = _standalone(turn.question, before)
    return _standalone(question, before)


def leans_back(question: str) -> bool:
    """Return whether a question cannot be understood without the one before it, as far as its words tell."""
    telling = _telling(question)
    if _JOINED.search(question) and len(telling) <= 2 * _FEW_WORDS + 2:
        return True
    if len(telling) < _FEW_WORDS or not _ASKS.search(question):
        return True
    pointers = _POINTS_BACK.findall(_STATES.sub(" ", question))
    named = [word for word in pointers if word.casefold() not in ("one", "so", "then", "das", "es")]
    return bool(named)


def _standalone(question: str, before: str) -> str:
    if not before or not leans_back(question):
        return question
    rest = _END.sub("", _OPENING.sub("", question, count=1))
    if rest and not _ASKS.search(rest):
        return _put_in_place(rest, before)
    return _with_context(question, before)


def _put_in_place(fragment: str, before: str) -> str:
    """Return the question before with the part that a fragment like 'for contractors' stands for exchanged."""
    asked = _END.sub("", before)
    match = _PREPOSITION.match(fragment + " ")
    if match is None:
        return f"{asked}: {fragment}?"
    same = [
        found
        for found in _PREPOSITION.finditer(asked)
        if found["word"].casefold() == match["word"].casefold()
    ]
    if not same:
        return f"{asked} {fragment}?"
    start = same[-1].start()
    following = _PREPOSITION.search(asked, same[-1].end())
    end = following.start() if following else len(asked)
    return f"{asked[:start]}{fragment} {asked[end:]}".strip() + "?"


def _with_context(question: str, before: str) -> str:
    """Return the question with the telling words of the one before it, which its pronouns stand for."""
    own = {word.casefold() for word in _WORD.findall(question)}
    added = [word for word in _telling(before) if word.casefold() not in own]
    if not added:
        return question
    return f"{_END.sub('', question)} ({' '.join(added[:_MAX_CONTEXT_WORDS])})?"


def _telling(question: str) -> list[str]:
    """Return the words of a question that say what it is about; [] where all are grammar."""
    words = content_words(question).split()
    return [] if words == question.split() and len(words) <= 1 and _ASKS.search(question) else words
