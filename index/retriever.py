"""Finds chunks for a query: lexical and dense search, both with the permission filter inside, fused.

Readers follow the writer: before each query the generation of the catalogue is compared and what changed is
loaded again, so that an answer never rests on something that was removed.
"""

import threading
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from core.answers import Caller, DocumentRef, Hit, Why
from core.ports import Embedder, FloatMatrix
from index.catalogue import Catalogue, ChunkRow
from index.fusion import fuse
from index.lexical import LexicalIndex
from index.manifest import check_vectors
from index.permissions import may_read
from index.stores.faiss_store import FaissStore

_CACHED_MASKS = 64


class HybridRetriever:
    """The retriever of one data folder; safe to share between threads."""

    def __init__(
        self,
        catalogue: Catalogue,
        lexical: LexicalIndex,
        vectors: FaissStore,
        embedder: Embedder,
        *,
        dense_weight: float,
        fetch_k: int,
    ) -> None:
        self.catalogue = catalogue
        self.lexical = lexical
        self.embedder = embedder
        self._vectors = vectors
        self._dense_weight = dense_weight
        self._fetch_k = fetch_k
        self._lock = threading.Lock()
        self._generation = -1
        self._access: dict[str, npt.NDArray[np.bool_]] = {}
        self._masks: dict[Caller, npt.NDArray[np.bool_]] = {}

    def refresh(self) -> int:
        """Load what the writer published since the last query; return the generation that is shown.

        Raises:
            IndexMismatch: it was made by another embedder than this process has open.
        """
        with self._lock:
            generation = self.catalogue.generation()
            reloaded = self._vectors.reload()
            check_vectors(self._vectors.published.embedder, self.embedder.name)
            if generation != self._generation or reloaded:
                self.lexical.reload()
                self._access = self._rows_by_access()
                self._masks = {}
                self._generation = generation
            return generation

    def retrieve(self, query: str, caller: Caller, top_k: int) -> list[Hit]:
        """See `core.ports.Retriever`."""
        return self.retrieve_embedded(query, self.embedder.embed_query(query), caller, top_k)

    def retrieve_embedded(
        self, query: str, vector: FloatMatrix, caller: Caller, top_k: int
    ) -> list[Hit]:
        """Like `retrieve`, for a caller who has the query's vector already."""
        self.refresh()
        fetch_k = max(self._fetch_k, 2 * top_k)
        lexical = dict(self.lexical.search(query, caller, fetch_k))
        dense = dict(self._vectors.search(vector, self._mask(caller), fetch_k))
        dense_ranks = _ranks(dense)
        dense |= self._missing_cosines(
            vector, [number for number in lexical if number not in dense]
        )
        fused = fuse(lexical, dense, self._dense_weight)
        return self._hits(fused, lexical, dense, dense_ranks, caller, top_k)

    def readable_documents(self, caller: Caller) -> int:
        """Return how many documents with text this caller may read."""
        counts = self.catalogue.documents_by_access()
        return sum(count for access, count in counts if may_read(caller, access))

    def _hits(
        self,
        fused: Sequence[tuple[int, float]],
        lexical: dict[int, float],
        dense: dict[int, float],
        dense_ranks: dict[int, int],
        caller: Caller,
        top_k: int,
    ) -> list[Hit]:
        lexical_ranks = _ranks(lexical)
        hits: list[Hit] = []
        copies = _Copies()
        rows: dict[int, ChunkRow] = {}
        for position, (number, score) in enumerate(fused):
            if position % top_k == 0:
                batch = fused[position : position + top_k]
                rows = self.catalogue.chunk_rows([number for number, _ in batch])
            row = rows.get(number)
            # The lexical index may be a moment behind the catalogue, which has the last word.
            if row is None or not may_read(caller, row.access):
                continue
            if not copies.is_first(row):
                continue
            why = Why(
                lexical_ranks.get(number),
                lexical.get(number),
                dense_ranks.get(number),
                dense.get(number),
            )
            hits.append(_hit(row, len(hits) + 1, score, why))
            if len(hits) == top_k:
                break
        return hits

    def _missing_cosines(self, vector: FloatMatrix, numbers: Sequence[int]) -> dict[int, float]:
        """Cosines of chunks that only the lexical search found, so that fusion compares like with like."""
        if not numbers or not len(self._vectors.published.numbers):
            return {}
        cosines = self._vectors.vectors_of(numbers) @ vector[0]
        return {number: float(value) for number, value in zip(numbers, cosines, strict=True)}

    def _rows_by_access(self) -> dict[str, npt.NDArray[np.bool_]]:
        """Return, for each distinct access list as stored, which vector rows have it."""
        published = self._vectors.published.numbers
        by_access: dict[str, list[int]] = {}
        for number, access in self.catalogue.access_by_chunk():
            by_access.setdefault(access, []).append(number)
        return {
            access: np.isin(published, np.array(numbers, np.int64))
            for access, numbers in by_access.items()
        }

    def _mask(self, caller: Caller) -> npt.NDArray[np.bool_]:
        mask = self._masks.get(caller)
        if mask is None:
            mask = np.zeros(len(self._vectors.published.numbers), np.bool_)
            for access, rows in self._access.items():
                if may_read(caller, _principals(access)):
                    mask |= rows
            if len(self._masks) >= _CACHED_MASKS:
                self._masks.clear()
            self._masks[caller] = mask
        return mask


class _Copies:
    """Leaves out the same words from another copy of a document, so that no answer cites five of them.

    Only among what the caller may read: a copy that is hidden from somebody must not hide his own.
    """

    def __init__(self) -> None:
        self._documents: dict[tuple[str, str], str] = {}

    def is_first(self, row: ChunkRow) -> bool:
        words = " ".join(row.chunk.text.casefold().split())
        doc_id = row.chunk.doc_id
        return self._documents.setdefault((row.original, words), doc_id) == doc_id


def _principals(stored: str) -> tuple[str, ...]:
    import json

    return tuple(json.loads(stored))


def _ranks(scores: dict[int, float]) -> dict[int, int]:
    ordered = sorted(scores.items(), key=lambda pair: (-pair[1], pair[0]))
    return {number: rank for rank, (number, _) in enumerate(ordered, start=1)}


def _hit(row: ChunkRow, rank: int, score: float, why: Why) -> Hit:
    chunk = row.chunk
    return Hit(
        rank=rank,
        score=round(score, 6),
        chunk_id=chunk.chunk_id,
        document=DocumentRef(
            chunk.doc_id,
            row.doc_uri,
            row.doc_title,
            row.doc_version,
            row.doc_updated_at,
            row.is_stale,
        ),
        section=chunk.section,
        page=chunk.page,
        start=chunk.start,
        end=chunk.end,
        text=chunk.text,
        why=why,
    )
