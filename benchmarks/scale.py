"""A knowledge base of a given size: build, open, memory, questions, recall and freshness, on this machine.

Usage: FOOTNOTE_BENCH_DATA=… python -m benchmarks.scale --chunks 100000 --keep DIR [--peer]

The load is that of `benchmarks.scale_load`. Everything but the build is measured in a fresh process. --peer: the same
texts and vectors in LlamaIndex's docstore and FAISS's exact index.
"""

import argparse
import json
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from benchmarks.scale_load import DOCUMENT_CHUNKS, Matrix, Texts, store_documents, write_vectors
from core.answers import Caller
from core.log import configure
from core.settings import Settings, load_settings
from index.factory import open_knowledge_base, open_workshop
from index.manifest import Manifest
from index.permissions import administrator, caller_named
from ingest.chunker import CHUNKER_VERSION
from ingest.writer_lock import writer_lock

_NEW_WORD = "zyxquartz"


def settings_of(work: Path) -> Settings:
    return load_settings(data_dir=work / "footnote")


# --- building ---------------------------------------------------------------------------------------------


def build(work: Path, count: int) -> None:
    settings, texts = settings_of(work), Texts()
    with writer_lock(settings.data_dir):
        workshop = open_workshop(settings)
        embedder = workshop.embedder
        write_vectors(work, count, embedder)
        rows: Matrix = np.load(work / "vectors.npy", mmap_mode="r")
        started = time.perf_counter()
        manifest = Manifest(embedder.name, embedder.dim, CHUNKER_VERSION, settings.chunk.max_tokens)
        workshop.catalogue.set_meta("manifest", manifest.to_json())
        workshop.publisher.begin()
        sizes = (min(DOCUMENT_CHUNKS, count - i) for i in range(0, count, DOCUMENT_CHUNKS))
        store_documents(workshop, ((n, texts.chunks(s)) for n, s in enumerate(sizes)), rows)
        workshop.publisher.finish()
    report("build", time.perf_counter() - started, "s")


# --- measuring --------------------------------------------------------------------------------------------


def report(name: str, value: float, unit: str) -> None:
    print(f"{name:44} {value:10.2f} {unit}", flush=True)


def memory_mb(kind: str) -> float:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(re.findall(rf"{kind}:\s+(\d+)", status)[0]) / 1024


def quantiles(name: str, seconds: list[float]) -> None:
    for share in (0.5, 0.95):
        report(f"{name}, p{share * 100:.0f}", 1000 * float(np.quantile(seconds, share)), "ms")


def measure(work: Path) -> None:
    questions = json.loads((work / "questions.json").read_text(encoding="utf-8"))
    started = time.perf_counter()
    base = open_knowledge_base(settings_of(work))
    base.retriever.retrieve(questions[0], administrator(), 10)
    report("open and first question", time.perf_counter() - started, "s")
    restricted = caller_named("", ["g1", "g2"])
    for name, caller in (("administrator", administrator()), ("reader of a fifth", restricted)):
        base.retriever.retrieve(questions[0], caller, 10)
        seconds = []
        for question in questions:
            started = time.perf_counter()
            base.retriever.retrieve(question, caller, 10)
            seconds.append(time.perf_counter() - started)
        quantiles(f"question, {name}", seconds)
    report("own memory after these", memory_mb("RssAnon"), "MB")
    report("mapped files after these", memory_mb("RssFile"), "MB")
    measure_recall(work, questions)


def measure_recall(work: Path, questions: list[str]) -> None:
    from index.factory import open_embedder
    from index.stores.faiss_store import FaissStore

    settings = settings_of(work)
    store = FaissStore(settings.data_dir / "index" / "vectors")
    store.reload()
    embedder = open_embedder(settings, None)
    asked = np.vstack([embedder.embed_query(question) for question in questions])
    rows: Matrix = np.load(work / "vectors.npy", mmap_mode="r")
    exact = np.hstack([asked @ rows[i : i + 50_000].T for i in range(0, len(rows), 50_000)])
    seconds, shares = [], {10: 0.0, 100: 0.0}
    for vector, scores in zip(asked, exact, strict=True):
        started = time.perf_counter()
        found = store.search(vector[None], administrator(), 100)
        seconds.append(time.perf_counter() - started)
        for top_k in shares:  # chunk numbers start at 1
            best = set((np.argpartition(-scores, top_k)[:top_k] + 1).tolist())
            near = best.intersection(number for number, _ in found[:top_k])
            shares[top_k] += len(near) / top_k / len(asked)
    quantiles("dense part", seconds)
    for top_k, share in shares.items():
        report(f"dense part, recall@{top_k} of exact", share, "")


