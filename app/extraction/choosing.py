"""Chooses what is quoted: as many sentences as the answer is uncertain, whole lists, nothing said twice.

Sentences are taken best first until their shares reach `_ENOUGH`: where one sentence is clearly the best it stands
alone, where four could be meant all four do. On XQuAD's odd paragraphs that quotes the gold answer for as many
questions as three sentences always would, in two thirds of the words (docs/evaluation.md).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from app.extraction.lists import SentenceList, list_around
from app.extraction.ranking import RankedPart, RankedSentence, Ranking
from app.question_words import QuestionKind, asks_for_list
from app.sentences import Sentence, quotable
from core.answers import Passage

_ENOUGH = 0.9
"""Even paragraphs of XQuAD: .88 quotes the gold answer for .943 in 48 words, .90 for .943 in 50, .94 for .946 in 54;
odd ones: .945 in 53, .951 in 56, .955 in 58."""
_MOST_SENTENCES = 4
_MOST_WORDS = 130
"""With .943 and .951 of the gold answers on the even and odd paragraphs; 110 has .939 and .938 in as many words at the
median: long sentences are quoted for hard questions only."""
_LEAST_SHARE = 0.05
"""A sentence less likely than this is not worth reading: .03 finds .949 on the even paragraphs, but in 56 words."""
_MEASURED: frozenset[QuestionKind] = frozenset(("duration", "number", "date"))
_MEASURE_AMONG = 10
_TABLE_RATIO = 0.25
"""A further table row must have this part of the best row's share: the rows beside it look much alike."""
_ALIKE = 0.8
_TELLING_APART = re.compile(
    r"\d+(?:[.,]\d+)*|\b(?:not?|never|none|neither|nor|without|except|\w+n['’]t)\b"
)
"""Two sentences that differ in one of these do not say the same, however alike they look."""
_PRONOUN = re.compile(r"\W{0,3}(?:he|she|it|they|this|these|those|both|its|their)\b", re.I)
_ANTECEDENT_WORDS = 25
_WORDS = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Quoted:
    """A sentence that is quoted; `as_item` says that it is shown as an item of a list, with its mark."""

    sentence: Sentence
    as_item: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """What is quoted, in the order in which it is shown; `left_out` counts items of a list beyond the bound."""

    quoted: tuple[Quoted, ...]
    left_out: int = 0


def choose(ranking: Ranking, passages: Sequence[Passage]) -> Choice:
    """Return what answers a question; nothing when there is no sentence."""
    if not ranking.whole.sentences:
        return Choice(())
    every = quotable(passages)
    chosen = _Chosen()
    for part in ranking.parts:
        _take_part(chosen, part, every, asks_for_list(part.asked.text))
    return Choice(_in_reading_order(chosen.quoted), chosen.left_out)


class _Chosen:
    """What was taken so far, without repeating anything."""

    def __init__(self) -> None:
        self.quoted: list[Quoted] = []
        self.words = 0
        self.left_out = 0
        self._read: list[tuple[str, frozenset[str], frozenset[str]]] = []

    def holds(self, sentence: Sentence) -> bool:
        """Whether a sentence was taken already, or one that says the same with the same numbers."""
        plain, words, marks = _reading(sentence)
        return any(
            plain in other or (marks == other_marks and _alike(words, other_words))
            for other, other_words, other_marks in self._read
        )

    def add(self, sentence: Sentence, *, as_item: bool = False) -> None:
        self.quoted.append(Quoted(sentence, as_item))
        self._read.append(_reading(sentence))
        self.words += len(sentence.plain.split())


def _take_part(
    chosen: _Chosen, part: RankedPart, every: Sequence[Sentence], wants_list: bool
) -> None:
    reached = 0.0
    words_before = chosen.words
    for taken, item in enumerate(part.sentences[:_MOST_SENTENCES]):
        words = chosen.words - words_before + len(item.sentence.plain.split())
        if reached >= _ENOUGH or (taken and (words > _MOST_WORDS or not _is_worth(item, part))):
            break
        reached += item.share
        if chosen.holds(item.sentence):
            continue
        antecedent = None if taken else _antecedent(item.sentence, every)
        if antecedent is not None and not chosen.holds(antecedent):
            chosen.add(antecedent)
        if _take(chosen, item.sentence, every, wants_list) and wants_list:
            break  # the list is the answer; what else scores well is usually about its items
    if part.asked.kind in _MEASURED and not wants_list:
        _take_measure(chosen, part)


def _take_measure(chosen: _Chosen, part: RankedPart) -> None:
    """Take the sentence beside the best one that has the number or date asked for, where none that was taken has it."""
    taken = {item.sentence.position for item in chosen.quoted}
    best = part.sentences[0].sentence.passage
    near = part.sentences[:_MEASURE_AMONG]
    having = [item for item in near if item.candidate.features["kind"]]
    if any(item.sentence.position in taken for item in having):
        return
    for item in having:
        if item.sentence.passage is best:
            chosen.add(item.sentence, as_item=item.sentence.in_list and bool(item.sentence.mark))
            return


def _antecedent(sentence: Sentence, every: Sequence[Sentence]) -> Sentence | None:
    """Return the sentence before one that begins with a pronoun: 'It is paid in March' does not say what is."""
    if sentence.position == 0 or not _PRONOUN.match(sentence.plain):
        return None
    before = every[sentence.position - 1]
    beside = before.passage is sentence.passage and before.element == sentence.element
    return before if beside and len(before.plain.split()) <= _ANTECEDENT_WORDS else None


def _take(chosen: _Chosen, sentence: Sentence, every: Sequence[Sentence], wants_list: bool) -> bool:
    """Take a sentence, or the list that it belongs to; return whether it was a list."""
    found = list_around(sentence, every)
    if found is not None and (wants_list or not sentence.in_list):
        _take_list(chosen, found, sentence)
        return True
    if found is not None and found.lead is not None and not chosen.holds(found.lead):
        chosen.add(found.lead)
    chosen.add(sentence, as_item=sentence.in_list and bool(sentence.mark))
    return False


def _is_worth(item: RankedSentence, part: RankedPart) -> bool:
    best = part.sentences[0]
    if item.sentence.in_table and best.sentence.in_table:
        return item.share >= _TABLE_RATIO * best.share
    return item.share >= _LEAST_SHARE


def _take_list(chosen: _Chosen, found: SentenceList, inside: Sentence) -> None:
    lead = inside if not inside.in_list else found.lead
    if lead is not None and not chosen.holds(lead):
        chosen.add(lead)
    for item in found.items:
        chosen.add(item, as_item=True)
    chosen.left_out += found.left_out


def _reading(sentence: Sentence) -> tuple[str, frozenset[str], frozenset[str]]:
    plain = sentence.plain.casefold()
    return plain, frozenset(_WORDS.findall(plain)), frozenset(_TELLING_APART.findall(plain))


def _alike(first: frozenset[str], second: frozenset[str]) -> bool:
    return len(first & second) >= _ALIKE * len(first | second)


def _in_reading_order(quoted: Sequence[Quoted]) -> tuple[Quoted, ...]:
    """The passage of the best sentence first, then the others as they were found; each in its own order."""
    places: dict[int, int] = {}
    for item in quoted:
        places.setdefault(item.sentence.passage.marker, len(places))
    return tuple(
        sorted(
            quoted,
            key=lambda item: (places[item.sentence.passage.marker], item.sentence.position),
        )
    )
