"""Scores the chunks that a store found, the same for every store; pure.

    score = (1 - w) * words + w * meaning, and a share of the best neighbour's

Stores only decide which chunks are looked at; words are counted here, so that both stores rank alike. Chosen with
figures on development halves (docs/evaluation.md):

- words: BM25 (Robertson, Spaerck Jones) with `coverage` more for every word of the question that is there at all, so
  that a chunk with all of them beats one that repeats some, and a little for words that stand side by side as in the
  question (the sequential dependence model of Metzler and Croft, 2005). Divided by the mean of the best chunk's
  score and that of a chunk with every word: where the words of the question are nowhere, meaning decides.
- meaning: the cosine, divided by a constant: where no chunk is near, meaning counts little. Bruch et al., An
  Analysis of Fusion Functions for Hybrid Retrieval (2023) compare such sums with reciprocal ranks.
- neighbours: evidence spreads over the borders of chunks, above all in transcripts and tables.
- names: the share of the question's naming words (path and title) that a document's name has, squared.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

_K1, _B = 1.2, 0.75


@dataclass(frozen=True, slots=True)
class RankingWeights:
    """How much each kind of evidence counts; every choice has a row in docs/evaluation.md."""

    dense: float = 0.42
    cosine_scale: float = 0.8
    absolute: float = 1.0
    coverage: float = 1.5
    pairs: float = 0.4
    neighbour: float = 0.25
    name: float = 0.3

    @property
    def highest(self) -> float:
        """The largest score there can be, so that scores lie in [0, 1]."""
        own = 1 - self.dense + self.dense / self.cosine_scale + self.name
        return own * (1 + self.neighbour)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A chunk to score: its analysed words joined by blanks, its name's words, its cosine (None: no vector).

    Chunks of one document with neighbouring `ordinal` stand side by side.
    """

    chunk_no: int
    doc_id: str
    ordinal: int
    terms: str
    name: frozenset[str]
    cosine: float | None


@dataclass(frozen=True, slots=True)
class Scored:
    """A chunk's score in [0, 1] and what it is made of, before the weights."""

    chunk_no: int
    score: float
    words: float
    cosine: float
    name: float
    neighbour: float


