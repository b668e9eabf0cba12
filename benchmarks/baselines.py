"""What retrieval is compared with: plain searches over the chunks that Footnote stored, and LlamaIndex.

The plain searches are written out here and share no search code with the product, so that they stay as they
are while it changes: BM25 (k1 1.2, b 0.75, English stemming, every word of the question), dense (inner product
of the stored vectors), reciprocal rank fusion of these two (k = 60), and the half-and-half sum of their scores
after min-max normalisation. Both fusions take the first 100 of either search.
"""

import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from core.settings import Settings, load_settings
from index.factory import open_catalogue, open_embedder, open_knowledge_base
from index.manifest import precision_of, read_manifest
from index.permissions import administrator

_K1, _B = 1.2, 0.75
_RRF_K = 60
_FETCH = 100
# Chinese, Japanese and Korean have no spaces: pairs of letters are what BM25 needs to find anything in them.
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff]+")


@dataclass(frozen=True, slots=True)
class Span:
    """A retrieved span of characters of a document; `uri` is its path in the folder."""

    uri: str
    start: int
    end: int


Search = Callable[[str, int], Sequence[Span]]
"""A question and how many spans to return at most, best first."""


class Bm25:
    """BM25 over texts, each word of the question counted as often as it stands there."""

    def __init__(self, texts: Sequence[str], analyze: Callable[[str], Sequence[str]]) -> None:
        self._analyze = analyze
        self._count = len(texts)
        counts = [Counter(analyze(text)) for text in texts]
        lengths = np.array([sum(count.values()) for count in counts], np.float64)
        norms = _K1 * (1 - _B + _B * lengths / max(1.0, lengths.mean()))
        postings: dict[str, list[tuple[int, int]]] = {}
        for position, count in enumerate(counts):
            for term, times in count.items():
                postings.setdefault(term, []).append((position, times))
        self._postings: dict[str, tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]] = {}
        for term, pairs in postings.items():
            rows, found = (np.array(column, np.int64) for column in zip(*pairs, strict=True))
            rarity = np.log(1 + (self._count - len(pairs) + 0.5) / (len(pairs) + 0.5))
            self._postings[term] = rows, rarity * found * (_K1 + 1) / (found + norms[rows])

    def scores(self, question: str) -> npt.NDArray[np.float64]:
        """Return the score of every text, shape (n,); 0 where no word is shared."""
        scores = np.zeros(self._count)
        for term in self._analyze(question):
            if term in self._postings:
                rows, weights = self._postings[term]
                scores[rows] += weights
        return scores


class PlainSearches:
    """The four plain searches over one data folder."""

    def __init__(self, settings: Settings) -> None:
        catalogue = open_catalogue(settings)
        manifest = read_manifest(catalogue.get_meta("manifest"))
        self._embedder = open_embedder(settings, precision_of(manifest))
        rows = list(catalogue.all_chunk_rows())
        self._spans = [Span(row.doc_uri, row.chunk.start, row.chunk.end) for row in rows]
        self._found: dict[str, dict[int, float]] = {}
        self._texts = [row.chunk.embedded_text for row in rows]
        self._bm25 = Bm25(self._texts, english_stems())
        numbers, self._vectors = catalogue.vectors_by_chunk(self._embedder.name, self._embedder.dim)
        if numbers.tolist() != [row.chunk_no for row in rows]:
            sys.exit(f"{settings.data_dir} has chunks without a vector: remove it and run again.")

    def with_paths(self) -> Search:
        """Return BM25 that reads each document's path in front of the chunk's text."""
        texts = [f"{span.uri}\n{text}" for span, text in zip(self._spans, self._texts, strict=True)]
        bm25 = Bm25(texts, english_stems())
        return lambda question, top_k: self._spans_of(_first(bm25.scores(question), 0.0), top_k)

    def by_name(self) -> dict[str, Search]:
        """Return the searches under the names of their columns."""
        return {
            "bm25": lambda question, top_k: self._spans_of(self._lexical(question), top_k),
            "dense": lambda question, top_k: self._spans_of(self._dense(question), top_k),
            "rrf": lambda question, top_k: self._spans_of(self._fused(question, _ranks), top_k),
            "min-max": lambda question, top_k: self._spans_of(
                self._fused(question, _min_max), top_k
            ),
        }

    def _spans_of(self, scores: Mapping[int, float], top_k: int) -> list[Span]:
        ordered = sorted(scores, key=lambda position: (-scores[position], position))
        return [self._spans[position] for position in ordered[:top_k]]

    def _lexical(self, question: str) -> dict[int, float]:
        return _first(self._bm25.scores(question), above=0.0)

    def _dense(self, question: str) -> dict[int, float]:
        # Kept because three of the four searches ask for it.
        if question not in self._found:
            cosines = self._vectors @ self._embedder.embed_query(question)[0]
            self._found[question] = _first(cosines, above=-1.1)
        return self._found[question]

    def _fused(
        self, question: str, weigh: Callable[[Mapping[int, float]], Mapping[int, float]]
    ) -> dict[int, float]:
        total: dict[int, float] = {}
        for found in (self._lexical(question), self._dense(question)):
            for position, weight in weigh(found).items():
                total[position] = total.get(position, 0.0) + weight
        return total


