"""What speaks for a sentence: how near it is to the question, in meaning, in words and by what it contains.

Everything here is in [0, 1] or close to it, so that the weights in `sentence_weights.json` can be read beside each
other. The words are read once for each sentence; only the best sentences by words are embedded.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import log2
from typing import Protocol

from app.question_words import QuestionKind, answer_spans, asking_words, kind_of
from app.sentences import Sentence, quotable
from core.answers import Passage
from core.search import FloatMatrix

FEATURES = (
    "cosine",
    "words",
    "context_words",
    "word_pairs",
    "kind",
    "kind_near",
    "before",
    "after",
    "leans_back",
    "length",
    "passage",
    "passage_first",
    "passage_cosine",
    "passage_words",
    "novel",
    "first",
)

EMBEDDED_SENTENCES = 24
"""Only the best by words and passage are embedded: with 16 the same answers are found on XQuAD and on chunking-eval's
five corpora as with 40; embedding is nearly all of the time that an answer takes."""
MAX_WORDS = 120
"""A candidate longer than this is a blob (a minified table, a log): never quoted whole."""
_MAX_SENTENCES = 600
"""Sentences that are looked at for one question; eight passages of 2,000 characters hold about 100."""

_LEANS_BACK = re.compile(
    r"^\W{0,3}(?:he|she|it|its|they|this|that|these|those|his|her|their|such|there|the (?:latter|former|same|two))\b",
    re.I,
)
_WORD = re.compile(r"\w+(?:['’]\w+)?")
_NEAR_CHARS = 60.0
_MOST_PLACES = 50


class Vocabulary(Protocol):
    """The index's view of words."""

    def analyze(self, text: str) -> list[str]:
        """Return the terms of a text as they are indexed, in every language of the documents."""

    def asked_words(self, question: str) -> list[str]:
        """Return the telling terms of a question, each once."""

    def rare_weight(self, term: str) -> float:
        """Return how telling a term is."""


class SentenceEmbedder(Protocol):
    """Embeds the question and the candidate sentences."""

    def embed_query(self, text: str) -> FloatMatrix:
        """Return shape (1, dim)."""

    def embed_passages(self, texts: Sequence[str]) -> FloatMatrix:
        """Return shape (len(texts), dim)."""


