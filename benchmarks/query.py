"""Questions beside LlamaIndex: whole cold processes, and warm searches.

Usage: python -m benchmarks.query FOLDER [--keep DIR] [--runs N]

Cold: `footnote ask` against a fresh Python process that imports LlamaIndex, loads its persisted index and
retrieves, in turn, medians and the ratio pair by pair. Warm: `search` in one process, p50 and p95. With --keep the
indexes of `benchmarks.ingest --keep` are used.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.ingest import PEER, footnote_run, peer_run

QUESTIONS = (
    "How do I report a security incident?",
    "How many days of leave do I get?",
    "Who approves travel expenses?",
    "What is the on-call rotation?",
    "How are salaries decided?",
    "Where do I find the release process?",
)


def seconds_of(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - started


def cold(work: Path, runs: int) -> None:
    ours, peers = [], []
    for run in range(runs):
        question = QUESTIONS[run % len(QUESTIONS)]
        ask = ["footnote", "ask", question, "--json", "--data-dir", str(work / "footnote")]
        ours.append(seconds_of(ask))
        peers.append(seconds_of([sys.executable, str(PEER), "query", str(work / "peer"), question]))
    ratios = [peer / own for own, peer in zip(ours, peers, strict=True)]
    print(f"cold, {runs} pairs: footnote ask median {statistics.median(ours):.2f} s", end="")
    print(
        f" ({min(ours):.2f}-{max(ours):.2f}), LlamaIndex {statistics.median(peers):.2f} s", end=""
    )
    print(f" ({min(peers):.2f}-{max(peers):.2f}), ratio median {statistics.median(ratios):.1f} x")


def warm(work: Path) -> None:
    from core.settings import load_settings
    from index.factory import open_knowledge_base
    from index.permissions import administrator

    retriever = open_knowledge_base(load_settings(data_dir=work / "footnote")).retriever
    retriever.retrieve("warm up", administrator(), 10)
    times = []
    for run in range(200):
        question = f"{QUESTIONS[run % len(QUESTIONS)]} {run}"
        started = time.perf_counter()
        retriever.retrieve(question, administrator(), 10)
        times.append((time.perf_counter() - started) * 1000)
    times.sort()
    print(f"warm search, 200 queries: p50 {times[100]:.1f} ms, p95 {times[190]:.1f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--keep", type=Path, help="folder with both indexes, made if absent")
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        work = options.keep or Path(scratch)
        work.mkdir(parents=True, exist_ok=True)
        if not (work / "footnote").exists():
            footnote_run(options.folder, work)
        if not (work / "peer").exists():
            peer_run(options.folder, work)
        warm(work)
        cold(work, options.runs)


if __name__ == "__main__":
    main()
