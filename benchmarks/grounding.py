"""How well the claim checker tells what answers invent: RAGTruth's answers of six models, with marked spans.

Response level: AUROC, AUROC within each generator (mean over the six: a user has one), F1 at the shipped threshold;
span level: overlap of characters. Each beside flagging everything, length alone and token coverage alone, with 95 %
intervals from resampling sources. A source belongs wholly to the development or to the report half.
"""

import argparse
import hashlib
import json
import os
import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np

from app.grounding.checker import ClaimChecker
from app.grounding.verdict_model import SHIPPED, load_models
from benchmarks.corpora import data_folder
from core.grounding import EvidenceText, GroundingReport

Half = Literal["development", "report"]
_PASSAGE = re.compile(r"(?:^|\n\n)passage \d+:")
_DRAWS = 1000


@dataclass(frozen=True)
class MarkedAnswer:
    """An answer with the spans that people marked as not supported."""

    source_id: str
    task: str
    generator: str
    question: str
    passages: tuple[EvidenceText, ...]
    text: str
    spans: tuple[tuple[int, int], ...]

    @property
    def half(self) -> Half:
        """The half that all answers to this source belong to."""
        digest = hashlib.sha256(f"half:{self.source_id}".encode()).digest()
        return "report" if digest[0] % 2 else "development"


def ragtruth(data: Path, task: str) -> list[MarkedAnswer]:
    """Return the answers of one task, `qa` or `data2txt`."""
    found = []
    path = data / "grounding" / f"ragtruth_{task}.jsonl"
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        question, passages = _source(row["source"])
        for response in row["responses"]:
            spans = tuple((label["start"], label["end"]) for label in response["labels"])
            found.append(
                MarkedAnswer(
                    str(row["source_id"]),
                    task,
                    response["model"],
                    question,
                    passages,
                    response["response"],
                    spans,
                )
            )
    return found


def _source(source: dict[str, Any]) -> tuple[str, tuple[EvidenceText, ...]]:
    if isinstance(source.get("passages"), str):
        texts = [text.strip() for text in _PASSAGE.split(source["passages"]) if text.strip()]
        question = str(source["question"])
    else:
        texts, question = ["\n".join(_lines(source, ""))], ""
    return question, tuple(EvidenceText(str(n), text) for n, text in enumerate(texts, start=1))


def _lines(value: Any, path: str) -> Iterator[str]:
    """Write structured data as a line for each value: `attributes WiFi: no`."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _lines(inner, f"{path} {key}".strip())
    elif isinstance(value, list):
        for inner in value:
            yield from _lines(inner, path)
    else:
        shown = (
            {None: "unknown", True: "yes", False: "no"}.get(value, value)
            if isinstance(value, bool | None)
            else value
        )
        yield f"{path}: {shown}"


def tokenizer_path() -> str:
    """Return where the tokenizer of the default embedding model stands."""
    from core.settings import load_settings
    from index.embedders.model_files import find_model

    settings = load_settings()
    files = find_model(
        settings.embedder, settings.model_cache.expanduser(), offline=settings.offline
    )
    return str(files.folder / "tokenizer.json")


@dataclass(frozen=True)
class Scored:
    """An answer with its report, and the baselines' scores of it."""

    answer: MarkedAnswer
    report: GroundingReport
    took_ms: float
    used_ms: float
    length: float
    uncovered: float


def score_all(answers: Sequence[MarkedAnswer], checker: ClaimChecker) -> list[Scored]:
    """Check all answers, one after the other."""
    found = []
    for answer in answers:
        started, used = time.perf_counter(), time.process_time()
        report = checker.check(answer.text, answer.passages, answer.question)
        took_ms = (time.perf_counter() - started) * 1000
        used_ms = (time.process_time() - used) * 1000
        found.append(
            Scored(answer, report, took_ms, used_ms, float(len(answer.text)), _uncovered(answer))
        )
    return found


