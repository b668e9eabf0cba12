"""Writes chunks into one generation of a Qdrant collection, each write acknowledged before the next.

    add ──commit──▶ point with words and payload ──publish──▶ the same point with its vector

Qdrant has no transactions: a commit of many chunks becomes visible in parts. That is safe, because the
catalogue decides what is shown and learns of additions afterwards. Every write can be repeated: an
interrupted commit or publication is put right by the next.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING
from uuid import uuid4

import numpy as np

from core.errors import DataFolderError, IndexMismatch
from core.search import FloatMatrix, IndexEntry, VectorBatch
from index.stores.qdrant_connection import (
    DENSE,
    FORMAT,
    WORDS,
    WRITE_TIMEOUT_S,
    CollectionManifest,
    QdrantConnection,
)
from index.stores.qdrant_store import ACCESS, DOC_ID, PHRASES
from index.stores.qdrant_words import chunk_words, phrase_text

if TYPE_CHECKING:
    from qdrant_client import models

_FIRST_GENERATION = "1"
_POINTS = 256
"""Points of one request: about 1 MB of words, or 256 vectors of 384 numbers as 2 MB (the server takes 32 MB)."""
_NUMBERS_OF_A_REQUEST = 400_000
"""Numbers of vectors in one request, 8 MB as text: fewer points where vectors are long."""
_PAGE = 10_000
_WAITING = 20_000
"""Chunks kept for `commit`; more than that are written early, so that a rebuild does not fill the memory."""


class QdrantWriter:
    """The writing side of one prefix in Qdrant; one at a time.

    It writes to the generation that readers search, or, if another is named, to that one until `switch` is
    called. Collections are made by the first write. The connection stays open and belongs to the caller.
    """

    def __init__(self, connection: QdrantConnection, generation: str = "") -> None:
        self._connection = connection
        slug = re.sub(r"[^a-z0-9]+", "-", generation.casefold()).strip("-")
        self._named = f"{connection.alias}-{slug}" if slug else ""
        self._made = ""
        self._added: dict[int, IndexEntry] = {}
        self._removed: set[int] = set()

    def add(self, entries: Iterable[IndexEntry]) -> None:
        """Add chunks by their words; searchable after `commit`, before they have a vector."""
        for entry in entries:
            self._added[entry.chunk_no] = entry
            if len(self._added) > _WAITING:
                self.commit()

    def remove(self, numbers: Sequence[int]) -> None:
        """Remove chunks, words and vectors; gone after `commit` or `publish`, whichever comes first."""
        for number in numbers:
            self._added.pop(number, None)
        self._removed.update(numbers)

    def commit(self) -> None:
        """Write the chunks added and removed since the last commit; returns when Qdrant has stored them.

        Raises:
            FootnoteError: see `QdrantConnection.write`; what was not written yet is written by the next call.
        """
        if not self._added and not self._removed:
            return
        self._write_removals()
        entries = list(self._added.values())
        for start in range(0, len(entries), _POINTS):
            self._write_words(entries[start : start + _POINTS])
        self._added.clear()
        manifest = self._connection.manifest(self._ready())
        self._mark(manifest.embedder if manifest else "")

    def publish(self, batches: Iterable[VectorBatch], embedder: str, dim: int) -> None:
        """Add vectors and write all removals; chunks that have a vector already are left alone.

        Raises:
            IndexMismatch: the collection is for vectors of another size, or has those of another embedder.
            FootnoteError: see `QdrantConnection.write`; vectors that were written stay.
        """
        collection = self._ready()
        manifest = self._connection.manifest(collection)
        self._check(manifest, embedder, dim)
        if manifest is None or manifest.embedder != embedder:
            # Before the first vector: none is ever without the name of the model that made it.
            self._mark(embedder)
        written = self._write_removals()
        rows = max(1, min(_POINTS, _NUMBERS_OF_A_REQUEST // dim))
        for batch in batches:
            for start in range(0, len(batch.numbers), rows):
                written += self._write_vectors(_part(batch, start, start + rows))
        if written:
            self._mark(embedder)

    def word_numbers(self) -> set[int]:
        """Return the numbers of all chunks that are searchable by words."""
        return set(self._numbers_with(WORDS))

    def vector_numbers(self) -> set[int]:
        """Return the numbers of all chunks that have a published vector."""
        return set(self._numbers_with(DENSE))

    def state(self) -> str:
        """Return a text that each commit and publication changes, '' where there is no collection.

        A collection that was made anew, or restored from an older copy, has another.
        """
        manifest = self._connection.manifest(self._collection())
        return manifest.state if manifest else ""

    def verify(self) -> None:
        """Read the number of every point that is published.

        Raises:
            DataFolderError: the server found the collection damaged.
            FootnoteError: see `QdrantConnection.read`.
        """
        manifest = self._connection.manifest(self._collection())
        if manifest is not None and manifest.is_damaged:
            raise DataFolderError(
                f"The Qdrant collection {self._connection.alias!r} at {self._connection.place!r} is damaged. "
                "Run `footnote index rebuild`: it is made again from the catalogue."
            )
        self.word_numbers()
        self.vector_numbers()

    def clear(self) -> None:
        """Drop the collection and make it again, empty, for vectors of the connection's size.

        Raises:
            FootnoteError: see `QdrantConnection.write`.
        """
        self._added.clear()
        self._removed.clear()
        collection = self._collection()
        # Readers find nothing for the moment between the two; a rebuild is empty at its start anyway.
        self._connection.write(
            lambda client: client.delete_collection(collection, timeout=WRITE_TIMEOUT_S)
        )
        self._named, self._made = collection, ""
        self._ready()

    def drop(self) -> None:
        """Remove the collection, and with it the alias; nothing is left of this prefix's current generation.

        Raises:
            FootnoteError: see `QdrantConnection.write`.
        """
        self._added.clear()
        self._removed.clear()
        collection, self._made = self._collection(), ""
        self._connection.write(
            lambda client: client.delete_collection(collection, timeout=WRITE_TIMEOUT_S)
        )

    def switch(self) -> None:
        """Let readers search this writer's generation, in one step, and drop the one before.

        Raises:
            FootnoteError: see `QdrantConnection.write`.
        """
        collection, published = self._ready(), self._published()
        if published == collection:
            return
        self._point_alias(collection, replacing=bool(published))
        if published:
            self._connection.write(
                lambda client: client.delete_collection(published, timeout=WRITE_TIMEOUT_S)
            )

    def close(self) -> None:
        """Commit what was not committed yet; nothing is left running or locked.

        Raises:
            FootnoteError: see `commit`.
        """
        self.commit()

    def _mark(self, embedder: str) -> None:
        """Note the model, and that the collection is in another state than before."""
        collection, metadata = self._ready(), _metadata(embedder)
        self._connection.write(
            lambda client: client.update_collection(
                collection, metadata=metadata, timeout=WRITE_TIMEOUT_S
            )
        )

    def _collection(self) -> str:
        """Return the name of the collection that is written to; it need not exist yet."""
        if self._made:
            return self._made
        return self._named or self._published() or f"{self._connection.alias}-{_FIRST_GENERATION}"

    def _published(self) -> str:
        """Return the name of the collection that readers search; '' if there is none."""
        found = self._connection.read(lambda client: client.get_aliases())
        aliases = found.aliases if found else []
        names = {alias.alias_name: alias.collection_name for alias in aliases}
        return names.get(self._connection.alias, "")

    def _ready(self) -> str:
        """Make the collection, its indexes and, for the first one, the alias, where they are not there."""
        if self._made:
            return self._made
        published = self._published()
        collection = self._named or published or f"{self._connection.alias}-{_FIRST_GENERATION}"
        if not self._connection.read(lambda client: client.collection_exists(collection)):
            self._create(collection)
        # Also for one that is there: a run may have died between the two, and making them twice is harmless.
        self._create_indexes(collection)
        if not published:
            self._point_alias(collection, replacing=False)
        self._made = collection
        return collection

    def _create(self, collection: str) -> None:
        from qdrant_client import models

        dense = models.VectorParams(size=self._connection.dim, distance=models.Distance.COSINE)
        words = models.SparseVectorParams(modifier=models.Modifier.IDF)
        self._connection.write(
            lambda client: client.create_collection(
                collection,
                vectors_config={DENSE: dense},
                sparse_vectors_config={WORDS: words},
                metadata=_metadata(""),
                timeout=WRITE_TIMEOUT_S,
            )
        )

    def _create_indexes(self, collection: str) -> None:
        if self._connection.is_local:
            return  # It has none, and warns.
        from qdrant_client import models

        keyword = models.KeywordIndexParams(type=models.KeywordIndexType.KEYWORD)
        # Phrases are rare and long: their index stays on disk.
        phrases = models.TextIndexParams(
            type=models.TextIndexType.TEXT,
            tokenizer=models.TokenizerType.WORD,
            phrase_matching=True,
            on_disk=True,
        )
        self._create_index(collection, ACCESS, keyword)
        self._create_index(collection, DOC_ID, keyword)
        self._create_index(collection, PHRASES, phrases)

    def _create_index(
        self,
        collection: str,
        key: str,
        schema: "models.KeywordIndexParams | models.TextIndexParams",
    ) -> None:
        self._connection.write(
            lambda client: client.create_payload_index(
                collection, key, schema, wait=True, timeout=WRITE_TIMEOUT_S
            )
        )

    def _point_alias(self, collection: str, *, replacing: bool) -> None:
        from qdrant_client import models

        alias = self._connection.alias
        steps: list[models.AliasOperations] = []
        if replacing:
            gone = models.DeleteAlias(alias_name=alias)
            steps.append(models.DeleteAliasOperation(delete_alias=gone))
        new = models.CreateAlias(collection_name=collection, alias_name=alias)
        steps.append(models.CreateAliasOperation(create_alias=new))
        self._connection.write(
            lambda client: client.update_collection_aliases(steps, timeout=WRITE_TIMEOUT_S)
        )

    def _check(self, manifest: CollectionManifest | None, embedder: str, dim: int) -> None:
        if manifest is None:
            return
        self._connection.check_size(manifest.dim, dim)
        if manifest.embedder in ("", embedder) or next(self._numbers_with(DENSE), None) is None:
            return
        raise IndexMismatch(
            f"The Qdrant collection {self._connection.alias!r} has vectors of {manifest.embedder!r}, not of "
            f"{embedder!r}. Run `footnote index reembed`, or set FOOTNOTE_EMBEDDER back."
        )

    def _write_removals(self) -> int:
        """Remove what is to be removed; returns how many chunks that was."""
        if not self._removed:
            return 0
        collection, numbers = self._ready(), sorted(self._removed)
        for start in range(0, len(numbers), _PAGE):
            self._delete(collection, numbers[start : start + _PAGE])
        self._removed.clear()
        return len(numbers)

    def _delete(self, collection: str, numbers: Sequence[int]) -> None:
        from qdrant_client import models

        gone = models.PointIdsList(points=list(numbers))
        self._connection.write(
            lambda client: client.delete(collection, gone, wait=True, timeout=WRITE_TIMEOUT_S)
        )

    def _write_words(self, entries: Sequence[IndexEntry]) -> None:
        from qdrant_client import models

        vectors = self._vectors_of([entry.chunk_no for entry in entries])
        points = []
        for entry in entries:
            words = chunk_words(entry.terms, entry.name_terms)
            vector: dict[str, models.Vector] = {
                WORDS: models.SparseVector(indices=list(words), values=list(words.values()))
            }
            if entry.chunk_no in vectors:  # An upsert replaces the whole point.
                vector[DENSE] = vectors[entry.chunk_no]
            payload = _payload(entry.doc_id, entry.access) | {PHRASES: phrase_text(entry.terms)}
            points.append(models.PointStruct(id=entry.chunk_no, vector=vector, payload=payload))
        self._upsert(points)

    def _write_vectors(self, batch: VectorBatch) -> int:
        """Write the vectors of the chunks that have none yet; returns how many those are."""
        from qdrant_client import models

        collection = self._ready()
        numbers = [int(number) for number in batch.numbers]
        have = set(self._numbers_with(DENSE, numbers))
        wanted = [number for number in numbers if number not in have]
        if not wanted:
            return 0
        records = self._connection.read(
            lambda client: client.retrieve(
                collection, wanted, with_payload=False, with_vectors=False
            )
        )
        present = {_number(record) for record in records or []}
        updates, points = [], []
        for row, number in enumerate(numbers):
            vector: dict[str, models.Vector] = {DENSE: batch.matrix[row].tolist()}
            if number in present:
                updates.append(models.PointVectors(id=number, vector=vector))
            elif number not in have:
                payload = _payload(batch.doc_ids[row], batch.access[row])
                points.append(models.PointStruct(id=number, vector=vector, payload=payload))
        if updates:
            self._connection.write(
                lambda client: client.update_vectors(
                    collection, updates, wait=True, timeout=WRITE_TIMEOUT_S
                )
            )
        self._upsert(points)
        return len(wanted)

    def _upsert(self, points: "list[models.PointStruct]") -> None:
        if not points:
            return
        collection = self._ready()
        self._connection.write(
            lambda client: client.upsert(collection, points, wait=True, timeout=WRITE_TIMEOUT_S)
        )

    def _vectors_of(self, numbers: Sequence[int]) -> dict[int, list[float]]:
        """Return the published vectors of those of some chunks that have one."""
        collection, only = self._ready(), _having(DENSE, numbers)
        page = self._connection.read(
            lambda client: client.scroll(
                collection, only, limit=len(numbers), with_payload=False, with_vectors=[DENSE]
            )
        )
        vectors: dict[int, list[float]] = {}
        for record in page[0] if page else []:
            vector = record.vector[DENSE] if isinstance(record.vector, dict) else None
            if isinstance(vector, list):
                vectors[_number(record)] = [float(number) for number in vector]  # type: ignore[arg-type]
        return vectors

    def _numbers_with(self, vector: str, numbers: Sequence[int] | None = None) -> Iterator[int]:
        """Yield the numbers of the points, all or some, that have a vector of that name."""
        collection, only = self._collection(), _having(vector, numbers)
        offset: models.ExtendedPointId | None = None
        while True:
            records, offset = self._page(collection, only, offset)
            yield from map(_number, records)
            if offset is None:
                return

    def _page(
        self, collection: str, only: "models.Filter", offset: "models.ExtendedPointId | None"
    ) -> "tuple[list[models.Record], models.ExtendedPointId | None]":
        page = self._connection.read(
            lambda client: client.scroll(
                collection, only, limit=_PAGE, offset=offset, with_payload=False, with_vectors=False
            )
        )
        return page or ([], None)


def _number(record: "models.Record") -> int:
    return int(record.id)


def _metadata(embedder: str) -> dict[str, object]:
    return {"format": FORMAT, "embedder": embedder, "state": uuid4().hex}


def _payload(doc_id: str, access: Sequence[str]) -> dict[str, object]:
    return {DOC_ID: doc_id, ACCESS: list(access)}


def _having(vector: str, numbers: Sequence[int] | None) -> "models.Filter":
    from qdrant_client import models

    must: list[models.Condition] = [models.HasVectorCondition(has_vector=vector)]
    if numbers is not None:
        must.append(models.HasIdCondition(has_id=list(numbers)))
    return models.Filter(must=must)


def _part(batch: VectorBatch, start: int, end: int) -> VectorBatch:
    matrix: FloatMatrix = np.ascontiguousarray(batch.matrix[start:end])
    return VectorBatch(
        batch.numbers[start:end], matrix, batch.doc_ids[start:end], batch.access[start:end]
    )
