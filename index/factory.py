"""Turns settings into the parts of a knowledge base; the only place that opens stores."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import ConfigError, IndexMismatch
from core.ports import Precision, QueryRewriter, Reranker, SearchStore, SearchStoreWriter
from core.settings import DEFAULT_EMBEDDER, Settings, model_for
from index.catalogue import Catalogue
from index.database import open_database
from index.embedders.model_files import find_model
from index.embedders.onnx_embedder import OnnxEmbedder, is_bert_shaped
from index.embedders.sentence_transformers_embedder import SentenceTransformersEmbedder
from index.generations import Generations
from index.lexical import discard
from index.manifest import (
    Manifest,
    check_embedder,
    precision_of,
    read_manifest,
    set_of_vectors,
)
from index.publication import UNFINISHED, WORDS_VERSION, Publisher, words_are_current
from index.ranking import RankingWeights
from index.reembedding import Reembedding
from index.retriever import Generation, HybridRetriever
from index.stores.embedded_store import WORDS, EmbeddedStore, EmbeddedWriter, vectors_folder

if TYPE_CHECKING:
    from index.stores.qdrant_connection import QdrantConnection

AnyEmbedder = OnnxEmbedder | SentenceTransformersEmbedder


@dataclass(frozen=True, slots=True)
class KnowledgeBase:
    """The reading side: a catalogue and the retriever over it."""

    catalogue: Catalogue
    retriever: HybridRetriever


@dataclass(frozen=True, slots=True)
class Workshop:
    """The writing side: the catalogue, its publisher and the embedder that makes its vectors.

    `vectors` names the set that it writes.
    """

    catalogue: Catalogue
    publisher: Publisher
    embedder: AnyEmbedder
    vectors: str = ""

    def is_current(self) -> bool:
        """Whether it still writes what readers search: not after another process switched to another model."""
        manifest = Generations(self.catalogue).current
        return manifest is None or (manifest.embedder, manifest.vectors) == (
            self.embedder.name,
            self.vectors,
        )


def open_catalogue(settings: Settings, *, create: bool = False) -> Catalogue:
    """Open the catalogue alone, for what needs no search.

    Raises:
        DataFolderError: see `index.database.open_database`.
    """
    url = settings.database_url.get_secret_value()
    engine = open_database(settings.data_dir, create=create, url=url)
    return Catalogue(engine, settings.data_dir)


def open_embedder(settings: Settings, precision: Precision | None, model: str = "") -> AnyEmbedder:
    """Open a model, that of the settings if none is named; `precision` is that of an index that exists already.

    Raises:
        ConfigError: the model is not there or not usable.
    """
    cache_dir = settings.model_cache.expanduser()
    files = find_model(_absolute(model or settings.embedder), cache_dir, offline=settings.offline)
    if is_bert_shaped(files.folder):
        return OnnxEmbedder(files, cache_dir, precision)
    return SentenceTransformersEmbedder(files)


def open_knowledge_base(
    settings: Settings,
    *,
    create: bool = False,
    open_rewriter: Callable[[Catalogue], QueryRewriter | None] = lambda _: None,
    beside: HybridRetriever | None = None,
) -> KnowledgeBase:
    """Open a data folder for reading; `create` makes an empty one where there is none.

    `open_rewriter` makes what adds wordings to questions, for the catalogue that was opened. `beside` is the
    retriever of another one, whose models are used wherever they fit: no model is loaded a second time.

    Raises:
        FootnoteError: there is none, or the settings do not fit it.
    """
    catalogue = open_catalogue(settings, create=create)
    _check_words(catalogue)
    is_first = True

    def open_generation() -> Generation:
        nonlocal is_first
        # Settings decide when the folder is opened; afterwards the readers follow the writer.
        generation = _shared_generation(settings, catalogue, beside)
        if generation is None:
            generation = _open_generation(settings, catalogue, follow=not is_first)
        is_first = False
        return generation

    rewriter = open_rewriter(catalogue)
    return KnowledgeBase(
        catalogue, _retriever(settings, catalogue, open_generation, rewriter, beside)
    )


def open_generation_base(settings: Settings, manifest: Manifest) -> KnowledgeBase:
    """Open a data folder for reading by one generation, whichever readers search.

    Raises:
        FootnoteError: the model or the store cannot be opened.
    """
    catalogue = open_catalogue(settings)
    _check_words(catalogue)
    generation = _generation(settings, manifest, manifest.to_json())
    return KnowledgeBase(catalogue, _retriever(settings, catalogue, lambda: generation))


def open_reembedding(settings: Settings, model: str) -> Reembedding:
    """Open what builds the next generation, for a model by name or folder.

    Raises:
        ConfigError: the model is not there, or it is the one that readers search by.
        FootnoteError: there is no knowledge base.
    """
    catalogue = open_catalogue(settings)
    _check_words(catalogue)
    model = _absolute(model)
    generations = Generations(catalogue)
    current, begun = generations.current, generations.next
    if current is None:
        raise ConfigError(
            f"There is nothing to embed in {str(settings.data_dir)!r} yet. Set FOOTNOTE_EMBEDDER to "
            f"{model!r} and run `footnote ingest FOLDER`."
        )
    # What was begun goes on in its precision, also where the other one would be faster.
    is_begun = begun is not None and begun.model_name == model
    embedder = open_embedder(settings, precision_of(begun) if is_begun else None, model)
    if embedder.name == current.embedder:
        raise ConfigError(
            f"The knowledge base has the vectors of {embedder.name!r} already: there is nothing to embed."
        )
    manifest = Manifest(
        embedder.name,
        embedder.dim,
        current.chunker,
        current.chunk_tokens,
        model,
        set_of_vectors(embedder.name),
    )
    manifest = next((known for known in generations.kept if known.is_for(manifest)), manifest)
    return Reembedding(
        catalogue,
        embedder,
        manifest,
        lambda: open_publisher(settings, catalogue, manifest),
        _token_counter(settings, model),
    )


def open_publisher(settings: Settings, catalogue: Catalogue, manifest: Manifest) -> Publisher:
    """Open the writing side of one generation, without its model; the caller holds the writer's lock.

    Raises:
        FootnoteError: see `open_writer`.
    """
    writer = open_writer(settings, manifest.dim, manifest.vectors)
    return Publisher(catalogue, writer, manifest.embedder, manifest.dim)


def drop_vectors(settings: Settings, manifest: Manifest) -> None:
    """Remove the published vectors of a generation that nobody searches any more.

    Raises:
        FootnoteError: the store does not answer.
    """
    if settings.store == "faiss":
        folder = vectors_folder(_index_dir(settings.data_dir), manifest.vectors)
        shutil.rmtree(folder, ignore_errors=True)
        return
    from index.stores.qdrant_writer import QdrantWriter

    connection = _qdrant(settings, manifest.dim, manifest.vectors)
    QdrantWriter(connection).drop()


def discard_words(settings: Settings) -> None:
    """Remove the embedded store's word index, which may be damaged beyond opening, to make it again."""
    if settings.store == "faiss":
        discard(_index_dir(settings.data_dir) / WORDS)


