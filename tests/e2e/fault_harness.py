"""Kills `footnote ingest` at named steps and at random moments, and checks that nothing is lost.

    old data folder ──copy──▶ run that dies ──▶ check what is left ──▶ ordinary run ──▶ compare with undisturbed

Documents are added, changed, moved, removed, given other readers, and come in an archive; two cannot be read.
Any number of kills, alternating between named steps and random moments:

    PYTHONPATH=tests/e2e python -m fault_harness /tmp/faults /tmp/models 200
"""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from io import BytesIO
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from cli_harness import ADMIN, CrashReport, child_env, crash_runs, settings_of, write_files
from failpoint_child import STEPS, Failpoint, Request

from core.documents import Chunk, DocumentRecord
from index.catalogue import KnownContainer, KnownDocument
from index.factory import KnowledgeBase, open_knowledge_base
from index.permissions import caller_named
from index.stores.embedded_store import EmbeddedStore
from ingest.run_history import RunHistory
from ingest.verification import verify

OUTSIDER = caller_named("out@example.org", ())
MEMBER = caller_named("hana@example.org", ("hr",))

Base = Literal["old", "fresh", "broken"]
"""What a run starts from: the older state, no data folder, or the older state after a run that was killed."""

_CLOSED = "access: [group:hr]\n"
_SETTINGS = {"FOOTNOTE_CHUNK__MAX_TOKENS": "32", "FOOTNOTE_INGEST__WORKERS": "1"}
_CHILD = Path(__file__).with_name("failpoint_child.py")


# --- a server that forks ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command ended: its exit code, or minus the signal that killed it."""

    status: int
    stdout: str
    stderr: str
    seconds: float

    @property
    def killed(self) -> bool:
        return self.status == -signal.SIGKILL

    def events(self, name: str) -> list[dict[str, Any]]:
        """Return the log's events of one name; a line that a kill cut off is left out."""
        found = []
        for line in self.stderr.splitlines():
            try:
                entry = json.loads(line)
            except ValueError:
                continue
            if isinstance(entry, dict) and entry.get("event") == name:
                found.append(entry)
        return found


