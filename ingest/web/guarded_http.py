"""The one place that opens HTTP connections for ingestion.

    URL ──▶ parsed once ──▶ name resolved once ──▶ every address checked ──▶ connected to a checked address
     ▲                                                                                     │
     └───────────── each redirect, as if it were a new URL ◀── status, headers ◀───────────┘

A page decides neither where Footnote connects to (AddressGuard) nor how much of its time and memory it takes
(Limits). No proxy, cookie, password file or Alt-Svc is ever used; a client is for one thread.
"""

import contextlib
import http.client
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError, ProtocolError
from urllib3.response import BaseHTTPResponse

from core.errors import SourceError
from ingest.web.addresses import AddressGuard
from ingest.web.responses import Fetched, NotModified, Wanted, conditions_of, parsed_time
from ingest.web.urls import DEFAULT_PORTS, WebUrl, normal_url, parse_web_url

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_BUSY = frozenset({429, 503})
_ENCODINGS = frozenset({"", "identity", "gzip", "x-gzip", "deflate"})
_PIECE = 64 * 1024
_MAX_ADDRESSES = 4  # of one name that are tried, each for connect_s at most
_MAX_IDLE = 4  # connections that are kept open for the next request
_FIRST_WAIT_S = 0.5


@dataclass(frozen=True, slots=True)
class Limits:
    """What one URL may cost. `total_s` is for all of it: redirects, retries, waiting and the body."""

    max_bytes: int = 50 * 1024 * 1024
    max_header_bytes: int = 64 * 1024
    total_s: float = 60.0
    connect_s: float = 10.0
    read_s: float = 20.0
    max_redirects: int = 5
    attempts: int = 3
    max_wait_s: float = 30.0


class Resolver(Protocol):
    """Turns a host's name into its addresses."""

    def __call__(self, host: str, port: int) -> Sequence[str]:
        """Return all addresses of a host.

        Raises:
            OSError: there are none.
        """