def _uncovered(answer: MarkedAnswer) -> float:
    """Return the share of an answer's words that no passage has: the plainest baseline."""
    known = {word for passage in answer.passages for word in _words(passage.text)}
    words = _words(answer.text)
    return sum(word not in known for word in words) / max(1, len(words))


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def auroc(positive: Sequence[bool], scores: Sequence[float]) -> float:
    """Return the chance that a positive scores higher than a negative, ties half; nan without both."""
    labels, values = np.array(positive, bool), np.array(scores, np.float64)
    high, low = values[labels], values[~labels]
    if not len(high) or not len(low):
        return float("nan")
    larger = (high[:, None] > low[None, :]).sum() + 0.5 * (high[:, None] == low[None, :]).sum()
    return float(larger / (len(high) * len(low)))


Score = Callable[[Scored], float]
Spans = Sequence[tuple[int, int]]
SYSTEMS: dict[str, Score] = {
    "footnote": lambda item: item.report.score,
    "length only": lambda item: item.length,
    "token coverage": lambda item: item.uncovered,
}


def pooled(items: Sequence[Scored], score: Score) -> float:
    """Return the AUROC over all answers."""
    return auroc([bool(item.answer.spans) for item in items], [score(item) for item in items])


def within_generator(items: Sequence[Scored], score: Score) -> float:
    """Return the mean over generators of the AUROC among one's answers, of those that have both kinds."""
    names = sorted({item.answer.generator for item in items})
    values = [
        pooled([item for item in items if item.answer.generator == name], score) for name in names
    ]
    known = [value for value in values if not np.isnan(value)]
    return float(np.mean(known)) if known else float("nan")


def answer_f1(items: Sequence[Scored], flags: Callable[[Scored], bool]) -> float:
    """Return the F1 of flagging answers that have a marked span."""
    hit = sum(flags(item) and bool(item.answer.spans) for item in items)
    flagged, gold = sum(map(flags, items)), sum(bool(item.answer.spans) for item in items)
    return 2 * hit / max(1, flagged + gold)


def balanced_accuracy(items: Sequence[Scored], flags: Callable[[Scored], bool]) -> float:
    """Return the mean of the shares of both kinds that are told right."""
    bad = [flags(item) for item in items if item.answer.spans]
    good = [not flags(item) for item in items if not item.answer.spans]
    return (sum(bad) / max(1, len(bad)) + sum(good) / max(1, len(good))) / 2


def span_score(items: Sequence[Scored], place: int, spans: Callable[[Scored], Spans]) -> float:
    """Return the precision, recall or F1, by its place, over characters of all answers together."""
    hit = marked = gold = 0
    for item in items:
        predicted, wanted = _mask(item, spans(item)), _mask(item, item.answer.spans)
        hit += int((predicted & wanted).sum())
        marked += int(predicted.sum())
        gold += int(wanted.sum())
    return (hit / max(1, marked), hit / max(1, gold), 2 * hit / max(1, marked + gold))[place]


def _mask(item: Scored, spans: Spans) -> Any:
    mask = np.zeros(len(item.answer.text), bool)
    for start, end in spans:
        mask[start:end] = True
    return mask


def with_interval(items: Sequence[Scored], measure: Callable[[Sequence[Scored]], float]) -> str:
    """Return a measure with its 95 % interval from drawing sources, with all their answers, again and again."""
    by_source: dict[str, list[Scored]] = {}
    for item in items:
        by_source.setdefault(item.answer.source_id, []).append(item)
    groups = list(by_source.values())
    draws = np.random.default_rng(7).integers(0, len(groups), (_DRAWS, len(groups)))
    values = [measure([item for position in draw for item in groups[position]]) for draw in draws]
    low, high = np.nanquantile(values, [0.025, 0.975])
    return f"{measure(items):.3f} [{low:.3f}, {high:.3f}]"


def calibration_error(items: Sequence[Scored], bins: int = 5) -> float:
    """Return the mean distance between score and share of bad answers, in bins of as many answers each."""
    ordered = sorted(items, key=lambda item: item.report.score)
    total = 0.0
    for part in np.array_split(np.arange(len(ordered)), bins):
        chosen = [ordered[position] for position in part]
        told = sum(item.report.score for item in chosen)
        total += abs(told - sum(bool(item.answer.spans) for item in chosen))
    return total / max(1, len(ordered))


