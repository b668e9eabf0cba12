"""Runs `footnote` in a process that dies, or whose disk is full, at one named step.

    python failpoint_child.py REQUEST      one command in this process; REQUEST is JSON, see `Request`
    python failpoint_child.py --serve      a request a line on stdin, an outcome a line on stdout; each command
                                           runs in a fork of this process, whose imports are done: 0.4 s, not 3 s

No production code knows of it: the methods of a step are wrapped after they are imported.
"""

import errno
import functools
import importlib
import json
import os
import signal
import sqlite3
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

_ROOT = Path(__file__).resolve().parents[2]

Moment = Literal["before", "inside", "after"]
Fault = Literal["kill", "full"]


@dataclass(frozen=True, slots=True)
class Step:
    """A function that does one step.

    `within` counts only calls that another function makes. `writes` is the module that opens its
    transaction: `inside` is when everything is written and nothing committed. `full` is how this step says
    that the disk is full.
    """

    target: str
    within: str = ""
    writes: str = ""
    full: Literal["", "os", "faiss", "tantivy", "database"] = ""

    @property
    def moments(self) -> tuple[Moment, ...]:
        return ("before", "inside", "after") if self.writes else ("before", "after")


_CATALOGUE, _HISTORY = "index.catalogue", "ingest.run_history"
_PUBLISH = "index.stores.faiss_store:FaissStore.publish"


def _stored(name: str, module: str = _CATALOGUE, owner: str = "Catalogue.") -> Step:
    return Step(f"{module}:{owner}{name}", writes=module, full="database")


STEPS: dict[str, Step] = {
    # The run, in the order of its steps.
    "migrate": Step("index.database:_upgrade", writes="index.database", full="database"),
    "spool folder": Step("tempfile:mkdtemp", within="ingest.spool:Spool.write", full="os"),
    "Spool.write": Step("ingest.spool:Spool.write"),
    "spool lock": Step("os:open", within="ingest.spool:Spool._opened", full="os"),
    "spool file": Step("pathlib:Path.write_bytes", within="ingest.spool:Spool.write", full="os"),
    "plan": Step("ingest.run:Ingestion.plan"),
    "RunHistory.start": _stored("start", _HISTORY, "RunHistory."),
    "set_meta": _stored("set_meta"),
    "words folder": Step(
        "pathlib:Path.mkdir", within="index.lexical:LexicalIndex.__init__", full="os"
    ),
    "begin": Step("index.publication:Publisher.begin", writes=_CATALOGUE),
    "reconcile": Step("index.publication:Publisher.reconcile"),
    "touch": _stored("touch"),
    "remove": _stored("remove"),
    "remove_words": Step("index.publication:Publisher.remove_words"),
    "words writer": Step("index.lexical:LexicalIndex.writer"),
    "reserve_chunk_numbers": _stored("reserve_chunk_numbers"),
    "add_words": Step("index.publication:Publisher.add_words"),
    "words added": Step("words:add_document", full="tantivy"),
    "words commit": Step("words:commit", full="tantivy"),
    "LexicalWriter.commit": Step("index.lexical:LexicalWriter.commit"),
    "store": _stored("store"),
    "document in store": Step("index.catalogue:_store_version", full="database"),
    "store_containers": _stored("store_containers"),
    "embed_passages": Step("index.embedders.onnx_embedder:OnnxEmbedder.embed_passages"),
    "put_vectors": _stored("put_vectors"),
    "publish": Step(_PUBLISH),
    "vectors folder": Step("pathlib:Path.mkdir", within=_PUBLISH, full="os"),
    "index file": Step("faiss:write_index", within=_PUBLISH, full="faiss"),
    "vectors file": Step("index.stores.segments:SegmentWriter.add", full="os"),
    "removed rows file": Step("pathlib:Path.write_bytes", within=_PUBLISH, full="os"),
    "fsync of a segment": Step("index.stores.segments:sync_to_disk", full="os"),
    "lists, manifest and CURRENT.tmp": Step("pathlib:Path.write_text", within=_PUBLISH, full="os"),
    "fsync of vectors": Step("index.stores.faiss_store:sync_to_disk", full="os"),
    "_point_to": Step("index.stores.faiss_store:FaissStore._point_to"),
    "rename to CURRENT": Step("pathlib:Path.replace", within=_PUBLISH, full="os"),
    "_merge": Step("index.stores.faiss_store:FaissStore._merge"),
    "_remove_old": Step("index.stores.faiss_store:FaissStore._remove_old"),
    "link_duplicates": _stored("link_duplicates"),
    "drop_unused_vectors": _stored("drop_unused_vectors"),
    "finish": Step("index.publication:Publisher.finish", writes=_CATALOGUE),
    "words closed": Step("words:wait_merging_threads", full="tantivy"),
    "RunHistory.finish": _stored("finish", _HISTORY, "RunHistory."),
}