def open_workshop(settings: Settings, *, without_words: bool = False) -> Workshop:
    """Open a data folder for writing, creating it if it is new; the caller holds the writer's lock.

    `without_words` starts with an empty word index, which may be damaged beyond opening.

    Raises:
        FootnoteError: it cannot be written, or the settings do not fit it.
    """
    catalogue = open_catalogue(settings, create=True)
    manifest = read_manifest(catalogue.get_meta("manifest"))
    embedder = _checked_embedder(settings, manifest)
    is_outdated = not words_are_current(catalogue)
    if without_words or is_outdated:
        discard_words(settings)
    vectors = manifest.vectors if manifest else ""
    writer = open_writer(settings, embedder.dim, vectors)
    publisher = Publisher(catalogue, writer, embedder.name, embedder.dim)
    if is_outdated and not without_words:
        # Made by an older version: nobody is asked to know that. A kill leaves it unfinished, and repeats it.
        catalogue.set_meta(UNFINISHED, "1")
        publisher.rebuild()
    return Workshop(catalogue, publisher, embedder, vectors)


def open_store(settings: Settings, dim: int, vectors: str = "") -> SearchStore:
    """Open the reading side of the search store; `vectors` names the set of vectors, `dim` is their size.

    Raises:
        FootnoteError: it is damaged, does not answer, or its settings are wrong.
    """
    if settings.store == "faiss":
        return EmbeddedStore(_index_dir(settings.data_dir), vectors)
    from index.stores.qdrant_store import QdrantStore

    return QdrantStore(_qdrant(settings, dim, vectors))


def open_writer(settings: Settings, dim: int = 0, vectors: str = "") -> SearchStoreWriter:
    """Open the writing side of the search store; the caller holds the writer's lock. See `open_store`.

    Raises:
        FootnoteError: it cannot be written, does not answer, or its settings are wrong.
    """
    if settings.store == "faiss":
        return EmbeddedWriter(_index_dir(settings.data_dir), vectors)
    from index.stores.qdrant_writer import QdrantWriter

    return QdrantWriter(_qdrant(settings, dim, vectors))


