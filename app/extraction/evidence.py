"""What speaks for an answer being in the passages at all: how they cover the question's words, meaning and kind.

The features of `app.abstention`; each is computed from what ranking the sentences read and embedded already. `rest_…`
are the telling words that neither title nor heading of the best sentence has: who asks where a company is registered
finds its name in every title, so that only 'registered' tells whether this is answered.
"""

import re
from collections.abc import Sequence

from app.extraction.features import AskedQuestion, Candidate, Vocabulary
from app.extraction.ranking import RankedSentence, Ranking, sentence_weights
from app.question_words import focus_words

_LOOKED_AT = 3
_WINDOW = 3
_NAMED = re.compile(r"\b[A-Z][\w'’-]*|\b\w*\d[\w.,-]*")
_SENTENCE_FEATURES = (
    "words",
    "context_words",
    "word_pairs",
    "kind",
    "kind_near",
    "before",
    "after",
)

FEATURES = (
    "cosine",
    "cosine_second",
    "cosine_top",
    "score",
    "sentence_words",
    "top_words",
    "window_words",
    "passage_words",
    "all_words",
    "rest_sentence",
    "rest_window",
    "rest_passage",
    "rest_size",
    "heading_words",
    "pairs",
    "kind",
    "kind_top",
    "kind_near",
    "kind_rest",
    "focus",
    "focus_passage",
    "named",
    "named_all",
    "novel",
    "question_words",
)


def evidence_features(ranking: Ranking, vocabulary: Vocabulary) -> dict[str, float]:
    """Return every feature by name, in [-1, 1] or close to it; all are 0 where there is no sentence."""
    sentences = ranking.whole.sentences
    if not sentences:
        return dict.fromkeys(FEATURES, 0.0)
    asked = ranking.whole.asked
    top = sentences[:_LOOKED_AT]
    best = sentences[0].candidate
    cosines = sorted((item.cosine for item in sentences), reverse=True)
    held = _Held(ranking.candidates)
    rest = _rest(asked, best.heading)
    of_passage = held.of_passage(best)
    focus = _terms_of(focus_words(asked.text), asked, vocabulary)
    named = _terms_of(" ".join(_NAMED.findall(asked.text[1:])), asked, vocabulary)
    return {
        "cosine": cosines[0],
        "cosine_second": cosines[1] if len(cosines) > 1 else cosines[0],
        "cosine_top": sentences[0].cosine,
        "score": max(_sentence_score(item) for item in top),
        "sentence_words": max(item.candidate.features["context_words"] for item in sentences),
        "top_words": best.features["words"],
        "window_words": asked.covered(held.around(best) | best.heading),
        "passage_words": asked.covered(of_passage | best.heading),
        "all_words": asked.covered(held.everything),
        "rest_sentence": rest.covered(set(best.terms)),
        "rest_window": rest.covered(held.around(best)),
        "rest_passage": rest.covered(of_passage),
        "rest_size": min(1.0, len(rest.weights) / 6),
        "heading_words": asked.covered(best.heading),
        "pairs": max(item.candidate.features["word_pairs"] for item in top),
        "kind": max(item.candidate.features["kind"] for item in top),
        "kind_top": best.features["kind"],
        "kind_near": max(item.candidate.features["kind_near"] for item in top),
        "kind_rest": max(_kind_beside_rest(item, asked, rest) for item in top),
        "focus": _share(focus, held.around(best) | best.heading),
        "focus_passage": _share(focus, of_passage | best.heading),
        "named": _share(named, of_passage | best.heading),
        "named_all": _share(named, held.everything),
        "novel": best.features["novel"],
        "question_words": min(1.0, len(asked.weights) / 10),
    }


def _sentence_score(item: RankedSentence) -> float:
    """Return what a sentence alone is worth; how its passage was found depends on the index, not on the question."""
    weights = sentence_weights()
    features = item.candidate.features
    known = sum(weights[name] * features[name] for name in _SENTENCE_FEATURES)
    return (known + weights["cosine"] * item.cosine) / 10


class _Held:
    """The terms that sentences, their neighbourhoods and passages hold."""

    def __init__(self, candidates: Sequence[Candidate]) -> None:
        self._candidates = {candidate.sentence.position: candidate for candidate in candidates}
        self._passages: dict[int, set[str]] = {}
        for candidate in candidates:
            marker = candidate.sentence.passage.marker
            self._passages.setdefault(marker, set()).update(candidate.terms)
        self.everything: set[str] = set().union(*self._passages.values())
        for candidate in candidates:
            self.everything |= candidate.heading

    def of_passage(self, candidate: Candidate) -> set[str]:
        return self._passages[candidate.sentence.passage.marker]

    def around(self, candidate: Candidate) -> set[str]:
        """Return the terms of a sentence and of the ones before and after it."""
        place = candidate.sentence.position
        held: set[str] = set()
        for other in range(place - _WINDOW // 2, place + _WINDOW // 2 + 1):
            beside = self._candidates.get(other)
            if beside and beside.sentence.passage is candidate.sentence.passage:
                held.update(beside.terms)
        return held


def _rest(asked: AskedQuestion, heading: frozenset[str]) -> AskedQuestion:
    weights = {term: weight for term, weight in asked.weights.items() if term not in heading}
    return AskedQuestion(asked.text, weights, asked.words, asked.kind)


def _terms_of(text: str, asked: AskedQuestion, vocabulary: Vocabulary) -> list[str]:
    return [term for term in vocabulary.analyze(text) if term in asked.weights] if text else []


def _share(terms: Sequence[str], held: set[str] | frozenset[str]) -> float:
    """Return the share of some terms that is held; 1 when there are none to miss."""
    return sum(term in held for term in terms) / len(terms) if terms else 1.0


def _kind_beside_rest(item: RankedSentence, asked: AskedQuestion, rest: AskedQuestion) -> float:
    """Return how much of what no heading says stands in one sentence with the kind of thing asked for."""
    return item.candidate.features["kind"] * rest.covered(set(item.candidate.terms))
