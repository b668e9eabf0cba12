"""Finds the acronyms that documents define themselves: `paid time off (PTO)`, `PTO (paid time off)`; pure.

The letters decide, after Schwartz and Hearst, A Simple Algorithm for Identifying Abbreviation Definitions in
Biomedical Text (2003), in its strict form: each letter of the acronym starts a word of the long form, in order,
and only function words may be passed over. The loose form takes more and is wrong more often.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core.function_words import content_words

_SHORT = r"[A-Z][A-Z0-9&/-]{0,8}[A-Z0-9]s?"
_BEHIND = re.compile(rf"\(\s*[\"“']?({_SHORT})[\"”']?\s*\)")
# Blanks inside the brackets are not named one by one: 20,000 of them took 55 s.
_BEFORE = re.compile(rf"\b({_SHORT})\s*\(([^()\n]{{4,80}})\)")
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_MAX_WORDS = 12
_LINKING = frozenset(("a", "an", "and", "at", "by", "for", "from", "in", "of", "on", "or", "the", "to", "with",
                      "und", "der", "die", "das", "für", "de", "la", "el", "del", "y", "et", "du", "des", "les"))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Acronym:
    """A short form in lower case and the words that it stands for, in lower case with single blanks."""

    short: str
    long: str


def find_acronyms(text: str) -> list[Acronym]:
    """Return the acronyms that a text defines, each once, in order."""
    found: dict[Acronym, None] = {}
    for match in _BEHIND.finditer(text):
        words = _WORD.findall(text[max(0, match.start() - 160) : match.start()])
        _take(match.group(1), _suffix_that_fits(match.group(1), words), found)
    for match in _BEFORE.finditer(text):
        words = _WORD.findall(match.group(2))
        fits = len(words) <= _MAX_WORDS and spells(words, match.group(1))
        _take(match.group(1), words if fits else [], found)
    return list(found)


def spells(words: Sequence[str], short: str) -> bool:
    """Return whether the first letters of some words, linking words aside, are the letters of an acronym."""
    letters = _letters(short)
    initials = [word[0].casefold() for word in words if word.casefold() not in _LINKING]
    return len(letters) > 1 and (
        initials == letters or [word[0].casefold() for word in words] == letters
    )


def word_runs(question: str, max_words: int = 6) -> list[str]:
    """Return every run of 1 to `max_words` words of a question, as long forms and acronyms are written."""
    # The s of a plural is no letter of an acronym: SLAs.
    words = [re.sub(r"^([A-Z]{2,})s$", r"\1", word).casefold() for word in _WORD.findall(question)]
    telling = set(content_words(question).casefold().split())
    return [
        " ".join(words[start : start + size])
        for size in range(1, max_words + 1)
        for start in range(len(words) - size + 1)
        if size > 1 or words[start] in telling or f"{words[start]}s" in telling
    ]


def _suffix_that_fits(short: str, words: Sequence[str]) -> Sequence[str]:
    """The fewest words before the bracket that spell the acronym."""
    for size in range(2, min(_MAX_WORDS, len(words)) + 1):
        if words[-size].casefold() not in _LINKING and spells(words[-size:], short):
            return words[-size:]
    return []


def _take(short: str, words: Sequence[str], found: dict[Acronym, None]) -> None:
    if words:
        found[Acronym(_plain(short), " ".join(words).casefold())] = None


def _plain(short: str) -> str:
    return "".join(_letters(short))


def _letters(short: str) -> list[str]:
    # The s of a plural is no letter of the long form: SLAs.
    return [
        letter.casefold() for letter in re.sub(r"(?<=[A-Z0-9])s$", "", short) if letter.isalnum()
    ]


def expansions_of(runs: Iterable[str], known: Iterable[Acronym]) -> list[tuple[str, str]]:
    """Return (words of the question, what they also are called) for acronyms and long forms among `runs`."""
    present = set(runs)
    pairs: dict[tuple[str, str], None] = {}
    for acronym in known:
        if acronym.short in present:
            pairs[acronym.short, acronym.long] = None
        if acronym.long in present:
            pairs[acronym.long, acronym.short] = None
    return list(pairs)
