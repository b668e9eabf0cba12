"""What each part of the ranking is worth: one left out, or set otherwise, at a time.

Usage: FOOTNOTE_BENCH_DATA=… python -m benchmarks.ablation --work DIR

DIR has the indexes of `benchmarks.retrieval`, `benchmarks.siblings`, `benchmarks.transcripts` and
`benchmarks.paraphrases`, run with the same --work before. Questions of even position, and of the development part,
decided; printed are the development share and all, as a Markdown table.
"""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks import paraphrases, siblings, transcripts
from benchmarks.baselines import Span, documents, gold_share
from benchmarks.corpora import data_folder, read_chunking_eval, write_scifact
from benchmarks.retrieval import ndcg_at_10, recall_at_10
from core.log import configure
from core.settings import load_settings
from index.factory import open_knowledge_base
from index.permissions import administrator
from index.ranking import RankingWeights
from index.retriever import HybridRetriever, PreparedQuestion

_DEFAULT = RankingWeights()
VARIANTS: dict[str, RankingWeights] = {
    "as shipped": _DEFAULT,
    "words alone": replace(_DEFAULT, dense=0.0, absolute=0.0),
    "meaning alone": replace(_DEFAULT, dense=1.0, name=0.0),
    "weight of meaning .3": replace(_DEFAULT, dense=0.3),
    "weight of meaning .55": replace(_DEFAULT, dense=0.55),
    "words by the best chunk's score": replace(_DEFAULT, absolute=0.0),
    "no more for coverage": replace(_DEFAULT, coverage=0.0),
    "no pairs": replace(_DEFAULT, pairs=0.0),
    "no neighbours": replace(_DEFAULT, neighbour=0.0),
    "no names": replace(_DEFAULT, name=0.0),
}


@dataclass(frozen=True)
class Task:
    """A set of questions: its data folder, what a question's hits are worth, and which decide."""

    name: str
    data: Path
    questions: list[str]
    top_k: int
    worth: Callable[[int, list[Span]], float]
    decides: list[bool]


def tasks(work: Path) -> Iterator[Task]:
    data = data_folder()
    with TemporaryDirectory() as scratch:
        queries, relevant = write_scifact(data, Path(scratch) / "scifact")
        named = siblings.write_siblings(Path(scratch) / "siblings")
        turns = transcripts.write_transcripts(Path(scratch) / "transcripts")
        notes = paraphrases.write_notes(Path(scratch) / "notes")
    ids = list(queries)
    every_second = [position % 2 == 0 for position in range(len(ids))]
    for name, measure in (("SciFact nDCG@10", ndcg_at_10), ("SciFact recall@10", recall_at_10)):

        def worth(at: int, hits: list[Span], measure: Callable[..., float] = measure) -> float:
            return measure(documents(hits), relevant[ids[at]])

        yield Task(name, work / "scifact-data", list(queries.values()), 60, worth, every_second)
    _, spans = read_chunking_eval(data)
    yield Task(
        "chunking-eval",
        work / "chunking-data",
        [span.question for span in spans],
        60,
        lambda at, hits: gold_share(
            hits, [Span(spans[at].uri, start, end) for start, end in spans[at].spans], 4000
        ),
        [position % 2 == 0 for position in range(len(spans))],
    )
    for name, asked in (("siblings", named), ("paraphrases", notes)):
        yield Task(
            name,
            work / f"{name}-data",
            [question.question for question in asked],
            10,
            lambda at, hits, asked=asked: float(documents(hits)[:1] == [asked[at].uri]),  # type: ignore[misc]
            [question.part == "development" for question in asked],
        )
    yield Task(
        "transcripts",
        work / "transcripts-data",
        [turn.question for turn in turns],
        60,
        lambda at, hits: gold_share(hits, [turns[at].gold], 4000),
        [turn.part == "development" for turn in turns],
    )


def measured(task: Task, weights: RankingWeights, prepared: dict[str, PreparedQuestion]) -> str:
    settings = load_settings(data_dir=task.data)
    retriever: HybridRetriever = open_knowledge_base(settings).retriever
    retriever._weights = weights
    retriever.refresh()  # the questions may have been prepared by another one
    values = []
    for position, question in enumerate(task.questions):
        if question not in prepared:
            prepared[question] = retriever.prepare(question, administrator())
        hits = retriever.retrieve_prepared(prepared[question], administrator(), task.top_k)
        spans = [Span(hit.document.uri, hit.start, hit.end) for hit in hits]
        values.append(task.worth(position, spans))
    chosen = [value for value, decides in zip(values, task.decides, strict=True) if decides]
    return f"{np.mean(chosen):.3f} / {np.mean(values):.3f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True, help="folder with the indexes")
    options = parser.parse_args()
    configure("warning")
    found = [task for task in tasks(options.work) if task.data.exists()]
    print(f"| variant | {' | '.join(task.name for task in found)} |")
    print("| --- |" + " --- |" * len(found))
    prepared: dict[Path, dict[str, PreparedQuestion]] = {}
    for name, weights in VARIANTS.items():
        cells = [measured(task, weights, prepared.setdefault(task.data, {})) for task in found]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
