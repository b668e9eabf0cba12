"""Answers with the documents' own sentences, word for word, each with its citation; no model writes.

A sentence's score is a weighted sum of its cosine to the question, the share of the question's telling words
that it holds, its passage's retrieval score, and whether it has the kind of thing that the question asks for
(a number, a date, a name). Two sentences answer best per word read: on XQuAD one holds the gold answer for
80 % of the questions, two for 90 % in 53 words, three for 94 % in 73 (docs/evaluation.md).

Whether to answer at all is a logistic model of four evidence scores, fitted on questions that XQuAD's paragraphs
answer and on questions from other collections that they do not.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import exp
from typing import Protocol

from app.question_words import wanted_pattern
from app.sentences import Sentence, quotable
from core.answers import Citation, Claim, Draft, Passage, Turn
from core.search import FloatMatrix

MODEL_NAME = "extractive"
VERSION = "extractive-1"

_WEIGHTS = {"cosine": 0.5, "words": 0.3, "passage": 0.4, "kind": 0.05}
_EVIDENCE_WEIGHTS = (10.2, 7.8, 4.0, 6.6)
_EVIDENCE_BIAS = -12.3
ANSWER_THRESHOLD = 0.4
"""Below this confidence the answer is an abstention."""

_MAX_SENTENCES = 2
_SHORT_ANSWER_WORDS = 25
_SCORE_RATIO = 0.75
"""A further sentence must reach this share of the best one's score: same answers on XQuAD's even
paragraphs (.902) with 47 words instead of 55, and a table's other rows stay out."""
_EMBEDDED_SENTENCES = 40
"""Only the best by words and passage are embedded: the same answers, at most 40 short texts."""
_MAX_WORDS = 120
"""A candidate longer than this is a blob (a minified table, a log): never quoted whole."""


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
class _Scored:
    sentence: Sentence
    score: float
    cosine: float
    words: float


class ExtractiveGenerator:
    """The generator that needs no language model; see `core.ports.Generator`."""

    def __init__(
        self, current_embedder: Callable[[], SentenceEmbedder], vocabulary: Vocabulary
    ) -> None:
        """Quote with the embedder of the moment: it is asked for once a question, so that no two are mixed."""
        self._current_embedder = current_embedder
        self._vocabulary = vocabulary

    def generate(
        self, question: str, passages: Sequence[Passage], history: Sequence[Turn]
    ) -> Draft:
        """Quote the sentences that answer; an empty draft with status `abstained` when none does."""
        del history  # the query that found the passages has it already
        scored = self._scored(question, passages)
        confidence = self._confidence(question, passages, scored)
        if confidence < ANSWER_THRESHOLD or not scored:
            return _abstained(confidence)
        return _draft(_chosen(scored), confidence)

    def _scored(self, question: str, passages: Sequence[Passage]) -> list[_Scored]:
        weights = self._term_weights(question)
        candidates = self._candidates(weights, passages)
        if not candidates:
            return []
        embedder = self._current_embedder()
        vector = embedder.embed_query(question)[0]
        texts = [_in_context(sentence) for sentence, _ in candidates]
        cosines = (embedder.embed_passages(texts) @ vector).tolist()
        wanted = wanted_pattern(question)
        best = _best_score(passages)
        scored = []
        for (sentence, words), cosine in zip(candidates, cosines, strict=True):
            kind = float(wanted is not None and wanted.search(sentence.plain) is not None)
            score = (
                _cheap_score(sentence, words, best)
                + _WEIGHTS["cosine"] * cosine
                + _WEIGHTS["kind"] * kind
            )
            scored.append(_Scored(sentence, score, cosine, words))
        return sorted(scored, key=lambda item: (-item.score, item.sentence.position))

    def _candidates(
        self, weights: dict[str, float], passages: Sequence[Passage]
    ) -> list[tuple[Sentence, float]]:
        """Return the sentences worth embedding, each with the share of telling words it holds."""
        found = [
            (sentence, self._covered(weights, _in_context(sentence)))
            for sentence in quotable(passages)
            if not sentence.is_heading and len(sentence.plain.split()) <= _MAX_WORDS
        ]
        best = _best_score(passages)
        found.sort(key=lambda pair: -_cheap_score(pair[0], pair[1], best))
        return found[:_EMBEDDED_SENTENCES]

    def _confidence(
        self, question: str, passages: Sequence[Passage], scored: Sequence[_Scored]
    ) -> float:
        """Return the estimated probability that the passages answer the question."""
        if not scored:
            return 0.0
        weights = self._term_weights(question)
        evidence = (
            max(item.cosine for item in scored),
            max(self._covered(weights, passage.text) for passage in passages),
            scored[0].words,
            max(passage.why.dense_score or 0.0 for passage in passages),
        )
        pairs = zip(_EVIDENCE_WEIGHTS, evidence, strict=True)
        return 1 / (1 + exp(-_EVIDENCE_BIAS - sum(weight * value for weight, value in pairs)))

    def _term_weights(self, question: str) -> dict[str, float]:
        terms = self._vocabulary.asked_words(question)
        return {term: self._vocabulary.rare_weight(term) for term in terms}

    def _covered(self, weights: dict[str, float], text: str) -> float:
        """Share of the question's telling words, weighted by how rare they are, that a text holds."""
        total = sum(weights.values())
        if not total:
            return 0.0
        present = set(self._vocabulary.analyze(text))
        return sum(weight for term, weight in weights.items() if term in present) / total