@dataclass(frozen=True, slots=True)
class AskedWords:
    """A question's analysed words with weight and rarity, and those of names; words in order of the question.

    `name_runs` maps words run together to the words they consist of: a file `greenhillmining.pdf` is named by
    `Green Hill Mining`.
    """

    terms: Mapping[str, float]
    name_terms: frozenset[str]
    name_runs: Mapping[str, tuple[str, ...]]
    rarity: Mapping[str, float]
    chunk_count: int
    average_length: float

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Words that stand side by side in the question."""
        whole = [term for term, weight in self.terms.items() if weight == 1.0]
        return list(pairwise(whole))


def rank(
    asked: AskedWords, candidates: Sequence[Candidate], weights: RankingWeights
) -> list[Scored]:
    """Return the candidates with their scores, best first; equal scores in order of number."""
    named = _named(asked, candidates)
    words = _word_scores(asked, candidates, named, weights)
    names = _name_scores(asked, candidates, named)
    best = max(words, default=0.0) or 1.0
    # Every word of the question once: what the best chunk falls short of it, words count less in all.
    whole = (1 + weights.coverage) * sum(
        asked.rarity.get(term, 0.0) for term, weight in asked.terms.items() if weight == 1.0
    )
    best = best ** (1 - weights.absolute) * (whole or 1.0) ** weights.absolute
    own = []
    for candidate, word_score, name_score in zip(candidates, words, names, strict=True):
        meaning = max(0.0, candidate.cosine or 0.0) / weights.cosine_scale
        own.append(
            (1 - weights.dense) * word_score / best
            + weights.dense * meaning
            + weights.name * name_score
        )
    places = {(c.doc_id, c.ordinal): position for position, c in enumerate(candidates)}
    scored = []
    for position, candidate in enumerate(candidates):
        beside = max(
            (
                own[places[key]]
                for key in (
                    (candidate.doc_id, candidate.ordinal - 1),
                    (candidate.doc_id, candidate.ordinal + 1),
                )
                if key in places
            ),
            default=0.0,
        )
        score = (own[position] + weights.neighbour * beside) / weights.highest
        scored.append(
            Scored(
                candidate.chunk_no,
                score,
                words[position],
                candidate.cosine or 0.0,
                names[position],
                beside,
            )
        )
    # A chunk that repeats rare words may pass what is expected at most: then it is the measure.
    limit = max((item.score for item in scored), default=1.0)
    if limit > 1:
        scored = [replace(item, score=item.score / limit) for item in scored]
    return sorted(scored, key=lambda item: (-item.score, item.chunk_no))


def _named(asked: AskedWords, candidates: Sequence[Candidate]) -> dict[str, frozenset[str]]:
    """Return the words of the question that each document is named by."""
    named = {}
    for candidate in candidates:
        if candidate.doc_id not in named:
            found = candidate.name & asked.name_terms
            parts = {part for word in found for part in asked.name_runs.get(word, ())}
            named[candidate.doc_id] = frozenset(parts | (found - asked.name_runs.keys()))
    return named


def _word_scores(
    asked: AskedWords,
    candidates: Sequence[Candidate],
    named: Mapping[str, frozenset[str]],
    weights: RankingWeights,
) -> list[float]:
    telling = [
        (f" {term} ", weight * asked.rarity.get(term, 0.0)) for term, weight in asked.terms.items()
    ]
    # Every chunk has its document's name in front, run-together words taken apart.
    places = {term: place for place, term in enumerate(asked.terms)}
    names = {
        # As the question orders them: a set's own order differs between two processes.
        doc_id: " ".join(sorted(words, key=lambda word: (places.get(word, len(places)), word)))
        for doc_id, words in named.items()
    }
    padded = [f" {names[c.doc_id]} {c.terms} " for c in candidates]
    pairs = _rare_pairs(asked, padded)
    scores = []
    for text in padded:
        length = (text.count(" ") - 1) / asked.average_length
        saturation = _K1 * (1 - _B + _B * length)
        score = 0.0
        for term, weight in telling:
            count = text.count(term)
            if count:
                score += weight * (count * (_K1 + 1) / (count + saturation) + weights.coverage)
        score += weights.pairs * sum(weight for pair, weight in pairs if pair in text)
        scores.append(score)
    return scores


def _rare_pairs(asked: AskedWords, texts: Sequence[str]) -> list[tuple[str, float]]:
    """Return each pair of words with its rarity.

    How many chunks have it is not counted in the collection: those among the candidates, where all words of the
    question gather, are a good guess, and the sum of both words' rarities an upper bound (independent words).
    """
    found = []
    for first, second in asked.pairs:
        pair = f" {first} {second} "
        count = sum(pair in text for text in texts)
        if count:
            seen = math.log(1 + (max(asked.chunk_count, count) - count + 0.5) / (count + 0.5))
            both = asked.rarity.get(first, 0.0) + asked.rarity.get(second, 0.0)
            found.append((pair, min(both, seen)))
    return found


def _name_scores(
    asked: AskedWords, candidates: Sequence[Candidate], named: Mapping[str, frozenset[str]]
) -> list[float]:
    """Return for each candidate the share of the question's naming words that its document's name has.

    Naming words are those that the name of any candidate has, each as telling as few of the candidates'
    documents have it: a word of every name (`report`) tells nothing. The more of the question they are, the
    more it is about one document among its like: one common word that is a name too says little.
    """
    counts: dict[str, int] = {}
    for words in named.values():
        for word in words:
            counts[word] = counts.get(word, 0) + 1
    telling = {word: math.log((len(named) + 0.5) / count) for word, count in counts.items()}
    everything = math.fsum(telling.values())
    if everything <= 0:
        return [0.0] * len(candidates)
    shares = {
        doc_id: math.fsum(telling[word] for word in words) / everything
        for doc_id, words in named.items()
    }
    asked_for = sum(weight == 1.0 for weight in asked.terms.values())
    about_names = min(1.0, len(telling) / max(1, asked_for))
    # Squared: half of a name is the name of something else.
    return [about_names * shares[candidate.doc_id] ** 2 for candidate in candidates]
