"""What built an index; an index is refused when it is opened by something that does not fit it."""

import json
from dataclasses import asdict, dataclass

from core.errors import IndexMismatch
from core.ports import Precision


@dataclass(frozen=True, slots=True)
class Manifest:
    """Everything that two runs must share so that their chunks and vectors can lie in one index."""

    embedder: str
    dim: int
    chunker: str
    chunk_tokens: int

    def to_json(self) -> str:
        """Return the form that is stored."""
        return json.dumps(asdict(self), sort_keys=True)


def read_manifest(stored: str | None) -> Manifest | None:
    """Return a stored manifest, None for a new index."""
    return Manifest(**json.loads(stored)) if stored else None


def check_embedder(manifest: Manifest | None, embedder: str, dim: int) -> None:
    """Refuse an embedder whose vectors do not fit the stored ones.

    Raises:
        IndexMismatch: they were made by another model or in another precision.
    """
    if manifest is not None and (manifest.embedder, manifest.dim) != (embedder, dim):
        raise IndexMismatch(
            f"This knowledge base was built with the embedder {manifest.embedder!r}, the settings ask for "
            f"{embedder!r}. Set FOOTNOTE_EMBEDDER back, or ingest into another FOOTNOTE_DATA_DIR."
        )


def check_vectors(published_by: str, embedder: str) -> None:
    """Refuse published vectors of another embedder than the one that embeds the questions.

    Raises:
        IndexMismatch: the index was built anew while this process was running.
    """
    if published_by not in ("", embedder):
        raise IndexMismatch(
            f"The index was built anew with the embedder {published_by!r}; this process still has "
            f"{embedder!r} open. Start it again."
        )


def precision_of(manifest: Manifest | None) -> Precision | None:
    """Return the precision class of the stored vectors, None for a new index."""
    if manifest is None:
        return None
    return "int8" if manifest.embedder.endswith("/int8") else "fp32"