def rows_of(items: Sequence[Scored]) -> Iterator[tuple[str, str]]:
    """Yield the figures of one part, named."""
    for name, score in SYSTEMS.items():
        yield f"AUROC, {name}", with_interval(items, partial(pooled, score=score))
        within = partial(within_generator, score=score)
        yield f"AUROC within a generator, {name}", with_interval(items, within)
    for label, flags in (("footnote", is_flagged), ("flag everything", always)):
        yield f"answer F1, {label}", with_interval(items, partial(answer_f1, flags=flags))
    accuracy = partial(balanced_accuracy, flags=is_flagged)
    yield "balanced accuracy, footnote", with_interval(items, accuracy)
    for place, label in enumerate(("precision", "recall", "F1")):
        marked = partial(span_score, place=place, spans=marked_spans)
        yield f"span {label}, footnote", with_interval(items, marked)
    yield "calibration error of the score", with_interval(items, calibration_error)
    everything = partial(span_score, place=2, spans=whole_answer)
    yield "span F1, flag everything", with_interval(items, everything)
    yield "ms an answer, p50 / p95", _spread([item.took_ms for item in items])
    # What others do on the same processor lengthens the time on the clock and not, or much less, this one.
    yield "processor ms an answer, p50 / p95", _spread([item.used_ms for item in items])


def _spread(times: Sequence[float]) -> str:
    ordered = sorted(times)
    return f"{ordered[len(ordered) // 2]:.1f} / {ordered[int(len(ordered) * 0.95)]:.1f}"


def is_flagged(item: Scored) -> bool:
    """Tell what the checker decides of an answer."""
    return not item.report.grounded


def always(item: Scored) -> bool:
    """Flag every answer."""
    return bool(item)


def marked_spans(item: Scored) -> Spans:
    """Return the spans that the checker marks."""
    bad = ("unsupported", "contradicted")
    return [(claim.start, claim.end) for claim in item.report.claims if claim.verdict in bad]


def whole_answer(item: Scored) -> Spans:
    """Mark everything."""
    return [(0, len(item.answer.text))]


def halu_eval(data: Path, checker: ClaimChecker) -> str:
    """Return how often the right answer of a HaluEval pair scores better; length alone gives these pairs away."""
    path = data / "grounding" / "qa_one-turn_data.json"
    rows = [
        json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()
    ]
    wins = ties = shorter = 0
    for row in rows:
        passages = [EvidenceText("1", row["knowledge"])]
        right, wrong = (
            checker.check(row[key], passages, row["question"]).score
            for key in ("right_answer", "hallucinated_answer")
        )
        wins += right < wrong
        ties += right == wrong
        shorter += len(row["right_answer"]) < len(row["hallucinated_answer"])
    count = len(rows)
    return f"{count} pairs: right answer better {wins / count:.3f}, tie {ties / count:.3f}; shorter {shorter / count:.3f}"


@dataclass(frozen=True)
class _ModelFolder:
    tokenizer_path: str


def default_vectors() -> _ModelFolder:
    """Return where the word vectors of the default embedding model stand, as the checker takes it."""
    return _ModelFolder(tokenizer_path())


def main() -> None:
    """Print the figures of one half."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--half", choices=("development", "report"), default="development")
    parser.add_argument("--weights", type=Path, default=SHIPPED, help="weights to judge with")
    parser.add_argument("--json", type=Path, help="file for the figures")
    parser.add_argument("--cores", type=int, default=1, help="processors to use, for the times")
    options = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, set(sorted(os.sched_getaffinity(0))[: options.cores]))
    data = data_folder()
    checker = ClaimChecker(default_vectors(), load_models(options.weights))
    figures: dict[str, dict[str, str]] = {}
    for task in ("qa", "data2txt"):
        answers = [answer for answer in ragtruth(data, task) if answer.half == options.half]
        items = score_all(answers, checker)
        sources = len({answer.source_id for answer in answers})
        bad = sum(bool(answer.spans) for answer in answers)
        print(
            f"\nRAGTruth {task}, {options.half} half: {len(answers)} answers to {sources} sources, {bad} with marked spans"
        )
        figures[task] = dict(rows_of(items))
        for name, value in figures[task].items():
            print(f"  {name:42s} {value}")
    print(f"\nHaluEval QA, {halu_eval(data, checker)}")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