@dataclass(frozen=True, slots=True)
class Failpoint:
    """What happens at the n-th time that a step comes to a moment, counted from 1.

    A full disk stays full: every later call of the step fails too.
    """

    step: str
    moment: Moment = "before"
    call: int = 1
    fault: Fault = "kill"

    def __str__(self) -> str:
        return f"{self.moment} {self.step} #{self.call}"


@dataclass(frozen=True, slots=True)
class Request:
    """A command to run; what it prints goes to the files `stdout` and `stderr`.

    `small` makes batches of a few documents and texts, so that one run has several of each step, and lets small
    parts of the vector index have codes and be merged.
    `in_process` parses in the process itself: a confined child takes 0.7 s to start. A server kills the process
    `kill_after_s` seconds after its start.
    """

    args: list[str]
    env: dict[str, str]
    stdout: str
    stderr: str
    failpoint: Failpoint | None = None
    small: bool = True
    in_process: bool = True
    kill_after_s: float | None = None

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Request":
        fields = json.loads(text)
        if fields["failpoint"] is not None:
            fields["failpoint"] = Failpoint(**fields["failpoint"])
        return cls(**fields)


# --- wrapping ---------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Armed:
    """The failpoint of this process: counts calls and strikes."""

    failpoint: Failpoint
    step: Step
    calls: int = 0
    within: int = 0
    active: int = 0

    def enter(self) -> None:
        if self.step.within and not self.within:
            return
        self.calls += 1
        self.active += 1
        self.reach("before")

    def leave(self, *, done: bool) -> None:
        if self.active:
            self.active -= 1
            if done:
                self.reach("after")

    def reach(self, moment: Moment) -> None:
        if moment != self.failpoint.moment or self.calls < self.failpoint.call:
            return
        if self.failpoint.fault == "full":
            raise _full_disk(self.step.full)
        os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(60)

    def commit(self) -> None:
        """A transaction of the step has written everything."""
        if self.active:
            self.reach("inside")


def arm(failpoint: Failpoint) -> None:
    """Wrap a step of this process."""
    step = STEPS[failpoint.step]
    armed = _Armed(failpoint, step)
    if step.target.startswith("words:"):
        _wrap_writer(step.target.partition(":")[2], armed)
    else:
        _wrap(step.target, lambda call: _struck(call, armed))
    if step.within:
        _wrap(step.within, lambda call: _counted(call, armed))
    for module in {step.writes, _CATALOGUE if step.target.endswith("_store_version") else ""} - {
        ""
    }:
        _wrap(f"{module}:writing", lambda writing: _watched(writing, armed))


def _wrap(target: str, wrapper: Callable[[Any], Any]) -> None:
    module, _, path = target.partition(":")
    owner: Any = importlib.import_module(module)
    *outer, name = path.split(".")
    for part in outer:
        owner = getattr(owner, part)
    setattr(owner, name, wrapper(getattr(owner, name)))


def _struck(call: Any, armed: _Armed) -> Any:
    @functools.wraps(call)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        armed.enter()
        done = False
        try:
            result = call(*args, **kwargs)
            done = True
        finally:
            armed.leave(done=done)
        return result

    return wrapped


def _counted(call: Any, armed: _Armed) -> Any:
    @functools.wraps(call)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        armed.within += 1
        try:
            return call(*args, **kwargs)
        finally:
            armed.within -= 1

    return wrapped


def _watched(writing: Any, armed: _Armed) -> Any:
    @contextmanager
    def wrapped(engine: Any) -> Iterator[Any]:
        with writing(engine) as connection:
            yield connection
            armed.commit()

    return wrapped


def _wrap_writer(name: str, armed: _Armed) -> None:
    """Wrap a method of tantivy's own writer, whose attributes cannot be set."""

    class Writer:
        def __init__(self, writer: Any) -> None:
            self._wrapped = writer

        def __getattr__(self, wanted: str) -> Any:
            found = getattr(self._wrapped, wanted)
            return _struck(found, armed) if wanted == name else found

    def opened(start: Any) -> Any:
        @functools.wraps(start)
        def wrapped(self: Any, *args: Any) -> None:
            start(self, *args)
            self._writer = Writer(self._writer)

        return wrapped

    _wrap("index.lexical:LexicalWriter.__init__", opened)


def _full_disk(kind: str) -> Exception:
    text = os.strerror(errno.ENOSPC)
    if kind == "database":
        from sqlalchemy.exc import OperationalError

        return OperationalError("INSERT", {}, sqlite3.OperationalError("database or disk is full"))
    if kind == "faiss":
        return RuntimeError(f"Error in faiss::write_index: write error: {text}")
    if kind == "tantivy":
        return ValueError(f"An IO error occurred: '{text} (os error {errno.ENOSPC})'")
    assert kind == "os", kind
    return OSError(errno.ENOSPC, text)


