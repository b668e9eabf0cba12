"""Ingestion beside LlamaIndex's default pipeline: the same files, the same MiniLM weights, the same run.

Usage: python -m benchmarks.ingest FOLDER [--runs N]

Peer: SimpleDirectoryReader, SentenceSplitter (1,024 tokens, 200 overlap), HuggingFaceEmbedding, the
in-memory store, persisted. Both run as whole processes, one after the other; seconds, peak memory of the largest
process and the characters of document text that reach the model are printed. A text longer than the model's
window (256 tokens) is cut by the model without a word: what is behind the cut does not count as reached.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PEER = Path(__file__).with_name("llamaindex_peer.py")


def timed(command: list[str], log: Path) -> dict[str, float]:
    """Run a command; return wall seconds and the peak memory of its largest process in MB."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    with log.open("w") as file:
        process = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT, cwd=ROOT)
        _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{command[0]} failed; see {log}:\n{log.read_text()[-2000:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "seconds": round(time.perf_counter() - started, 2),
        "cpu_seconds": round(after.ru_utime - before.ru_utime + usage.ru_stime, 1),
        "peak_mb": round(usage.ru_maxrss / 1024),
    }


def footnote_run(folder: Path, work: Path) -> dict[str, Any]:
    data_dir = work / "footnote"
    command = ["footnote", "ingest", str(folder), "--yes", "--json", "--data-dir", str(data_dir)]
    started = time.time()
    figures = timed(command, work / "footnote.log")
    searchable = words_searchable(work / "footnote.log", started)
    return {**figures, **footnote_reach(data_dir), "words_searchable_s": searchable}


def footnote_reach(data_dir: Path) -> dict[str, Any]:
    """Count document characters inside the model's window; the prefix does not count."""
    from tokenizers import Tokenizer

    from core.settings import load_settings
    from index.factory import open_knowledge_base

    base = open_knowledge_base(load_settings(data_dir=data_dir))
    tokenizer = Tokenizer.from_file(base.retriever.embedder.tokenizer_path)
    tokenizer.no_padding()
    tokenizer.no_truncation()
    limit = base.retriever.embedder.max_tokens - 2
    chunks = characters = reached = 0
    for row in base.catalogue.all_chunk_rows():
        text = row.chunk.embedded_text
        body = len(text) - len(text.partition("\n")[2])
        offsets = tokenizer.encode(text, add_special_tokens=False).offsets
        last = offsets[min(limit, len(offsets)) - 1][1] if offsets else 0
        chunks += 1
        characters += len(text) - body
        reached += max(0, last - body)
    return {"chunks": chunks, "characters": characters, "reached": reached}


def words_searchable(log: Path, started: float) -> float | None:
    """Seconds from the start of the process until every document could be found by its words."""
    lines = [line for line in log.read_text().splitlines() if line[:1] == "{"]
    for line in lines:
        event = json.loads(line)
        if event.get("event") == "words_searchable":
            moment = datetime.fromisoformat(event["timestamp"]).timestamp()
            return round(moment - started, 1)
    return None


def peer_run(folder: Path, work: Path) -> dict[str, Any]:
    out = work / "peer.json"
    command = [sys.executable, str(PEER), "ingest", str(folder), str(work / "peer"), str(out)]
    figures = timed(command, work / "peer.log")
    return {**figures, **json.loads(out.read_text())}


def show(name: str, run: dict[str, Any]) -> None:
    rate = run["reached"] / run["seconds"]
    print(
        f"{name:12} {run['seconds']:8.1f} s  {run['peak_mb']:6d} MB  {run['chunks']:7,d} chunks  "
        f"{run['reached']:10,d} of {run['characters']:10,d} characters reach the model "
        f"({run['reached'] / run['characters']:.0%})  {rate:8,.0f} a second"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--keep", type=Path, help="folder to keep both indexes in")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        work = options.keep or Path(scratch)
        work.mkdir(parents=True, exist_ok=True)
        ours = footnote_run(options.folder, work)
        peer = peer_run(options.folder, work)
    show("Footnote", ours)
    show("LlamaIndex", peer)
    ratio = (ours["reached"] / ours["seconds"]) / (peer["reached"] / peer["seconds"])
    print(f"characters that reach the model per second: {ratio:.2f} x")
    if ours["words_searchable_s"] is not None:
        print(f"all words searchable after {ours['words_searchable_s']:.1f} s")


if __name__ == "__main__":
    main()
