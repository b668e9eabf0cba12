"""One child as its parent sees it: started, asked, and ended as soon as anything about it is wrong."""

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NoReturn, cast

from core.errors import QUARANTINE_REASONS, ConfigError, ParseError, QuarantineReason
from ingest.sandbox.confinement import ALL_LAYERS
from ingest.sandbox.limits import SandboxLimits
from ingest.sandbox.protocol import EndOfPipe, Frame, ProtocolError, cost, pack, read_frame

_START = """
import sys
project, *others = sys.argv[1:]
if project not in sys.path:
    sys.path.insert(0, project)
sys.path += others
from ingest.sandbox.child import main
main()
"""
_START_S = 120.0
"""Loading every library from a cold disk; warm it takes a second."""
_END_S = 2.0
_READ_BYTES = 1024 * 1024
_PIPE_BYTES = 1024 * 1024
_SET_PIPE_SIZE = 1031  # F_SETPIPE_SZ, which Python names on Linux only
_MEGABYTE = 1024 * 1024
_LONGEST_DETAIL = 500
_MAX_JOBS = 500
_MIN_JOBS = 10
"""Before which growth is no reason to replace a child: a parser's libraries, loaded with its first file, take
up to 580 MB, and a new child would load them again."""

_ENVIRONMENT = {
    # The same file gives the same answer in every child; a flood of equal hashes ends at the CPU limit.
    "PYTHONHASHSEED": "0",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONUTF8": "1",
    "LANG": "C.UTF-8",
    "HOME": "/nonexistent",
    # Each thread's own heap takes 64 MB of address space, which the memory limit counts.
    "MALLOC_ARENA_MAX": "2",
    # The pool has one child for each core, so a library's own threads would only share it.
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "RAYON_NUM_THREADS": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "HF_HUB_OFFLINE": "1",
}
"""All that a child gets: no setting, no secret, no PATH."""

_SIGNS_OF_NO_MEMORY = (b"memory allocation of", b"bad_alloc", b"MemoryError", b"ut of memory")
"""What Rust, C++, Python and others say before they abort for want of memory."""

_DETAILS: dict[QuarantineReason, str] = {
    "timeout": "Reading the file took longer than the limit ({cpu_s} s of computing, {wall_s:g} s in all).",
    "memory": "Reading the file took more memory than the limit of {memory_mb} MB.",
    "too_large": "What the file contains is more than the limit of {output_mb} MB.",
    "corrupt": "The file ends its parser's process.",
}


@dataclass(frozen=True, slots=True)
class ChildSpec:
    """What a child is started with; paths are absolute, `layers` are those of `confinement`."""

    job: str
    config: dict[str, object]
    limits: SandboxLimits
    readable: tuple[str, ...] = ()
    import_paths: tuple[str, ...] = ()
    layers: tuple[str, ...] = ALL_LAYERS


