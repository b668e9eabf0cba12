"""Drives the `footnote` command for tests: in this process, as a child, and as a child that is killed.

`crash_runs` can be run with more kills than the test uses:

    PYTHONPATH=tests/e2e python -c "from pathlib import Path; import cli_harness as h; \\
        print(h.crash_runs(Path('/tmp/crash'), Path('/tmp/models'), runs=50))"
"""

import functools
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from shutil import copytree, rmtree
from typing import Any, Literal

from click.testing import CliRunner, Result
from databases import move_catalogue

from app.cli import main
from core.command_line import settings_for
from core.documents import DocumentRecord
from core.log import configure
from core.settings import Settings, load_settings
from index.factory import KnowledgeBase, open_embedder, open_knowledge_base
from index.permissions import administrator
from index.stores.embedded_store import EmbeddedStore
from ingest.verification import verify

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "samples" / "documents"
GROUPS = ROOT / "samples" / "groups.yaml"
ADMIN = administrator()

_SCRIPT = "from app.cli import main; main()"
_TIMEOUT = 180.0


# --- commands -------------------------------------------------------------------------------------


def invoke(*args: str | Path, stdin: str | None = None) -> Result:
    """Run a command in this process; `stdout` and `stderr` are apart."""
    try:
        return CliRunner().invoke(main, [str(arg) for arg in args], input=stdin)
    finally:
        # The command logged to the runner's stderr, which is closed now.
        configure("error")


def invoke_json(*args: str | Path, code: int = 0) -> Any:
    """Run a command with --json in this process and return the one value on its stdout."""
    result = invoke(*args, "--json")
    assert result.exit_code == code, f"{args}: {result.exit_code}\n{result.output}"
    return only_value(result.stdout)


def only_value(stdout: str) -> Any:
    """Return the JSON value of an output that holds exactly one."""
    value, end = json.JSONDecoder().raw_decode(stdout)
    assert not stdout[end:].strip(), f"more than one JSON value: {stdout[end : end + 200]!r}"
    return value


def json_lines(text: str) -> list[Any]:
    """Return one value a line."""
    return [json.loads(line) for line in text.split("\n") if line.strip()]


def child_env(data_dir: Path, model_cache: Path, **extra: str) -> dict[str, str]:
    """Return the environment of a child: this one without settings, offline."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FOOTNOTE_")}
    return {
        **kept,
        "PYTHONPATH": str(ROOT),
        "FOOTNOTE_OFFLINE": "1",
        "FOOTNOTE_DATA_DIR": str(data_dir),
        "FOOTNOTE_MODEL_CACHE": str(model_cache),
        # Where `each_database` chose a server.
        "FOOTNOTE_DATABASE_URL": os.environ.get("FOOTNOTE_DATABASE_URL", ""),
        **extra,
    }


def run_child(
    *args: str | Path, env: dict[str, str], prefix: Sequence[str] = (), timeout: float = _TIMEOUT
) -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own; `prefix` is put in front, like `prlimit`."""
    command = [*prefix, sys.executable, "-c", _SCRIPT, *map(str, args)]
    return subprocess.run(
        command, env=env, capture_output=True, text=True, timeout=timeout, check=False
    )


def refused(result: Result | subprocess.CompletedProcess[str], code: int, *named: str) -> str:
    """Check that a command failed with one clear sentence that names the thing; return stderr."""
    status = result.exit_code if isinstance(result, Result) else result.returncode
    both = result.stdout + result.stderr
    assert status == code, f"exit code {status}, not {code}: {both}"
    assert "Traceback" not in both
    assert "did not expect" not in both, both
    said = [line for line in result.stderr.splitlines() if line.startswith("Error: ")]
    assert len(said) == 1, f"one sentence is wanted on stderr: {result.stderr!r}"
    for text in named:
        assert text in said[0], f"{text!r} is not named in {said[0]!r}"
    return said[0]


# --- knowledge bases ------------------------------------------------------------------------------


