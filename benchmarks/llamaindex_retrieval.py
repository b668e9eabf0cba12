"""LlamaIndex's default retrieval over a folder, in this process, its index kept on disk.

SimpleDirectoryReader, SentenceSplitter (1,024 tokens, 200 overlap), VectorStoreIndex in its own store, and the
same MiniLM weights as Footnote's default. The model reads 256 tokens of a text: the rest of a chunk is not in
its vector, which is what somebody gets who combines these two without knowing.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.baselines import Search, Span
from benchmarks.llamaindex_peer import embedder


def open_peer(folder: Path, store: Path) -> Search:
    """Return the peer's search over a folder; its index is made in `store` unless it is there."""
    from llama_index.core import (
        SimpleDirectoryReader,
        StorageContext,
        VectorStoreIndex,
        load_index_from_storage,
    )
    from llama_index.core.node_parser import SentenceSplitter

    model, _ = embedder()
    if not store.exists():
        read = SimpleDirectoryReader(str(folder), recursive=True).load_data()
        nodes = SentenceSplitter().get_nodes_from_documents(read)
        made = VectorStoreIndex(nodes, embed_model=model)
        unfinished = store.with_name(f"{store.name}-unfinished")
        made.storage_context.persist(str(unfinished))
        unfinished.rename(store)
    context = StorageContext.from_defaults(persist_dir=str(store))
    index = load_index_from_storage(context, embed_model=model)
    root = folder.resolve()

    def search(question: str, top_k: int) -> Sequence[Span]:
        found = index.as_retriever(similarity_top_k=top_k).retrieve(question)
        return [_span(hit.node, root) for hit in found]

    return search


def _span(node: Any, root: Path) -> Span:
    uri = Path(node.metadata["file_path"]).resolve().relative_to(root).as_posix()
    return Span(uri, node.start_char_idx or 0, node.end_char_idx or 0)
