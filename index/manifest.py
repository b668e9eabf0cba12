"""What built an index; an index is refused when it is opened by something that does not fit it."""

import hashlib
import json
import re
from dataclasses import asdict, dataclass

from core.errors import IndexMismatch
from core.ports import Precision

_SET = re.compile(r"[a-z0-9-]{0,80}")


@dataclass(frozen=True, slots=True)
class Manifest:
    """Everything that two runs must share so that their chunks and vectors can lie in one index.

    `vectors` names the set of vectors among those that lie side by side; '' is the first generation's.
    """

    embedder: str
    dim: int
    chunker: str
    chunk_tokens: int
    model: str = ""
    vectors: str = ""

    @property
    def model_name(self) -> str:
        """What the model is opened by: the name or folder of the settings that built the index."""
        return self.model or self.embedder.rpartition("@")[0]

    def is_for(self, other: "Manifest") -> bool:
        """Whether its vectors are those of another one: made by the same model in the same precision."""
        return (self.embedder, self.dim) == (other.embedder, other.dim)

    def to_json(self) -> str:
        """Return the form that is stored."""
        return json.dumps(asdict(self), sort_keys=True)


def read_manifest(stored: str | None) -> Manifest | None:
    """Return a stored manifest, None for a new index.

    Raises:
        IndexMismatch: it names its vectors in a way that no Footnote does: it may come from a foreign archive.
    """
    manifest = Manifest(**json.loads(stored)) if stored else None
    if manifest is not None and not _SET.fullmatch(manifest.vectors):
        raise IndexMismatch(
            f"The knowledge base names its vectors {manifest.vectors!r}, which Footnote never does. It was changed "
            "by something else: restore it from a backup of your own."
        )
    return manifest


def set_of_vectors(embedder: str) -> str:
    """Return the name of the set that holds an embedder's vectors: for folders and collections, unlike any other.

    It is made of the model's own name, its hash, its precision and eight letters that tell folders apart.
    """
    model, _, build = embedder.rpartition("@")
    told = re.sub(r"[^a-z0-9]+", "-", f"{model.rpartition('/')[2][-40:]}-{build}".casefold())
    digest = hashlib.sha256(embedder.encode("utf-8")).hexdigest()[:8]
    return f"{told.strip('-')[:70]}-{digest}"


def check_embedder(manifest: Manifest | None, embedder: str, dim: int) -> None:
    """Refuse an embedder whose vectors do not fit the stored ones.

    Raises:
        IndexMismatch: they were made by another model or in another precision.
    """
    if manifest is not None and (manifest.embedder, manifest.dim) != (embedder, dim):
        raise IndexMismatch(
            f"This knowledge base was built with the embedder {manifest.embedder!r}, the settings ask for "
            f"{embedder!r}. Run `footnote index reembed --model {embedder.rpartition('@')[0]} --switch` to build "
            "it for that one, or unset FOOTNOTE_EMBEDDER to go on with the one there is."
        )


def check_vectors(published_by: str, embedder: str) -> None:
    """Refuse published vectors of another embedder than the one that embeds the questions.

    Raises:
        IndexMismatch: the store and the catalogue were not built together.
    """
    if published_by not in ("", embedder):
        raise IndexMismatch(
            f"The search store holds vectors of the embedder {published_by!r}, the knowledge base was built with "
            f"{embedder!r}. Run `footnote index rebuild`: it publishes the stored vectors again."
        )


def precision_of(manifest: Manifest | None) -> Precision | None:
    """Return the precision class of the stored vectors, None for a new index."""
    if manifest is None:
        return None
    return "int8" if manifest.embedder.endswith("/int8") else "fp32"