@functools.cache
def samples_base(model_cache: Path) -> Path:
    """Return the data folder of the sample documents, ingested once a run; read only."""
    data_dir = model_cache.parent / f"{model_cache.name}-samples"
    env = child_env(data_dir, model_cache, FOOTNOTE_DATABASE_URL="")
    done = run_child("ingest", SAMPLES, "--yes", "--json", env=env)
    assert done.returncode == 0, done.stderr
    return data_dir


@functools.cache
def asked_base(model_cache: Path) -> Path:
    """Return a copy of `samples_base` for tests that ask: conversations are added, documents stay."""
    return writable_copy(
        samples_base(model_cache), model_cache.parent / f"{model_cache.name}-asked"
    )


def writable_copy(data_dir: Path, target: Path) -> Path:
    """Return a copy of a data folder for a test that writes, its catalogue in the database that the test runs on."""
    copytree(data_dir, target)
    move_catalogue(target)
    return target


def open_base(data_dir: Path, model_cache: Path) -> KnowledgeBase:
    """Open a data folder for reading, in this process."""
    return open_knowledge_base(settings_of(data_dir, model_cache))


def settings_of(data_dir: Path, model_cache: Path) -> Settings:
    """Return settings for a data folder."""
    return settings_for(load_settings(data_dir=data_dir), model_cache=model_cache, offline=True)


