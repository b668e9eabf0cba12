"""How much the claim checker's figures depend on which sources it is fitted on: random halves, fitted on one, measured on the other.

Usage: FOOTNOTE_BENCH_DATA=… python -m benchmarks.grounding_splits [--splits 5]

RAGTruth has about 67 sources of each task here, so that one split says little. Every split gives two models, each with
its own thresholds, measured by the whole checker on the sources that it was not fitted on. The choice of features was
made with all of these sources in sight: the figures say nothing of that.
"""

import argparse
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from app.grounding.checker import ClaimChecker
from app.grounding.verdict_model import load_models
from benchmarks.corpora import data_folder
from benchmarks.grounding import (
    SYSTEMS,
    MarkedAnswer,
    Scored,
    answer_f1,
    default_vectors,
    is_flagged,
    marked_spans,
    pooled,
    ragtruth,
    score_all,
    span_score,
    within_generator,
)
from benchmarks.train_checker import KINDS, measure, train


def half_of(answers: Sequence[MarkedAnswer], seed: int) -> set[str]:
    """Return the sources of one random half."""
    sources = sorted({answer.source_id for answer in answers})
    chosen = np.random.default_rng(1000 + seed).permutation(len(sources))[: len(sources) // 2]
    return {sources[position] for position in chosen}


def fitted(halves: dict[str, list[MarkedAnswer]], folder: Path, name: str) -> ClaimChecker:
    """Return a checker with models fitted on some answers of each task."""
    stored: dict[str, Any] = {}
    for kind, task, features in KINDS:
        stored[kind] = train(halves[task], measure(halves[task]), features)
    path = folder / f"{name}.json"
    path.write_text(json.dumps(stored), encoding="utf-8")
    return ClaimChecker(default_vectors(), load_models(path))


def figures(items: Sequence[Scored]) -> dict[str, float]:
    """Return the figures of the answers that a checker was not fitted on."""
    score = SYSTEMS["footnote"]
    return {
        "AUROC": pooled(items, score),
        "AUROC within a generator": within_generator(items, score),
        "answer F1": answer_f1(items, is_flagged),
        "span precision": span_score(items, 0, marked_spans),
        "span recall": span_score(items, 1, marked_spans),
        "span F1": span_score(items, 2, marked_spans),
    }


def main() -> None:
    """Print the mean and the spread of each figure over all splits."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--splits", type=int, default=5)
    options = parser.parse_args()
    data = data_folder()
    answers = {task: ragtruth(data, task) for _, task, _ in KINDS}
    found: dict[str, list[dict[str, float]]] = {task: [] for task in answers}
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(options.splits):
            chosen = {task: half_of(rows, seed) for task, rows in answers.items()}
            for is_first in (True, False):
                inside = {
                    task: [a for a in rows if (a.source_id in chosen[task]) == is_first]
                    for task, rows in answers.items()
                }
                checker = fitted(inside, Path(folder), f"{seed}-{is_first}")
                for task, rows in answers.items():
                    others = [a for a in rows if (a.source_id in chosen[task]) != is_first]
                    found[task].append(figures(score_all(others, checker)))
    for task, measured in found.items():
        print(f"\nRAGTruth {task}, {len(measured)} models")
        for name in measured[0]:
            values = [row[name] for row in measured]
            low, high = min(values), max(values)
            print(f"  {name:28s} {np.mean(values):.3f} ({low:.3f} to {high:.3f})")


if __name__ == "__main__":
    main()
