"""Retrieval quality of Footnote's default settings beside BM25 alone and dense alone, without a judge.

Usage: FOOTNOTE_BENCH_DATA=… python -m benchmarks.retrieval [--work DIR] [--set scifact|chunking]

SciFact: nDCG@10 and recall@10 over documents (a document ranks where its first chunk ranks), 300 test queries.
chunking-eval: share of the gold characters among the first 4,000 characters retrieved, 472 questions.
Each figure has n and a 95 % interval by bootstrap over questions. Nothing is tuned on these questions' halves
reported as `test`; see docs/evaluation.md for what was chosen on which.
"""

import argparse
import math
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.corpora import SpanQuestion, data_folder, read_chunking_eval, write_scifact
from core.answers import Hit
from core.log import configure
from core.settings import load_settings
from index.factory import open_knowledge_base
from index.permissions import administrator
from index.retriever import HybridRetriever

# The weight of the dense score decides: with 0 words alone rank, with 1 meaning alone.
VARIANTS: dict[str, float | None] = {"footnote": None, "bm25 alone": 0.0, "dense alone": 1.0}
_BUDGET = 4000


def retriever_of(data_dir: Path, dense_weight: float | None) -> HybridRetriever:
    settings = load_settings(data_dir=data_dir)
    if dense_weight is not None:
        retrieval = settings.retrieval.model_copy(update={"dense_weight": dense_weight})
        settings = settings.model_copy(update={"retrieval": retrieval})
    return open_knowledge_base(settings).retriever


def ingest(folder: Path, data_dir: Path) -> None:
    command = ["footnote", "ingest", str(folder), "--yes", "--data-dir", str(data_dir)]
    subprocess.run(command, check=True, stdout=sys.stderr)


def interval(values: Sequence[float]) -> str:
    """Mean with a 95 % bootstrap interval over questions."""
    array = np.array(values)
    draws = np.random.default_rng(7).integers(0, len(array), (2000, len(array)))
    low, high = np.quantile(array[draws].mean(axis=1), [0.025, 0.975])
    return f"{array.mean():.3f} [{low:.3f}, {high:.3f}]"


def ndcg_at_10(ranked: Sequence[str], relevant: set[str]) -> float:
    gain = sum(1 / math.log2(i + 2) for i, name in enumerate(ranked[:10]) if name in relevant)
    return gain / sum(1 / math.log2(i + 2) for i in range(min(10, len(relevant))))


def recall_at_10(ranked: Sequence[str], relevant: set[str]) -> float:
    return len(set(ranked[:10]) & relevant) / len(relevant)


def gold_share(hits: Sequence[Hit], question: SpanQuestion, budget: int = _BUDGET) -> float:
    """Share of the gold characters inside the first `budget` characters retrieved."""
    taken: list[tuple[str, int, int]] = []
    left = budget
    for hit in hits:
        if left <= 0:
            break
        end = min(hit.end, hit.start + left)
        taken.append((hit.document.uri, hit.start, end))
        left -= end - hit.start
    covered = sum(
        max(0, min(gold_end, end) - max(gold_start, start))
        for gold_start, gold_end in question.spans
        for uri, start, end in taken
        if uri == question.uri
    )
    return covered / sum(end - start for start, end in question.spans)


def scifact(data: Path, work: Path) -> None:
    queries, relevant = write_scifact(data, work / "scifact-docs")
    ingest(work / "scifact-docs", work / "scifact-data")
    print(f"\nSciFact, {len(queries)} queries: nDCG@10 and recall@10 (documents)")
    for name, weight in VARIANTS.items():
        retriever = retriever_of(work / "scifact-data", weight)
        gains, recalls = [], []
        for query_id, query in queries.items():
            hits = retriever.retrieve(query, administrator(), 60)
            ranked = list(dict.fromkeys(hit.document.uri for hit in hits))
            gains.append(ndcg_at_10(ranked, relevant[query_id]))
            recalls.append(recall_at_10(ranked, relevant[query_id]))
        print(f"  {name:12} nDCG@10 {interval(gains)}   recall@10 {interval(recalls)}")


def chunking(data: Path, work: Path) -> None:
    folder, questions = read_chunking_eval(data)
    ingest(folder, work / "chunking-data")
    print(f"\nchunking-eval, {len(questions)} questions: gold characters in the first {_BUDGET:,}")
    for name, weight in VARIANTS.items():
        retriever = retriever_of(work / "chunking-data", weight)
        shares = [
            gold_share(retriever.retrieve(q.question, administrator(), 60), q) for q in questions
        ]
        print(f"  {name:12} {interval(shares)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, help="folder to keep the indexes in")
    parser.add_argument("--set", choices=["scifact", "chunking"], help="only this set")
    options = parser.parse_args()
    configure("warning")
    data = data_folder()
    with tempfile.TemporaryDirectory() as scratch:
        work = options.work or Path(scratch)
        if options.set in (None, "chunking"):
            chunking(data, work)
        if options.set in (None, "scifact"):
            scifact(data, work)


if __name__ == "__main__":
    main()
