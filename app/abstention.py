"""Decides whether passages answer a question, names what is missing, and which documents came nearest.

Two logistic models over the same evidence (`app.extraction.evidence`), weights in `abstention_weights.json`, fitted by
`python -m benchmarks.abstention --train`: `fact` is the probability that the answer is there, `topic` that the
passages speak of the question's subject at all.

    fact ≥ answer_at ────────────────────▶ answer
    withhold_at ≤ fact < answer_at ──────▶ near_miss, answered with a caution
    fact < withhold_at ── topic covered ─▶ near_miss, withheld
                       └─ else ──────────▶ nothing, withheld
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import exp
from pathlib import Path
from typing import Literal

from app.extraction.contacts import contact_among
from app.extraction.evidence import evidence_features
from app.extraction.features import SentenceEmbedder, Vocabulary
from app.extraction.ranking import Ranking, rank_sentences
from app.question_words import QuestionKind
from core.answers import Citation, DocumentRef, Note, Passage
from core.function_words import without_function_words

WEIGHTS_FILE = Path(__file__).with_name("abstention_weights.json")

Decision = Literal["answer", "near_miss", "nothing"]

_NEAREST_SHOWN = 3
_WORDS_SHOWN = 6
_TERM = re.compile(r"\w+(?:['’.-]\w+)*")
_KIND_NAMES: dict[QuestionKind, str] = {
    "duration": "a time or how often",
    "number": "a number",
    "date": "a date or a time",
    "person": "a person or a name",
    "place": "a place",
    "reason": "a reason",
}
_TOLD_SURELY: frozenset[QuestionKind] = frozenset(("duration", "number", "date", "person"))
"""Kinds whose things are recognised well: of XQuAD's answered questions 1 % have none in the best sentences."""


@dataclass(frozen=True, slots=True)
class Nearest:
    """A place that came near: the document and the headings above."""

    document: DocumentRef
    section: tuple[str, ...]

    @property
    def label(self) -> str:
        """How it is named to a reader: title, last heading where it says more, and address."""
        last = self.section[-1] if self.section else ""
        heading = f", section “{last}”" if last and last != self.document.title else ""
        return f"{self.document.title}{heading} ({self.document.uri})"


@dataclass(frozen=True, slots=True)
class Assessment:
    """Whether passages answer a question.

    `confidence` in [0, 1] is the probability that the answer is there. `withheld` says that nothing is to be answered.
    `missing` are words of the question that no passage has, `covered` those that the best passage has; `wanted` names
    the kind of thing that was asked for where the best sentences have none of it ('a date or a time'), else ''.
    `contact` is the sentence of the nearest documents that says whom to ask; not looked for where there is an answer.
    """

    confidence: float
    topic: float
    decision: Decision
    withheld: bool
    missing: tuple[str, ...] = ()
    covered: tuple[str, ...] = ()
    wanted: str = ""
    nearest: tuple[Nearest, ...] = ()
    contact: Citation | None = None

    @property
    def caution(self) -> Note | None:
        """What a reader of an answer should know of it; None for a sure answer and for one that is withheld."""
        if self.decision != "near_miss" or self.withheld:
            return None
        return Note("near_miss", _caution_text(self))


