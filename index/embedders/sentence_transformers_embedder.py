"""Embeddings through the sentence-transformers library, for models that are not BERT-shaped.

Importing it takes about ten seconds; `factory` takes the ONNX path wherever a model's shape allows.
"""

from collections.abc import Sequence
from typing import cast

import numpy as np

from core.search import FloatMatrix
from index.embedders.model_files import ModelFiles


class SentenceTransformersEmbedder:
    """An embedder for any sentence-transformers model."""

    precision = "fp32"

    def __init__(self, files: ModelFiles) -> None:
        from sentence_transformers import SentenceTransformer

        self._model = SentenceTransformer(str(files.folder), local_files_only=True)
        self.name = f"{files.name}@{files.weights_sha256[:12]}/fp32"
        self.max_tokens = int(self._model.max_seq_length or files.max_tokens)
        self.dim = int(self._model.get_sentence_embedding_dimension() or 0)
        self.tokenizer_path = str(files.folder / "tokenizer.json")
        self._files = files

    def embed_query(self, text: str) -> FloatMatrix:
        """See `core.ports.Embedder`."""
        return self._encode([self._files.query_prefix + text])

    def embed_passages(self, texts: Sequence[str]) -> FloatMatrix:
        """See `core.ports.Embedder`."""
        return self._encode([self._files.passage_prefix + text for text in texts])

    def _encode(self, texts: list[str]) -> FloatMatrix:
        if not texts:
            return np.zeros((0, self.dim), np.float32)
        made = self._model.encode(texts, normalize_embeddings=True, show_progress_bar=False)
        return cast(FloatMatrix, np.asarray(made, np.float32))