class ParserProcess:
    """A child process. One thread at a time may use it, except for `kill`.

    It dies with the thread that made it (Linux tells the parent's threads apart).
    """

    def __init__(self, spec: ChildSpec) -> None:
        """Start the process; `warm_up` comes next.

        Raises:
            ConfigError: the system starts no process.
        """
        self._spec = spec
        self.layers: tuple[str, ...] = ()
        self.jobs = 0
        self.is_idle = False
        self._wall_left = _START_S
        self._output_left = _MEGABYTE
        self._first_rss = self._rss = 0
        self._last_words, write_end = os.pipe()
        os.set_blocking(self._last_words, False)
        os.set_blocking(write_end, False)  # a child that talks much is not held up, and not heard
        try:
            self._process = _popen(spec, write_end)
        except OSError as error:
            os.close(self._last_words)
            raise ConfigError(f"A parser's process cannot be started ({error}).") from error
        finally:
            os.close(write_end)
        assert self._process.stdin is not None  # noqa: S101  # both are pipes
        assert self._process.stdout is not None  # noqa: S101
        self._in = self._process.stdin.fileno()
        self._out = self._process.stdout.fileno()
        for descriptor in (self._in, self._out):
            os.set_blocking(descriptor, False)
            _widen(descriptor)

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    @property
    def can_go_on(self) -> bool:
        """Whether it waits for the next job, lives, and is not due to be replaced."""
        grown = self._rss - self._first_rss
        has_grown = grown > self._spec.limits.memory_mb * _MEGABYTE / 2 and self.jobs >= _MIN_JOBS
        is_worn = self.jobs >= _MAX_JOBS or has_grown
        return self.is_idle and not is_worn and self._process.poll() is None

    def warm_up(self) -> None:
        """Let it load its job and confine itself.

        Raises:
            ConfigError: it cannot; the message says why. The process is ended.
        """
        spec = self._spec
        start: dict[str, object] = {
            "job": spec.job,
            "config": spec.config,
            "limits": asdict(spec.limits),
            "readable": spec.readable,
            "layers": spec.layers,
            "parent": os.getpid(),
        }
        try:
            self._send(pack(start))
            answer, _ = self._receive()
        except (EndOfPipe, ProtocolError, OSError, _TimeOver, _OutputOver) as error:
            self._fail_to_start(type(error).__name__)
        if answer.get("kind") != "ready":
            self._fail_to_start(_printable(answer.get("detail")))
        self.layers = tuple(map(str, cast("list[object]", answer["layers"])))
        self._first_rss = self._rss = _whole_number(answer.get("rss"))
        self.is_idle = True

    def _fail_to_start(self, detail: str) -> NoReturn:
        words = _printable(self._heard().decode("utf-8", "replace"))
        self.end()
        raise ConfigError(
            f"The parsers' process for {self._spec.job!r} does not start: {detail} {words}".strip()
        )

    def ask(self, header: dict[str, object], body: bytes) -> Iterator[Frame]:
        """Send one request and yield its answers. `is_idle` is true afterwards if it can take another.

        Raises:
            ParseError: the job's own, or `timeout`, `memory`, `too_large`, `corrupt` for how it ended.
            ProtocolError: the request is too long for a frame; nothing was sent.
        """
        frame = pack(header, body)
        self.is_idle = False
        self.jobs += 1
        self._wall_left = self._spec.limits.wall_s
        self._output_left = self._spec.limits.output_mb * _MEGABYTE
        try:
            self._send(frame)
            while (answer := self._receive())[0].get("kind") == "part":
                yield _own_header(answer[0]), answer[1]
            self._finish(answer[0])
        except _TimeOver as error:
            raise self._ended("timeout") from error
        except _OutputOver as error:
            raise self._ended("too_large") from error
        except ProtocolError as error:
            raise self._ended("corrupt") from error
        except (EndOfPipe, OSError) as error:
            raise self._ended(self._why_it_ended()) from error

    def _finish(self, last: dict[str, object]) -> None:
        """Take the last frame of an answer."""
        self._rss = _whole_number(last.get("rss"))
        self._heard()
        reason = last.get("reason")
        if last.get("kind") == "end":
            self.is_idle = True
        elif last.get("kind") != "error" or reason not in QUARANTINE_REASONS:
            raise ProtocolError("the last frame of an answer is neither its end nor an error")
        elif reason == "memory":
            raise self._ended("memory")  # what was left half-made in it, nobody knows
        else:
            self.is_idle = True
            raise ParseError(
                cast("QuarantineReason", reason), _printable(last.get("detail")) or "No details."
            )

    def _ended(self, reason: QuarantineReason) -> ParseError:
        self.end()
        limits = asdict(self._spec.limits)
        return ParseError(reason, _DETAILS[reason].format(**limits))

    def _why_it_ended(self) -> QuarantineReason:
        try:
            code = self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            return "corrupt"  # it lives, without its pipes
        if code == -signal.SIGXCPU:
            return "timeout"
        # Nobody but the kernel, short of memory, sends SIGKILL to a child.
        heard = self._heard()
        if code == -signal.SIGKILL or any(sign in heard for sign in _SIGNS_OF_NO_MEMORY):
            return "memory"
        return "corrupt"

    def kill(self) -> None:
        """Kill the process from any thread; the one that uses it notices and calls `end`."""
        self._process.kill()

    def end(self) -> None:
        """Kill the process, if it lives, and free what this one holds of it; may be called twice."""
        self.is_idle = False
        if self._process.stdin is None or self._process.stdin.closed:
            return
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None  # noqa: S101
            with suppress(OSError):
                pipe.close()
        os.close(self._last_words)

    def _heard(self) -> bytes:
        """Return, and forget, the last words on its standard error; at most a pipe's 64 kB."""
        try:
            return os.read(self._last_words, _READ_BYTES)
        except OSError:
            return b""

    def _send(self, frame: tuple[bytes, bytes]) -> None:
        for part in frame:
            rest = memoryview(part)
            while rest:
                try:
                    rest = rest[os.write(self._in, rest) :]
                except BlockingIOError:
                    self._wait(self._in, select.POLLOUT)

    def _receive(self) -> Frame:
        return read_frame(self._read_exactly, self._accept)

    def _accept(self, header_bytes: int, body_bytes: int) -> None:
        self._output_left -= cost(header_bytes, body_bytes)
        if self._output_left < 0:
            raise _OutputOver

    def _read_exactly(self, count: int) -> bytes:
        parts: list[bytes] = []
        while count:
            try:
                part = os.read(self._out, min(count, _READ_BYTES))
            except BlockingIOError:
                self._wait(self._out, select.POLLIN)
                continue
            if not part:
                raise EndOfPipe
            parts.append(part)
            count -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _wait(self, descriptor: int, event: int) -> None:
        """Wait until a pipe is ready; only this time counts, not what the caller does between answers."""
        poll = select.poll()
        poll.register(descriptor, event)
        since = time.monotonic()
        ready = poll.poll(max(0.0, self._wall_left) * 1000)
        self._wall_left -= time.monotonic() - since
        if not ready or self._wall_left <= 0:
            raise _TimeOver


