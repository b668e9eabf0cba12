"""Measures a large folder that did not change, and one change in it while a reader searches.

    python -m benchmarks.resync --keep DIR [--files 20000]

Shows seconds of `footnote ingest` over unchanged files, and seconds from a file's change until a retriever
that was open all the time, as in the web application, finds the new words.
"""

import argparse
import json
import os
import random
import statistics
import subprocess
import time
from pathlib import Path

from core.settings import load_settings
from index.factory import open_knowledge_base
from index.permissions import administrator

_WORDS = 4000
_STEMS = (
    "ka",
    "lo",
    "mi",
    "ten",
    "ra",
    "su",
    "vel",
    "dor",
    "pin",
    "gar",
    "bel",
    "tos",
    "ner",
    "lum",
    "hat",
    "wic",
)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", type=Path, required=True, help="Folder for files and data.")
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--changes", type=int, default=5)
    options = parser.parse_args()
    folder, data = options.keep / "files", options.keep / "data"
    write_files(folder, options.files)
    environment = {**os.environ, "FOOTNOTE_DATA_DIR": str(data), "FOOTNOTE_LOG_LEVEL": "error"}
    first = ingested(folder, environment)
    again = [ingested(folder, environment) for _ in range(3)]
    seconds = statistics.median(run["wall_seconds"] for run in again)
    print(f"first run: {first['added']} added in {first['wall_seconds']:.1f} s")
    print(f"re-sync: {again[-1]['unchanged']} unchanged in {seconds:.2f} s (median of 3 processes)")
    delays = changes_seen(folder, data, environment, options.changes)
    shown = ", ".join(f"{delay:.2f}" for delay in delays)
    print(f"change to visible: {statistics.median(delays):.2f} s (all: {shown})")


def write_files(folder: Path, count: int) -> None:
    """Write short pages of made-up words; pages that are there already stay as they are."""
    vocabulary = [f"{a}{b}{c}" for a in _STEMS for b in _STEMS for c in _STEMS][:_WORDS]
    for number in range(count):
        path = folder / f"{number // 500:03d}" / f"page-{number:06d}.md"
        if path.exists():
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        words = " ".join(random.Random(number).choices(vocabulary, k=30))
        path.write_text(f"# Page {number}\n\n{words}.\n", encoding="utf-8")


def ingested(folder: Path, environment: dict[str, str]) -> dict[str, float]:
    """Run `footnote ingest` in a process of its own and return its report."""
    command = ["footnote", "ingest", str(folder), "--yes", "--json"]
    started = time.monotonic()
    done = subprocess.run(command, env=environment, capture_output=True, check=True)
    report: dict[str, float] = json.loads(done.stdout)
    report["wall_seconds"] = time.monotonic() - started
    return report


def changes_seen(folder: Path, data: Path, environment: dict[str, str], count: int) -> list[float]:
    """Return the seconds from each change of a file to the first search that finds it."""
    command = ["footnote", "ingest", str(folder), "--yes", "--watch"]
    environment = {**environment, "FOOTNOTE_LOG_LEVEL": "info"}
    watcher = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    assert watcher.stderr is not None
    try:
        for line in watcher.stderr:
            if "watch_started" in line:
                break
        base = open_knowledge_base(load_settings(data_dir=data))
        caller = administrator()
        base.retriever.retrieve("warm up", caller, 5)
        delays = []
        for number in range(count):
            word = f"zyx{time.time_ns():x}{number}"
            path = folder / f"{7 * number:03d}" / f"page-{7 * number * 500 + 3:06d}.md"
            started = time.monotonic()
            path.write_text(f"# Changed\n\nThe new word is {word}.\n", encoding="utf-8")
            while not any(word in hit.text for hit in base.retriever.retrieve(word, caller, 5)):
                if time.monotonic() - started > 60:
                    raise SystemExit("the change was not visible within 60 s")
                time.sleep(0.05)
            delays.append(time.monotonic() - started)
            time.sleep(1)
        return delays
    finally:
        watcher.terminate()
        watcher.wait()


if __name__ == "__main__":
    main()
