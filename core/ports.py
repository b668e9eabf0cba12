"""What the use cases need from the outside, as Protocols of a few methods each.

Adapters live in `index`, `ingest` and `app`; vendor types stop there.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Literal, Protocol

from core.answers import Caller, Draft, Hit, Passage, Turn
from core.documents import Chunk, ParsedDocument
from core.generation import ChatMessage, ModelOutput
from core.grounding import EvidenceText, GroundingReport
from core.search import Candidates, FloatMatrix, IndexEntry, StoreQuery, VectorBatch

Precision = Literal["int8", "fp32"]
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

    def chunk(
        self, document: ParsedDocument, doc_id: str, version: str, context: str = ""
    ) -> list[Chunk]:
        """Return the chunks in reading order; together they hold every word of every element.

        `context` is what the document's path says beside its title; it is embedded with every chunk.
        """


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


class SearchStore(Protocol):
    """The derived index of one generation of a knowledge base: words and vectors, permissions in every search.

    `embedder` is the name of the model whose vectors it holds, '' while it has none.
    """

    embedder: str

    def refresh(self) -> bool:
        """Show what was published last, by whichever process; return whether anything changed."""

    def search(self, query: StoreQuery, caller: Caller, top_k: int) -> Candidates:
        """Return up to `top_k` chunks of either search among those that the caller may read.

        Permissions, `doc_ids` and phrases are conditions inside the search, never applied to its result.

        Raises:
            DataFolderError: an embedded index is damaged.
            ServiceUnavailable: a remote store does not answer.
        """

    def cosines(self, vector: FloatMatrix, numbers: Sequence[int]) -> dict[int, float]:
        """Return the cosine of some chunks to a vector of shape (1, dim); unknown numbers are left out."""

    def readable_terms(self, terms: Sequence[str], caller: Caller) -> set[str]:
        """Return those of some analysed words that stand in a chunk that the caller may read."""


class SearchStoreWriter(Protocol):
    """The writing side of a search store; used by one process at a time."""

    def add(self, entries: Iterable[IndexEntry]) -> None:
        """Add chunks by their words; searchable after `commit`, before they have a vector."""

    def remove(self, numbers: Sequence[int]) -> None:
        """Remove chunks, words and vectors; gone after `commit` and the next `publish`."""

    def commit(self) -> None:
        """Make the words added and removed since the last commit durable and visible at once."""

    def publish(self, batches: Iterable[VectorBatch], embedder: str, dim: int) -> None:
        """Add vectors and make them, and all removals, durable and visible at once.

        Chunks that have a vector already are left alone.
        """

    def word_numbers(self) -> set[int]:
        """Return the numbers of all chunks that are searchable by words."""

    def vector_numbers(self) -> set[int]:
        """Return the numbers of all chunks that have a published vector."""

    def clear(self) -> None:
        """Remove everything; what comes next is a rebuild."""

    def close(self) -> None:
        """Finish background work and release locks."""


class Retriever(Protocol):
    """A query to hits that the caller may read."""

    def retrieve(self, query: str, caller: Caller, top_k: int) -> list[Hit]:
        """Return at most top_k hits, best first, no two of them over the same characters."""


class Reranker(Protocol):
    """A query and texts to scores; a slower and better judge of the best few."""

    def scores(self, query: str, texts: Sequence[str]) -> list[float]:
        """Return how well each text answers the query, in [0, 1], in the order of `texts`."""


class QueryRewriter(Protocol):
    """A question to other wordings of it, for documents that use other words."""

    def rewrite(self, question: str) -> list[str]:
        """Return further wordings; [] when there is nothing to add. Never raises: a search goes on without."""


class Generator(Protocol):
    """A question and passages to a draft answer."""

    def generate(
        self, question: str, passages: Sequence[Passage], history: Sequence[Turn]
    ) -> Draft:
        """Return a draft whose citations quote the passages word for word."""


class LanguageModel(Protocol):
    """A chat model behind an API. `spec` is how settings name it, like `openai-like:gpt-4.1-mini`."""

    spec: str
    context_window: int

    def stream(self, messages: Sequence[ChatMessage], max_tokens: int) -> Iterator[ModelOutput]:
        """Yield the text as it comes, and once, last, what was used; several in order say first who writes.

        Raises:
            ModelFailure: the provider refused, stalled, or broke off; says which and whether any text came.
        """


class GroundingChecker(Protocol):
    """Judges every claim of an answer by the passages it was made from."""

    def check(
        self, answer: str, passages: Sequence[EvidenceText], question: str = ""
    ) -> GroundingReport:
        """Return a verdict for each claim; together the claims hold every word of the answer that states something."""