class Server:
    """Runs commands in forks of one warm process; a context manager. For one thread."""

    def __init__(self, work: Path, model_cache: Path) -> None:
        self._out, self._err = work / "stdout", work / "stderr"
        self._model_cache = model_cache
        work.mkdir(parents=True, exist_ok=True)
        self._process = subprocess.Popen(
            [sys.executable, str(_CHILD), "--serve"],
            env=child_env(work / "nowhere", model_cache, **_SETTINGS),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.communicate()

    def run(
        self,
        data_dir: Path,
        *args: str | Path,
        failpoint: Failpoint | None = None,
        kill_after_s: float | None = None,
        in_process: bool = True,
    ) -> Ran:
        """Run one command; it dies at its failpoint, or some seconds after its start, or not at all."""
        env = child_env(data_dir, self._model_cache, **_SETTINGS)
        request = Request(
            args=[str(arg) for arg in args],
            env={name: value for name, value in env.items() if name.startswith("FOOTNOTE_")},
            stdout=str(self._out),
            stderr=str(self._err),
            failpoint=failpoint,
            in_process=in_process,
            kill_after_s=kill_after_s,
        )
        assert self._process.stdin is not None
        self._process.stdin.write(request.to_json() + "\n")
        self._process.stdin.flush()
        answer = self._answer()
        return Ran(
            answer["status"], self._out.read_text(), self._err.read_text(), answer["seconds"]
        )

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the server ended"
        answer: dict[str, Any] = json.loads(line)
        return answer


# --- the documents ------------------------------------------------------------------------------------


def word(name: str, state: str) -> str:
    """Return the word that is in one state of one document only."""
    return f"canary{name.replace('/', '')}{'first' if state == 'old' else 'second'}"


def write_corpus(folder: Path, state: Literal["old", "new"]) -> None:
    """Bring the folder to one of its two states; what is the same in both is not written again."""
    both = {f"keep-{n}.md": _text(f"keep{n}", "old") for n in range(3)}
    changed = {f"edit-{n}.md": _text(f"edit{n}", state) for n in range(5)}
    readers = {
        "closing.md": _text("closing", state),
        "opening.md": _text("opening", state),
        "locked.md": _text("locked", "old"),
        ("closing" if state == "new" else "opening") + ".md.footnote.yaml": _CLOSED,
    }
    moved = {("moved/place.md" if state == "new" else "place.md"): _text("place", "old")}
    spoilt = json.dumps({"note": [_text("spoilt", "old")] * 2})
    files = {**both, **changed, **readers, **moved, "spoilt.json": spoilt}
    files[".footnote.yaml"] = "access: [everyone]\n"
    if state == "old":
        files |= {f"gone-{n}.md": _text(f"gone{n}", "old") for n in range(2)}
    else:
        files |= {f"fresh-{n}.md": _text(f"fresh{n}", "new") for n in range(4)}
        files |= {"locked.md.footnote.yaml": _CLOSED}
        files |= {"spoilt.json": spoilt[:-9], "broken.json": '{"a": [1, '}
    for path in [path for path in folder.rglob("*") if path.is_file()]:
        if path.relative_to(folder).as_posix() not in {*files, "box.zip"}:
            path.unlink()
    for name, text in files.items():
        if not (folder / name).exists() or (folder / name).read_text(encoding="utf-8") != text:
            write_files(folder, {name: text})
    if state == "new":
        os.utime(folder / "keep-2.md", (1_700_000_000, 1_700_000_000))
    (folder / "box.zip").write_bytes(_box(state))


def _box(state: str) -> bytes:
    members = {"in-a.md": _text("ina", state), "in-keep.md": _text("inkeep", "old")}
    members |= {"in-b.md": _text("inb", "old")} if state == "old" else {}
    members |= {"in-c.md": _text("inc", "new")} if state == "new" else {}
    content = BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in members.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 2, 3, 4, 6)), text)
    return content.getvalue()


def _text(name: str, state: str) -> str:
    mark = word(name, state)
    # Chunks have at most 32 tokens here: every section is one, and all must be of the same state.
    return "".join(
        f"# Part {part} of {name}\n\nThe {mark} valve number {part} of {name} is inspected weekly.\n\n"
        for part in range(3)
    )


# --- what a knowledge base holds ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class State:
    """What a knowledge base holds, in a form that does not depend on how it came about."""

    documents: dict[str, DocumentRecord]
    known: dict[str, KnownDocument]
    chunks: dict[str, frozenset[Chunk]]
    stored_vectors: dict[str, bytes]
    published_vectors: dict[str, bytes]
    words: frozenset[str]
    containers: dict[str, KnownContainer]


def state_of(base: KnowledgeBase, source: str) -> State:
    """Return what an open knowledge base holds now."""
    base.retriever.refresh()
    rows = {row.chunk_no: row for row in base.catalogue.all_chunk_rows()}
    documents = {record.uri: record for record in base.catalogue.list_documents()}
    chunks: dict[str, set[Chunk]] = {uri: set() for uri in documents}
    for row in rows.values():
        chunks[row.doc_uri].add(row.chunk)
    numbers = sorted(rows)
    store = base.retriever.store
    assert isinstance(store, EmbeddedStore)
    published = store.vectors.numbers().tolist()
    vectors = store.vectors.vectors_of(numbers)
    with base.catalogue.engine.connect() as connection:
        stored = connection.exec_driver_sql("SELECT vector_hash, vector FROM vectors").all()
    return State(
        documents=documents,
        known=base.catalogue.known_documents(source),
        chunks={uri: frozenset(found) for uri, found in chunks.items()},
        stored_vectors={row[0]: row[1] for row in stored},
        published_vectors={
            rows[number].chunk.chunk_id if number in rows else f"leftover {number}": (
                vectors[numbers.index(number)].tobytes() if number in rows else b""
            )
            for number in published
        },
        words=frozenset(
            rows[number].chunk.chunk_id if number in rows else f"leftover {number}"
            for number in store.lexical.numbers()
        ),
        containers=base.catalogue.containers(source),
    )