# --- running ----------------------------------------------------------------------------------------


class _InProcess:
    """What a sandbox does, without its child; shared by all forks of a server."""

    job: Any = None

    def __init__(self, job: str, config: dict[str, object], *_: Any, **__: Any) -> None:
        if _InProcess.job is None:
            from ingest.parsing_job import make_job

            _InProcess.job = make_job(config)

    def close(self) -> None:
        """There is no child to end."""

    def run(self, header: dict[str, Any], body: bytes) -> Iterator[Any]:
        yield from _InProcess.job(header, body)


def run(request: Request) -> None:
    """Run a request's command in this process; ends with SystemExit, or is killed."""
    for number, path in ((1, request.stdout), (2, request.stderr)):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(descriptor, number)
        os.close(descriptor)
    for name in [name for name in os.environ if name.startswith("FOOTNOTE_")]:
        del os.environ[name]
    os.environ.update(request.env)
    if request.small:
        from ingest import pipeline

        pipeline._BATCH_DOCUMENTS = 4
        pipeline._EMBED_BATCH = 8
        pipeline._PUBLISH_SHARE = 1e9
        from index.stores import faiss_store, segments

        segments._CODED_ROWS = 16
        faiss_store._TIER_GROWTH = 2
    if request.in_process:
        _parse_in_process()
    if request.failpoint is not None:
        arm(request.failpoint)
    _name_failures()
    from app.cli import main

    main(request.args)


def _name_failures() -> None:
    """Log which calls an error came through before the command says its one sentence."""
    from core import command_line
    from core.errors import FootnoteError

    fail = command_line._fail

    def named(*args: Any, **kwargs: Any) -> None:
        calls, original = [""], ""
        error = sys.exc_info()[1]
        while error is not None:
            frames = traceback.extract_tb(error.__traceback__)
            if isinstance(error, FootnoteError):  # the last one here was the first one
                calls = [frame.name for frame in frames if str(_ROOT) in frame.filename]
            original = repr(error)
            error = error.__cause__ or error.__context__
        print(
            json.dumps({"event": "command_failed", "calls": calls, "error": original}),
            file=sys.stderr,
        )
        fail(*args, **kwargs)

    command_line._fail = named


def serve() -> None:
    """Answer requests until stdin ends: {"status": exit code, or minus the signal, "seconds": ...}."""
    _warm_up()
    for line in sys.stdin:
        request = Request.from_json(line)
        started = time.monotonic()
        child = os.fork()
        if not child:
            status = 1
            try:
                run(request)
            except SystemExit as ended:
                status = ended.code if isinstance(ended.code, int) else int(bool(ended.code))
            except BaseException:  # noqa: BLE001  # nothing may leave the fork
                traceback.print_exc()
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(status)
        if request.kill_after_s is not None:
            time.sleep(request.kill_after_s)
            os.kill(child, signal.SIGKILL)  # an ended one keeps its number until it is waited for
        _, waited = os.waitpid(child, 0)
        seconds = round(time.monotonic() - started, 3)
        status = os.waitstatus_to_exitcode(waited)
        print(json.dumps({"status": status, "seconds": seconds}), flush=True)


def _warm_up() -> None:
    """Load what every command needs; no thread may be started, since a fork would lose it."""
    from core.telemetry import silence_telemetry

    silence_telemetry()
    for name in (
        "alembic.command",
        "faiss",
        "ingest.cli",
        "ingest.documents_cli",
        "ingest.index_cli",
        "ingest.run",
        "ingest.verification",
        "onnxruntime",
        "tantivy",
    ):
        importlib.import_module(name)
    from core.settings import load_settings
    from index import factory
    from ingest import parsing_pool, run

    settings = load_settings()
    # A session with one thread has none of its own, and no precision is asked for that it does not have.
    embedder = factory.open_embedder(settings, None)
    factory.open_embedder = lambda *_: embedder
    sandbox = _parse_in_process()
    run._parsing_pool(settings)
    vars(parsing_pool)["SandboxPool"] = sandbox


def _parse_in_process() -> Any:
    """Let pools that are made from now on start no children; return what they were made of."""
    from ingest import parsing_pool

    sandbox = vars(parsing_pool)["SandboxPool"]
    vars(parsing_pool)["SandboxPool"] = _InProcess
    return sandbox


if __name__ == "__main__":
    sys.path.insert(0, str(_ROOT))
    if sys.argv[1] == "--serve":
        serve()
    else:
        run(Request.from_json(sys.argv[1]))
