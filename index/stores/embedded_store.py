"""The search store inside Footnote's own process: tantivy for words, FAISS for vectors, in one folder.

    index/
    ├── lexical/         `index.lexical`
    ├── vectors/         `index.stores.faiss_store`: those of the first generation
    └── vectors-NAME/    those of another one; all share the words

Both indexes are files that one process writes and many read. Each publishes atomically, and a reader looks at
two small files before a query to know whether anything is new.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from core.answers import Caller
from core.errors import DataFolderError
from core.search import Candidates, FloatMatrix, IndexEntry, StoreQuery, VectorBatch
from index.lexical import LexicalIndex, LexicalWriter
from index.stores.faiss_store import FaissStore

WORDS, VECTORS = "lexical", "vectors"
_PHRASE_LIMIT = 20_000
"""Chunks with a phrase, best first by its words, that are compared by meaning: 40 ms at the most."""


class EmbeddedStore:
    """See `core.ports.SearchStore`; safe to share between threads."""

    def __init__(self, folder: Path, vectors: str = "") -> None:
        """Show what is published in a folder; `vectors` names the set of vectors (`index.manifest`).

        Raises:
            DataFolderError: an index is damaged.
        """
        self.lexical = LexicalIndex(folder / WORDS)
        self.vectors = FaissStore(vectors_folder(folder, vectors))
        self.embedder = ""
        self._words_folder = folder / WORDS
        self._words_stamp: tuple[int, ...] = ()
        self.refresh()

    def refresh(self) -> bool:
        """Show what was published last, by whichever process; return whether anything changed.

        Raises:
            DataFolderError: an index is damaged.
        """
        stamp = _words_stamp(self._words_folder)
        has_words = stamp != self._words_stamp
        if has_words:
            self.lexical.reload()
            self._words_stamp = stamp
        has_vectors = self.vectors.reload()
        self.embedder = self.vectors.embedder
        return has_words or has_vectors

    def search(self, query: StoreQuery, caller: Caller, top_k: int) -> Candidates:
        """See `core.ports.SearchStore`."""
        lexical = dict(self.lexical.search(query, caller, top_k))
        dense = dict(self._dense(query, caller, top_k))
        missing = [number for number in lexical if number not in dense]
        return Candidates(lexical, dense, dense | self.vectors.cosines(query.vector, missing))

    def _dense(self, query: StoreQuery, caller: Caller, top_k: int) -> list[tuple[int, float]]:
        if not query.phrases:
            return self.vectors.search(query.vector, caller, top_k, query.doc_ids)
        # Only the word index knows where a phrase stands.
        words = {word: 1.0 for phrase in query.phrases for word in phrase}
        asked = replace(query, terms=words, name_terms={})
        numbers = [number for number, _ in self.lexical.search(asked, caller, _PHRASE_LIMIT)]
        found = self.vectors.cosines(query.vector, numbers)
        return sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))[:top_k]

    def cosines(self, vector: FloatMatrix, numbers: Sequence[int]) -> dict[int, float]:
        """See `core.ports.SearchStore`."""
        return self.vectors.cosines(vector, numbers)

    def readable_terms(self, terms: Sequence[str], caller: Caller) -> set[str]:
        """See `core.ports.SearchStore`."""
        return self.lexical.readable_terms(terms, caller)


class EmbeddedWriter:
    """See `core.ports.SearchStoreWriter`; the process that has it holds the writer's lock of the data folder."""

    def __init__(self, folder: Path, vectors: str = "") -> None:
        """Open the indexes in a folder, which is made if it is not there; `vectors` names the set of vectors.

        Raises:
            DataFolderError: the word index is damaged. Damaged vectors are no obstacle: `publish` writes anew.
        """
        self._lexical = LexicalIndex(folder / WORDS)
        self._vectors = FaissStore(vectors_folder(folder, vectors))
        self._words: LexicalWriter | None = None
        self._removed: set[int] = set()
        self._afresh = False

    def add(self, entries: Iterable[IndexEntry]) -> None:
        """See `core.ports.SearchStoreWriter`."""
        writer = self._writer()
        for entry in entries:
            writer.add(entry)

    def remove(self, numbers: Sequence[int]) -> None:
        """See `core.ports.SearchStoreWriter`."""
        if numbers:
            self._removed.update(numbers)
            self._writer().remove(numbers)

    def commit(self) -> None:
        """See `core.ports.SearchStoreWriter`."""
        if self._words is not None:
            self._words.commit()

    def publish(self, batches: Iterable[VectorBatch], embedder: str, dim: int) -> None:
        """See `core.ports.SearchStoreWriter`; what is damaged is written anew from what is given."""
        afresh = self._afresh or not self._is_readable()
        self._vectors.publish(batches, sorted(self._removed), embedder, dim, afresh=afresh)
        self._removed.clear()
        self._afresh = False

    def word_numbers(self) -> set[int]:
        """See `core.ports.SearchStoreWriter`."""
        self._lexical.reload()
        return self._lexical.numbers()

    def vector_numbers(self) -> set[int]:
        """See `core.ports.SearchStoreWriter`; none while the index is damaged: `publish` makes it anew."""
        if self._afresh or not self._is_readable():
            return set()
        return set(self._vectors.numbers().tolist())

    def state(self) -> str:
        """Return a text that another publication changes, and damage that can be seen without reading all."""
        if not self._is_readable():
            return "damaged"
        self._lexical.reload()
        return f"words {self._lexical.count()}, vectors {self._vectors.serial}"

    def verify(self) -> None:
        """Check the published vectors against their checksums.

        Raises:
            DataFolderError: one does not match.
        """
        self._vectors.verify()

    def clear(self) -> None:
        """See `core.ports.SearchStoreWriter`; the published vectors stay until the next `publish`."""
        self._writer().clear()
        self._removed.clear()
        self._afresh = True

    def close(self) -> None:
        """See `core.ports.SearchStoreWriter`."""
        if self._words is not None:
            self._words.commit()
            self._words.close()
            self._words = None

    def _writer(self) -> LexicalWriter:
        if self._words is None:
            self._words = self._lexical.writer()
        return self._words

    def _is_readable(self) -> bool:
        try:
            self._vectors.reload()
        except DataFolderError:
            return False
        return True


def vectors_folder(folder: Path, vectors: str) -> Path:
    """Return where a set of vectors lies."""
    return folder / (f"{VECTORS}-{vectors}" if vectors else VECTORS)


def _words_stamp(folder: Path) -> tuple[int, ...]:
    # tantivy replaces this file with each commit.
    try:
        status = (folder / "meta.json").stat()
    except FileNotFoundError:
        return ()
    return status.st_mtime_ns, status.st_ino, status.st_size