def _is_shown(name: str) -> bool:
    return not name.startswith("leftover ")


def differences(left: State, wanted: State) -> list[str]:
    """Name what differs between two states, in words."""
    found = []
    for name in State.__dataclass_fields__:
        mine, theirs = getattr(left, name), getattr(wanted, name)
        if mine == theirs:
            continue
        if isinstance(mine, frozenset):
            found.append(f"{name}: {sorted(mine ^ theirs)[:5]}")
            continue
        keys = [key for key in {*mine, *theirs} if mine.get(key) != theirs.get(key)]
        found.append(f"{name}: {sorted(keys)[:5]}")
    return found


# --- one case -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Case:
    """One kill: at a failpoint, or after some seconds."""

    failpoint: Failpoint | None
    base: Base = "old"
    kill_after_s: float | None = None
    in_process: bool = True

    def __str__(self) -> str:
        what = str(self.failpoint) if self.failpoint else f"after {self.kill_after_s:.3f} s"
        return f"{what} ({self.base})"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one case saw; a violation raises an AssertionError instead. `reached` is whether it was killed."""

    case: Case
    reached: bool
    reported: int = 0
    searches: int = 0
    seconds: float = 0.0


@dataclass(slots=True)
class Place:
    """A prepared folder of documents in its new state, and data folders to start from."""

    work: Path
    model_cache: Path
    server: Server
    corpus: Path
    bases: dict[Base, Path]
    old: State
    new: State
    new_at_once: State
    lasted: float
    _number: int = 0
    _embedder: Any = field(default=None)

    @property
    def source(self) -> str:
        return str(self.corpus.resolve())

    def wanted(self, base: Base) -> State:
        """Return what the next ordinary run has to come to."""
        return self.new_at_once if base == "fresh" else self.new

    def open(self, data_dir: Path) -> KnowledgeBase:
        """Open a data folder for reading; the model is loaded once for all of them."""
        base = open_knowledge_base(settings_of(data_dir, self.model_cache))
        self._embedder = self._embedder or base.retriever.embedder
        base.retriever._current = replace(base.retriever._current, embedder=self._embedder)
        return base

    def copy(self, base: Base) -> Path:
        """Return a new data folder in the state to start from."""
        self._number += 1
        data_dir = self.work / f"case-{self._number}"
        if base != "fresh":
            shutil.copytree(self.bases[base], data_dir)
        return data_dir

    def ingest(self, data_dir: Path, case: Case | None = None) -> Ran:
        """Run the ingestion of the new state, undisturbed without a case."""
        case = case or Case(None)
        return self.server.run(
            data_dir,
            "ingest",
            self.corpus,
            "--yes",
            "--json",
            failpoint=case.failpoint,
            kill_after_s=case.kill_after_s,
            in_process=case.in_process,
        )


@contextmanager
def prepared(work: Path, model_cache: Path) -> Iterator[Place]:
    """Make the documents and the data folders; the undisturbed run says what every other has to come to."""
    shutil.rmtree(work, ignore_errors=True)
    corpus, old_dir, new_dir = work / "corpus", work / "old", work / "new"
    corpus.mkdir(parents=True)
    with Server(work / "server", model_cache) as server:
        write_corpus(corpus, "old")
        done = server.run(old_dir, "ingest", corpus, "--yes", "--json")
        assert done.status == 0, done.stdout + done.stderr
        empty = State({}, {}, {}, {}, {}, frozenset(), {})
        bases: dict[Base, Path] = {"old": old_dir, "broken": work / "broken"}
        place = Place(work, model_cache, server, corpus, bases, empty, empty, empty, 0.0)
        place.old = state_of(place.open(old_dir), place.source)
        write_corpus(corpus, "new")
        shutil.copytree(old_dir, new_dir)
        done = place.ingest(new_dir)
        _check_done(done)
        place.lasted = done.seconds
        place.new = state_of(place.open(new_dir), place.source)
        _check_prepared(place, done)
        _check_done(place.ingest(work / "at-once"))
        place.new_at_once = state_of(place.open(work / "at-once"), place.source)
        shutil.copytree(old_dir, bases["broken"])
        half = place.ingest(bases["broken"], Case(Failpoint("put_vectors", "inside", 2)))
        assert half.killed
        yield place


def _check_prepared(place: Place, done: Ran) -> None:
    report = json.loads(done.stdout)
    counts = {name: report[name] for name in ("added", "changed", "moved", "removed", "unchanged")}
    assert counts == {"added": 5, "changed": 9, "moved": 1, "removed": 3, "unchanged": 4}, counts
    assert {entry["uri"] for entry in report["quarantined"]} == {"spoilt.json", "broken.json"}
    assert place.new.documents["spoilt.json"].chunks, "its last good version stays"


def _check_done(done: Ran) -> None:
    # Two files cannot be read: exit code 1, and a report.
    assert done.status == 1, f"{done.status}: {done.stdout}{done.stderr}"
    assert "added" in json.loads(done.stdout), done.stdout


def run_case(place: Place, case: Case) -> Outcome:
    """Kill one run, check what it left, let the next one finish, and compare.

    Raises:
        AssertionError: a document is half there, lost, wider open than it may be, or reported and not found.
    """
    started = time.monotonic()
    data_dir = place.copy(case.base)
    reader = None if case.base == "fresh" else place.open(data_dir)
    with searching(reader) as searches:
        ran = place.ingest(data_dir, case)
    is_full = case.failpoint is not None and case.failpoint.fault == "full"
    if is_full and ran.status == 2:
        check_refused(ran)
    elif not ran.killed:
        # One that was killed before may have noted the two that cannot be read.
        assert ran.status == 1 or (ran.status == 0 and case.base == "broken"), ran.stdout
        assert "added" in json.loads(ran.stdout), ran.stdout
    reported = ran.events("document_ingested")
    if (data_dir / "footnote.db").exists():
        reader = check_left(place, data_dir, case.base, reader, reported)
    else:
        assert not reported
    with searching(reader) as more:
        check_next(place, data_dir, case.base, reader)
    shutil.rmtree(data_dir)
    return Outcome(
        case,
        ran.killed or (is_full and ran.status == 2),
        len(reported),
        len(searches) + len(more),
        round(time.monotonic() - started, 2),
    )


@contextmanager
def searching(reader: KnowledgeBase | None) -> Iterator[list[int]]:
    """Search without a pause while the block runs; an error there is raised here. Gives the hits' counts."""
    counts: list[int] = []
    errors: list[BaseException] = []
    stop = threading.Event()

    def search() -> None:
        assert reader is not None
        # Read and embedded once: what runs beside the writer is the search.
        question = reader.retriever.prepare("which valve is inspected weekly", ADMIN)
        while not stop.is_set() and not errors:
            try:
                reader.retriever.refresh()
                hits = reader.retriever.retrieve_prepared(question, ADMIN, 5)
                counts.append(len(hits))
            except BaseException as error:  # noqa: BLE001  # raised below
                errors.append(error)
            stop.wait(0.02)

    thread = threading.Thread(target=search)
    if reader is not None:
        thread.start()
    try:
        yield counts
    finally:
        stop.set()
        if reader is not None:
            thread.join()
    if errors:
        raise AssertionError("a reader failed beside the writer") from errors[0]


