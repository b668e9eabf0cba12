"""Extractive answers on XQuAD English, and questions that its paragraphs do not answer.

Usage: FOOTNOTE_BENCH_DATA=… python -m benchmarks.answers [--questions N] [--language en] [--work DIR] [--train]

Every paragraph is a document. Reported: the share of questions whose quoted sentences contain a gold answer,
the median number of words quoted, false refusals, the share of foreign questions (a handbook's, from
handbook_questions.txt) that are refused, and that every quote equals its slice of the canonical text; for the odd
paragraphs, and for all. `--train` fits the sentence weights first, on the even paragraphs and on three of the five
corpora of chunking-eval (chat logs, medical abstracts, an encyclopedia), and writes `app/extraction/sentence_weights.json`.
"""

import argparse
import json
import statistics
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from app.bootstrap import open_service
from app.extraction.features import FEATURES
from app.extraction.ranking import WEIGHTS_FILE, RankedSentence, rank_sentences, sentence_weights
from app.sentences import Sentence
from app.service import FootnoteService
from benchmarks.corpora import AnswerQuestion, data_folder, read_chunking_eval, write_xquad
from benchmarks.retrieval import ingest, interval
from core.answers import Answer, Passage
from core.log import configure
from core.settings import load_settings
from index.factory import KnowledgeBase, open_knowledge_base
from index.passages import widen
from index.permissions import administrator

FOREIGN = Path(__file__).with_name("handbook_questions.txt")
_TRAINED_ON = ("chatlogs.md", "pubmed.md", "wikitexts.md")
_RIDGE = 3.0

Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Corpus:
    """A folder of documents, ingested."""

    base: KnowledgeBase
    passages: int
    passage_chars: int

    def passages_for(self, question: str) -> list[Passage]:
        """Return what the product would show the generator."""
        retriever = self.base.retriever
        hits = retriever.retrieve(question, administrator(), self.passages)
        return widen(self.base.catalogue, hits, self.passage_chars)


def open_corpus(docs: Path, data_dir: Path) -> Corpus:
    """Ingest a folder, unless that was done before, and open it."""
    if not data_dir.exists():
        try:
            ingest(docs, data_dir)
        except subprocess.CalledProcessError as error:
            if error.returncode != 1:  # 1: some documents have no text, the others are there
                raise
    settings = load_settings(data_dir=data_dir)
    base = open_knowledge_base(settings)
    base.retriever.refresh()
    return Corpus(base, settings.retrieval.passages, settings.retrieval.passage_chars)


def is_odd(question: AnswerQuestion) -> bool:
    """Whether a question belongs to the half that is reported."""
    return bool(int(question.uri[1:4]) % 2)


# --- measuring ------------------------------------------------------------------------------------


def quotes_are_exact(answer: Answer, texts: dict[str, str]) -> bool:
    return all(
        texts[citation.document.uri][citation.start : citation.end] == citation.quote
        for citation in answer.citations
    )


def holds_gold(answer: Answer, question: AnswerQuestion) -> bool:
    quoted = "\n".join(citation.quote for citation in answer.citations)
    return any(gold in quoted for gold in question.answers)


def report(
    name: str, pairs: Sequence[tuple[Answer, AnswerQuestion]], texts: dict[str, str]
) -> None:
    answers = [answer for answer, _ in pairs]
    words = [
        sum(len(citation.quote.split()) for citation in answer.citations)
        for answer in answers
        if answer.status == "answered"
    ]
    cautions = [any(note.kind == "near_miss" for note in answer.notes) for answer in answers]
    print(f"{len(pairs)} questions, {name}")
    print(f"  gold answer quoted   {interval([float(holds_gold(a, q)) for a, q in pairs])}")
    print(f"  words quoted, median {statistics.median(words):.0f}")
    print(f"  false refusals       {interval([float(a.status == 'abstained') for a in answers])}")
    print(f"  with a caution       {interval([float(caution) for caution in cautions])}")
    print(f"  quotes exact         {sum(quotes_are_exact(a, texts) for a in answers)}")
    steps = [answer.timings_ms["generate"] for answer in answers]
    print(f"  generate, median ms  {statistics.median(steps):.1f}")


def measure(
    service: FootnoteService, questions: Sequence[AnswerQuestion], texts: dict[str, str]
) -> None:
    pairs = [(service.ask(question.question, administrator()), question) for question in questions]
    odd = [pair for pair in pairs if is_odd(pair[1])]
    report("odd paragraphs", odd, texts)
    if len(odd) < len(pairs):
        report("all paragraphs", pairs, texts)
    foreign = [service.ask(line, administrator()) for line in FOREIGN.read_text().splitlines()]
    refused = [float(answer.status == "abstained") for answer in foreign]
    print(f"{len(foreign)} foreign questions refused: {interval(refused)}")