class _TimeOver(Exception):
    """The wall limit is used up."""


class _OutputOver(Exception):
    """The output limit is used up."""


def _popen(spec: ChildSpec, stderr: int) -> subprocess.Popen[bytes]:
    # -P: the current folder, which may be anybody's, is not imported from. -s: nor is a user's own.
    # The project is named for a checkout that is not the installed one: a child runs its parent's code.
    project = str(Path(__file__).resolve().parents[2])
    command = [sys.executable, "-P", "-s", "-c", _START, project, *spec.import_paths]
    # A session of its own: Ctrl-C in a terminal is the parent's to handle.
    return subprocess.Popen(  # noqa: S603  # nothing of it comes from a file
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=stderr,
        bufsize=0,
        env=_ENVIRONMENT,
        cwd="/",
        close_fds=True,
        start_new_session=True,
    )


def _widen(descriptor: int) -> None:
    """Let a pipe hold 1 MB instead of 64 kB, where the system can: fewer turns for a large file."""
    import fcntl

    with suppress(OSError):
        fcntl.fcntl(descriptor, _SET_PIPE_SIZE, _PIPE_BYTES)


def _own_header(part: dict[str, object]) -> dict[str, object]:
    header = part.get("header")
    if not isinstance(header, dict):
        raise ProtocolError("a part has no header")
    return cast("dict[str, object]", header)


def _whole_number(value: object) -> int:
    if not isinstance(value, int):
        raise ProtocolError("a number is missing")
    return value


def _printable(text: object) -> str:
    """Return what a person can be shown of a text that a file may have written."""
    shown = "".join(char if char.isprintable() else " " for char in str(text or ""))
    return " ".join(shown[:_LONGEST_DETAIL].split())