def check_refused(ran: Ran) -> str:
    """Check that a command was refused with one sentence; return it."""
    assert ran.status == 2, f"{ran.status}: {ran.stdout}{ran.stderr}"
    both = ran.stdout + ran.stderr
    for never in ("Traceback", "did not expect", "database is locked"):
        assert never not in both, both
    said = [line for line in ran.stderr.splitlines() if line.startswith("Error: ")]
    assert len(said) == 1, ran.stderr
    return said[0]


def check_left(
    place: Place,
    data_dir: Path,
    base: Base,
    reader: KnowledgeBase | None,
    reported: Sequence[dict[str, Any]],
) -> KnowledgeBase:
    """Check what a killed run left, with a reader that was open before it; returns one that is open."""
    reader = reader or place.open(data_dir)
    left = state_of(reader, place.source)
    for uri, record in left.documents.items():
        states = [place.new_at_once] if base == "fresh" else [place.old, place.new]
        _check_whole(uri, record, left, states)
    if base != "fresh":
        ids = {record.doc_id for record in place.old.documents.values()}
        ids &= {record.doc_id for record in place.new.documents.values()}
        lost = ids - {record.doc_id for record in left.documents.values()}
        assert not lost, f"lost: {lost}"
    shown = {chunk.chunk_id for chunks in left.chunks.values() for chunk in chunks}
    assert shown <= left.words, "the catalogue shows chunks that the word index does not have"
    kept = {
        chunk.chunk_id
        for uri, chunks in left.chunks.items()
        for chunk in chunks
        if chunks == place.old.chunks.get(uri) and base != "fresh"
    }
    # One with the same words and other readers is stored anew and gets its vectors when they are published.
    kept -= {chunk.chunk_id for chunk in left.chunks.get("locked.md", ())}
    assert kept <= left.published_vectors.keys(), "an unchanged document lost its vectors"
    _check_reported(reader, left, reported)
    _check_readers(reader, left)
    # A second reader, opened after the kill, has to see the same, but for words that nobody is shown.
    second = state_of(place.open(data_dir), place.source)
    found = differences(replace(second, words=left.words), left)
    assert not found, f"two readers differ: {found}"
    return reader