# --- training -------------------------------------------------------------------------------------


def train(xquad: Corpus, questions: Iterable[AnswerQuestion], work: Path) -> dict[str, float]:
    """Fit the weights so that the sentences with gold answers get the most probability."""
    examples = [
        _example(xquad, question.question, lambda s, q=question: _has_gold(s, q))
        for question in questions
        if not is_odd(question)
    ]
    folder, spans = read_chunking_eval(data_folder())
    corpora = open_corpus(folder, work / "chunking-data")
    examples += [
        _example(corpora, asked.question, lambda s, q=asked: _lies_in(s, q.uri, q.spans))
        for asked in spans
        if asked.uri in _TRAINED_ON
    ]
    fitted = conditional_logit([pair for pair in examples if pair[1].any()])
    return {name: round(float(weight), 3) for name, weight in zip(FEATURES, fitted, strict=True)}


def conditional_logit(examples: Sequence[tuple[Matrix, Matrix]]) -> Matrix:
    """Return weights of the greatest likelihood; each example is features (n, f) and which rows are right (n,)."""
    from scipy.optimize import minimize

    def loss(weights: Matrix) -> tuple[float, Matrix]:
        total, slope = _RIDGE * float(weights @ weights) / 2, _RIDGE * weights
        for features, right in examples:
            scores = features @ weights
            shares = np.exp(scores - scores.max())
            shares /= shares.sum()
            found = float(shares @ right) + 1e-12
            total -= float(np.log(found))
            slope = slope - features.T @ (shares * right / found - shares)
        return total, slope

    start = np.zeros(examples[0][0].shape[1])
    return minimize(loss, start, jac=True, method="L-BFGS-B").x


def _example(
    corpus: Corpus, question: str, is_right: Callable[[Sentence], bool]
) -> tuple[Matrix, Matrix]:
    retriever = corpus.base.retriever
    passages = corpus.passages_for(question)
    ranked = rank_sentences(question, passages, retriever.embedder, retriever).whole.sentences
    rows = [[_value(item, name) for name in FEATURES] for item in ranked]
    right = [float(is_right(item.sentence)) for item in ranked]
    return np.array(rows).reshape(-1, len(FEATURES)), np.array(right)


def _value(item: RankedSentence, name: str) -> float:
    return item.cosine if name == "cosine" else item.candidate.features[name]


def _has_gold(sentence: Sentence, question: AnswerQuestion) -> bool:
    here = sentence.passage.document.uri == question.uri
    return here and any(gold in sentence.plain for gold in question.answers)


def _lies_in(sentence: Sentence, uri: str, spans: Sequence[tuple[int, int]]) -> bool:
    """Whether at least half of a sentence is gold."""
    shared = max(min(end, sentence.end) - max(start, sentence.start) for start, end in spans)
    here = sentence.passage.document.uri == uri
    return here and shared >= (sentence.end - sentence.start) / 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=int, default=0, help="at most so many; 0 for all")
    parser.add_argument("--language", default="en")
    parser.add_argument("--odd", action="store_true", help="leave out the even paragraphs")
    parser.add_argument("--work", type=Path, help="folder that keeps the indexes between runs")
    parser.add_argument("--train", action="store_true", help="fit and write the sentence weights")
    options = parser.parse_args()
    configure("warning")
    with tempfile.TemporaryDirectory() as scratch:
        work = options.work or Path(scratch)
        docs = work / f"xquad-{options.language}-docs"
        questions = write_xquad(data_folder(), docs, options.language)
        corpus = open_corpus(docs, work / f"xquad-{options.language}-data")
        if options.train:
            stored = json.loads(WEIGHTS_FILE.read_text("utf-8"))
            stored["weights"] = train(corpus, questions, work)
            WEIGHTS_FILE.write_text(json.dumps(stored, indent=1) + "\n", "utf-8")
            sentence_weights.cache_clear()
        settings = load_settings(data_dir=work / f"xquad-{options.language}-data")
        chosen = [q for q in questions if is_odd(q) or not options.odd]
        if options.questions:
            chosen = chosen[:: max(1, len(chosen) // options.questions)][: options.questions]
        texts = {path.name: path.read_text("utf-8") for path in docs.iterdir()}
        measure(open_service(settings, "cli"), chosen, texts)


if __name__ == "__main__":
    main()