class Abstention:
    """The decision for any generator: an extractive one has ranked already, for a model's answer it ranks itself."""

    def __init__(
        self, current_embedder: Callable[[], SentenceEmbedder], vocabulary: Vocabulary
    ) -> None:
        self._current_embedder = current_embedder
        self._vocabulary = vocabulary

    def assess(self, question: str, passages: Sequence[Passage]) -> Assessment:
        """Judge passages; embeds the question and at most 24 sentences."""
        ranking = rank_sentences(question, passages, self._current_embedder(), self._vocabulary)
        return self.assess_ranking(ranking, passages)

    def assess_ranking(self, ranking: Ranking, passages: Sequence[Passage]) -> Assessment:
        """Judge passages whose sentences are ranked already; embeds nothing."""
        model = abstention_model()
        features = evidence_features(ranking, self._vocabulary)
        has_sentence = bool(ranking.whole.sentences)
        confidence = model.fact.probability(features) if has_sentence else 0.0
        topic = model.topic.probability(features) if has_sentence else 0.0
        missing, covered = self._words(ranking)
        wanted = _wanted(ranking)
        decision = decision_at(model, confidence, topic)
        if decision == "answer" and wanted and ranking.whole.asked.kind in _TOLD_SURELY:
            decision = "near_miss"
        nearest = _nearest(ranking, passages)
        return Assessment(
            confidence=round(confidence, 4),
            topic=round(topic, 4),
            decision=decision,
            withheld=confidence < model.withhold_at,
            missing=missing,
            covered=covered,
            wanted=wanted,
            nearest=nearest,
            contact=None if decision == "answer" else _contact(ranking, nearest),
        )

    def _words(self, ranking: Ranking) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the telling words of the question that no passage has, and those that the best one has."""
        asked = ranking.whole.asked
        held: set[str] = set()
        best: set[str] = set()
        for candidate in ranking.candidates:
            held.update(candidate.terms, candidate.heading)
            first = ranking.whole.sentences[0].sentence if ranking.whole.sentences else None
            if first is not None and candidate.sentence.passage is first.passage:
                best.update(candidate.terms, candidate.heading)
        missing, covered = [], []
        for word in dict.fromkeys(_TERM.findall(without_function_words(asked.text))):
            terms = [term for term in self._vocabulary.analyze(word) if term in asked.weights]
            if terms and not any(term in held for term in terms):
                missing.append(word)
            elif terms and any(term in best for term in terms):
                covered.append(word)
        return tuple(missing[:_WORDS_SHOWN]), tuple(covered[:_WORDS_SHOWN])


@dataclass(frozen=True, slots=True)
class Logistic:
    """A logistic model: weights by feature and a bias."""

    weights: Mapping[str, float]
    bias: float

    def probability(self, features: Mapping[str, float]) -> float:
        """Return the modelled probability in [0, 1]."""
        total = self.bias + sum(weight * features[name] for name, weight in self.weights.items())
        return 1 / (1 + exp(-max(-30.0, min(30.0, total))))


@dataclass(frozen=True, slots=True)
class AbstentionModel:
    """Both models with their thresholds, as they are shipped."""

    fact: Logistic
    topic: Logistic
    answer_at: float
    withhold_at: float
    topic_at: float


@cache
def abstention_model() -> AbstentionModel:
    """Return the shipped model."""
    stored = json.loads(WEIGHTS_FILE.read_text("utf-8"))
    return AbstentionModel(
        fact=Logistic(stored["fact"]["weights"], stored["fact"]["bias"]),
        topic=Logistic(stored["topic"]["weights"], stored["topic"]["bias"]),
        answer_at=stored["answer_at"],
        withhold_at=stored["withhold_at"],
        topic_at=stored["topic_at"],
    )


def decision_at(model: AbstentionModel, confidence: float, topic: float) -> Decision:
    """Return the decision for two probabilities; see the picture above."""
    if confidence >= model.answer_at:
        return "answer"
    if confidence >= model.withhold_at or topic >= model.topic_at:
        return "near_miss"
    return "nothing"


def _wanted(ranking: Ranking) -> str:
    """Return the kind of thing that was asked for and that none of the best sentences has."""
    name = _KIND_NAMES.get(ranking.whole.asked.kind, "")
    best = ranking.whole.sentences[:3]
    return "" if any(item.candidate.features["kind"] for item in best) else name


def _nearest(ranking: Ranking, passages: Sequence[Passage]) -> tuple[Nearest, ...]:
    """Return the places of the best sentences and passages, each document once."""
    ordered = [item.sentence.passage for item in ranking.whole.sentences[:_NEAREST_SHOWN]]
    found: dict[str, Nearest] = {}
    for passage in (*ordered, *passages):
        place = Nearest(passage.document, passage.section)
        found.setdefault(passage.document.doc_id, place)
    return tuple(found.values())[:_NEAREST_SHOWN]


def _contact(ranking: Ranking, nearest: Sequence[Nearest]) -> Citation | None:
    sentences = [candidate.sentence for candidate in ranking.candidates]
    return contact_among(sentences, [place.document.doc_id for place in nearest])


def _caution_text(assessment: Assessment) -> str:
    about = (
        f"The documents cover {quoted_words(assessment.covered)}, but "
        if assessment.covered
        else ""
    )
    if assessment.wanted:
        lacks = (
            f"{assessment.wanted} was asked for and the sentences nearest to the question name none"
        )
    elif assessment.missing:
        lacks = f"none of the passages found mentions {quoted_words(assessment.missing)}"
    else:
        lacks = "whether they say exactly what was asked is uncertain"
    text = f"{about}{lacks}: check whether this answers the question."
    return text[0].upper() + text[1:]


def quoted_words(words: Sequence[str]) -> str:
    """Return words in quotation marks, joined as in a sentence."""
    marked = [f"“{word}”" for word in words]
    return (
        marked[0]
        if len(marked) == 1
        else f"{', '.join(marked[:-1])} and {marked[-1]}"
        if marked
        else ""
    )
