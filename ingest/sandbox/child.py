"""The child's side: loads one job, confines itself, then answers one request after the other.

    parent -> child   start {job, config, limits, readable, layers, parent}   then requests {header} body
    child -> parent   ready {layers} | failed {detail}   then per request: part {header} body, ...,
                      end {rss} | error {reason, detail, rss}

A job is made by `make_job(config)`, which also loads what the job needs: nothing is confined yet except the
files it may read. Standard input and output lead nowhere for libraries: the pipes have other numbers.
"""

import gc
import os
import resource
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from core.errors import ParseError
from ingest.sandbox.confinement import confine, limit_cpu, prepare
from ingest.sandbox.limits import SandboxLimits
from ingest.sandbox.linux import IS_LINUX
from ingest.sandbox.protocol import EndOfPipe, Frame, pack, read_frame
from ingest.sandbox.readable import import_folders, readable_paths

_READ_BYTES = 1024 * 1024
_LONGEST_DETAIL = 500


class Job(Protocol):
    """What a child does with each request: any number of answers."""

    def __call__(self, header: dict[str, object], body: bytes) -> Iterator[Frame]:
        """Yield the answers; a ParseError ends them, and its reason and detail reach the caller."""
        ...


def main() -> None:
    """Serve the pool that started this process until it closes the pipe."""
    pipes = _Pipes()
    try:
        start, _ = pipes.read()
        job, limits, layers = _start(start)
    except EndOfPipe:
        return
    except Exception as error:  # noqa: BLE001  # whatever keeps it from starting, the parent is told
        detail = " ".join(f"{type(error).__name__}: {error}".split())
        pipes.write({"kind": "failed", "detail": detail[:_LONGEST_DETAIL]})
        return
    resident = _resident_memory()
    pipes.write({"kind": "ready", "layers": layers, "rss": resident()})
    _serve(pipes, job, limits, resident)


class _Pipes:
    """The pipes to the parent, moved away from where libraries print and read."""

    def __init__(self) -> None:
        self._in, self._out = os.dup(0), os.dup(1)
        nowhere = os.open(os.devnull, os.O_RDWR)
        os.dup2(nowhere, 0)
        os.dup2(nowhere, 1)
        # The parent keeps a few last words of native code from descriptor 2; Python's go nowhere, because
        # that pipe never waits, and a print to a full one would fail a file that is all right.
        sys.stderr = open(nowhere, "w", closefd=False, encoding="utf-8")  # noqa: SIM115

    def read(self) -> Frame:
        return read_frame(self._read_exactly, lambda header_bytes, body_bytes: None)

    def _read_exactly(self, count: int) -> bytes:
        parts: list[bytes] = []
        while count:
            part = os.read(self._in, min(count, _READ_BYTES))
            if not part:
                raise EndOfPipe
            parts.append(part)
            count -= len(part)
        return b"".join(parts)

    def write(self, header: dict[str, object], body: bytes = b"") -> None:
        for part in pack(header, body):
            self.write_packed(part)

    def write_packed(self, frame: bytes) -> None:
        rest = memoryview(frame)
        while rest:
            rest = rest[os.write(self._out, rest) :]


def _start(start: dict[str, Any]) -> tuple[Job, SandboxLimits, tuple[str, ...]]:
    limits = SandboxLimits(**start["limits"])
    readable = readable_paths(map(Path, start["readable"]))
    layers = start["layers"]
    signal.signal(signal.SIGXCPU, signal.SIG_DFL)
    # Unstructured asks for the name of this folder when it is imported; Python would look for one to write to.
    tempfile.tempdir = "/nonexistent"
    prepared = prepare(start["parent"], readable, import_folders(), layers)
    if "process" not in prepared:
        threading.Thread(target=_end_with_parent, args=(start["parent"],), daemon=True).start()
    module, _, name = str(start["job"]).partition(":")
    job = getattr(import_module(module), name)(start["config"])
    gc.collect()
    gc.freeze()  # the libraries' objects stay: no collection needs to look at them again
    return job, limits, prepared + confine(limits, readable, layers)


def _end_with_parent(parent: int) -> None:
    # The number comes from the parent: one that died while this process started has been replaced already.
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


def _serve(pipes: _Pipes, job: Job, limits: SandboxLimits, resident: Callable[[], int]) -> None:
    # Made now: there may be no memory for it then.
    no_memory, _ = pack({"kind": "error", "reason": "memory", "detail": "", "rss": 0})
    while True:
        try:
            header, body = pipes.read()
            limit_cpu(limits.cpu_s)
            last = _answer(pipes, job, header, body)
            del header, body
            pipes.write({**last, "rss": resident()})
        except EndOfPipe:
            return
        except MemoryError:
            header, body = {}, b""
            pipes.write_packed(no_memory)


def _answer(pipes: _Pipes, job: Job, header: dict[str, object], body: bytes) -> dict[str, object]:
    """Write the parts, and return the header of the last frame."""
    try:
        for answer, content in job(header, body):
            pipes.write({"kind": "part", "header": answer}, content)
    except ParseError as error:
        return {
            "kind": "error",
            "reason": error.reason,
            "detail": error.detail[:_LONGEST_DETAIL],
        }
    except (MemoryError, EndOfPipe):
        raise
    except Exception as error:  # noqa: BLE001  # a library's own: there is no complete list of them
        detail = f"The file cannot be read ({type(error).__name__})."
        return {"kind": "error", "reason": "corrupt", "detail": detail}
    return {"kind": "end"}


def _resident_memory() -> Callable[[], int]:
    """Return a function that gives the bytes of memory in use; elsewhere than on Linux, the most so far."""
    if not IS_LINUX:
        return lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    pages = os.open("/proc/self/statm", os.O_RDONLY | os.O_CLOEXEC)
    return lambda: int(os.pread(pages, 100, 0).split()[1]) * resource.getpagesize()
