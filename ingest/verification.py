"""Compares the derived indexes with the catalogue they were made from."""

from typing import Any

from core.settings import Settings
from index.factory import open_knowledge_base, open_vector_store


def verify(settings: Settings) -> dict[str, Any]:
    """Return counts of what is missing or left over, and `ok`; leftovers alone are fine.

    Raises:
        FootnoteError: the data folder or the published files cannot be read.
    """
    base = open_knowledge_base(settings)
    base.retriever.refresh()
    store = open_vector_store(settings)
    store.verify()
    store.reload()
    wanted = base.catalogue.chunk_numbers()
    words = base.retriever.lexical.numbers()
    meanings = {int(number) for number in store.published.numbers}
    missing_words, missing_vectors = len(wanted - words), len(wanted - meanings)
    return {
        "ok": not missing_words and not missing_vectors,
        "chunks": len(wanted),
        "missing_words": missing_words,
        "missing_vectors": missing_vectors,
        "leftover_words": len(words - wanted),
        "leftover_vectors": len(meanings - wanted),
    }
