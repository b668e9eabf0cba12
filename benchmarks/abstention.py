"""Whether to answer at all: questions that are answered, near misses, and questions about something else.

Usage: FOOTNOTE_BENCH_DATA=… python -m benchmarks.abstention [--work DIR] [--step N] [--train]

Answered: XQuAD English with the passages that the product finds; ClapNQ's answerable questions with their passages.
Near misses: XQuAD's questions without the paragraph that answers, and without the sentences that hold the answer;
ClapNQ's unanswerable questions with their passages. Out of corpus: a handbook's questions asked of XQuAD, XQuAD's,
ClapNQ's and chunking-eval's asked of two handbooks and of each other's documents.
Reported for the odd half (XQuAD by paragraph, the others by source or position): AUROC of the confidence on ClapNQ,
the share withheld and the share answered with a caution. `--train` fits both models on the even half first and writes
`app/abstention_weights.json`; thresholds are quantiles of XQuAD's even answered questions.
"""

import argparse
import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt

from app.abstention import WEIGHTS_FILE, abstention_model
from app.extraction.evidence import FEATURES, evidence_features
from app.extraction.features import SentenceEmbedder, Vocabulary
from app.extraction.ranking import rank_sentences
from benchmarks.answers import FOREIGN, Corpus, is_odd, open_corpus
from benchmarks.corpora import data_folder, read_chunking_eval, write_xquad
from benchmarks.intervals import interval
from core.answers import DocumentRef, Passage
from core.log import configure
from core.sentences import sentence_spans
from ingest.parsers.registry import parse

_RIDGE = 30.0
_WITHHELD_SHARE = 0.03
_CAUTION_SHARE = 0.10
"""Of the answered questions of XQuAD's even paragraphs: withheld, and withheld or answered with a caution."""
_FREE = frozenset(("heading_words", "rest_size", "question_words", "novel"))
"""Every other feature speaks for an answer: a negative weight would be a trait of the training questions."""
_TOPIC = (
    "cosine",
    "cosine_second",
    "all_words",
    "passage_words",
    "window_words",
    "heading_words",
    "named_all",
    "sentence_words",
)
_WEIGHTS = {"answered": 1.0, "no paragraph": 0.5, "no sentence": 0.5, "clapnq": 2.5}
_FOREIGN_WEIGHTS = {"handbook": 6.0, "xquad": 0.4, "clapnq": 0.6, "chunking": 0.6}
"""By whose questions are asked: there are few of a handbook's, and they are what employees ask."""
_TOPIC_WEIGHTS = {
    "answered": 0.5,
    "no paragraph": 0.25,
    "no sentence": 0.25,
    "foreign": 1.0,
    "clapnq": 2.0,
}

Vector = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Judged:
    """One question with its evidence; `group` names where it comes from, `foreign: …` what is out of corpus."""

    group: str
    has_answer: bool
    is_odd: bool
    features: tuple[float, ...]

    @property
    def kind(self) -> str:
        return self.group.split(":")[0]

    @property
    def foreign_weight(self) -> float:
        return _FOREIGN_WEIGHTS[self.group.split()[1]]


@dataclass(frozen=True)
class Asked:
    """A question of any set, and which half it belongs to."""

    text: str
    is_odd: bool


def judged(
    group: str,
    has_answer: bool,
    asked: Asked,
    passages: Sequence[Passage],
    reader: tuple[SentenceEmbedder, Vocabulary],
) -> Judged:
    ranking = rank_sentences(asked.text, passages, *reader)
    features = evidence_features(ranking, reader[1])
    return Judged(group, has_answer, asked.is_odd, tuple(features[name] for name in FEATURES))


def reader_of(corpus: Corpus) -> tuple[SentenceEmbedder, Vocabulary]:
    return corpus.base.retriever.embedder, corpus.base.retriever


# --- sets -----------------------------------------------------------------------------------------


def xquad_sets(corpus: Corpus, docs: Path, step: int) -> Iterator[Judged]:
    """Yield every question three times: as it is, without its paragraph, without its sentences."""
    reader = reader_of(corpus)
    for question in write_xquad(data_folder(), docs, "en")[::step]:
        asked = Asked(question.question, is_odd(question))
        passages = corpus.passages_for(question.question)
        others = [passage for passage in passages if passage.document.uri != question.uri]
        cut = [
            passage if passage in others else without_sentences(passage, question.answers)
            for passage in passages
        ]
        yield judged("answered", True, asked, passages, reader)
        yield judged("no paragraph", False, asked, others, reader)
        yield judged("no sentence", False, asked, cut, reader)