def _in_context(sentence: Sentence) -> str:
    """Return a sentence behind the heading it stands under: 'Call extension 12' says nothing alone."""
    section = sentence.passage.section
    return f"{section[-1]}: {sentence.plain}" if section else sentence.plain


def _cheap_score(sentence: Sentence, words: float, best: float) -> float:
    """Return the part of a sentence's score that needs no embedding; `best` is the best passage's score."""
    return _WEIGHTS["words"] * words + _WEIGHTS["passage"] * sentence.passage.score / best


def _best_score(passages: Sequence[Passage]) -> float:
    return max((passage.score for passage in passages), default=0.0) or 1.0


def _chosen(scored: Sequence[_Scored]) -> list[_Scored]:
    """Take the best sentences, one more while the answer is short, without repeating words."""
    chosen: list[_Scored] = []
    words = 0
    for item in scored:
        plain = item.sentence.plain
        if chosen and item.score < _SCORE_RATIO * scored[0].score:
            break
        if any(plain in other.sentence.plain for other in chosen):
            continue
        if len(chosen) >= _MAX_SENTENCES and words >= _SHORT_ANSWER_WORDS:
            break
        if len(chosen) > _MAX_SENTENCES:
            break
        chosen.append(item)
        words += len(plain.split())
    best = chosen[0].sentence.passage.marker
    # Reading order: the passage of the best sentence first, then the others as they were found.
    return sorted(
        chosen,
        key=lambda item: (item.sentence.passage.marker != best, item.sentence.position),
    )


def _draft(chosen: Sequence[_Scored], confidence: float) -> Draft:
    text = ""
    claims: list[Claim] = []
    citations: list[Citation] = []
    for marker, item in enumerate(chosen, start=1):
        sentence = item.sentence
        if text:
            same_passage = chosen[marker - 2].sentence.passage is sentence.passage
            # A table row or a line of code has no full stop that would part it from what follows.
            ended = text.endswith((".", "!", "?", "…", "。"))
            text += (" " if ended else "\n") if same_passage else "\n\n"
        start = len(text)
        text += sentence.plain
        claims.append(Claim(start, len(text), sentence.plain, "supported", 1.0, (marker,)))
        citations.append(_citation(marker, sentence))
    return Draft(
        text=text,
        claims=tuple(claims),
        citations=tuple(citations),
        status="answered",
        model=MODEL_NAME,
        prompt_version=VERSION,
        confidence=round(confidence, 4),
    )


def _citation(marker: int, sentence: Sentence) -> Citation:
    passage = sentence.passage
    start, end = sentence.start - passage.start, sentence.end - passage.start
    return Citation(
        marker=marker,
        document=passage.document,
        chunk_id=passage.chunk_id,
        section=passage.section,
        page=passage.page,
        start=sentence.start,
        end=sentence.end,
        quote=passage.text[start:end],
    )


def _abstained(confidence: float) -> Draft:
    return Draft(
        text="",
        claims=(),
        citations=(),
        status="abstained",
        model=MODEL_NAME,
        prompt_version=VERSION,
        confidence=round(confidence, 4),
    )
