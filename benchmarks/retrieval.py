"""Retrieval of Footnote's default settings beside plain searches and LlamaIndex, without a judge.

Usage: FOOTNOTE_BENCH_DATA=… python -m benchmarks.retrieval [--work DIR] [--set NAME] [--peer] [--json FILE]

SciFact: nDCG@10 and recall@10 over documents (a document ranks where its first chunk ranks), 300 test queries.
chunking-eval: share of the gold characters among the first 4,000 characters retrieved, 472 questions.
XQuAD, each paragraph a document: MRR@10 in English, recall@10 in German, Spanish and Chinese; once with an index
for each language, once with all four in one index, where only the paragraph in the question's language counts.
Every second question is for development (even positions), the others are for the report.
"""

import argparse
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from benchmarks.baselines import (
    Search,
    Span,
    documents,
    gold_share,
    open_systems,
)
from benchmarks.baselines import ingest as ingest  # benchmarks.answers takes it from here
from benchmarks.corpora import data_folder, read_chunking_eval, write_scifact, write_xquad
from benchmarks.intervals import Result, by_position, run_of
from benchmarks.intervals import interval as interval

_BUDGET = 4000
_TOP_K = 60
_LANGUAGES = ("en", "de", "es", "zh")

Score = Callable[[Sequence[Span], int], float]
"""What one question's spans are worth; the number is the question's position."""


def ndcg_at_10(ranked: Sequence[str], relevant: set[str]) -> float:
    gain = sum(1 / math.log2(i + 2) for i, name in enumerate(ranked[:10]) if name in relevant)
    return gain / sum(1 / math.log2(i + 2) for i in range(min(10, len(relevant))))


def recall_at_10(ranked: Sequence[str], relevant: set[str]) -> float:
    return len(set(ranked[:10]) & relevant) / len(relevant)


def mrr_at_10(ranked: Sequence[str], relevant: set[str]) -> float:
    return next((1 / (i + 1) for i, name in enumerate(ranked[:10]) if name in relevant), 0.0)


def measured(
    set_name: str,
    questions: Sequence[str],
    systems: Mapping[str, Search],
    measures: Mapping[str, Score],
) -> list[Result]:
    """Ask every system every question once; return one result for each measure."""
    values: dict[str, dict[str, list[float]]] = {measure: {} for measure in measures}
    for system, search in systems.items():
        found = [search(question, _TOP_K) for question in questions]
        for measure, score in measures.items():
            values[measure][system] = [score(spans, at) for at, spans in enumerate(found)]
    parts = by_position(len(questions))
    return [Result(set_name, measure, parts, values[measure]) for measure in measures]


def scifact(data: Path, work: Path, peer: bool) -> list[Result]:
    queries, relevant = write_scifact(data, work / "scifact-docs")
    systems = open_systems("scifact", work / "scifact-docs", work, peer=peer)
    gold = [relevant[query] for query in queries]
    measures: dict[str, Score] = {
        "nDCG@10, documents": lambda spans, at: ndcg_at_10(documents(spans), gold[at]),
        "recall@10, documents": lambda spans, at: recall_at_10(documents(spans), gold[at]),
    }
    return measured("SciFact", list(queries.values()), systems, measures)


def chunking(data: Path, work: Path, peer: bool) -> list[Result]:
    folder, questions = read_chunking_eval(data)
    systems = open_systems("chunking", folder, work, peer=peer)
    gold = [[Span(q.uri, start, end) for start, end in q.spans] for q in questions]
    measures: dict[str, Score] = {
        f"gold characters in the first {_BUDGET:,}": lambda spans, at: gold_share(
            spans, gold[at], _BUDGET
        )
    }
    return measured("chunking-eval", [q.question for q in questions], systems, measures)


def xquad(data: Path, work: Path, peer: bool) -> list[Result]:
    results = []
    mixed_folder = work / "xquad-mixed-docs"
    mixed = {
        language: write_xquad(data, mixed_folder / language, language) for language in _LANGUAGES
    }
    for language in _LANGUAGES:
        folder = work / f"xquad-{language}-docs"
        asked = write_xquad(data, folder, language)
        systems = open_systems(f"xquad-{language}", folder, work, peer=peer)
        gold = [{question.uri} for question in asked]
        results += measured(
            f"XQuAD {language}", [q.question for q in asked], systems, _paragraphs(language, gold)
        )
    systems = open_systems("xquad-mixed", mixed_folder, work, peer=peer)
    for language, asked in mixed.items():
        gold = [{f"{language}/{question.uri}"} for question in asked]
        name = f"XQuAD {language} in one index of four languages"
        results += measured(name, [q.question for q in asked], systems, _paragraphs(language, gold))
    return results


def _paragraphs(language: str, gold: Sequence[set[str]]) -> dict[str, Score]:
    if language == "en":
        return {
            "MRR@10, paragraphs": lambda spans, at: mrr_at_10(documents(spans), gold[at]),
        }
    return {"recall@10, paragraphs": lambda spans, at: recall_at_10(documents(spans), gold[at])}


SETS = {"scifact": scifact, "chunking": chunking, "xquad": xquad}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--set", choices=sorted(SETS), help="only this set")
    with run_of(parser) as (options, results):
        data = data_folder()
        for name, run in SETS.items():
            if options.set in (None, name):
                results += run(data, options.work, options.peer)


if __name__ == "__main__":
    main()
