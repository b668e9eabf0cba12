"""Connections of one request, kept so that another thread can break them off while a read is waiting.

Closing a socket does not wake a thread that reads from it; shutting it down does. Each request has connections of
its own: httpx drops an idle one after 5 s anyway, and an answer costs seconds.
"""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

_current = threading.local()


class Connections:
    """The sockets of one request; `stop` may be called by any thread, any number of times."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._shutdowns: list[Callable[[], Any]] = []
        self._closers: list[Callable[[], Any]] = []
        self._stopped = False
        self.ending: Any = None
        """What observers of a stream write to, where the library drops what they need (`app.generation.vendors`)."""

    @property
    def is_stopped(self) -> bool:
        """Whether nothing is wanted of this request any more."""
        return self._stopped

    def add(self, shutdown: Callable[[], Any]) -> None:
        """Remember how to break off a connection; does so at once if the request was stopped before."""
        with self._lock:
            if not self._stopped:
                self._shutdowns.append(shutdown)
                return
        _quietly(shutdown)

    def stop(self) -> None:
        """Break off every connection: a thread that waits for one gets an error at once."""
        with self._lock:
            self._stopped = True
            shutdowns, self._shutdowns = self._shutdowns, []
        for shutdown in shutdowns:
            _quietly(shutdown)

    def close_after(self, close: Callable[[], Any]) -> None:
        """Remember what has to be closed when the request is over."""
        self._closers.append(close)

    def finish(self) -> None:
        """Break off and close everything; only for the thread that reads the answer, or after it has ended."""
        self.stop()
        while self._closers:
            _quietly(self._closers.pop())

    @contextmanager
    def active(self) -> Iterator[None]:
        """Make this the request to which connections belong that this thread opens."""
        previous = getattr(_current, "connections", None)
        _current.connections = self
        try:
            yield
        finally:
            _current.connections = previous


def current_connections() -> Connections:
    """Return those of the request that this thread works for; fresh ones, that nobody stops, outside of any."""
    return getattr(_current, "connections", None) or Connections()


def watched_client(httpx: Any, connect_s: float, read_s: float, is_local: bool) -> Any:
    """Return a client of the module `httpx` whose connections belong to the request that opens them.

    Redirects are not followed: a prompt goes where the operator said. Proxies of the environment are not asked
    for addresses of this machine.
    """
    timeouts = {"connect": connect_s, "read": read_s, "write": read_s, "pool": connect_s}

    def prepare(request: Any) -> None:
        # Said with each request, because the vendors' clients put their own default into it.
        request.extensions["timeout"] = timeouts
        request.extensions["trace"] = _adder(current_connections())

    def keep(response: Any) -> None:
        # The vendors' stream objects refer to themselves: left alone, a socket waits for the garbage collector.
        current_connections().close_after(response.close)

    return httpx.Client(
        limits=httpx.Limits(max_keepalive_connections=0),
        event_hooks={"request": [prepare], "response": [keep]},
        follow_redirects=False,
        trust_env=not is_local,
    )


def _adder(connections: Connections) -> Callable[[str, dict[str, Any]], None]:
    def trace(event: str, details: dict[str, Any]) -> None:
        if event in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            found = details["return_value"].get_extra_info("socket")
            # Not an SSL socket's own method: that one takes its state away from the thread that is reading.
            connections.add(lambda: socket.socket.shutdown(found, socket.SHUT_RDWR))

    return trace


def _quietly(shutdown: Callable[[], Any]) -> None:
    # Already closed, or given back to its pool: then there is nothing left to break off.
    with suppress(OSError, ValueError, RuntimeError):
        shutdown()