def without_sentences(passage: Passage, answers: Sequence[str]) -> Passage:
    """Return a passage of a text file without the sentences that hold an answer."""
    text = passage.text
    pieces = [text[span.start : span.end] for span in sentence_spans(text)]
    kept = " ".join(piece for piece in pieces if not any(answer in piece for answer in answers))
    return passage_of(kept or ".", "cut.txt", passage)


def passage_of(text: str, name: str, like: Passage | None = None) -> Passage:
    document = parse(text.encode(), name)
    fresh = like or Passage(
        marker=1,
        document=DocumentRef(name, name, document.title, "v"),
        chunk_id=name,
        section=(document.title,),
        page=None,
        start=0,
        end=0,
        text="",
        score=1.0,
    )
    return replace(
        fresh, start=0, end=len(document.text), text=document.text, elements=document.elements
    )


def clapnq(work: Path, step: int) -> Iterator[Judged]:
    """Yield ClapNQ's questions with the passages that they were asked of; halves by title."""
    rows = []
    docs = work / "clapnq-docs"
    docs.mkdir(parents=True, exist_ok=True)
    for kind in ("answerable", "unanswerable"):
        path = data_folder() / "clapnq" / "dev" / f"clapnq_dev_{kind}.jsonl"
        for line in path.read_text("utf-8").splitlines():
            row = json.loads(line)
            given = row["passages"][0]
            text = f"# {given['title']}\n\n{given['text']}\n"
            name = f"{kind}-{len(rows):03d}.md"
            (docs / name).write_text(text, "utf-8")
            asked = Asked(row["input"], bool(zlib.crc32(given["title"].encode()) % 2))
            rows.append((asked, kind == "answerable", passage_of(text, name)))
    reader = reader_of(open_corpus(docs, work / "clapnq-data"))
    for asked, has_answer, passage in rows[::step]:
        yield judged("clapnq", has_answer, asked, [passage], reader)


def foreign(corpora: dict[str, Corpus], work: Path, step: int) -> Iterator[Judged]:
    """Yield questions asked of documents that are about something else."""
    sets = foreign_questions(work)
    plan = (
        ("handbook", "xquad", 1),
        ("handbook", "chunking", 1),
        ("xquad", "18f", 2),
        ("xquad", "sourcegraph", 2),
        ("clapnq", "xquad", 4),
        ("clapnq", "sourcegraph", 4),
        ("chunking", "xquad", 2),
        ("chunking", "18f", 2),
    )
    for questions, documents, every in plan:
        corpus = corpora[documents]
        for asked in sets[questions][:: every * step]:
            passages = corpus.passages_for(asked.text)
            group = f"foreign: {questions} asked of {documents}"
            yield judged(group, False, asked, passages, reader_of(corpus))


def foreign_questions(work: Path) -> dict[str, list[Asked]]:
    xquad = write_xquad(data_folder(), work / "xquad-en-docs", "en")
    _, chunking = read_chunking_eval(data_folder())
    names = sorted({question.uri for question in chunking})
    lines = []
    for kind in ("answerable", "unanswerable"):
        path = data_folder() / "clapnq" / "dev" / f"clapnq_dev_{kind}.jsonl"
        lines += path.read_text("utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    return {
        "handbook": [Asked(t, bool(i % 2)) for i, t in enumerate(FOREIGN.read_text().splitlines())],
        "xquad": [Asked(question.question, is_odd(question)) for question in xquad],
        # The encyclopedia's questions are about what XQuAD's paragraphs are about.
        "chunking": [
            Asked(question.question, bool(names.index(question.uri) % 2))
            for question in chunking
            if "wiki" not in question.uri
        ],
        "clapnq": [
            Asked(row["input"], bool(zlib.crc32(row["passages"][0]["title"].encode()) % 2))
            for row in rows
        ],
    }


def collect(work: Path, step: int) -> list[Judged]:
    docs = work / "xquad-en-docs"
    write_xquad(data_folder(), docs, "en")
    handbooks = data_folder()
    corpora = {
        "xquad": open_corpus(docs, work / "xquad-en-data"),
        "18f": open_corpus(handbooks / "handbook-18f", work / "18f-data"),
        "sourcegraph": open_corpus(handbooks / "handbook-sourcegraph" / "corpus", work / "sg-data"),
        "chunking": open_corpus(read_chunking_eval(handbooks)[0], work / "chunking-data"),
    }
    return [
        *xquad_sets(corpora["xquad"], docs, step),
        *clapnq(work, step),
        *foreign(corpora, work, step),
    ]


# --- training -------------------------------------------------------------------------------------


