"""Moves a knowledge base to another search store: its stored words and vectors are published there once more."""

from dataclasses import dataclass

from core.errors import DataFolderError
from core.ports import SearchStoreWriter
from index.catalogue import Catalogue
from index.generations import Generations
from index.manifest import Manifest
from index.publication import UNFINISHED, Publisher


@dataclass(frozen=True, slots=True)
class Moved:
    """How many chunks the store has by words and by vectors; `waiting` texts have no vector yet anywhere."""

    chunks: int
    words: int
    vectors: int
    waiting: int


def publish_into(catalogue: Catalogue, manifest: Manifest, writer: SearchStoreWriter) -> Moved:
    """Publish a generation to a store that nobody searches, and compare; the caller holds the writer's lock.

    Embeds nothing, and leaves the catalogue's words as they are: readers of the other store go on undisturbed.

    Raises:
        DataFolderError: what the store has afterwards is not what the catalogue has.
        FootnoteError: the store cannot be written.
    """
    is_left_unfinished = catalogue.get_meta(UNFINISHED) == "1"
    catalogue.set_meta(UNFINISHED, "1")
    writer.clear()
    publisher = Publisher(catalogue, writer, manifest.embedder, manifest.dim)
    publisher.begin()
    publisher.publish_vectors()
    publisher.finish()
    if is_left_unfinished:
        catalogue.set_meta(UNFINISHED, "1")
    wanted = catalogue.chunk_numbers()
    words, vectors = writer.word_numbers(), writer.vector_numbers()
    share = Generations(catalogue).share(manifest)
    waiting = share.texts - share.embedded
    if words != wanted or vectors - wanted or (wanted - vectors and not waiting):
        raise DataFolderError(
            f"The other store has {len(words)} chunks by words and {len(vectors)} by vectors, the catalogue has "
            f"{len(wanted)}. Go on with the store there is, and run the command again."
        )
    return Moved(len(wanted), len(words), len(vectors), waiting)
