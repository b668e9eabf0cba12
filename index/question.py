"""Understands a question as words and a vector can be looked for: what is asked for, and how it may be written.

question ──phrases in quotes──▶ must stand in the text
         ──content words, each language's stems──▶ words of the text
         ──parts and runs of words──▶ words of names (path and title)
         ──acronyms that readable documents define──▶ the other form, at a lower weight
         ──words that no readable document has──▶ the nearest word that one has
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from core.function_words import without_function_words
from index.analysis import name_runs, name_terms, text_terms, words_in_order

_QUOTED = re.compile(
    r"\"([^\"\n]{2,200})\"|“([^”\n]{2,200})”|«([^»\n]{2,200})»|„([^“”\n]{2,200})[“”]"
)
_MAX_PHRASES = 4
_EXPANSION_WEIGHT = 0.5
_CORRECTION_WEIGHT = 0.8
_OTHER_STEM_WEIGHT = 0.9
_MAX_EXPANSIONS = 4
_ASKED_AT_ONCE = 8
"""Words near a misspelt one that the store is asked about together; nearly always the first is readable."""
_MAX_CORRECTED = 3
"""Words that are compared with the vocabulary, 16 ms each among 200,000: a question may have 600 nonsense ones."""


@dataclass(frozen=True, slots=True)
class ReadQuestion:
    """A question in parts.

    `text` is what is embedded; `terms` and `name_terms` map analysed words to weights, `name_runs` words run
    together to the words they consist of; `expansions` and
    `corrections` are (written, added) pairs, for people who ask why something was found.
    """

    text: str
    terms: Mapping[str, float]
    name_terms: Mapping[str, float]
    name_runs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    phrases: tuple[tuple[str, ...], ...] = ()
    expansions: tuple[tuple[str, str], ...] = ()
    corrections: tuple[tuple[str, str], ...] = field(default=())


def read_question(
    question: str,
    languages: Sequence[str],
    expansions: Iterable[tuple[str, str]] = (),
    counts: Callable[[Iterable[str]], Mapping[str, int]] | None = None,
) -> ReadQuestion:
    """Return the parts of a question.

    `languages` are those of the documents, one for each stemmer; `expansions` the acronyms and long forms
    among its words with their other form; `counts` returns how many chunks have each of some words that the asker
    may read somewhere, and decides between the stems that several languages give one word.
    """
    added = tuple(expansions)[:_MAX_EXPANSIONS]
    content = without_function_words(question)
    terms = _terms(content, languages, counts)
    for _, other in added:
        for term in _terms(other, languages, counts):
            terms.setdefault(term, _EXPANSION_WEIGHT)
    names = dict.fromkeys(
        (term for language in languages for term in name_terms(content, language)), 1.0
    )
    runs = {
        glued: parts
        for language in languages
        for glued, parts in name_runs(content, language).items()
    }
    text = f"{question} ({', '.join(other for _, other in added)})" if added else question
    return ReadQuestion(text, terms, names, runs, _phrases(question, languages), added)


def corrected(
    read: ReadQuestion,
    readable: Callable[[Sequence[str]], set[str]],
    similar: Callable[[str], list[str]],
) -> ReadQuestion:
    """Add the nearest readable word for each word that stands in no readable text.

    `readable` returns those of some words that the asker may read somewhere: what is suggested is a word that
    this person could have found.
    """
    asked = [term for term, weight in read.terms.items() if weight == 1.0]
    known = readable(asked)
    unknown = [term for term in asked if term not in known]
    # A question whose words are mostly unknown is not misspelt, it is about something else.
    if len(unknown) > max(2, 2 * len(asked) // 3):
        return read
    unknown = unknown[:_MAX_CORRECTED]
    corrections = []
    terms = dict(read.terms)
    for term in unknown:
        best = _first_readable(similar(term), readable)
        if best is not None:
            terms.setdefault(best, _CORRECTION_WEIGHT)
            corrections.append((term, best))
    if not corrections:
        return read
    return replace(read, terms=terms, corrections=tuple(corrections))


def _first_readable(
    candidates: Sequence[str], readable: Callable[[Sequence[str]], set[str]]
) -> str | None:
    """Return the first word that is readable: no number of forbidden ones before it hides it."""
    for start in range(0, len(candidates), _ASKED_AT_ONCE):
        some = candidates[start : start + _ASKED_AT_ONCE]
        allowed = readable(some)
        for word in some:
            if word in allowed:
                return word
    return None


def _terms(
    text: str,
    languages: Sequence[str],
    counts: Callable[[Iterable[str]], Mapping[str, int]] | None,
) -> dict[str, float]:
    """Return each word once, by its most frequent stem; other stems that there are follow at a lower weight."""
    readings = [text_terms(text, language) for language in languages]
    if len(readings) == 1:
        return dict.fromkeys(readings[0], 1.0)
    # Where all languages agree there is nothing to decide.
    doubtful = [
        stem for stems in zip(*readings, strict=True) if len(set(stems)) > 1 for stem in stems
    ]
    found = counts(doubtful) if counts and doubtful else dict.fromkeys(doubtful, 1)
    terms: dict[str, float] = {}
    # The same words in each reading: languages differ in stems, not in where words end.
    for stems in zip(*readings, strict=True):
        # Equals stay in the order of the languages; a set's order differs between two processes.
        known = sorted(
            dict.fromkeys(stem for stem in stems if stem in found), key=lambda stem: -found[stem]
        )
        for place, stem in enumerate(known or stems[:1]):
            terms.setdefault(stem, 1.0 if place == 0 else _OTHER_STEM_WEIGHT)
    return terms


def _phrases(question: str, languages: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """Return quoted runs of words as they are indexed.

    With several languages a phrase is taken in the first one's stems: a phrase that no text has is asked for
    again without the quotes, so nothing is lost.
    """
    found = [next(part for part in match.groups() if part) for match in _QUOTED.finditer(question)]
    analysed = (tuple(words_in_order(part, languages[0])) for part in found[:_MAX_PHRASES])
    return tuple(phrase for phrase in analysed if phrase)
