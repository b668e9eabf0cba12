"""Fits the claim checker's models on the development half of RAGTruth and writes `app/grounding/weights.json`.

Usage: python -m benchmarks.train_checker --to FILE   (to measure: `python -m benchmarks.grounding --weights FILE`)
       python -m benchmarks.train_checker --all       (to ship: both halves; what is reported is measured without)

The first model says of a clause how likely it is that people mark half of it or more; the second, fitted on what the
first says of clauses that it was not fitted on (five folds of sources), how likely it is that an answer has a marked
span. Both are logistic with a penalty on the coefficients. A clause is marked from the probability on that gives the best
F1 over characters, an answer from the one that gives the best F1 over answers, both cross-validated.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from app.grounding.claims import claim_pieces
from app.grounding.evidence import PassageWords
from app.grounding.features import ANSWER_FEATURES, FEATURES, answer_features, clause_features
from app.grounding.layout import is_quotation, lay_out
from app.grounding.verdict_model import SHIPPED
from app.grounding.word_vectors import open_word_vectors
from benchmarks.corpora import data_folder
from benchmarks.grounding import MarkedAnswer, ragtruth, tokenizer_path

Numbers = npt.NDArray[np.float64]

_FOLDS, _SEEDS = 5, 3
_VARIANCE = {"clause": 0.03, "answer": 0.3}
"""Of the normal prior on a coefficient: the smaller, the closer to 0. Chosen from .005 to 1 by cross-validation."""
_PROSE_FEATURES = (
    "uncovered",
    "uncovered_sentence",
    "uncovered_sentence_soft",
    "novel_numbers",
    "loose_pairs",
    "unquoted",
    "new_pairs",
    "new_pairs_sentence",
    "asked",
    "few_words",
    "conclusion",
    "value_missing",
    "of_sources",
)
"""The others add nothing to prose (AUROC within a generator .784 with and without, mean of ten splits)."""
_OF_WHOLE = "listed"
"""What says something of an answer and nothing of which clause is invented: with it, the span F1 falls by .01 and the
AUROC of answers rises by .013 (mean of ten splits)."""
_SMOOTHED = 3
_PARTIAL_SHARE = 0.6
"""A clause is partly supported from this share of the probability on from which it is unsupported."""


@dataclass(frozen=True)
class Measured:
    """All clauses of some answers that are judged by the model: row i is in answer `owner[i]`."""

    values: Numbers
    marked: Numbers
    lengths: Numbers
    owner: Any
    sources: Any


def measure(answers: Sequence[MarkedAnswer]) -> Measured:
    """Measure the clauses of answers, and how much of each people marked."""
    vectors = open_word_vectors(tokenizer_path())
    values, marked, lengths, owner, sources = [], [], [], [], []
    for number, answer in enumerate(answers):
        is_marked = np.zeros(len(answer.text) + 1)
        for start, end in answer.spans:
            is_marked[start:end] = 1
        pieces = claim_pieces(answer.text)
        passages = PassageWords(answer.passages)
        layout = lay_out(answer.text, pieces, passages, answer.question, vectors)
        rows = clause_features(answer.text, pieces, layout, answer.question)
        for row, clause in zip(rows, layout.clauses, strict=True):
            states = pieces[clause.piece].kind in ("statement", "absence")
            own = [layout.clauses[other] for other in layout.of_piece(clause.piece)]
            if states and clause.rows and not clause.is_absent and not is_quotation(own, passages):
                values.append(row)
                marked.append(is_marked[clause.start : clause.end].mean())
                lengths.append(clause.end - clause.start)
                owner.append(number)
                sources.append(answer.source_id)
    return Measured(
        np.array(values, np.float64),
        np.array(marked),
        np.array(lengths),
        np.array(owner),
        np.array(sources),
    )


def fit(values: Numbers, labels: Numbers, variance: float) -> dict[str, Any]:
    """Fit a logistic model by Newton's method with a normal prior; returns means, scales, coefficients and bias."""
    means, scales = values.mean(axis=0), values.std(axis=0)
    scales = np.where(scales < 1e-6, 1.0, scales)
    design = np.c_[(values - means) / scales, np.ones(len(values))]
    penalty = np.eye(design.shape[1]) / variance
    penalty[-1, -1] = 1e-9
    weights = np.zeros(design.shape[1])
    share = labels.mean()
    weights[-1] = np.log(share / (1 - share))

    def loss(candidate: Numbers) -> float:
        margin = design @ candidate
        fitting = np.logaddexp(0, margin) - labels * margin
        return float(fitting.sum() + 0.5 * candidate @ penalty @ candidate)

    current = loss(weights)
    for _ in range(100):
        chances = 1 / (1 + np.exp(-np.clip(design @ weights, -30, 30)))
        gradient = design.T @ (labels - chances) - penalty @ weights
        curvature = (design * (chances * (1 - chances))[:, None]).T @ design + penalty
        step = np.linalg.solve(curvature, gradient)
        size = 1.0
        while loss(weights + size * step) > current and size > 1e-4:
            size /= 2
        weights = weights + size * step
        reached = loss(weights)
        if current - reached < 1e-8:
            break
        current = reached
    return {
        "means": means,
        "scales": scales,
        "coefficients": weights[:-1],
        "bias": float(weights[-1]),
    }