def _check_whole(uri: str, record: DocumentRecord, left: State, states: Sequence[State]) -> None:
    """Check that a document is, with its readers and all its chunks, as it was or as it will be."""
    candidates = [
        state
        for state in states
        if uri in state.documents
        and replace(record, duplicate_of="") == replace(state.documents[uri], duplicate_of="")
    ]
    assert candidates, f"{uri}: {record} is neither its old nor its new version"
    assert any(left.chunks[uri] == state.chunks[uri] for state in candidates), (
        f"{uri} is half there"
    )


def _check_reported(reader: KnowledgeBase, left: State, reported: Sequence[dict[str, Any]]) -> None:
    for entry in reported:
        uri = entry["uri"]
        record = left.documents.get(uri)
        assert record is not None, f"{uri} was reported and is not there"
        assert record.version == entry["version"], f"{uri}: not the reported version"
        ids = {chunk.chunk_id for chunk in left.chunks[uri]}
        assert len(ids) == entry["chunks"], f"{uri}: not the reported chunks"
        assert ids <= left.published_vectors.keys(), f"{uri} was reported before its vectors"
        texts = " ".join(chunk.text for chunk in left.chunks[uri])
        mark = next(part for part in texts.split() if part.startswith("canary"))
        hits = [hit for hit in reader.retriever.retrieve(mark, ADMIN, 3) if mark in hit.text]
        assert hits, f"{mark} of {uri} was reported and is not found"
        assert hits[0].document.uri == uri
        assert hits[0].why.dense_score, f"{mark} of {uri} has no vector"


