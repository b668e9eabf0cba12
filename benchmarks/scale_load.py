"""A made-up knowledge base of any size: documents of 20 chunks, and vectors that lie as those of real texts do.

Chunks have about 100 words (a Zipf vocabulary and names), documents one of ten access lists. Vectors are those of
paragraphs of handbook-18f, as the default model embeds them, moved along their main axes and a little in every
direction: of 1,000,000, the nearest to a sentence has a cosine of .64, the hundredth of .54 (medians).
"""

import json
import random
import re
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.corpora import data_folder
from core.documents import Chunk, SourceItem, text_hash
from core.ports import Embedder
from index.catalogue import NewVersion
from index.factory import Workshop

Matrix = npt.NDArray[np.float32]

DOCUMENT_CHUNKS = 20
_GROUPS = 10
_BATCH_DOCUMENTS = 500
_AXES, _ALONG, _AROUND = 128, 1.0, 0.4
_QUERIES = 200


def _real_texts(limit: int) -> list[str]:
    found = []
    for path in sorted((data_folder() / "handbook-18f").rglob("*.md")):
        for part in re.split(r"\n\s*\n", path.read_text(encoding="utf-8", errors="replace")):
            text = " ".join(part.split())
            if 60 < len(text) < 900:
                found.append(text)
    found = list(dict.fromkeys(found))
    random.Random(1).shuffle(found)
    return found[:limit]


def write_vectors(work: Path, count: int, embedder: Embedder) -> None:
    """Write `vectors.npy` and the questions: sentences that the vectors' texts have."""
    texts = _real_texts(4000)
    base = np.vstack(
        [embedder.embed_passages(texts[i : i + 256]) for i in range(0, len(texts), 256)]
    )
    sentences = [s for text in texts[:1500] for s in re.split(r"(?<=[.?!])\s", text)]
    questions = [s for s in dict.fromkeys(sentences) if 30 < len(s) < 120][:_QUERIES]
    (work / "questions.json").write_text(json.dumps(questions), encoding="utf-8")
    _, spread, axes = np.linalg.svd(base - base.mean(0), full_matrices=False)
    along = (_ALONG * spread[:_AXES, None] * axes[:_AXES] / np.sqrt(len(base))).astype(np.float32)
    rng = np.random.default_rng(7)
    out = np.lib.format.open_memmap(work / "vectors.npy", "w+", np.float32, (count, base.shape[1]))
    for start in range(0, count, 50_000):
        size = min(50_000, count - start)
        rows = base[rng.integers(0, len(base), size)]
        rows = rows + rng.standard_normal((size, _AXES), np.float32) @ along
        noise = rng.standard_normal(rows.shape, np.float32)
        rows += np.float32(_AROUND / np.sqrt(base.shape[1])) * noise
        out[start : start + size] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    out.flush()


class Texts:
    """Chunks of about 100 words whose frequencies fall as those of words do, some of them names."""

    def __init__(self) -> None:
        rng = random.Random(3)
        letters = [
            "ba",
            "co",
            "di",
            "fu",
            "ge",
            "ha",
            "ki",
            "lo",
            "mu",
            "ne",
            "pra",
            "sto",
            "tri",
            "vel",
        ]
        self._words = ["".join(rng.choices(letters, k=rng.randint(2, 4))) for _ in range(30_000)]
        ranks = np.arange(1, len(self._words) + 1)
        self._chances = np.cumsum(1 / ranks) / np.sum(1 / ranks)
        self._rng = np.random.default_rng(5)

    def chunks(self, count: int) -> list[str]:
        drawn = np.searchsorted(self._chances, self._rng.random((count, 98)))
        names = self._rng.integers(0, 5000, count)
        return [
            f"Person{name} Unit-{name % 97} {' '.join(map(self._words.__getitem__, row))}."
            for name, row in zip(names.tolist(), drawn.tolist(), strict=True)
        ]


def _version_of(number: int, texts: list[str], numbers: range) -> NewVersion:
    uri, doc_id = f"docs/{number:06d}.md", f"doc-{number}"
    chunks, start = [], 0
    for position, text in enumerate(texts):
        key, end = f"{doc_id}-{numbers[position]}", start + len(text)
        embedded = f"{uri}\n{position} {text}"
        chunks.append(Chunk(key, doc_id, position, start, end, text, embedded, (), None))
        start = end + 2
    access = (f"group:g{number % _GROUPS}",)
    item = SourceItem(uri, "1", access, 1)
    return NewVersion(
        doc_id, "scale", item, "v", f"Document {number}", "\n\n".join(texts), (), tuple(chunks),
        numbers, "2026-01-01", access,
    )  # fmt: skip


def store_documents(
    workshop: Workshop, documents: Iterable[tuple[int, list[str]]], rows: Matrix
) -> None:
    catalogue, name = workshop.catalogue, workshop.embedder.name
    waiting = iter(documents)
    done = 0
    while batch := list(islice(waiting, _BATCH_DOCUMENTS)):
        count = sum(len(texts) for _, texts in batch)
        numbers = catalogue.reserve_chunk_numbers(count)
        versions, place = [], 0
        for number, texts in batch:
            part = numbers[place : place + len(texts)]
            versions.append(_version_of(number, texts, part))
            place += len(texts)
        workshop.publisher.add_words(versions)
        workshop.publisher.remove_words(catalogue.store(versions, []))
        keys = [text_hash(chunk.embedded_text) for v in versions for chunk in v.chunks]
        vectors = np.asarray(rows[done : done + count])
        catalogue.put_vectors(name, [(key, vectors[i]) for i, key in enumerate(keys)])
        done += count
    workshop.publisher.publish_vectors()
