"""Whether citations exist, cover what is said, and support it (ALCE), and whether quoted words stand where they should.

ALCE asks a model whether passages entail a sentence. Here the caller gives that judgement, and names who made it in
the metric's name. What is mean over an answer's sentences here is then meant over answers.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from evals.metrics.texts import tokens

MOST_CITATIONS = 3
"""Of a sentence, as ALCE counts them: more than that is citing everything."""
_LEAST_WORDS = 3
_QUOTED = re.compile(
    r"\"([^\"\n]{3,2000})\"|“([^“”\n]{3,2000})”|„([^„“”\n]{3,2000})[“”]|«([^«»\n]{3,2000})»"
    r"|»([^«»\n]{3,2000})«|「([^「」\n]{3,2000})」"
)
_ODD_SIGNS = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-"})

Entails = Callable[[Sequence[str], str], bool]
"""Says whether passages, taken together, entail a sentence."""


@dataclass(frozen=True, slots=True)
class CitedSentence:
    """A factual sentence of an answer, without markers, and the markers that it cites, in order."""

    text: str
    citations: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class CitationScores:
    """ALCE's two scores of one answer, both in [0, 1]."""

    recall: float
    precision: float


@dataclass(frozen=True, slots=True)
class QuotedSpans:
    """How many quotations stand in a passage that their sentence cites, in another one only, and in none."""

    found: int
    misattributed: int
    not_found: int

    @property
    def match(self) -> float | None:
        """The share that stands where it is cited from, None for no quotation."""
        total = self.found + self.misattributed + self.not_found
        return self.found / total if total else None


def citation_validity(cited: Iterable[int], shown: Collection[int]) -> float | None:
    """Return the share of cited markers that name a passage which was shown; None for no citation."""
    markers = list(cited)
    return sum(marker in shown for marker in markers) / len(markers) if markers else None


def citation_coverage(sentences: Sequence[CitedSentence]) -> float | None:
    """Return the share of sentences with a citation; None for no sentence."""
    if not sentences:
        return None
    return sum(bool(sentence.citations) for sentence in sentences) / len(sentences)


def citation_scores(
    sentences: Sequence[CitedSentence], passages: Mapping[int, str], entails: Entails
) -> CitationScores | None:
    """Return citation recall and precision of one answer; None for one without a factual sentence.

    Recall: a sentence scores 1 if its first three citations together entail it, 0 without a citation or with one
    that names no passage; the mean over sentences. Precision: a citation scores 0 if its sentence does, or if it
    does not entail the sentence alone and the others do without it; otherwise 1; the mean over all citations, 0 for
    none. A marker that a sentence repeats counts once. (ALCE's own script leaves the citations of a sentence that
    cites no passage out of the precision's denominator; its paper, and this, count them as wrong.)
    """
    if not sentences:
        return None
    supported = precise = total = 0
    for sentence in sentences:
        markers = list(dict.fromkeys(sentence.citations))
        exist = all(marker in passages for marker in markers)
        markers = markers[:MOST_CITATIONS]
        total += len(markers)
        texts = [passages[marker] for marker in markers] if exist else []
        if texts and entails(texts, sentence.text):
            supported += 1
            precise += sum(_is_needed(texts, i, sentence.text, entails) for i in range(len(texts)))
    return CitationScores(supported / len(sentences), precise / total if total else 0.0)


def quoted_spans(sentences: Sequence[CitedSentence], passages: Mapping[int, str]) -> QuotedSpans:
    """Count the quotations of 3 words or more by where their words stand; letter case and blanks do not matter.

    `passages` are the texts behind the markers: what was shown, or the whole documents.
    """
    folded = {marker: _folded(text) for marker, text in passages.items()}
    counts = [0, 0, 0]
    for sentence in sentences:
        for match in _QUOTED.finditer(sentence.text):
            quote = next(group for group in match.groups() if group)
            if len(tokens(quote)) < _LEAST_WORDS:
                continue
            # A full stop or comma inside the marks belongs to the sentence, not to the source.
            words = _folded(quote).rstrip(".,;:!?…")
            holders = {marker for marker, text in folded.items() if words in text}
            cited = not holders.isdisjoint(sentence.citations)
            counts[0 if cited else 1 if holders else 2] += 1
    return QuotedSpans(*counts)


def _is_needed(texts: Sequence[str], position: int, sentence: str, entails: Entails) -> bool:
    if len(texts) == 1 or entails([texts[position]], sentence):
        return True
    return not entails([*texts[:position], *texts[position + 1 :]], sentence)


def _folded(text: str) -> str:
    return " ".join(text.translate(_ODD_SIGNS).casefold().split())