def _check_readers(reader: KnowledgeBase, left: State) -> None:
    """Check who finds the documents whose readers change together with their words, or alone."""
    for name in ("closing", "opening", "locked"):
        record = left.documents.get(f"{name}.md")
        for state in ("old", "new"):
            mark = word(name, state)
            is_shown = record is not None and any(
                mark in chunk.text for chunk in left.chunks[f"{name}.md"]
            )
            for caller in (OUTSIDER, MEMBER):
                hits = reader.retriever.retrieve(mark, caller, 5)
                found = any(mark in hit.text for hit in hits)
                may = record is not None and bool(caller.principals & set(record.access))
                assert found == (is_shown and may), f"{caller.name} and {mark}: found is {found}"
    # Words that were closed at first, or are closed in the end, are for nobody else at any moment.
    for mark in (word("opening", "old"), word("closing", "new")):
        hits = reader.retriever.retrieve(mark, OUTSIDER, 5)
        assert not any(mark in hit.text for hit in hits), f"{mark} is open"


def check_next(place: Place, data_dir: Path, base: Base, reader: KnowledgeBase | None) -> None:
    """Check that the next ordinary run comes to what an undisturbed one comes to."""
    past = [] if reader is None else RunHistory(reader.catalogue).list()
    wanted = place.wanted(base)
    spool = data_dir / "spool"
    for folder in spool.iterdir() if spool.exists() else ():
        os.utime(folder, (1, 1))  # one that is a minute old is a killed run's
    done = place.ingest(data_dir)
    # What cannot be read is read again only when it changed: clean, or the two of them.
    assert done.status in (0, 1), f"{done.status}: {done.stdout}{done.stderr}"
    assert "added" in json.loads(done.stdout), done.stdout
    fresh = place.open(data_dir)
    for seen in (reader, fresh):
        if seen is not None:
            left = state_of(seen, place.source)
            if seen is reader:
                # It loads words when the generation changes, before the last commit removes the old ones.
                left = replace(left, words=frozenset(filter(_is_shown, left.words)))
            found = differences(left, wanted)
            assert not found, f"the next run comes to something else: {found}"
    checked = verify(settings_of(data_dir, place.model_cache))
    assert checked["ok"], checked
    leftovers = {name: count for name, count in checked.items() if name not in ("ok", "chunks")}
    assert not any(leftovers.values()), leftovers
    assert not spool.exists() or not list(spool.iterdir()), "the spool was not swept"
    assert not _unnamed_files(data_dir / "index" / "vectors"), "old vectors pile up"
    runs = RunHistory(fresh.catalogue).list()
    assert runs[0].status in ("done", "incomplete")
    remembered = [run.status for run in runs[1:]]
    assert remembered == ["killed" if run.status == "running" else run.status for run in past]
    _check_readers(fresh, wanted)


def _unnamed_files(folder: Path) -> set[str]:
    """Return what is in a folder of vectors and not named by CURRENT or one of two manifests."""
    names = {path.name for path in folder.iterdir()}
    manifests = {name for name in names if name.startswith("manifest-")}
    assert len(manifests) <= 2, manifests
    kept = {"CURRENT", *manifests}
    for name in manifests:
        for entry in json.loads((folder / name).read_text(encoding="utf-8"))["segments"]:
            kept |= {entry["name"], entry["removed"]}
    return names - kept


# --- many cases -----------------------------------------------------------------------------------------

_FRESH = ("migrate", "words folder")
_REPAIRS = ("reconcile", "begin", "LexicalWriter.commit", "publish", "put_vectors", "finish")


def base_of(step: str) -> Base:
    """Return what a kill at a step has to start from for the step to be reached."""
    if step in _FRESH:
        return "fresh"
    return "broken" if step == "reconcile" else "old"


def quick_cases() -> list[Case]:
    """Return one case for each step: inside its transaction where it has one."""
    moments = {"_point_to": "after", "rename to CURRENT": "after", "store": "after"}
    moments |= {
        name: "after" for name in ("index file", "vectors file", "_remove_old", "add_words")
    }
    cases = []
    for number, (name, step) in enumerate(STEPS.items()):
        default = "inside" if step.writes else ("before", "after")[number % 2]
        failpoint = Failpoint(name, moments.get(name, default))  # type: ignore[arg-type]
        cases.append(Case(failpoint, base_of(name)))
    return cases


