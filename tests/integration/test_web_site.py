"""A small site on loopback, read through the guarded client: what it changes, loses, and does wrong."""

import gzip
import http.server
import socket
import threading
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from core.errors import SourceError
from ingest.web.addresses import AddressGuard
from ingest.web.crawler import Crawl, Page, crawl
from ingest.web.guarded_http import GuardedClient, Limits
from ingest.web.responses import Fetched
from ingest.web.web_config import WebConfig

pytestmark = pytest.mark.integration

Answer = Callable[[http.server.BaseHTTPRequestHandler], None]


class Site:
    """Pages by path: bytes with a tag, or a function that writes whatever it likes to the connection."""

    def __init__(self) -> None:
        self.pages: dict[str, bytes | Answer] = {}
        self.requests: list[tuple[str, int]] = []
        self.connections = 0
        self.closing = threading.Event()
        site = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                site.connections += 1
                super().setup()

            def do_GET(self) -> None:
                answer = site.pages.get(self.path)
                if callable(answer):
                    site.requests.append((self.path, 0))
                    answer(self)
                    return
                tag = f'"{zlib.crc32(answer or b"")}"'
                status = 404 if answer is None else 200
                if answer is not None and self.headers.get("If-None-Match") == tag:
                    status = 304
                site.requests.append((self.path, status))
                body = answer if status == 200 and answer is not None else b""
                reply(self, status, {"ETag": tag, "Content-Type": "text/html"}, body)

            def log_message(self, *_: Any) -> None:
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: Any) -> None:
                """A client that hangs up is no error."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()


def reply(
    handler: http.server.BaseHTTPRequestHandler,
    status: int,
    headers: Mapping[str, str],
    body: bytes = b"",
) -> None:
    handler.send_response(status)
    if status != 304:
        headers = {"Content-Length": str(len(body))} | dict(headers)
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body)


@pytest.fixture
def site() -> Iterator[Site]:
    served = Site()
    yield served
    served.close()


@pytest.fixture
def client(site: Site) -> Iterator[Callable[..., GuardedClient]]:
    made: list[GuardedClient] = []

    def make(**limits: Any) -> GuardedClient:
        limits = {"total_s": 10, "attempts": 1} | limits
        sleeps = limits.pop("sleeps", [])
        guarded = GuardedClient(
            AddressGuard(["127.0.0.1"]),
            Limits(**limits),
            "Test/1",
            ports=(site.port,),
            sleep=sleeps.append,
        )
        made.append(guarded)
        return guarded

    yield make
    for guarded in made:
        guarded.close()


def read(
    site: Site, client: GuardedClient, remembered: Mapping[str, str] | None = None, **config: Any
) -> tuple[dict[str, Page], Crawl]:
    config = {"delay_s": 0, "allow_addresses": ["127.0.0.1"], "allow_ports": [site.port]} | config
    steps = crawl(WebConfig.model_validate(config), client, remembered or {})
    pages: dict[str, Page] = {}
    while True:
        try:
            page = next(steps)
        except StopIteration as end:
            return pages, end.value
        pages[page.url.removeprefix(site.url)] = page


def fetched(client: GuardedClient, url: str) -> Fetched:
    answer = client.fetch(url)
    assert isinstance(answer, Fetched)
    return answer


def link_to(*places: str) -> bytes:
    return "".join(f'<a href="{place}">x</a>' for place in places).encode()


def test_a_second_run_sees_what_changed_what_is_new_and_what_is_gone(
    site: Site, client: Callable[..., GuardedClient]
) -> None:
    rows = "".join(f"<url><loc>{site.url}/{name}</loc></url>" for name in ("a", "b", "c"))
    site.pages = {
        "/robots.txt": b"User-agent: *\nDisallow: /c\n",
        "/map.xml.gz": gzip.compress(f"<urlset>{rows}</urlset>".encode()),
        "/": b"<title>Home</title>" + link_to("/a", "/old", "/c"),
        "/a": b"<title>A</title>one",
        "/b": b"<title>B</title>two",
        "/c": b"secret",
        "/old": lambda handler: reply(handler, 301, {"Location": "/b"}),
    }
    config = {
        "urls": [site.url],
        "sitemaps": [f"{site.url}/map.xml.gz"],
        "follow": True,
        "max_depth": 1,
    }
    first, end = read(site, client(), **config)
    assert {path: page.title for path, page in first.items()} == {"/": "Home", "/a": "A", "/b": "B"}
    assert (end.complete, end.gone, end.problems) == (True, (), ())
    remembered = {page.url: page.stamp for page in first.values()}

    site.requests.clear()
    again, end = read(site, client(), remembered, **config | {"follow": False})
    assert [page.content for page in again.values()] == [None, None, None]
    statuses = dict(site.requests)
    assert (statuses["/"], statuses["/a"], statuses["/b"]) == (304, 304, 304)

    site.pages["/a"] = b"<title>A</title>changed"
    del site.pages["/b"]
    third, end = read(site, client(), remembered, **config | {"follow": False})
    assert {path: page.content for path, page in third.items()} == {
        "/": None,
        "/a": b"<title>A</title>changed",
    }
    assert (end.complete, end.gone) == (True, (f"{site.url}/b",))


def test_a_site_that_fails_removes_nothing(
    site: Site, client: Callable[..., GuardedClient]
) -> None:
    site.pages = {
        "/": link_to("/a", "/b"),
        "/a": lambda handler: reply(handler, 500, {}),
        "/b": b"two",
    }
    pages, end = read(site, client(), {f"{site.url}/a": "etag:x"}, urls=[site.url], follow=True)
    assert (list(pages), end.complete, end.gone) == (["/", "/b"], False, ())


def test_requests_share_one_connection(site: Site, client: Callable[..., GuardedClient]) -> None:
    site.pages = {"/": link_to("/a", "/b"), "/a": b"one", "/b": b"two"}
    read(site, client(), urls=[site.url], follow=True)
    # A status without a body that is wanted closes its connection: here that of robots.txt.
    assert (len(site.requests), site.connections) == (4, 2)


def test_a_decompression_bomb_ends_at_the_limit(
    site: Site, client: Callable[..., GuardedClient]
) -> None:
    bomb = gzip.compress(bytes(200_000_000), 9)
    assert len(bomb) < 250_000
    site.pages["/"] = lambda handler: reply(handler, 200, {"Content-Encoding": "gzip"}, bomb)
    guarded = client(max_bytes=1_000_000)
    tracemalloc.start()
    with pytest.raises(SourceError, match="larger than 1,000,000 bytes") as caught:
        guarded.fetch(site.url)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert caught.value.reason == "too_large"
    assert peak < 8_000_000


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "x"])
def test_a_compression_that_was_not_asked_for_is_refused(
    encoding: str, site: Site, client: Callable[..., GuardedClient]
) -> None:
    site.pages["/"] = lambda handler: reply(handler, 200, {"Content-Encoding": encoding}, b"x")
    with pytest.raises(SourceError) as caught:
        client().fetch(site.url)
    assert caught.value.reason == "protocol"


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_compressed_pages_are_read(
    encoding: str, site: Site, client: Callable[..., GuardedClient]
) -> None:
    body = {"gzip": gzip.compress, "deflate": zlib.compress}[encoding](b"hello" * 100)
    site.pages["/"] = lambda handler: reply(handler, 200, {"Content-Encoding": encoding}, body)
    assert fetched(client(), site.url).content == b"hello" * 100


@pytest.mark.parametrize("declared", ["60000000", "100000000000000000000000"])
def test_a_declared_size_over_the_limit_is_not_downloaded(
    declared: str, site: Site, client: Callable[..., GuardedClient]
) -> None:
    site.pages["/"] = lambda handler: reply(handler, 200, {"Content-Length": declared}, b"x")
    started = time.monotonic()
    with pytest.raises(SourceError) as caught:
        client().fetch(site.url)
    assert (caught.value.reason, time.monotonic() - started < 2) == ("too_large", True)


def test_a_body_without_end_stops_at_the_limit(
    site: Site, client: Callable[..., GuardedClient]
) -> None:
    def pour(handler: http.server.BaseHTTPRequestHandler) -> None:
        reply(handler, 200, {"Transfer-Encoding": "chunked", "Content-Length": ""})
        while not site.closing.is_set():
            handler.wfile.write(b"10000\r\n" + bytes(65536) + b"\r\n")

    site.pages["/"] = pour
    with pytest.raises(SourceError) as caught:
        client(max_bytes=3_000_000).fetch(site.url)
    assert caught.value.reason == "too_large"


def trickle(site: Site, start: bytes, piece: bytes) -> Answer:
    def write(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.wfile.write(start)
        while not site.closing.wait(0.05):
            handler.wfile.write(piece)

    return write


@pytest.mark.parametrize(
    ("start", "piece"),
    [
        (b"", b"x"),
        (b"HTTP/1.1 200 OK\r\nX: ", b"x"),
        (b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", b"x"),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", b"x"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"0"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"A: b\r\n"),
    ],
    ids=["status", "header", "continue", "length", "close", "chunks", "chunk size", "trailer"],
)
def test_a_server_that_sends_a_byte_now_and_then_is_cut_off(
    start: bytes, piece: bytes, site: Site, client: Callable[..., GuardedClient]
) -> None:
    site.pages["/"] = trickle(site, start, piece)
    started = time.monotonic()
    with pytest.raises(SourceError) as caught:
        client(total_s=0.5, attempts=3).fetch(site.url)
    assert caught.value.reason == "timeout"
    assert time.monotonic() - started < 2


def test_a_server_that_says_nothing_is_a_timeout(
    site: Site, client: Callable[..., GuardedClient]
) -> None:
    site.pages["/"] = lambda handler: site.closing.wait(10)
    with pytest.raises(SourceError) as caught:
        client(read_s=0.3).fetch(site.url)
    assert caught.value.reason == "timeout"


def test_redirects_without_end_are_given_up(
    site: Site, client: Callable[..., GuardedClient]
) -> None:
    site.pages["/"] = lambda handler: reply(handler, 302, {"Location": "/"})
    with pytest.raises(SourceError, match="redirects more than 5 times") as caught:
        client().fetch(site.url)
    assert (caught.value.reason, len(site.requests)) == ("redirect", 6)


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({f"X-{number}": "x" * 3000 for number in range(40)}, "too_large"),
        ({f"X-{number}": "x" for number in range(200)}, "protocol"),
        ({"X": "x" * 100_000}, "protocol"),
    ],
)
def test_huge_headers_are_refused(
    headers: dict[str, str], reason: str, site: Site, client: Callable[..., GuardedClient]
) -> None:
    site.pages["/"] = lambda handler: reply(handler, 200, headers, b"x")
    with pytest.raises(SourceError) as caught:
        client().fetch(site.url)
    assert (caught.value.reason, len(site.requests)) == (reason, 1)


def test_a_body_shorter_than_declared_is_not_taken_for_a_page(
    site: Site, client: Callable[..., GuardedClient]
) -> None:
    site.pages["/"] = lambda handler: reply(
        handler, 200, {"Content-Length": "100", "Connection": "close"}, b"half"
    )
    with pytest.raises(SourceError) as caught:
        client(attempts=2).fetch(site.url)
    assert (caught.value.reason, len(site.requests)) == ("unreachable", 2)


def test_what_is_no_http_is_reported(site: Site, client: Callable[..., GuardedClient]) -> None:
    site.pages["/"] = lambda handler: handler.wfile.write(b"SSH-2.0-OpenSSH\r\n\r\n")
    with pytest.raises(SourceError) as caught:
        client().fetch(site.url)
    assert caught.value.reason == "protocol"


def after(times: int, first: Answer, then: bytes) -> Answer:
    left = [times]

    def write(handler: http.server.BaseHTTPRequestHandler) -> None:
        left[0] -= 1
        if left[0] >= 0:
            first(handler)
        else:
            reply(handler, 200, {}, then)

    return write


@pytest.mark.parametrize(
    ("asked", "waits"),
    [("3", [3.0]), ("", [0.5]), ("soon", [0.5]), ("Sat, 01 Jan 2000 00:00:00 GMT", [0.0])],
)
def test_a_busy_site_is_asked_again_when_it_says(
    asked: str, waits: list[float], site: Site, client: Callable[..., GuardedClient]
) -> None:
    sleeps: list[float] = []
    busy: Answer = lambda handler: reply(handler, 503, {"Retry-After": asked} if asked else {})  # noqa: E731
    site.pages["/"] = after(1, busy, b"open")
    assert fetched(client(attempts=3, sleeps=sleeps), site.url).content == b"open"
    assert sleeps == waits


def test_a_site_that_asks_for_an_hour_is_left_alone(
    site: Site, client: Callable[..., GuardedClient]
) -> None:
    sleeps: list[float] = []
    site.pages["/"] = lambda handler: reply(handler, 429, {"Retry-After": "3600"})
    assert fetched(client(attempts=3, sleeps=sleeps), site.url).status == 429
    assert (sleeps, len(site.requests)) == ([], 1)


def test_a_connection_that_breaks_is_tried_again(
    site: Site, client: Callable[..., GuardedClient]
) -> None:
    sleeps: list[float] = []
    site.pages["/"] = after(
        2, lambda handler: handler.connection.shutdown(socket.SHUT_RDWR), b"open"
    )
    assert fetched(client(attempts=3, sleeps=sleeps), site.url).content == b"open"
    assert sleeps == [0.5, 1.0]


def test_a_port_where_nobody_listens_is_unreachable(
    site: Site, client: Callable[..., GuardedClient]
) -> None:
    guarded = client()
    site.close()
    with pytest.raises(SourceError) as caught:
        guarded.fetch(site.url)
    assert (caught.value.reason, site.url in str(caught.value)) == ("unreachable", True)


def test_tls_to_a_server_without_it_is_unreachable(
    site: Site, client: Callable[..., GuardedClient]
) -> None:
    with pytest.raises(SourceError) as caught:
        client().fetch(site.url.replace("http:", "https:"))
    assert caught.value.reason in ("unreachable", "protocol")
