"""Serves `/health` and `/metrics` in threads beside the daemon; answers GET and HEAD, and reads no body.

A client that is slow loses its connection after 5 s of silence, or when 32 others came after it.
"""

import json
import socket
import socketserver
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from core.errors import ConfigError
from core.log import get_logger

_log = get_logger(__name__)

_TIMEOUT_S = 5.0
_MOST_CONNECTIONS = 32


@dataclass(frozen=True, slots=True)
class Page:
    """One answer."""

    status: int
    kind: str
    body: bytes


def json_page(status: int, value: object) -> Page:
    """Return a page with one JSON value."""
    return Page(status, "application/json", json.dumps(value).encode("ascii") + b"\n")


_NOT_FOUND = json_page(404, {"error": "There are /health and /metrics."})
_NOT_ALLOWED = json_page(405, {"error": "Only GET and HEAD are answered."})
_UNEXPECTED = json_page(500, {"error": "Something went wrong; the log says more."})


class HealthPage:
    """A server in a thread; a context manager. `pages` makes the page of each path when it is asked for."""

    def __init__(self, host: str, port: int, pages: dict[str, Callable[[], Page]]) -> None:
        """Bind the port, so that whoever is told of the daemon can ask it.

        Raises:
            ConfigError: the port is taken, or the address is not this machine's.
        """
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        handler = type("_Bound", (_Handler,), {"pages": pages})
        server = type("_BoundServer", (_Server,), {"address_family": family})
        try:
            self._server = server((host, port), handler)
        except OSError as error:
            raise ConfigError(
                f"The health page cannot listen on {host!r}, port {port} ({error.strerror}). Set "
                "FOOTNOTE_INGEST__HEALTH_PORT to a free port, or to 0 for no such page."
            ) from error
        self._thread = threading.Thread(
            target=self._server.serve_forever, name="health-page", daemon=True
        )

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self._server.server_address[1])

    def __enter__(self) -> "HealthPage":
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, *arguments: Any) -> None:
        self._open: OrderedDict[socket.socket, None] = OrderedDict()
        self._guard = threading.Lock()
        super().__init__(*arguments)

    def server_bind(self) -> None:
        # Not HTTPServer's: it asks a name server what this machine is called.
        socketserver.TCPServer.server_bind(self)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._guard:
            self._open[request] = None
            oldest = next(iter(self._open)) if len(self._open) > _MOST_CONNECTIONS else None
            if oldest is not None:
                del self._open[oldest]
                _shut(oldest)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._guard:
            self._open.pop(request, None)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: it is a client that went away."""


def _shut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # it is gone already


class _Handler(BaseHTTPRequestHandler):
    timeout = _TIMEOUT_S
    server_version = "Footnote"
    sys_version = ""
    pages: dict[str, Callable[[], Page]]

    def do_GET(self) -> None:
        self._answer(self._page())

    do_HEAD = do_GET

    def _refuse(self) -> None:
        self._answer(_NOT_ALLOWED)

    do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _refuse

    def _page(self) -> Page:
        make = self.pages.get(self.path.partition("?")[0])
        if make is None:
            return _NOT_FOUND
        try:
            return make()
        except Exception as error:  # noqa: BLE001  # an edge of the program: no stack goes to a client
            _log.error("health_page_failed", kind=type(error).__name__)
            return _UNEXPECTED

    def _answer(self, page: Page) -> None:
        self.send_response(page.status)
        self.send_header("Content-Type", page.kind)
        self.send_header("Content-Length", str(len(page.body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(page.body)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing: somebody asks every few seconds."""