def all_cases() -> list[Case]:
    """Return every step at each of its moments, the first three times; and repairs that are killed too."""
    cases = []
    for name, step in STEPS.items():
        bases = {base_of(name), "broken"} if name in _REPAIRS else {base_of(name)}
        cases += [
            Case(Failpoint(name, moment, call), base)
            for base in sorted(bases)
            for moment in step.moments
            for call in (1, 2, 3)
        ]
    return cases


@dataclass(slots=True)
class FaultReport:
    """Kills by step, and what was found; `violations` is empty when nothing was lost."""

    kills: Counter[str] = field(default_factory=Counter)
    converged: Counter[str] = field(default_factory=Counter)
    not_reached: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)
    searches: int = 0
    seconds: float = 0.0

    def add(self, name: str, run: Callable[[], Outcome], case: Case) -> None:
        """Run a case and count it."""
        try:
            outcome = run()
        except AssertionError as error:
            self.violations.append(f"{case}: {error}")
            return
        counter = self.kills if outcome.reached else self.not_reached
        counter[name] += 1
        self.converged[name] += outcome.reached
        self.searches += outcome.searches

    def table(self) -> str:
        """Return the figures, a line for each step."""
        lines = [f"{'step':45} {'kills':>5} {'converged':>9} {'not reached':>11}"]
        for name in sorted({*self.kills, *self.not_reached}):
            row = self.kills[name], self.converged[name], self.not_reached[name]
            lines.append(f"{name:45} {row[0]:5} {row[1]:9} {row[2]:11}")
        total = self.kills.total(), self.converged.total(), self.not_reached.total()
        lines.append(f"{'all':45} {total[0]:5} {total[1]:9} {total[2]:11}")
        lines.append(f"{self.searches} searches beside the runs, none failed; {self.seconds:.0f} s")
        return "\n".join([*lines, *self.violations])


def fault_runs(
    work: Path, cache: Path, kills: int = 200, seed: int = 7, large_share: float = 0.1
) -> FaultReport:
    """Kill until `kills` runs have died: named steps and random moments in turn.

    `large_share` of the kills are those of `cli_harness.crash_runs`: the whole command over 150 documents.
    """
    rng = random.Random(seed)
    report = FaultReport()
    started = time.monotonic()
    large = round(kills * large_share)
    with prepared(work / "small", cache) as place:
        named = all_cases()
        rng.shuffle(named)
        # Calls that a run does not come to are known after one round.
        while report.kills.total() < kills - large:
            case = named.pop() if named else rng.choice(all_cases())
            assert case.failpoint is not None
            name = f"{case.failpoint.moment} {case.failpoint.step}"
            _add(report, place, name, case)
            _add(report, place, "random moment", _random_case(rng, place))
    if large:
        crashed: CrashReport = crash_runs(work / "large", cache, large, seed)
        report.kills["random moment, whole command, 150 documents"] += crashed.kills
        report.converged["random moment, whole command, 150 documents"] += crashed.kills
    report.seconds = time.monotonic() - started
    return report


def _add(report: FaultReport, place: Place, name: str, case: Case) -> None:
    report.add(name, lambda: run_case(place, case), case)


def _random_case(rng: random.Random, place: Place) -> Case:
    base: Base = rng.choice(("old", "old", "fresh", "broken"))
    in_process = rng.random() < 0.7
    lasted = place.lasted if in_process else place.lasted + 0.8
    return Case(None, base, round(rng.uniform(0.02, 1.0) * lasted, 4), in_process)


if __name__ == "__main__":
    found = fault_runs(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
    print(found.table())
    sys.exit(bool(found.violations))
