"""Ranks sentences by how likely each is to hold the answer: a conditional logit over one question's candidates.

The weights are fitted by `python -m benchmarks.answers --train` so that the softmax over all candidates of a question
gives the sentence with the gold answer the most weight (McFadden 1974; listwise as in ListNet, Cao et al. 2007).
They are in `sentence_weights.json`, to be read and compared.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import exp
from pathlib import Path

from app.extraction.features import (
    AskedQuestion,
    Candidate,
    SentenceEmbedder,
    Vocabulary,
    candidates_of,
    embedded_text,
    read_asked,
    worth_embedding,
)
from app.question_words import question_parts
from app.sentences import Sentence
from core.answers import Passage
from core.search import FloatMatrix

WEIGHTS_FILE = Path(__file__).with_name("sentence_weights.json")
_PART_SHARE = 0.5
"""What a sentence is worth for one of several questions: half by it, half by the whole question, whose subject
the part often only means ('… and who approves *them*?')."""


@dataclass(frozen=True, slots=True)
class RankedSentence:
    """A candidate with its score and its share: the probability, among all, that it holds the answer."""

    candidate: Candidate
    cosine: float
    score: float
    share: float

    @property
    def sentence(self) -> Sentence:
        """The sentence itself."""
        return self.candidate.sentence


@dataclass(frozen=True, slots=True)
class RankedPart:
    """One of the questions that a question is made of, and the sentences for it, best first."""

    asked: AskedQuestion
    sentences: tuple[RankedSentence, ...]


@dataclass(frozen=True, slots=True)
class Ranking:
    """A question's sentences, best first, for the whole question and for each of its parts.

    `parts` has one entry, the whole question, where nothing was asked beside it.
    """

    whole: RankedPart
    parts: tuple[RankedPart, ...]
    candidates: tuple[Candidate, ...]
    """All of them, in reading order, also those that were not worth embedding."""


@cache
def sentence_weights() -> dict[str, float]:
    """Return the weight of each feature, as it was fitted."""
    weights: dict[str, float] = json.loads(WEIGHTS_FILE.read_text("utf-8"))["weights"]
    return weights


def rank_sentences(
    question: str,
    passages: Sequence[Passage],
    embedder: SentenceEmbedder,
    vocabulary: Vocabulary,
) -> Ranking:
    """Rank the sentences of passages; every one embedded once, whatever the number of parts."""
    asked = read_asked(question, vocabulary)
    candidates = candidates_of(asked, passages, vocabulary)
    near = worth_embedding(candidates)
    if not near:
        empty = RankedPart(asked, ())
        return Ranking(empty, (empty,), tuple(candidates))
    matrix = embedder.embed_passages([embedded_text(candidate.sentence) for candidate in near])
    cosines = _cosines(question, matrix, embedder)
    scores = [
        _score(candidate.features, cosine) for candidate, cosine in zip(near, cosines, strict=True)
    ]
    whole = RankedPart(asked, _sorted(near, cosines, scores))
    parts = question_parts(question)
    if len(parts) == 1:
        return Ranking(whole, (whole,), tuple(candidates))
    ranked = tuple(
        _ranked_part(part, passages, near, scores, matrix, embedder, vocabulary) for part in parts
    )
    return Ranking(whole, ranked, tuple(candidates))


def _ranked_part(
    part: str,
    passages: Sequence[Passage],
    near: Sequence[Candidate],
    whole_scores: Sequence[float],
    matrix: FloatMatrix,
    embedder: SentenceEmbedder,
    vocabulary: Vocabulary,
) -> RankedPart:
    asked = read_asked(part, vocabulary)
    own = {
        candidate.sentence.position: candidate
        for candidate in candidates_of(asked, passages, vocabulary)
    }
    candidates = [own[candidate.sentence.position] for candidate in near]
    cosines = _cosines(part, matrix, embedder)
    scores = [
        _PART_SHARE * _score(candidate.features, cosine) + (1 - _PART_SHARE) * whole
        for candidate, cosine, whole in zip(candidates, cosines, whole_scores, strict=True)
    ]
    return RankedPart(asked, _sorted(candidates, cosines, scores))


def _cosines(question: str, matrix: FloatMatrix, embedder: SentenceEmbedder) -> list[float]:
    cosines: list[float] = (matrix @ embedder.embed_query(question)[0]).tolist()
    return cosines


def _score(features: dict[str, float], cosine: float) -> float:
    weights = sentence_weights()
    known = sum(weights[name] * value for name, value in features.items())
    return known + weights["cosine"] * cosine


def _sorted(
    candidates: Sequence[Candidate], cosines: Sequence[float], scores: Sequence[float]
) -> tuple[RankedSentence, ...]:
    highest = max(scores)
    powers = [exp(score - highest) for score in scores]
    total = sum(powers)
    ranked = [
        RankedSentence(candidate, cosine, score, power / total)
        for candidate, cosine, score, power in zip(candidates, cosines, scores, powers, strict=True)
    ]
    ranked.sort(key=lambda item: (-item.score, item.sentence.position))
    return tuple(ranked)
