"""Compares the derived indexes with the catalogue they were made from."""

from typing import Any

from core.settings import Settings
from index.factory import open_catalogue, open_writer
from index.manifest import read_manifest
from index.publication import ChecksItself


def verify(settings: Settings) -> dict[str, Any]:
    """Return counts of what is missing or left over, and `ok`; leftovers alone are fine.

    Raises:
        FootnoteError: the data folder or the published files cannot be read.
    """
    catalogue = open_catalogue(settings)
    wanted = catalogue.chunk_numbers()
    manifest = read_manifest(catalogue.get_meta("manifest"))
    writer = open_writer(settings, vectors=manifest.vectors if manifest else "")
    if isinstance(writer, ChecksItself):
        writer.verify()
    words, vectors = writer.word_numbers(), writer.vector_numbers()
    missing_words, missing_vectors = len(wanted - words), len(wanted - vectors)
    return {
        "ok": not missing_words and not missing_vectors,
        "chunks": len(wanted),
        "missing_words": missing_words,
        "missing_vectors": missing_vectors,
        "leftover_words": len(words - wanted),
        "leftover_vectors": len(vectors - wanted),
    }