def _first(scores: npt.NDArray[Any], above: float) -> dict[int, float]:
    ordered = np.argsort(-scores, kind="stable")[:_FETCH]
    return {int(row): float(scores[row]) for row in ordered if scores[row] > above}


def _ranks(scores: Mapping[int, float]) -> dict[int, float]:
    return {position: 1 / (_RRF_K + rank) for rank, position in enumerate(scores, start=1)}


def _min_max(scores: Mapping[int, float]) -> dict[int, float]:
    low, high = min(scores.values(), default=0.0), max(scores.values(), default=0.0)
    return {
        row: 0.5 * ((score - low) / (high - low) if high > low else 1.0)
        for row, score in scores.items()
    }


def english_stems() -> Callable[[str], list[str]]:
    """Return what turns a text into stemmed words in lower case."""
    import tantivy

    builder = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
    builder = builder.filter(tantivy.Filter.lowercase()).filter(tantivy.Filter.ascii_fold())
    analyzer = builder.filter(tantivy.Filter.stemmer("english")).build()

    def analyze(text: str) -> list[str]:
        return list(analyzer.analyze(_UNSPACED.sub(_pairs, text)))

    return analyze


def _pairs(run: re.Match[str]) -> str:
    letters = run.group()
    pairs = (letters[at : at + 2] for at in range(max(1, len(letters) - 1)))
    return f" {' '.join(pairs)} "


def footnote_search(settings: Settings) -> Search:
    """Return the product's own search, asked by the administrator."""
    retriever = open_knowledge_base(settings).retriever

    def search(question: str, top_k: int) -> list[Span]:
        hits = retriever.retrieve(question, administrator(), top_k)
        return [Span(hit.document.uri, hit.start, hit.end) for hit in hits]

    return search


def ingest(folder: Path, data_dir: Path) -> None:
    """Ingest a folder in a process of its own."""
    command = ["footnote", "ingest", str(folder), "--yes", "--data-dir", str(data_dir)]
    environment = {**os.environ, "FOOTNOTE_LOG_LEVEL": "warning"}
    subprocess.run(command, check=True, stdout=sys.stderr, env=environment)


def open_systems(
    name: str, folder: Path, work: Path, *, peer: bool, with_paths: bool = False
) -> dict[str, Search]:
    """Return every system over a folder of documents, by column; `with_paths` adds BM25 over paths too.

    Indexes are kept in `work` as NAME-data and NAME-peer and used again as they are: remove them when the
    documents, the chunker or the embedder changed.
    """
    data_dir = work / f"{name}-data"
    if not data_dir.exists():
        unfinished = work / f"{name}-unfinished"
        ingest(folder, unfinished)
        unfinished.rename(data_dir)
    settings = load_settings(data_dir=data_dir)
    plain = PlainSearches(settings)
    systems = {"footnote": footnote_search(settings), **plain.by_name()}
    if with_paths:
        systems["bm25 with path"] = plain.with_paths()
    if peer:
        from benchmarks.llamaindex_retrieval import open_peer

        systems["LlamaIndex"] = open_peer(folder, work / f"{name}-peer")
    return systems


def documents(spans: Sequence[Span]) -> list[str]:
    """Return the documents in the order of their first span."""
    return list(dict.fromkeys(span.uri for span in spans))


def gold_share(spans: Sequence[Span], gold: Sequence[Span], budget: int) -> float:
    """Return the share of the gold characters inside the first `budget` characters retrieved."""
    wanted = {(span.uri, at) for span in gold for at in range(span.start, span.end)}
    found: set[tuple[str, int]] = set()
    for span in spans:
        end = min(span.end, span.start + budget)
        found.update((span.uri, at) for at in range(span.start, end))
        budget -= end - span.start
        if budget <= 0:
            break
    return len(wanted & found) / len(wanted)