def _qdrant(settings: Settings, dim: int, vectors: str) -> "QdrantConnection":
    from index.stores.qdrant_connection import QdrantConnection

    chosen = settings.qdrant
    if not chosen.url and chosen.path is None:
        raise ConfigError(
            "FOOTNOTE_STORE is set to 'qdrant', and FOOTNOTE_QDRANT__URL is empty. Set it to the server's address."
        )
    return QdrantConnection(
        url=chosen.url,
        api_key=chosen.api_key.get_secret_value() if chosen.api_key else "",
        path=chosen.path,
        # Each generation has an alias of its own. A reader's vectors and its collection change together, with
        # the catalogue: one alias that is moved would be searched with the other model's vector for a moment.
        prefix=f"{chosen.collection}-{vectors}" if vectors else chosen.collection,
        dim=dim,
    )


def _retriever(
    settings: Settings,
    catalogue: Catalogue,
    open_generation: Callable[[], Generation],
    rewriter: QueryRewriter | None = None,
    beside: HybridRetriever | None = None,
) -> HybridRetriever:
    return HybridRetriever(
        catalogue,
        open_generation,
        fetch_k=settings.retrieval.fetch_k,
        weights=RankingWeights(dense=settings.retrieval.dense_weight),
        per_document=settings.retrieval.per_document,
        order_versions=settings.retrieval.versions,
        reranker=beside.reranker if beside else _open_reranker(settings),
        rewriter=rewriter,
    )


def _shared_generation(
    settings: Settings, catalogue: Catalogue, beside: HybridRetriever | None
) -> Generation | None:
    """Return the generation with the other knowledge base's model; None if it was built with another one."""
    stored = catalogue.get_meta("manifest") or ""
    manifest = read_manifest(stored)
    if beside is None or manifest is None or manifest.embedder != beside.embedder.name:
        return None
    return Generation(stored, beside.embedder, open_store(settings, manifest.dim, manifest.vectors))


def _open_generation(settings: Settings, catalogue: Catalogue, *, follow: bool) -> Generation:
    stored = catalogue.get_meta("manifest") or ""
    manifest = read_manifest(stored)
    if follow and manifest is not None:
        return _generation(settings, manifest, stored)
    embedder = _checked_embedder(settings, manifest)
    vectors = manifest.vectors if manifest else ""
    return Generation(stored, embedder, open_store(settings, embedder.dim, vectors))


def _generation(settings: Settings, manifest: Manifest, stored: str) -> Generation:
    embedder = open_embedder(settings, precision_of(manifest), manifest.model_name)
    check_embedder(manifest, embedder.name, embedder.dim)
    return Generation(stored, embedder, open_store(settings, embedder.dim, manifest.vectors))


def _absolute(model: str) -> str:
    """Return a model's folder by its whole path: a knowledge base is opened from other places than it was built."""
    folder = Path(model).expanduser()
    return str(folder.resolve()) if folder.is_dir() and model != DEFAULT_EMBEDDER else model


def _token_counter(settings: Settings, model: str) -> Callable[[Sequence[str]], list[int]]:
    """Return what counts the tokens that a model reads of passages: its prefix and marks with them."""
    from tokenizers import Tokenizer

    files = find_model(model, settings.model_cache.expanduser(), offline=settings.offline)
    tokenizer = Tokenizer.from_file(str(files.folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()

    def count(texts: Sequence[str]) -> list[int]:
        encoded = tokenizer.encode_batch_fast([files.passage_prefix + text for text in texts])
        return [len(encoding.ids) for encoding in encoded]

    return count


def _checked_embedder(settings: Settings, manifest: Manifest | None) -> AnyEmbedder:
    model = model_for(settings, manifest.model_name if manifest else "")
    embedder = open_embedder(settings, precision_of(manifest), model)
    check_embedder(manifest, embedder.name, embedder.dim)
    return embedder


def _check_words(catalogue: Catalogue) -> None:
    if not words_are_current(catalogue):
        raise IndexMismatch(
            f"The word index in {str(catalogue.data_dir)!r} was made by another version of Footnote "
            f"(this one makes {WORDS_VERSION!r}). Run `footnote index rebuild`: it takes no embedding."
        )


def _open_reranker(settings: Settings) -> Reranker | None:
    name = settings.retrieval.reranker
    if not name:
        return None
    from index.rerankers.cross_encoder import CrossEncoderReranker

    return CrossEncoderReranker(name, settings.model_cache.expanduser(), offline=settings.offline)


def _index_dir(data_dir: Path) -> Path:
    return data_dir / "index"