@dataclass(frozen=True, slots=True)
class AskedQuestion:
    """A question as sentences are compared with it: its telling terms with weights, its words, its kind."""

    text: str
    weights: Mapping[str, float]
    words: frozenset[str]
    kind: QuestionKind

    def covered(self, terms: frozenset[str] | set[str]) -> float:
        """Return the share of the telling words, weighted by how rare they are, that some terms have."""
        total = sum(self.weights.values())
        if not total:
            return 0.0
        return sum(weight for term, weight in self.weights.items() if term in terms) / total


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence with its terms in order, those of its heading, and its features by name (without a cosine yet)."""

    sentence: Sentence
    terms: tuple[str, ...]
    heading: frozenset[str]
    features: dict[str, float]


def read_asked(question: str, vocabulary: Vocabulary) -> AskedQuestion:
    """Return a question with its telling terms and how rare each is."""
    terms = vocabulary.asked_words(question)
    only_ask = set(vocabulary.analyze(asking_words(question)))
    telling = [term for term in terms if term not in only_ask] or terms
    return AskedQuestion(
        question,
        {term: vocabulary.rare_weight(term) for term in telling},
        frozenset(word.casefold() for word in _WORD.findall(question)),
        kind_of(question),
    )


def candidates_of(
    asked: AskedQuestion, passages: Sequence[Passage], vocabulary: Vocabulary
) -> list[Candidate]:
    """Return every quotable sentence of the passages in reading order, with all features but the cosine."""
    sentences = quotable(passages)[:_MAX_SENTENCES]
    terms = [tuple(vocabulary.analyze(sentence.plain)) for sentence in sentences]
    best = max((passage.score for passage in passages), default=0.0) or 1.0
    of_passage = _passage_features(asked, sentences, terms, best)
    headings: dict[str, frozenset[str]] = {}
    found = []
    for number, sentence in enumerate(sentences):
        if sentence.is_heading or len(sentence.plain.split()) > MAX_WORDS:
            continue
        section = " ".join((sentence.passage.document.title, *sentence.passage.section))
        if section not in headings:
            headings[section] = frozenset(vocabulary.analyze(section))
        own = {
            **of_passage[sentence.passage.marker],
            **_own_features(asked, sentence, terms[number]),
            **_neighbour_features(asked, sentences, terms, number, headings[section]),
        }
        found.append(Candidate(sentence, terms[number], headings[section], own))
    return found


def _passage_features(
    asked: AskedQuestion,
    sentences: Sequence[Sentence],
    terms: Sequence[tuple[str, ...]],
    best: float,
) -> dict[int, dict[str, float]]:
    """Return the features that all sentences of a passage share, by its marker."""
    held: dict[int, set[str]] = {}
    passages: dict[int, Passage] = {}
    for sentence, own in zip(sentences, terms, strict=True):
        held.setdefault(sentence.passage.marker, set()).update(own)
        passages[sentence.passage.marker] = sentence.passage
    return {
        marker: {
            "passage": passage.score / best,
            "passage_first": float(passage.score == best),
            "passage_cosine": passage.why.dense_score or 0.0,
            "passage_words": asked.covered(held[marker]),
        }
        for marker, passage in passages.items()
    }


def _own_features(
    asked: AskedQuestion, sentence: Sentence, terms: tuple[str, ...]
) -> dict[str, float]:
    plain = sentence.plain
    spans = answer_spans(asked.kind, plain, asked.words)
    length = len(plain.split())
    held = set(terms)
    return {
        "words": asked.covered(held),
        "word_pairs": _pair_share(asked, terms),
        "kind": float(bool(spans)),
        "kind_near": _nearness(plain, spans, asked.words),
        "leans_back": float(_LEANS_BACK.match(plain) is not None),
        "length": min(1.0, log2(1 + length) / 6),
        # A sentence that only says the question again (a heading, a question of a FAQ) tells nothing new.
        "novel": min(1.0, len(held - asked.weights.keys()) / 10),
        "first": float(sentence.position == 0),
    }


def _pair_share(asked: AskedQuestion, terms: tuple[str, ...]) -> float:
    """Return the share of neighbouring telling words of the question that stand close in the sentence too."""
    pairs = list(pairwise(asked.weights))
    if not pairs:
        return 0.0
    places: dict[str, int] = {term: place for place, term in enumerate(terms)}
    near = sum(
        first in places and second in places and abs(places[first] - places[second]) <= 3
        for first, second in pairs
    )
    return near / len(pairs)


def _nearness(plain: str, spans: Sequence[tuple[int, int]], asked: frozenset[str]) -> float:
    """Return how near what is asked for stands to a word of the question: 1 beside it, 0 far away."""
    if not spans:
        return 0.0
    stems = tuple(word[: max(4, len(word) - 2)] for word in asked if len(word) > 3)
    if not stems:
        return 0.0
    places = [
        match.span()
        for match in _WORD.finditer(plain)
        if match.group().casefold().startswith(stems)
    ]
    gaps = [
        max(0, start - place[1], place[0] - end)
        for start, end in spans[:_MOST_PLACES]
        for place in places[:_MOST_PLACES]
    ]
    return max(0.0, 1 - min(gaps) / _NEAR_CHARS) if gaps else 0.0


def _neighbour_features(
    asked: AskedQuestion,
    sentences: Sequence[Sentence],
    terms: Sequence[tuple[str, ...]],
    number: int,
    heading: frozenset[str],
) -> dict[str, float]:
    """Return what the heading and the sentences beside one say: 'Call extension 12' tells nothing alone."""
    before = after = frozenset[str]()
    here = sentences[number].passage
    if number and sentences[number - 1].passage is here:
        before = frozenset(terms[number - 1])
    if number + 1 < len(sentences) and sentences[number + 1].passage is here:
        after = frozenset(terms[number + 1])
    own = frozenset(terms[number])
    words = asked.covered(own)
    leans = _LEANS_BACK.match(sentences[number].plain) is not None
    context = own | heading | (before if leans else frozenset())
    return {
        "context_words": asked.covered(context),
        "before": asked.covered(own | before) - words,
        "after": asked.covered(own | after) - words,
    }


def embedded_text(sentence: Sentence) -> str:
    """Return a sentence behind the heading it stands under, as it is embedded."""
    section = sentence.passage.section
    return f"{section[-1]}: {sentence.plain}" if section else sentence.plain


def worth_embedding(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Return the candidates that are embedded, in reading order."""

    def promise(candidate: Candidate) -> float:
        features = candidate.features
        return (
            0.3 * features["context_words"] + 0.4 * features["passage"] + 0.1 * features["before"]
        )

    best = sorted(candidates, key=promise, reverse=True)[:EMBEDDED_SENTENCES]
    return sorted(best, key=lambda candidate: candidate.sentence.position)
