"""Keeps the derived index in step with the catalogue, in an order that a crash cannot turn into a loss.

Additions are published before the catalogue knows them and removals after it forgot them. At every moment
the index holds at least what the catalogue shows; the rest is ignored by readers and swept later.

What a run costs depends on what it changes: chunk numbers only grow, and all below a stored one are known to be
published. Only after a run that was cut short, or where the index is not the one that was left, is everything
compared.
"""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Protocol, runtime_checkable

from core.ports import SearchStoreWriter
from core.search import IndexEntry
from index.analysis import entry_of
from index.catalogue import Catalogue, ChunkRow, NewVersion
from index.vocabulary import Vocabulary

UNFINISHED = "unfinished_run"
"""Key of the catalogue: '1' while something is written, or after that was cut short."""
_STATE = "published_state"
"""Key of the catalogue, with the embedder's name: the state of its index as the last finished run left it."""
_REPAIR_BATCH = 1000
WORDS_VERSION = "words-2"
"""Changes whenever the same text would be analysed, or laid out in the word index, differently."""
_WORDS = "words_version"
"""Key of the catalogue: the version of what its word index and its chunks' words were made by."""


def words_are_current(catalogue: Catalogue) -> bool:
    """Return whether the word index was made by this version of Footnote; one that is still empty was."""
    stored = catalogue.get_all_meta((_WORDS, "next_chunk_no"))
    return "next_chunk_no" not in stored or stored.get(_WORDS) == WORDS_VERSION


@runtime_checkable
class ChecksItself(Protocol):
    """A writer of an index whose files may be lost, damaged or replaced between two runs."""

    def state(self) -> str:
        """Return a short text that every publication changes, and that tells when files are not as they were left.

        What it costs must not depend on how much is published.
        """

    def verify(self) -> None:
        """Read everything that is published.

        Raises:
            DataFolderError: it is not what was written.
        """


class Publisher:
    """The writing side of one knowledge base's index; used by one process at a time."""

    def __init__(
        self, catalogue: Catalogue, writer: SearchStoreWriter, embedder: str, dim: int
    ) -> None:
        self._catalogue = catalogue
        self._writer = writer
        self._embedder = embedder
        self._dim = dim
        self._vocabulary = Vocabulary(catalogue.engine, catalogue.data_dir)
        self._embedded_below = 0
        self._published_below = 0

    @property
    def embedded_below(self) -> int:
        """All chunks with lower numbers have a vector; 0 when nothing is known."""
        return self._embedded_below

    def begin(self) -> bool:
        """Start a run; return whether it had to repair what a crashed run, or damage, left behind."""
        crashed = self._catalogue.get_meta(UNFINISHED) == "1"
        if not crashed:
            self._catalogue.set_meta(UNFINISHED, "1")
        if words_are_current(self._catalogue):
            # Before the first chunk is there: a reader that comes in between would take it for another version's.
            self._note_version()
        if crashed or self._catalogue.get_meta(self._state_key()) != self._state():
            self.reconcile()
            return True
        self._embedded_below = int(self._catalogue.get_meta(self._below_key()) or 0)
        self._published_below = self._embedded_below
        return False

    def finish(self) -> None:
        """End a run whose changes are all published; texts without a vector are left to the next one."""
        self._writer.close()
        next_number = self._catalogue.next_chunk_number()
        # An ingestion that was killed may have left some, and a rebuild or a removal embeds nothing.
        first = self._catalogue.first_without_vector(self._embedder, self._embedded_below)
        is_missing = first < next_number
        self._catalogue.set_all_meta(
            {
                self._below_key(): str(min(first, self._published_below)),
                self._state_key(): self._state(),
                UNFINISHED: "1" if is_missing else "0",
            }
        )

    def add_words(self, versions: Iterable[NewVersion]) -> None:
        """Make new chunks searchable by words as soon as the catalogue knows them."""
        for version in versions:
            self._add(version.entries)
        self._writer.commit()

    def remove_words(self, numbers: Sequence[int]) -> None:
        """Forget chunks that the catalogue does not know any more.

        Words are gone with the next commit, vectors with the next publication.
        """
        self._writer.remove(numbers)

    def publish_vectors(self) -> None:
        """Publish the vectors that came since the last time, and remove those of forgotten chunks."""
        batches = self._catalogue.vector_batches(self._embedder, self._dim, self._published_below)
        self._writer.publish(batches, self._embedder, self._dim)
        # Chunks that share a text with a later one have their vector early: they come again, and are left alone.
        self._published_below = self._catalogue.first_without_vector(
            self._embedder, self._published_below
        )

    def rebuild(self) -> int:
        """Make the index again from the catalogue; returns the number of chunks."""
        self._writer.clear()
        self._vocabulary.clear()
        self._catalogue.read_documents_again()
        count = 0
        rows = self._catalogue.all_chunk_rows()
        while batch := list(islice(rows, _REPAIR_BATCH)):
            entries = [_entry_of(row) for row in batch]
            self._catalogue.update_terms(entries)
            self._add(entries)
            count += len(batch)
        self._writer.commit()
        self._note_version()
        self._check_all()
        self.publish_vectors()
        return count

    def reconcile(self) -> None:
        """Bring the words to exactly what the catalogue holds, and let the next publication do so for vectors."""
        wanted = self._catalogue.chunk_numbers()
        words, vectors = self._writer.word_numbers(), self._writer.vector_numbers()
        self._writer.remove(sorted((words | vectors) - wanted))
        missing = iter(sorted(wanted - words))
        while numbers := list(islice(missing, _REPAIR_BATCH)):
            rows = self._catalogue.chunk_rows(numbers)
            self._writer.add(_entry_of(rows[number]) for number in numbers)
        self._writer.commit()
        self._check_all()

    def _add(self, entries: Sequence[IndexEntry]) -> None:
        self._vocabulary.add(entries)
        self._writer.add(entries)

    def _note_version(self) -> None:
        if self._catalogue.get_meta(_WORDS) != WORDS_VERSION:
            self._catalogue.set_meta(_WORDS, WORDS_VERSION)

    def _check_all(self) -> None:
        self._embedded_below = self._published_below = 0
        self._catalogue.suspect_all_vectors()

    def _below_key(self) -> str:
        return f"published_below:{self._embedder}"

    def _state_key(self) -> str:
        return f"{_STATE}:{self._embedder}"

    def _state(self) -> str:
        return self._writer.state() if isinstance(self._writer, ChecksItself) else ""


def _entry_of(row: ChunkRow) -> IndexEntry:
    return entry_of(row.chunk_no, row.chunk, row.doc_uri, row.doc_title, row.access, row.language)