def train(rows: Sequence[Judged]) -> None:
    even = [row for row in rows if not row.is_odd]
    fact = fit(even, FEATURES, [float(row.has_answer) for row in even], _WEIGHTS)
    on_topic = [row for row in even if row.kind != "clapnq" or row.has_answer]
    topic = fit(
        on_topic, _TOPIC, [float(row.kind != "foreign") for row in on_topic], _TOPIC_WEIGHTS
    )
    answered = [probability(fact, row) for row in even if row.group == "answered"]
    stored = {
        "fact": fact,
        "topic": topic,
        "answer_at": round(float(np.quantile(answered, _CAUTION_SHARE)), 3),
        "withhold_at": round(float(np.quantile(answered, _WITHHELD_SHARE)), 3),
        "topic_at": 0.5,
    }
    WEIGHTS_FILE.write_text(json.dumps(stored, indent=1) + "\n", "utf-8")
    abstention_model.cache_clear()


def fit(
    rows: Sequence[Judged], names: Sequence[str], labels: Sequence[float], weights: dict[str, float]
) -> dict[str, object]:
    """Return a weighted logistic model with a ridge on standardised features, its weights on the plain ones."""
    from scipy.optimize import minimize

    columns = [FEATURES.index(name) for name in names]
    matrix = np.array([row.features for row in rows])[:, columns]
    wanted = np.array(labels)
    counted = np.array([weights.get(row.kind) or row.foreign_weight for row in rows])
    centre, spread = matrix.mean(axis=0), matrix.std(axis=0) + 1e-6
    scaled = (matrix - centre) / spread

    def loss(model: Vector) -> tuple[float, Vector]:
        found = 1 / (1 + np.exp(-(scaled @ model[1:] + model[0])))
        surprise = wanted * np.log(found + 1e-12) + (1 - wanted) * np.log(1 - found + 1e-12)
        slope = counted * (found - wanted)
        ridge = _RIDGE * model[1:]
        total = -float(counted @ surprise) + float(ridge @ model[1:]) / 2
        return total, np.concatenate(([slope.sum()], scaled.T @ slope + ridge))

    bounds = [(None, None), *((None if name in _FREE else 0, None) for name in names)]
    start = np.zeros(len(names) + 1)
    model = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x
    plain = model[1:] / spread
    return {
        "bias": round(float(model[0] - plain @ centre), 3),
        "weights": {
            name: round(float(weight), 3) for name, weight in zip(names, plain, strict=True)
        },
    }


def probability(model: dict[str, object], row: Judged) -> float:
    weights = model["weights"]
    assert isinstance(weights, dict)
    features = dict(zip(FEATURES, row.features, strict=True))
    total = float(str(model["bias"])) + sum(w * features[name] for name, w in weights.items())
    return float(1 / (1 + np.exp(-total)))


# --- measuring ------------------------------------------------------------------------------------


def auroc(right: Sequence[float], wrong: Sequence[float]) -> float:
    """Return the probability that a right one scores above a wrong one, ties half (Mann-Whitney)."""
    above = np.array(right)[:, None] - np.array(wrong)[None, :]
    return float((above > 0).mean() + (above == 0).mean() / 2)


def report(name: str, rows: Sequence[Judged]) -> None:
    model = abstention_model()
    scores = [
        model.fact.probability(dict(zip(FEATURES, row.features, strict=True))) for row in rows
    ]
    print(name)
    asked = [
        (s, row.has_answer) for s, row in zip(scores, rows, strict=True) if row.group == "clapnq"
    ]
    area = auroc([s for s, yes in asked if yes], [s for s, yes in asked if not yes])
    print(f"  ClapNQ, AUROC of the confidence on {len(asked)} questions: {area:.3f}")
    groups = sorted({(row.group, row.has_answer) for row in rows})
    every = [s for s, row in zip(scores, rows, strict=True) if row.kind == "foreign"]
    shown = [("foreign: all", False, every)]
    for group, yes in groups:
        own = [
            s
            for s, row in zip(scores, rows, strict=True)
            if (row.group, row.has_answer) == (group, yes)
        ]
        shown.append((group, yes, own))
    for group, yes, own in shown:
        withheld = [float(score < model.withhold_at) for score in own]
        caution = [float(model.withhold_at <= score < model.answer_at) for score in own]
        label = f"{group}, {'answer there' if yes else 'no answer there'}"
        print(
            f"  {label:58} {len(own):5}  withheld {interval(withheld)}  caution {interval(caution)}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, help="folder that keeps the indexes between runs")
    parser.add_argument("--step", type=int, default=1, help="take every Nth question")
    parser.add_argument("--train", action="store_true", help="fit and write both models")
    options = parser.parse_args()
    configure("warning")
    with TemporaryDirectory() as scratch:
        rows = collect(options.work or Path(scratch), options.step)
    if options.train:
        train(rows)
    report("odd half", [row for row in rows if row.is_odd])
    report("all", rows)


if __name__ == "__main__":
    main()