def system_resolver(host: str, port: int) -> list[str]:
    """Ask the system: its hosts file and name servers; numbers in any spelling are addresses too."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


class _PlainConnection(HTTPConnection):
    """`dial` opens the socket in place of urllib3, which would resolve the name by itself."""

    dial: Callable[[], socket.socket]

    def _new_conn(self) -> socket.socket:
        return self.dial()


class _TlsConnection(HTTPSConnection):
    """As `_PlainConnection`; the certificate is still checked against the name in the URL."""

    dial: Callable[[], socket.socket]

    def _new_conn(self) -> socket.socket:
        return self.dial()


_Connection = _PlainConnection | _TlsConnection


class GuardedClient:
    """Gets URLs through the guard, within the limits. Use it as a context, or call `close`."""

    def __init__(
        self,
        guard: AddressGuard,
        limits: Limits,
        user_agent: str,
        *,
        ports: Collection[int] = (),
        resolver: Resolver = system_resolver,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`ports` are allowed beside 80, 443, 8080 and 8443."""
        self._guard = guard
        self._limits = limits
        self._user_agent = user_agent
        self._ports = frozenset((*DEFAULT_PORTS, *ports))
        self._resolver = resolver
        self._sleep = sleep
        self._tls: ssl.SSLContext | None = None
        self._idle: dict[str, _Connection] = {}

    def __enter__(self) -> "GuardedClient":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections that were kept for the next request."""
        while self._idle:
            self._idle.popitem()[1].close()

    def fetch(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        remembered: Mapping[str, str] | None = None,
        wanted: Wanted | None = None,
    ) -> Fetched | NotModified:
        """Get one URL, through redirects. See `Fetcher.fetch`.

        Raises:
            SourceError: reason `url`, `address`, `redirect`, `too_large`, `timeout`, `certificate`, `protocol`
                or `unreachable`. A status of 400 and more is no error but a `Fetched` without content.
        """
        deadline = time.monotonic() + self._limits.total_s
        current = self._with_port(parse_web_url(url))
        home, own = current.origin, dict(headers or {})
        for _ in range(self._limits.max_redirects + 1):
            conditions = conditions_of((remembered or {}).get(current.text, ""))
            answer = self._patiently(current, {**own, **conditions}, deadline, wanted)
            location = answer.headers.get("location", "")
            if answer.status == 304 and conditions:
                return NotModified(answer.url, answer.headers)
            if answer.status not in _REDIRECTS or not location:
                return answer
            current = self._next_hop(current, location)
            if current.origin != home:
                own = {}  # For good: a chain that comes back may have been steered by the other site.
        raise SourceError(
            f"{url!r} redirects more than {self._limits.max_redirects} times. Name the page it should lead to.",
            "redirect",
        )

    def _with_port(self, url: WebUrl) -> WebUrl:
        if url.port not in self._ports:
            raise SourceError(
                f"{url.text!r} asks for port {url.port}. If this is meant, add it to allow_ports of the source.",
                "url",
            )
        return url

    def _next_hop(self, current: WebUrl, location: str) -> WebUrl:
        try:
            # http.client reads headers as Latin-1; servers that send other letters mean UTF-8.
            with contextlib.suppress(UnicodeError):
                location = location.encode("latin-1").decode("utf-8")
            return self._with_port(parse_web_url(normal_url(location, current.text)))
        except SourceError as error:
            raise SourceError(
                f"{current.text!r} redirects to what is refused. {error}", "redirect"
            ) from error

    def _patiently(
        self, url: WebUrl, headers: Mapping[str, str], deadline: float, wanted: Wanted | None
    ) -> Fetched:
        """Ask again when the site is busy or a connection breaks, as often and as long as allowed."""
        outcome: Fetched | SourceError = _too_slow(url)
        for attempt in range(1, self._limits.attempts + 1):
            try:
                outcome = self._once(url, headers, deadline, wanted)
            except _Broken as error:
                outcome = _unreachable(url, error)
            answer = outcome if isinstance(outcome, Fetched) else None
            if answer is not None and answer.status not in _BUSY:
                return answer
            wait_s = _wait_s(answer, attempt)
            is_too_long = wait_s > min(self._limits.max_wait_s, deadline - time.monotonic())
            if is_too_long or attempt == self._limits.attempts:
                break
            self._sleep(wait_s)
        if isinstance(outcome, SourceError):
            raise outcome
        return outcome

    def _once(
        self, url: WebUrl, headers: Mapping[str, str], deadline: float, wanted: Wanted | None
    ) -> Fetched:
        try:
            connection = self._connection(url, deadline)
            with contextlib.ExitStack() as closing:
                closing.callback(connection.close)
                with _cut_off(connection.sock, deadline):
                    answer, is_done = self._exchange(connection, url, headers, deadline, wanted)
                if is_done and time.monotonic() < deadline:
                    closing.pop_all()
                    self._keep(url.origin, connection)
        except _FAILURES as error:
            raise _translated(url, error, is_late=time.monotonic() >= deadline) from error
        if time.monotonic() >= deadline:
            # A body without a declared length looks complete when it is cut off.
            raise _too_slow(url)
        return answer

    def _exchange(
        self,
        connection: _Connection,
        url: WebUrl,
        headers: Mapping[str, str],
        deadline: float,
        wanted: Wanted | None,
    ) -> tuple[Fetched, bool]:
        """Send the request and read the answer; the flag says whether the connection can be used again."""
        connection.timeout = max(0.01, min(self._limits.read_s, deadline - time.monotonic()))
        sent = {
            "User-Agent": self._user_agent,
            "Accept": "text/html,application/xhtml+xml,*/*;q=0.8",
            "Accept-Encoding": "gzip, deflate",
            **headers,
        }
        connection.request("GET", url.target, headers=sent, preload_content=False)
        response = connection.getresponse()
        received = {name.lower(): value for name, value in response.headers.itermerged()}
        if sum(len(name) + len(value) + 4 for name, value in received.items()) > (
            self._limits.max_header_bytes
        ):
            raise SourceError(f"The headers of {url.text!r} are too large.", "too_large")
        if not 200 <= response.status < 300:
            return Fetched(url.text, response.status, received), response.status == 304
        if wanted is not None and not wanted(url.text, received.get("content-type", "")):
            return Fetched(url.text, response.status, received, is_wanted=False), False
        content = self._body(response, url, received)
        return Fetched(url.text, response.status, received, content), True

    def _body(self, response: BaseHTTPResponse, url: WebUrl, headers: Mapping[str, str]) -> bytes:
        """Read the body piece by piece; what counts is its size after decompression.

        Never `stream`: for a chunked body urllib3 reads the size of a chunk as one line of any length.
        """
        encoding = headers.get("content-encoding", "").strip().lower()
        if encoding not in _ENCODINGS:
            raise SourceError(
                f"{url.text!r} is compressed as {encoding[:40]!r}, which was not asked for.",
                "protocol",
            )
        content = bytearray()
        declared = headers.get("content-length", "")
        too_large = (
            declared.isascii()
            and declared.isdigit()
            and int(declared[:18]) > self._limits.max_bytes
        )
        while not too_large:
            piece = response.read(_PIECE)
            if not piece:
                return bytes(content)
            content += piece
            too_large = max(len(content), response.tell()) > self._limits.max_bytes
        raise SourceError(
            f"{url.text!r} is larger than {self._limits.max_bytes:,} bytes. Exclude it, or raise the limit.",
            "too_large",
        )

    def _connection(self, url: WebUrl, deadline: float) -> _Connection:
        """Return a connected connection: one that was kept, or a new one through the guard."""
        kept = self._idle.pop(url.origin, None)
        if kept is not None:
            if kept.is_connected:
                return kept
            kept.close()
        left_s = deadline - time.monotonic()
        if left_s <= 0:
            raise _too_slow(url)
        timeout = min(self._limits.connect_s, left_s)
        if url.scheme == "https":
            if self._tls is None:
                self._tls = ssl.create_default_context()
            connection: _Connection = _TlsConnection(
                url.host, url.port, timeout=timeout, ssl_context=self._tls
            )
        else:
            connection = _PlainConnection(url.host, url.port, timeout=timeout)
        connection.dial = lambda: self._dial(url, deadline)
        try:
            connection.connect()
        except BaseException:
            connection.close()
            raise
        return connection

    def _dial(self, url: WebUrl, deadline: float) -> socket.socket:
        """Resolve, check every address, and connect to one of exactly these."""
        try:
            found = list(dict.fromkeys(self._resolver(url.host, url.port)))
        except UnicodeError as error:
            raise OSError("the name is not valid") from error
        try:
            addresses = [self._guard.check(address) for address in found]
        except SourceError as error:
            raise SourceError(f"{url.text!r} is refused. {error}", error.reason) from error
        failure = OSError("the name has no address")
        for address in addresses[:_MAX_ADDRESSES]:
            left_s = max(0.01, min(self._limits.connect_s, deadline - time.monotonic()))
            try:
                return _connected(address, url.port, left_s)
            except OSError as error:
                failure = error
        raise failure

    def _keep(self, origin: str, connection: _Connection) -> None:
        if connection.sock is None:
            return
        self._idle[origin] = connection
        if len(self._idle) > _MAX_IDLE:
            self._idle.pop(next(iter(self._idle))).close()


class _Broken(Exception):
    """An attempt failed in a way that may pass; `kind` is the reason if it does not."""

    def __init__(self, kind: str, why: str) -> None:
        super().__init__(why)
        self.kind = kind


_FAILURES = (OSError, http.client.HTTPException, HTTPError)


def _connected(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address, port: int, timeout_s: float
) -> socket.socket:
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    opened = socket.socket(family, socket.SOCK_STREAM)
    try:
        opened.settimeout(timeout_s)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        opened.connect((str(address), port))
        peer = opened.getpeername()
        if ipaddress.ip_address(peer[0]) != address or peer[1] != port:
            raise SourceError(f"The connection to {address} ended up at {peer[0]}.", "address")
    except BaseException:
        opened.close()
        raise
    return opened


@contextlib.contextmanager
def _cut_off(connected: socket.socket | None, deadline: float) -> Iterator[None]:
    """End a connection when its time is over.

    A timeout of the socket starts again with every byte: a server that sends one now and then would keep a
    reader for as long as it likes, also within one header line.
    """

    def end() -> None:
        with contextlib.suppress(OSError):
            if connected is not None:
                # Of the plain socket also under TLS, whose own shutdown is not for a second thread.
                socket.socket.shutdown(connected, socket.SHUT_RDWR)

    timer = threading.Timer(max(0.0, deadline - time.monotonic()), end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _translated(url: WebUrl, error: Exception, is_late: bool) -> Exception:
    """Return what to raise for an error of the socket, of TLS or of the HTTP parser."""
    if is_late:
        return _too_slow(url)
    if isinstance(error, ssl.SSLCertVerificationError):
        return SourceError(
            f"The certificate of {url.origin!r} is not valid here ({error.verify_message}). "
            "Renew it, or add its issuer to this machine's certificates.",
            "certificate",
        )
    if isinstance(error, TimeoutError) or "timed out" in str(error):
        return _Broken("timeout", "no answer in time")
    if isinstance(error, (OSError, ProtocolError, http.client.IncompleteRead)):
        why = error.strerror if isinstance(error, OSError) else ""
        return _Broken("unreachable", why or "the connection broke off")
    return SourceError(
        f"{url.text!r} did not answer in valid HTTP ({type(error).__name__}).", "protocol"
    )


def _too_slow(url: WebUrl) -> SourceError:
    return SourceError(f"{url.text!r} took too long. Try again later, or exclude it.", "timeout")


def _unreachable(url: WebUrl, error: _Broken) -> SourceError:
    return SourceError(
        f"{url.text!r} could not be reached ({error}). Check the address, and whether the site is up.",
        error.kind,
    )


def _wait_s(answer: Fetched | None, attempt: int) -> float:
    """Return how long to wait before the next attempt: what the site asks for, else longer each time."""
    asked = answer.headers.get("retry-after", "").strip() if answer else ""
    if asked.isascii() and asked.isdigit():
        return float(asked[:9])
    moment = parsed_time(asked) if asked else None
    if moment is not None:
        return max(0.0, (moment - datetime.now(UTC)).total_seconds())
    return _FIRST_WAIT_S * 2.0 ** (attempt - 1)
