"""Keeps the derived indexes in step with the catalogue, in an order that a crash cannot turn into a loss.

Additions are published before the catalogue knows them and removals after it forgot them. At every moment
the derived indexes hold at least what the catalogue shows; the rest is ignored by readers and swept later.
"""

from collections.abc import Iterable, Sequence

from core.documents import Chunk
from index.catalogue import Catalogue, NewVersion
from index.lexical import LexicalIndex, LexicalWriter
from index.stores.faiss_store import FaissStore

UNFINISHED = "unfinished_run"
"""Key of the catalogue: '1' while something is written, or after that was cut short."""


class Publisher:
    """The writing side of one data folder's indexes; used by one process at a time."""

    def __init__(
        self,
        catalogue: Catalogue,
        lexical: LexicalIndex,
        vectors: FaissStore,
        embedder: str,
        dim: int,
    ) -> None:
        self._catalogue = catalogue
        self._lexical = lexical
        self._vectors = vectors
        self._embedder = embedder
        self._dim = dim
        self._writer: LexicalWriter | None = None

    def begin(self) -> bool:
        """Start a run; return whether it had to repair what a crashed run left behind."""
        crashed = self._catalogue.get_meta(UNFINISHED) == "1"
        if crashed:
            self.reconcile()
        else:
            self._catalogue.set_meta(UNFINISHED, "1")
        return crashed

    def finish(self) -> None:
        """End a run whose changes are all published; texts without a vector are left to the next one."""
        if self._writer is not None:
            self._writer.commit()
            self._writer.close()
            self._writer = None
        # An ingestion that was killed may have left some, and a rebuild or a removal embeds nothing.
        missing = self._catalogue.missing_vectors(self._embedder)
        self._catalogue.set_meta(UNFINISHED, "1" if missing else "0")

    def add_words(self, versions: Iterable[NewVersion]) -> None:
        """Make new chunks searchable by words as soon as the catalogue knows them."""
        writer = self._lexical_writer()
        for version in versions:
            for number, chunk in zip(version.numbers, version.chunks, strict=True):
                writer.add(number, lexical_text(version.item.uri, chunk), version.access)
        writer.commit()

    def remove_words(self, numbers: Sequence[int]) -> None:
        """Forget chunks that the catalogue does not know any more; durable with the next commit."""
        if numbers:
            self._lexical_writer().remove(numbers)

    def publish_vectors(self) -> None:
        """Publish all vectors of the catalogue's chunks as one new set."""
        numbers, matrix = self._catalogue.vectors_by_chunk(self._embedder, self._dim)
        self._vectors.publish(numbers, matrix, self._embedder)

    def rebuild(self) -> int:
        """Make both indexes again from the catalogue; returns the number of chunks."""
        writer = self._lexical_writer()
        writer.clear()
        count = 0
        for row in self._catalogue.all_chunk_rows():
            writer.add(row.chunk_no, lexical_text(row.doc_uri, row.chunk), row.access)
            count += 1
        writer.commit()
        self.publish_vectors()
        return count

    def reconcile(self) -> None:
        """Bring the lexical index to exactly what the catalogue holds."""
        self._lexical.reload()
        wanted, present = self._catalogue.chunk_numbers(), self._lexical.numbers()
        writer = self._lexical_writer()
        writer.remove(sorted(present - wanted))
        missing = self._catalogue.chunk_rows(sorted(wanted - present))
        for number, row in missing.items():
            writer.add(number, lexical_text(row.doc_uri, row.chunk), row.access)
        writer.commit()

    def _lexical_writer(self) -> LexicalWriter:
        if self._writer is None:
            self._writer = self._lexical.writer()
        return self._writer


def lexical_text(uri: str, chunk: Chunk) -> str:
    """Return what the lexical index reads of a chunk: its path, title, headings and plain text."""
    path = uri.rsplit(".", 1)[0].replace("/", " ").replace("_", " ").replace("-", " ")
    return f"{path}\n{chunk.embedded_text}"