def watch(work: Path) -> None:
    """Ask for a new word until it is found, and say when."""
    retriever = open_knowledge_base(settings_of(work)).retriever
    caller: Caller = administrator()
    word = sys.stdin.readline().strip()
    retriever.retrieve("warm up", caller, 10)
    print("ready", flush=True)
    while not any(word in hit.text for hit in retriever.retrieve(word, caller, 5)):
        time.sleep(0.002)
    print(time.time(), flush=True)


def freshness(work: Path) -> None:
    word = f"{_NEW_WORD}{int(time.time())}"
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.scale", "--keep", str(work), "--step", "watch"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as reader:  # fmt: skip
        assert reader.stdin is not None
        assert reader.stdout is not None
        print(word, file=reader.stdin, flush=True)
        reader.stdout.readline()
        settings = settings_of(work)
        with writer_lock(settings.data_dir):
            workshop = open_workshop(settings)
            started = time.time()
            workshop.publisher.begin()
            row = workshop.embedder.embed_passages([word])
            store_documents(workshop, iter([(3, [f"The {word} is new."])]), row)
            published = time.time()
            workshop.catalogue.drop_unused_vectors()
            workshop.publisher.finish()
            report("one changed document: whole run", time.time() - started, "s")
        report("one changed document: published", published - started, "s")
        report("seen in another process", float(reader.stdout.readline()) - started, "s")


# --- the peer ---------------------------------------------------------------------------------------------


def peer(work: Path) -> None:
    """LlamaIndex's docstore as JSON and FAISS's exact index, as its quick start keeps them."""
    import faiss
    from llama_index.core.schema import TextNode
    from llama_index.core.storage.docstore import SimpleDocumentStore

    from index.factory import open_embedder

    folder = work / "peer"
    rows: Matrix = np.load(work / "vectors.npy", mmap_mode="r")
    if not folder.exists():
        folder.mkdir()
        started = time.perf_counter()
        docstore, texts = SimpleDocumentStore(), Texts()
        for start in range(0, len(rows), DOCUMENT_CHUNKS):
            chunks = texts.chunks(min(DOCUMENT_CHUNKS, len(rows) - start))
            docstore.add_documents(
                [TextNode(id_=str(start + i), text=text) for i, text in enumerate(chunks)]
            )
        made = faiss.IndexFlatIP(rows.shape[1])
        for i in range(0, len(rows), 50_000):
            made.add(np.ascontiguousarray(rows[i : i + 50_000]))
        docstore.persist(str(folder / "docstore.json"))
        faiss.write_index(made, str(folder / "index.faiss"))
        report("peer: build", time.perf_counter() - started, "s")
        subprocess.run(
            [sys.executable, "-m", "benchmarks.scale", "--keep", str(work), "--step", "peer"],
            check=True,
        )
        return
    questions = json.loads((work / "questions.json").read_text(encoding="utf-8"))
    started = time.perf_counter()
    embedder = open_embedder(settings_of(work), None)
    docstore = SimpleDocumentStore.from_persist_path(str(folder / "docstore.json"))
    index = faiss.read_index(str(folder / "index.faiss"))
    seconds = []
    for number, question in enumerate((questions[0], *questions)):
        begun = time.perf_counter()
        _, found = index.search(embedder.embed_query(question), 10)
        docstore.get_nodes([str(row) for row in found[0]])
        seconds.append(time.perf_counter() - begun)
        if not number:
            report("peer: open and first question", time.perf_counter() - started, "s")
    quantiles("peer: question, no permissions", seconds[1:])
    report("peer: own memory after these", memory_mb("RssAnon"), "MB")


STEPS = {"measure": measure, "watch": watch, "freshness": freshness, "peer": peer}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chunks", type=int, default=100_000)
    parser.add_argument(
        "--keep", type=Path, required=True, help="folder to build in, or built before"
    )
    parser.add_argument("--peer", action="store_true")
    parser.add_argument("--step", choices=STEPS, help="only this step, in this process")
    options = parser.parse_args()
    configure("error")
    if options.step:
        STEPS[options.step](options.keep)
        return
    if not (options.keep / "vectors.npy").exists():
        options.keep.mkdir(parents=True, exist_ok=True)
        build(options.keep, options.chunks)
    for step in ("measure", "freshness", *(["peer"] if options.peer else [])):
        command = [
            sys.executable,
            "-m",
            "benchmarks.scale",
            "--keep",
            str(options.keep),
            "--step",
            step,
        ]
        subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
