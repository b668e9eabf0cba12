"""Turns settings into the parts of a knowledge base; the only place that opens stores."""

from dataclasses import dataclass
from pathlib import Path

from core.ports import Precision
from core.settings import Settings
from index.catalogue import Catalogue
from index.database import open_database
from index.embedders.model_files import find_model
from index.embedders.onnx_embedder import OnnxEmbedder, is_bert_shaped
from index.embedders.sentence_transformers_embedder import SentenceTransformersEmbedder
from index.lexical import LexicalIndex, discard
from index.manifest import check_embedder, precision_of, read_manifest
from index.publication import Publisher
from index.retriever import HybridRetriever
from index.stores.faiss_store import FaissStore

AnyEmbedder = OnnxEmbedder | SentenceTransformersEmbedder


@dataclass(frozen=True, slots=True)
class KnowledgeBase:
    """The reading side: a catalogue and the retriever over it."""

    catalogue: Catalogue
    retriever: HybridRetriever


@dataclass(frozen=True, slots=True)
class Workshop:
    """The writing side: the catalogue, its publisher and the embedder that makes its vectors."""

    catalogue: Catalogue
    publisher: Publisher
    embedder: AnyEmbedder


def open_catalogue(settings: Settings, *, create: bool = False) -> Catalogue:
    """Open the catalogue alone, for what needs no search.

    Raises:
        DataFolderError: see `index.database.open_database`.
    """
    return Catalogue(open_database(settings.data_dir, create=create), settings.data_dir)


def open_embedder(settings: Settings, precision: Precision | None) -> AnyEmbedder:
    """Open the embedder of the settings; `precision` is that of an index that exists already.

    Raises:
        ConfigError: the model is not there or not usable.
    """
    cache_dir = settings.model_cache.expanduser()
    files = find_model(settings.embedder, cache_dir, offline=settings.offline)
    if is_bert_shaped(files.folder):
        return OnnxEmbedder(files, cache_dir, precision)
    return SentenceTransformersEmbedder(files)


def open_knowledge_base(settings: Settings, *, create: bool = False) -> KnowledgeBase:
    """Open a data folder for reading; `create` makes an empty one where there is none.

    Raises:
        FootnoteError: there is none, or the settings do not fit it.
    """
    catalogue = open_catalogue(settings, create=create)
    manifest = read_manifest(catalogue.get_meta("manifest"))
    embedder = open_embedder(settings, precision_of(manifest))
    check_embedder(manifest, embedder.name, embedder.dim)
    retriever = HybridRetriever(
        catalogue,
        LexicalIndex(_lexical_dir(settings.data_dir)),
        FaissStore(_vectors_dir(settings.data_dir)),
        embedder,
        dense_weight=settings.retrieval.dense_weight,
        fetch_k=settings.retrieval.fetch_k,
    )
    return KnowledgeBase(catalogue, retriever)


def open_workshop(settings: Settings, *, discard_words: bool = False) -> Workshop:
    """Open a data folder for writing, creating it if it is new; the caller holds the writer's lock.

    `discard_words` starts with an empty word index, which may be damaged beyond opening.

    Raises:
        FootnoteError: it cannot be written, or the settings do not fit it.
    """
    catalogue = open_catalogue(settings, create=True)
    manifest = read_manifest(catalogue.get_meta("manifest"))
    embedder = open_embedder(settings, precision_of(manifest))
    check_embedder(manifest, embedder.name, embedder.dim)
    if discard_words:
        discard(_lexical_dir(settings.data_dir))
    publisher = Publisher(
        catalogue,
        LexicalIndex(_lexical_dir(settings.data_dir)),
        FaissStore(_vectors_dir(settings.data_dir)),
        embedder.name,
        embedder.dim,
    )
    return Workshop(catalogue, publisher, embedder)


def open_vector_store(settings: Settings) -> FaissStore:
    """Open the published vectors alone, to check them."""
    return FaissStore(_vectors_dir(settings.data_dir))


def _lexical_dir(data_dir: Path) -> Path:
    return data_dir / "index" / "lexical"


def _vectors_dir(data_dir: Path) -> Path:
    return data_dir / "index" / "vectors"
