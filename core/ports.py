"""What the use cases need from the outside, as Protocols of a few methods each.

Adapters live in `index`, `ingest` and `app`; vendor types stop there.
"""

from collections.abc import Callable, Sequence
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from core.answers import Caller, Draft, Hit, Passage, Turn
from core.documents import Chunk, ParsedDocument

Precision = Literal["int8", "fp32"]
FloatMatrix = npt.NDArray[np.float32]
Progress = Callable[[str, int, int], None]
"""Called with (stage, done, total); total 0 means not known yet."""


class Parser(Protocol):
    """Bytes of one file to canonical text and elements."""

    def parse(self, content: bytes, uri: str) -> ParsedDocument:
        """Parse one file.

        Raises:
            ParseError: with a reason of the documented list.
        """


class Tokenizer(Protocol):
    """Counts tokens exactly as the embedder does."""

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the number of tokens of each text, without the special ones."""

    def token_spans(self, text: str) -> list[tuple[int, int]]:
        """Return each token's (start, end) in the text, in code points."""


class Chunker(Protocol):
    """A parsed document to chunks that fit the embedder's window."""

    def chunk(self, document: ParsedDocument, doc_id: str, version: str) -> list[Chunk]:
        """Return the chunks in reading order; together they hold every word of every element."""


class Embedder(Protocol):
    """Texts to unit vectors. `name` and `dim` are part of the index's manifest.

    `tokenizer_path` names its `tokenizer.json`, so that others count tokens exactly as it does.
    """

    name: str
    dim: int
    max_tokens: int
    tokenizer_path: str

    def embed_query(self, text: str) -> FloatMatrix:
        """Return shape (1, dim), float32, L2-normalised; a query longer than the window is cut."""

    def embed_passages(self, texts: Sequence[str]) -> FloatMatrix:
        """Return shape (len(texts), dim), float32, rows L2-normalised; row i belongs to texts[i]."""


class Retriever(Protocol):
    """A query to hits that the caller may read."""

    def retrieve(self, query: str, caller: Caller, top_k: int) -> list[Hit]:
        """Return at most top_k hits, best first, no two of them over the same characters."""


class Generator(Protocol):
    """A question and passages to a draft answer."""

    def generate(
        self, question: str, passages: Sequence[Passage], history: Sequence[Turn]
    ) -> Draft:
        """Return a draft whose citations quote the passages word for word."""