def predict(model: dict[str, Any], values: Numbers) -> Numbers:
    """Return the probabilities that a fitted model gives."""
    margin = (values - model["means"]) / model["scales"] @ model["coefficients"] + model["bias"]
    return np.asarray(1 / (1 + np.exp(-np.clip(margin, -30, 30))))


def cross_validated(values: Numbers, labels: Numbers, sources: Any, variance: float) -> Numbers:
    """Return for each row the mean probability by models that were not fitted on its source."""
    total = np.zeros(len(values))
    names = np.unique(sources)
    for seed in range(_SEEDS):
        fold_of = dict(
            zip(
                np.random.default_rng(seed).permutation(names),
                np.arange(len(names)) % _FOLDS,
                strict=True,
            )
        )
        folds = np.array([fold_of[name] for name in sources])
        for fold in range(_FOLDS):
            inside = folds == fold
            model = fit(values[~inside], labels[~inside], variance)
            total[inside] += predict(model, values[inside])
    return total / _SEEDS


def best_threshold(
    scores: Numbers, gold: Numbers, sizes: Numbers, gold_size: float
) -> tuple[float, float]:
    """Return the threshold with the best F1 and that F1; `gold` is the share of each row that is right to mark."""
    thresholds = np.arange(0.04, 0.9, 0.01)
    found = []
    for threshold in thresholds:
        chosen = scores >= threshold
        hit = float((gold * sizes)[chosen].sum())
        found.append(2 * hit / max(1.0, float(sizes[chosen].sum()) + gold_size))
    # A curve from few sources is jagged: its highest point is as good as chance (F1 of other sources .51, smoothed .53).
    smooth = np.convolve(np.pad(found, _SMOOTHED, mode="edge"), np.ones(2 * _SMOOTHED + 1), "valid")
    best = int(smooth.argmax())
    return round(float(thresholds[best]), 3), round(found[best], 3)


@dataclass(frozen=True)
class _Fitted:
    """A model of clauses as it is stored, with what it says of clauses that it was not fitted on."""

    stored: dict[str, Any]
    chances: Numbers


def _fit_clauses(clauses: Measured, features: tuple[str, ...]) -> _Fitted:
    values = clauses.values[:, [FEATURES.index(name) for name in features]]
    is_marked = (clauses.marked >= 0.5).astype(float)
    variance = _VARIANCE["clause"]
    chances = cross_validated(values, is_marked, clauses.sources, variance)
    return _Fitted(_stored(fit(values, is_marked, variance), features), chances)


def train(
    answers: Sequence[MarkedAnswer], clauses: Measured, features: tuple[str, ...]
) -> dict[str, Any]:
    """Return a kind's models as they are stored."""
    marking = _fit_clauses(clauses, tuple(name for name in features if name != _OF_WHOLE))
    ranking = _fit_clauses(clauses, features)
    kept = [number for number in range(len(answers)) if (clauses.owner == number).any()]
    summaries = np.array(
        [answer_features(list(ranking.chances[clauses.owner == number])) for number in kept],
        np.float64,
    )
    has_span = np.array([float(bool(answers[number].spans)) for number in kept])
    sources = np.array([answers[number].source_id for number in kept])
    answer_chances = cross_validated(summaries, has_span, sources, _VARIANCE["answer"])
    gold_chars = float(sum(end - start for answer in answers for start, end in answer.spans))
    unsupported, span_f1 = best_threshold(
        marking.chances, clauses.marked, clauses.lengths, gold_chars
    )
    ones = np.ones(len(kept))
    not_grounded, answer_f1 = best_threshold(answer_chances, has_span, ones, float(has_span.sum()))
    print(
        f"{len(answers)} answers, {len(clauses.owner)} clauses, span F1 {span_f1}, answer F1 {answer_f1}"
    )
    return {
        "clause": marking.stored,
        "ranking": ranking.stored,
        "answer": _stored(fit(summaries, has_span, _VARIANCE["answer"]), ANSWER_FEATURES),
        "thresholds": {
            "partial": round(unsupported * _PARTIAL_SHARE, 3),
            "unsupported": unsupported,
            "not_grounded": not_grounded,
        },
    }


def _stored(model: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    columns = zip(names, model["means"], model["scales"], model["coefficients"], strict=True)
    return {
        "bias": round(model["bias"], 5),
        "features": [
            {
                "name": name,
                "mean": round(float(mean), 5),
                "scale": round(float(scale), 5),
                "coefficient": round(float(coefficient), 5),
            }
            for name, mean, scale, coefficient in columns
        ],
    }


KINDS = (("prose", "qa", (*_PROSE_FEATURES, _OF_WHOLE)), ("records", "data2txt", FEATURES))
"""Kinds of passages with the task of RAGTruth that has them and the features that are used."""


def main() -> None:
    """Write the weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--to", type=Path, default=SHIPPED, help="file to write")
    parser.add_argument("--all", action="store_true", help="use the report half too, for shipping")
    options = parser.parse_args()
    data = data_folder()
    used = "all sources here" if options.all else "the development half, by source"
    stored: dict[str, Any] = {
        "about": f"Written by benchmarks/train_checker.py from RAGTruth (MIT licence), {used}."
    }
    for kind, task, features in KINDS:
        answers = ragtruth(data, task)
        answers = [a for a in answers if options.all or a.half == "development"]
        stored[kind] = train(answers, measure(answers), features)
    options.to.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
