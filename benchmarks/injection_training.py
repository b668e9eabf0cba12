"""Fits the detector's weights on the development half and writes `core/injection.json`.

    FOOTNOTE_BENCH_DATA=... python -m benchmarks.injection_training [--write]

A logistic model of the sentence's features (Newton's method, L2); a sentence is positive when it begins inside an
inserted attack. The threshold is the lowest at which the marked share of clean development passages is below
the allowed one, since a passage is marked by its worst sentence.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.corpora import data_folder
from benchmarks.injection_cases import Clean, Poisoned, clean_passages, poisoned_passages
from core.hidden_characters import visible
from core.injection import sentence_features

_TARGET = Path("core/injection.json")
_PENALTY = 3.0
_ALLOWED = 0.004
_POSITIVE_MASS = 0.5
"""All positive sentences together weigh half as much as all negative ones."""

_PRIOR = {
    "override": 3.0, "chat_token": 3.0, "secrecy": 2.5, "leak": 2.5, "exfiltration": 2.5, "persona": 2.5,
    "addressed": 2.0, "dictated": 2.0, "decode": 2.0, "role_line": 1.5, "asker": 1.5, "asker*push_link": 1.5,
    "own_output*push_link": 1.5, "own_output*letters": 1.5, "strong": 1.0, "belongs": -0.5, "quoted": -1.0,
    "in_code": -0.5,
}  # fmt: skip
"""What a feature is worth before any case is seen: half of the kinds of attack are in the other half's cases."""

Rows = list[dict[str, float]]
Vector = npt.NDArray[np.float64]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    data = data_folder()
    clean = [passage for passage in clean_passages(data) if passage.part == "development"]
    everything = clean_passages(data)
    attacked = [p for p in poisoned_passages(everything, data) if p.part == "development"]
    positives, negatives, by_passage = _rows(clean, attacked)
    names = sorted({name for row in positives + negatives for name in row} | _PRIOR.keys())
    weights = _fit(names, positives, negatives)
    bias, named = weights[-1], dict(zip(names, weights[:-1], strict=True))
    worst = sorted(
        (max((_score(bias, named, row) for row in rows), default=0.0) for rows in by_passage),
        reverse=True,
    )
    threshold = max(worst[int(_ALLOWED * len(worst))] + 1e-3, 0.3)
    model = {
        "about": "Logistic weights of core.injection; fitted by benchmarks.injection_training.",
        "bias": round(float(bias), 3),
        "threshold": round(float(threshold), 3),
        "weights": {name: round(float(value), 3) for name, value in named.items()},
    }
    print(json.dumps(model, indent=1), len(positives), len(negatives), len(by_passage))
    if options.write:
        _TARGET.write_text(json.dumps(model, indent=1) + "\n", encoding="utf-8")


def _rows(clean: Sequence[Clean], attacked: Sequence[Poisoned]) -> tuple[Rows, Rows, list[Rows]]:
    by_passage = [
        [f for _, f in sentence_features(visible(passage.text), passage.words)] for passage in clean
    ]
    negatives = [row for rows in by_passage for row in rows]
    positives = []
    for case in attacked:
        for sentence, features in sentence_features(case.text, case.words):
            if case.start <= sentence.start < case.end:
                positives.append(features)
    return positives, negatives, by_passage


def _fit(names: Sequence[str], positives: Rows, negatives: Rows) -> Vector:
    rows = positives + negatives
    matrix = np.zeros((len(rows), len(names) + 1))
    place = {name: column for column, name in enumerate(names)}
    for number, row in enumerate(rows):
        for name, value in row.items():
            matrix[number, place[name]] = value
    matrix[:, -1] = 1.0
    target = np.r_[np.ones(len(positives)), np.zeros(len(negatives))]
    mass = np.where(target == 1, _POSITIVE_MASS * len(negatives) / len(positives), 1.0)
    penalty = np.full(len(names) + 1, _PENALTY)
    penalty[-1] = 1e-3
    prior = np.array([*(_PRIOR.get(name, 0.0) for name in names), 0.0])
    weights = prior.copy()
    for _ in range(50):
        probability = 1 / (1 + np.exp(-matrix @ weights))
        gradient = matrix.T @ (mass * (probability - target)) + penalty * (weights - prior)
        curvature = mass * probability * (1 - probability) + 1e-9
        hessian = (matrix * curvature[:, None]).T @ matrix + np.diag(penalty)
        step = np.linalg.solve(hessian, gradient)
        weights -= step
        if np.abs(step).max() < 1e-6:
            break
    return weights


def _score(bias: float, weights: dict[str, float], row: dict[str, float]) -> float:
    total = bias + sum(weights[name] * value for name, value in row.items())
    return float(1 / (1 + np.exp(-total)))


if __name__ == "__main__":
    main()
