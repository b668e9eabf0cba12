"""Stand-ins for the embedder and the index's words, small enough to predict: for tests and examples.

They are passed in where the real ones are; nothing is patched.
"""

import hashlib
import re
from collections.abc import Sequence

import numpy as np

from core.function_words import content_words
from core.search import FloatMatrix

_WORD = re.compile(r"\w+")


class HashEmbedder:
    """Unit vectors made of a text's words: texts that share words are close, others nearly at right angles."""

    name = "hash"
    max_tokens = 256
    tokenizer_path = ""

    def __init__(self, dim: int = 64) -> None:
        self.dim = dim

    def embed_query(self, text: str) -> FloatMatrix:
        """See `core.ports.Embedder`."""
        return self.embed_passages([text])

    def embed_passages(self, texts: Sequence[str]) -> FloatMatrix:
        """See `core.ports.Embedder`."""
        if not texts:
            return np.zeros((0, self.dim), np.float32)
        return np.stack([self._vector(text) for text in texts])

    def _vector(self, text: str) -> FloatMatrix:
        total = np.zeros(self.dim, np.float64)
        for word in _words(text) or [""]:
            seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:8], "big")
            total += np.random.default_rng(seed).standard_normal(self.dim)
        return (total / np.linalg.norm(total)).astype(np.float32)


class TinyVocabulary:
    """Words in lower case, each as telling as it is told to be: `common` words weigh nothing, others 1."""

    def __init__(self, common: str = "a an and how in is it many of the to what when who") -> None:
        self._common = frozenset(common.split())

    def analyze(self, text: str) -> list[str]:
        """Return the words of a text in lower case."""
        return _words(text)

    def asked_words(self, question: str) -> list[str]:
        """Return the words of a question in lower case, each once, without function words."""
        return list(dict.fromkeys(_words(content_words(question))))

    def rare_weight(self, term: str) -> float:
        """Return 0 for a common word, 1 for any other."""
        return 0.0 if term in self._common else 1.0


class WordTokenizer:
    """Counts words and punctuation marks, one token each."""

    _token = re.compile(r"\w+|[^\w\s]")

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """See `core.ports.Tokenizer`."""
        return [len(self.token_spans(text)) for text in texts]

    def token_spans(self, text: str) -> list[tuple[int, int]]:
        """See `core.ports.Tokenizer`."""
        return [match.span() for match in self._token.finditer(text)]


def _words(text: str) -> list[str]:
    return [word.casefold() for word in _WORD.findall(text)]
