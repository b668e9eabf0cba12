"""Children that do one kind of job, and threads that wait for them.

A thread that calls `run` takes a free child or, while there are fewer than `workers`, a new one; else it waits.
A child that has ended, for whatever reason, is replaced by the next call that needs one.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

from core.errors import ParseError
from ingest.sandbox.confinement import ALL_LAYERS
from ingest.sandbox.limits import SandboxLimits
from ingest.sandbox.parser_process import ChildSpec, ParserProcess
from ingest.sandbox.protocol import MAX_BODY_BYTES, Frame

_ENDED_BY_ITSELF = ("corrupt", "memory")


class SandboxPool:
    """At most `workers` confined children that do the job `module:make_job`, made with `config` (JSON).

    `readable` are files and folders that the job needs beside Python's and the program's own; `import_paths`
    are more folders to import from; `layers` is for tests.
    """

    def __init__(
        self,
        job: str,
        config: Mapping[str, object],
        workers: int,
        limits: SandboxLimits,
        *,
        readable: Sequence[Path] = (),
        import_paths: Sequence[Path] = (),
        layers: Sequence[str] = ALL_LAYERS,
    ) -> None:
        self._spec = ChildSpec(
            job=job,
            config=dict(config),
            limits=limits,
            readable=tuple(str(path.absolute()) for path in readable),
            import_paths=tuple(str(path.absolute()) for path in import_paths),
            layers=tuple(layers),
        )
        self._workers = workers
        self._idle: list[ParserProcess] = []
        self._started: set[ParserProcess] = set()
        self._taken = 0
        self._is_closed = False
        self._layers: tuple[str, ...] | None = None
        self._changed = threading.Condition()
        # Linux ends a child with the thread that started it: one thread, as old as the pool, starts them all.
        self._starter = ThreadPoolExecutor(1, thread_name_prefix="sandbox-starter")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End all children, also those at work: whoever waits for their answers gets a RuntimeError."""
        with self._changed:
            self._is_closed = True
            idle, self._idle = self._idle, []
            for process in self._started:
                process.kill()
            self._changed.notify_all()
        for process in idle:
            process.end()
        self._starter.shutdown()

    @property
    def layers(self) -> tuple[str, ...]:
        """The layers of confinement in force; asks a child, which it starts if there is none yet.

        Raises:
            ConfigError: the children do not start.
        """
        if self._layers is None:
            self._give_back(self._take())
        return self._layers or ()

    def run(self, header: dict[str, object], body: bytes) -> Iterator[Frame]:
        """Yield the job's answers to one request; blocks until a child is free. Any thread may call it.

        A child that worked before and ends without an answer may have been broken by an earlier file: the
        request gets a second try in a new one. Whoever stops early ends the child.

        Raises:
            ParseError: the job's own, or `timeout`, `memory`, `too_large`, or `corrupt` (it ended its child).
            ConfigError: the children do not start.
            ProtocolError: the header is longer than `protocol.MAX_HEADER_BYTES`.
        """
        if len(body) > MAX_BODY_BYTES:
            raise ParseError("too_large", f"The file has {len(body) / 1e9:.1f} GB.")
        process = self._take()
        try:
            while True:
                is_used, answered = process.jobs > 0, False
                try:
                    for answer in process.ask(header, body):
                        answered = True
                        yield answer
                    return
                except ParseError as error:
                    self._raise_if_closed()
                    has_ended = not process.is_idle and error.reason in _ENDED_BY_ITSELF
                    if answered or not is_used or not has_ended:
                        raise
                process = self._replace(process)
        finally:
            self._give_back(process)

    def _take(self) -> ParserProcess:
        with self._changed:
            self._changed.wait_for(
                lambda: self._is_closed or self._idle or self._taken < self._workers
            )
            self._raise_if_closed()
            self._taken += 1
            while self._idle:
                process = self._idle.pop()
                if process.can_go_on:
                    return process
                self._forget(process)
        try:
            return self._start()
        except BaseException:
            with self._changed:
                self._taken -= 1
                self._changed.notify()
            raise

    def _start(self) -> ParserProcess:
        process = self._starter.submit(ParserProcess, self._spec).result()
        with self._changed:
            self._started.add(process)
            is_closed = self._is_closed
        try:
            if is_closed:
                self._raise_if_closed()
            process.warm_up()
        except BaseException:
            self._forget(process)
            raise
        self._layers = process.layers
        return process

    def _replace(self, process: ParserProcess) -> ParserProcess:
        self._forget(process)
        return self._start()

    def _give_back(self, process: ParserProcess) -> None:
        with self._changed:
            self._taken -= 1
            if process.can_go_on and not self._is_closed:
                self._idle.append(process)
            else:
                self._forget(process)
            self._changed.notify()

    def _forget(self, process: ParserProcess) -> None:
        with self._changed:
            self._started.discard(process)
        process.end()

    def _raise_if_closed(self) -> None:
        if self._is_closed:
            raise RuntimeError("the pool is closed")