def write_files(folder: Path, files: dict[str, str]) -> Path:
    """Write text files below a folder and return it."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


@contextmanager
def lock_held_elsewhere(data_dir: Path, seconds: float = 3600) -> Iterator[int]:
    """Hold the writer's lock of a data folder in another process, for some seconds at most; gives its id."""
    code = (
        "import select, sys; from pathlib import Path; from ingest.writer_lock import writer_lock\n"
        "with writer_lock(Path(sys.argv[1])):\n"
        f"    print('held', flush=True); select.select([sys.stdin], [], [], {seconds})\n"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(data_dir)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        yield holder.pid


# --- kill -9 --------------------------------------------------------------------------------------

_DOCUMENTS = 150
_CHUNK_TOKENS = (
    "32"  # short chunks: many of them in little time, so that vectors are published twice
)
# Few chunks have the words of these: among more equals than are fetched, the order of ingestion decides.
_QUERIES = (
    "who signs the log of station 12",
    "canary0042x",
    "manual of station 149",
)

Kind = Literal["time", "stored", "reported"]
# How the two kills of a folder are timed; the second run only goes on, and reports nothing that is stored.
_KINDS: tuple[tuple[Kind, Kind], ...] = (
    ("stored", "time"),
    ("time", "stored"),
    ("reported", "time"),
    ("time", "time"),
    ("stored", "stored"),
    ("reported", "stored"),
)


@dataclass(slots=True)
class CrashReport:
    """What a series of kills saw; a violation raises an AssertionError instead."""

    kills: int = 0
    finished_first: int = 0
    left_documents: list[int] = field(default_factory=list)
    reported_documents: list[int] = field(default_factory=list)
    converged: int = 0


@dataclass(frozen=True, slots=True)
class _State:
    """What a knowledge base holds, in a form that does not depend on how it came about."""

    documents: dict[str, DocumentRecord]
    chunks: dict[str, frozenset[str]]
    answers: tuple[tuple[str, ...], ...]


def crash_runs(work: Path, model_cache: Path, runs: int, seed: int = 7) -> CrashReport:
    """Kill `footnote ingest` at `runs` random moments and check what is left each time.

    A run that ends before its moment does not count. A folder is killed twice, then ingested undisturbed and compared with one that never was. Every other
    folder starts with an older state of the documents, so that they are replaced and removed too.

    Raises:
        AssertionError: a document is half there, lost, or reported but not searchable.
    """
    rng = random.Random(seed)
    rmtree(work, ignore_errors=True)
    model_cache = _exact_cache(work, model_cache)
    corpus = work / "corpus"
    _write_corpus(corpus, "old")
    old_dir, new_dir = work / "old", work / "new"
    _ingest(corpus, old_dir, model_cache)
    old = _state(old_dir, model_cache)
    _write_corpus(corpus, "new")
    started = time.monotonic()
    _ingest(corpus, new_dir, model_cache)
    lasted = time.monotonic() - started
    new = _state(new_dir, model_cache)
    assert len(new.documents) == _DOCUMENTS
    report = CrashReport()
    for folder in range(4 * runs):
        if report.kills == runs:
            break
        data_dir = work / f"killed-{folder}"
        update = folder % 2 == 1
        if update:
            copytree(old_dir, data_dir)
        for kind in _KINDS[folder % len(_KINDS)]:
            before = report.finished_first
            reported = _kill_one(corpus, data_dir, model_cache, kind, lasted, rng, report)
            _check_left(data_dir, model_cache, old if update else None, new, reported, report)
            if report.finished_first > before:
                lasted *= 0.8  # the machine is less busy than it was
                break
            if report.kills == runs:
                break
        _ingest(corpus, data_dir, model_cache)
        _check_converged(data_dir, model_cache, new)
        report.converged += 1
        rmtree(data_dir)
    return report


def _check_converged(data_dir: Path, model_cache: Path, wanted: _State) -> None:
    """Check that a knowledge base equals one whose ingestion was never disturbed."""
    left = _state(data_dir, model_cache)
    assert left.documents == wanted.documents, f"{data_dir}: other documents"
    assert left.chunks == wanted.chunks, f"{data_dir}: other chunks"
    for query, mine, theirs in zip(_QUERIES, left.answers, wanted.answers, strict=True):
        assert mine[0] == theirs[0], f"{data_dir}: {query!r} finds another chunk first"
    found = verify(settings_of(data_dir, model_cache))
    counted = {name: count for name, count in found.items() if name not in ("ok", "chunks")}
    assert found["ok"], f"{data_dir}: {found}"
    assert not any(counted.values()), f"{data_dir}: leftovers: {found}"
    # Removed words count in BM25 until their segment is merged; a rebuilt index has none.
    rebuilt = run_child("index", "rebuild", env=_crash_env(data_dir, model_cache))
    assert rebuilt.returncode == 0, rebuilt.stderr
    assert _state(data_dir, model_cache).answers == wanted.answers, f"{data_dir}: other hits"


def _exact_cache(work: Path, model_cache: Path) -> Path:
    """Return a model cache that computes in fp32.

    An int8 vector depends on the texts that share its batch (the activations' scale is the batch's), so that
    two undisturbed runs differ too; what is compared here is what a kill changes.
    """
    open_embedder(settings_of(work, model_cache), None)
    exact = work / "models"
    copytree(model_cache, exact, copy_function=os.link)
    for remembered in exact.glob("*/prepared.json"):
        remembered.unlink()
        remembered.write_text('{"precision": "fp32"}', encoding="utf-8")
    return exact


def canary(number: int, state: str = "new") -> str:
    """Return the word that only one document has, and only in one state of it."""
    return f"canary{number:04d}{'y' if state == 'old' and _is_edited(number) else 'x'}"


def _is_edited(number: int) -> bool:
    return number % 3 == 0


def _write_corpus(folder: Path, state: Literal["old", "new"]) -> None:
    """Write the documents; the old state lacks 20, has 20 others, and a third reads differently."""
    numbers = range(_DOCUMENTS) if state == "new" else range(20, _DOCUMENTS + 20)
    for path in folder.glob("*.md"):
        if int(path.stem.removeprefix("manual-")) not in numbers:
            path.unlink()
    for number in numbers:
        path = folder / f"manual-{number:03d}.md"
        text = _manual(number, canary(number, state))
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            write_files(folder, {path.name: text})


def _manual(number: int, word: str) -> str:
    season = ("spring", "summer", "autumn", "winter")[number % 4]
    return (
        f"# Manual of station {number}\n\n"
        f"The code word of this manual is {word}. It is printed on the door of station {number} only.\n\n"
        f"## Valve {number}\n\n"
        f"The main valve is inspected every {number % 9 + 2} weeks. In {season} the interval is halved.\n\n"
        f"## Pump {number}\n\n"
        f"The pressure of pump {number} in {season} must stay below {number + 10} bar at all times.\n\n"
        f"## Log {number}\n\n"
        f"Technician number {number * 7 % 40} signs the log of station {number} before the shift ends.\n"
    )


def _crash_env(data_dir: Path, model_cache: Path) -> dict[str, str]:
    return child_env(data_dir, model_cache, FOOTNOTE_CHUNK__MAX_TOKENS=_CHUNK_TOKENS)


def _ingest(corpus: Path, data_dir: Path, model_cache: Path) -> None:
    done = run_child("ingest", corpus, "--yes", "--json", env=_crash_env(data_dir, model_cache))
    assert done.returncode == 0, done.stdout + done.stderr


def _kill_one(
    corpus: Path,
    data_dir: Path,
    model_cache: Path,
    kind: Kind,
    lasted: float,
    rng: random.Random,
    report: CrashReport,
) -> list[dict[str, Any]]:
    """Start an ingestion, kill it at a random moment, return the documents that it reported."""
    child = subprocess.Popen(
        [sys.executable, "-c", _SCRIPT, "ingest", str(corpus), "--yes", "--json"],
        env=_crash_env(data_dir, model_cache),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stderr is not None
    lines: list[str] = []
    first_report = threading.Event()

    def read() -> None:
        for line in child.stderr or ():
            lines.append(line)
            if "document_ingested" in line:
                first_report.set()

    reader = threading.Thread(target=read)
    reader.start()
    if kind == "time":
        _wait(child, rng.uniform(0.15, 0.85) * lasted)
    elif kind == "stored":
        _until(child, functools.partial(_grew, data_dir, _size(data_dir)))
        _wait(child, rng.uniform(0.0, rng.choice((0.02, 0.3))) * lasted)
    else:
        _until(child, first_report.is_set)
        _wait(child, rng.uniform(0.0, 0.05) * lasted)
    finished = child.poll() is not None
    child.send_signal(signal.SIGKILL)
    child.wait()
    reader.join()
    child.stderr.close()
    report.kills += not finished
    report.finished_first += finished
    return [
        entry for entry in map(_json_or_nothing, lines) if entry.get("event") == "document_ingested"
    ]


def _wait(child: subprocess.Popen[str], seconds: float) -> None:
    try:
        child.wait(seconds)
    except subprocess.TimeoutExpired:
        return


def _until(child: subprocess.Popen[str], happened: Any) -> None:
    while not happened() and child.poll() is None:
        time.sleep(0.005)


def _size(data_dir: Path) -> int:
    path = data_dir / "footnote.db-wal"
    return path.stat().st_size if path.exists() else 0


def _grew(data_dir: Path, before: int) -> bool:
    # The schema and the manifest take less than 200 kB; a batch of documents takes more.
    return _size(data_dir) > before + 200_000


def _json_or_nothing(line: str) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except ValueError:
        return {}  # a line that the kill cut off
    return value if isinstance(value, dict) else {}


def _check_left(
    data_dir: Path,
    model_cache: Path,
    old: _State | None,
    new: _State,
    reported: list[dict[str, Any]],
    report: CrashReport,
) -> None:
    """Check what a killed run left: whole documents only, and every reported one can be found."""
    report.reported_documents.append(len(reported))
    if not (data_dir / "footnote.db").exists():
        assert not reported
        report.left_documents.append(0)
        return
    base = open_base(data_dir, model_cache)
    records = {record.uri: record for record in base.catalogue.list_documents()}
    report.left_documents.append(len(records))
    rows = base.catalogue.chunk_rows(sorted(base.catalogue.chunk_numbers()))
    chunks: dict[str, set[str]] = {uri: set() for uri in records}
    numbers: dict[str, set[int]] = {uri: set() for uri in records}
    for number, row in rows.items():
        chunks[row.doc_uri].add(row.chunk.chunk_id)
        numbers[row.doc_uri].add(number)
    for uri, record in records.items():
        states = [state for state in (old, new) if state is not None]
        whole = [
            state.chunks[uri]
            for state in states
            if uri in state.documents and state.documents[uri].version == record.version
        ]
        assert whole, f"{uri}: version {record.version} never existed"
        assert chunks[uri] == whole[0], f"{uri} is half there"
    if old is not None:
        lost = old.documents.keys() & new.documents.keys() - records.keys()
        assert not lost, f"lost: {sorted(lost)}"
    base.retriever.retrieve(_QUERIES[0], ADMIN, 10)  # refreshes, and must not fail
    store = base.retriever.store
    assert isinstance(store, EmbeddedStore)
    published = set(store.vectors.numbers().tolist())
    for entry in reported:
        uri = entry["uri"]
        assert uri in records, f"{uri} was reported and is not there"
        assert records[uri].version == entry["version"], f"{uri}: not the reported version"
        assert len(chunks[uri]) == entry["chunks"], f"{uri}: not the reported chunks"
        assert numbers[uri] <= published, f"{uri} was reported before its vectors were published"
    for entry in reported[:: max(1, len(reported) // 20)]:
        word = canary(int(Path(entry["uri"]).stem.removeprefix("manual-")))
        hits = base.retriever.retrieve(word, ADMIN, 3)
        found = [hit for hit in hits if hit.document.uri == entry["uri"] and word in hit.text]
        assert found, f"{word} of {entry['uri']} is not found"
        assert found[0].why.lexical_rank == 1
        assert found[0].why.dense_score


def _state(data_dir: Path, model_cache: Path) -> _State:
    base = open_base(data_dir, model_cache)
    records = {record.uri: record for record in base.catalogue.list_documents()}
    chunks: dict[str, set[str]] = {uri: set() for uri in records}
    for row in base.catalogue.all_chunk_rows():
        chunks[row.doc_uri].add(row.chunk.chunk_id)
    answers = tuple(
        tuple(hit.chunk_id for hit in base.retriever.retrieve(query, ADMIN, 5))
        for query in _QUERIES
    )
    return _State(records, {uri: frozenset(ids) for uri, ids in chunks.items()}, answers)


# --- readers beside a writer ----------------------------------------------------------------------

_READER = """
import sys, time
from pathlib import Path
from core.errors import DataFolderError
from core.settings import load_settings
from index.factory import open_knowledge_base
from index.permissions import administrator

settings, kept, searches, opened, seen = load_settings(), None, 0, 0, set()
stop = Path(sys.argv[1])
while not stop.exists():
    try:
        base = kept if kept is not None and searches % 20 else open_knowledge_base(settings)
    except DataFolderError as error:
        if kept is not None or "There is no knowledge base" not in str(error):
            raise
        time.sleep(0.02)
        continue
    opened += base is not kept
    kept = kept or base
    hits = base.retriever.retrieve("how often is the valve inspected", administrator(), 10)
    seen.add(len(hits))
    searches += 1
print(searches, opened, max(seen))
"""


@contextmanager
def searching_elsewhere(data_dir: Path, model_cache: Path, stop: Path) -> Iterator[list[int]]:
    """Search in another process without a pause while the block runs; any error there is raised here.

    Gives a list that has (searches, openings, most hits) when the block is left.
    """
    seen: list[int] = []
    with subprocess.Popen(
        [sys.executable, "-c", _READER, str(stop)],
        env=child_env(data_dir, model_cache),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        try:
            yield seen
        finally:
            stop.touch()
            stdout, stderr = child.communicate(timeout=60)
    assert child.returncode == 0, stderr
    seen.extend(int(number) for number in stdout.split())
