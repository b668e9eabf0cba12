"""No spelling, name, redirect or answer of a name server makes Footnote connect where it may not.

Two listeners on loopback count who comes: `site` may be visited in some tests, `victim` never. Every way in is
also tried with the victim allowed, so that a test which cannot connect at all does not pass.
"""

import _socket
import http.server
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from core.errors import SourceError
from ingest.web.addresses import AddressGuard
from ingest.web.guarded_http import GuardedClient, Limits, system_resolver
from ingest.web.responses import Fetched

pytestmark = pytest.mark.integration

# Spellings of 127.0.0.1 and its network; `{port}` is the victim's.
LOOPBACK = [
    "http://127.0.0.1:{port}/",
    "http://127.0.0.1:{port}/?x=http://example.org/",
    "http://127.1:{port}/",
    "http://127.0.1:{port}/",
    "http://2130706433:{port}/",
    "http://0x7f000001:{port}/",
    "http://0X7F000001:{port}/",
    "http://0x7f.1:{port}/",
    "http://0x7f.0x0.0x0.0x1:{port}/",
    "http://017700000001:{port}/",
    "http://0177.1:{port}/",
    "http://0177.0.0.1:{port}/",
    "http://0177.0000.0000.0001:{port}/",
    "http://127.0x0.0.01:{port}/",
    "HTTP://127.0.0.1:{port}",
    "http://127.0.0.1:0{port}/",
    "http://[::1]:{port}/",
    "http://[0:0:0:0:0:0:0:1]:{port}/",
    "http://[0000:0000:0000:0000:0000:0000:0000:0001]:{port}/",
    "http://localhost:{port}/",
    "http://LOCALHOST:{port}/",
    "http://localhost.:{port}/",
    "http://localhost.localdomain:{port}/",
    "http://127.0.0.1.nip.test:{port}/",
    "http://localtest.test:{port}/",
    "http://ip6-localhost:{port}/",
]
# Addresses that are refused once they are known, on any port.
PRIVATE = [
    "http://0.0.0.0:{port}/",
    "http://0:{port}/",
    "http://0x0:{port}/",
    "http://[::]:{port}/",
    "http://[::ffff:127.0.0.1]:{port}/",
    "http://[::ffff:7f00:1]:{port}/",
    "http://[0:0:0:0:0:ffff:127.0.0.1]:{port}/",
    "http://[::127.0.0.1]:{port}/",
    "http://[::ffff:0:127.0.0.1]:{port}/",
    "http://[64:ff9b::127.0.0.1]:{port}/",
    "http://[64:ff9b:1::7f00:1]:{port}/",
    "http://[2002:7f00:1::]:{port}/",
    "http://[2001:0:4136:e378:8000:63bf:80ff:fffe]:{port}/",
    "http://[fe80::1]/",
    "http://[fec0::1]/",
    "http://[fc00::1]/",
    "http://[fd00:ec2::254]/latest/meta-data/",
    "http://[ff02::1]/",
    "http://[2001:db8::1]/",
    "http://169.254.169.254/latest/meta-data/",
    "http://2852039166/latest/meta-data/",
    "http://0xa9fea9fe/",
    "http://0251.0376.0251.0376/",
    "http://169.254.43518/",
    "http://[::ffff:169.254.169.254]/",
    "http://metadata.cloud.test/computeMetadata/v1/",
    "http://168.63.129.16/",
    "http://100.100.100.200/",
    "http://192.0.0.192/",
    "http://10.0.0.1/",
    "http://012.1/",
    "http://172.16.0.1/",
    "http://172.31.255.255/",
    "http://192.168.1.1/",
    "http://0xc0a80101/",
    "http://198.18.0.1/",
    "http://192.0.2.1/",
    "http://224.0.0.1/",
    "http://240.0.0.1/",
    "http://255.255.255.255/",
    "https://127.0.0.1:443/",
    "https://10.0.0.1:8443/",
    "http://wiki.internal.test/",
    "http://half.private.test/",
]
# What is refused before any name is looked up.
UNUSABLE = [
    "http://user@127.0.0.1:{port}/",
    "http://user:password@127.0.0.1:{port}/",
    "http://example.org@127.0.0.1:{port}/",
    "http://127.0.0.1:{port}@example.org/",
    "http://example.org:80@127.0.0.1:{port}/",
    "http://example.org%40127.0.0.1:{port}/",
    "http://example.org#@127.0.0.1:{port}\\/",
    "http://127.0.0.1:{port}\\@example.org/",
    "http://example.org\\.127.0.0.1/",
    "http:\\\\127.0.0.1:{port}\\",
    "http:/127.0.0.1:{port}/",
    "http:127.0.0.1:{port}/",
    "//127.0.0.1:{port}/",
    "127.0.0.1:{port}",
    "http://127.0.0.1 :{port}/",
    "http://127.0.0.1\t:{port}/",
    "http://127.0.0.1:{port}/\r\nHost: other",
    "\x00http://127.0.0.1:{port}/",
    "http://127.0.0.1%00.example.org/",
    "http://127%2e0%2e0%2e1:{port}/",
    "http://[fe80::1%25lo]:{port}/",
    "http://[::1%lo]:{port}/",
    "http://[::1:{port}/",
    "http://::1:{port}/",
    "http://[127.0.0.1]:{port}/",
    "http://[::ffff:0177.0.0.1]:{port}/",
    "http://\u0661\u0662\u0667.0.0.1:{port}/",
    "http://\uff11\uff12\uff17.0.0.1:{port}/",
    "http://\u2460\u2461\u2466.0.0.1:{port}/",
    "http://127\u30020\u30020\u30021:{port}/",
    "http://127\uff0e0\uff0e0\uff0e1:{port}/",
    "http://\u24db\u24de\u24d2\u24d0\u24db\u24d7\u24de\u24e2\u24e3:{port}/",
    "http://local\u00adhost:{port}/",
    "http://localhost\u200b:{port}/",
    "http://127.0.0.1..:{port}/",
    "http://127..1:{port}/",
    "http:///127.0.0.1:{port}/",
    "http://:{port}/",
    "http://127.0.0.1:99999/",
    "http://127.0.0.1:-1/",
    "http://127.0.0.1:22/",
    "http://127.0.0.1:6379/",
    "file:///etc/passwd",
    "gopher://127.0.0.1:{port}/_GET",
    "ftp://127.0.0.1:{port}/",
    "dict://127.0.0.1:{port}/",
    "data:text/html,x",
    "unix:/var/run/docker.sock",
    "http+unix://%2Fvar%2Frun%2Fdocker.sock/",
    "javascript:alert(1)",
]
NAMES = {
    "localhost": ["127.0.0.1"],
    "localhost.localdomain": ["127.0.0.1"],
    "ip6-localhost": ["::1"],
    "127.0.0.1.nip.test": ["127.0.0.1"],
    "localtest.test": ["127.0.0.1"],
    "metadata.cloud.test": ["169.254.169.254"],
    "wiki.internal.test": ["10.1.2.3"],
    "half.private.test": ["93.184.216.34", "2606:2800:220:1::1", "10.0.0.1"],
}


def has_ipv6() -> bool:
    """Say whether this machine has an IPv6 loopback; many containers have none."""
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


HAS_IPV6 = has_ipv6()
FAST = Limits(total_s=10, attempts=1)


def resolve(host: str, port: int) -> list[str]:
    """Names from the table; numbers by the system itself, past the guard of the tests."""
    if host in NAMES:
        return NAMES[host]
    found = _socket.getaddrinfo(host, port, 0, _socket.SOCK_STREAM, 0, _socket.AI_NUMERICHOST)
    return [str(address[0]) for *_, address in found]


class Listener:
    """An HTTP server on one port of several loopback addresses that counts connections."""

    def __init__(self, hosts: Sequence[str]) -> None:
        self.connections = 0
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.answers: dict[str, tuple[int, dict[str, str]]] = {}
        self._servers: list[http.server.ThreadingHTTPServer] = []
        self.port = 0
        for _ in range(10):
            if self._listen(hosts):
                return
        raise OSError("there is no port that is free on all addresses")

    def _listen(self, hosts: Sequence[str]) -> bool:
        self.port = 0
        try:
            for host in hosts:
                server = self._server(host)
                self._servers.append(server)
                self.port = server.server_address[1]
        except OSError:
            while self._servers:
                self._servers.pop().server_close()
            return False
        for server in self._servers:
            threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        return True

    def _server(self, host: str) -> http.server.ThreadingHTTPServer:
        listener = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                listener.connections += 1
                super().setup()

            def do_GET(self) -> None:
                listener.requests.append(
                    (self.path, {k.lower(): v for k, v in self.headers.items()})
                )
                status, headers = listener.answers.get(self.path, (200, {}))
                self.send_response(status)
                for name, value in {"Content-Length": "2", **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, *_: Any) -> None:
                pass

        class Server(http.server.ThreadingHTTPServer):
            address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
            daemon_threads = True

            def handle_error(self, *_: Any) -> None:
                """A client that hangs up is no error."""

        return Server((host, self.port), Handler)

    def close(self) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()


@pytest.fixture
def victim() -> Iterator[Listener]:
    listener = Listener(["127.0.0.1", "127.0.0.2", *(["::1"] if HAS_IPV6 else [])])
    yield listener
    listener.close()


@pytest.fixture
def site() -> Iterator[Listener]:
    listener = Listener(["127.0.0.1"])
    yield listener
    listener.close()


@pytest.fixture
def client(victim: Listener, site: Listener) -> Iterator[Callable[..., GuardedClient]]:
    made: list[GuardedClient] = []

    def make(*allow: str, resolver: Any = resolve, limits: Limits = FAST) -> GuardedClient:
        ports = (victim.port, site.port)
        guarded = GuardedClient(
            AddressGuard(allow),
            limits,
            "Test",
            ports=ports,
            resolver=resolver,
            sleep=lambda _: None,
        )
        made.append(guarded)
        return guarded

    yield make
    for guarded in made:
        guarded.close()


def test_the_corpus_has_at_least_sixty_spellings() -> None:
    assert len({*LOOPBACK, *PRIVATE, *UNUSABLE}) >= 60


@pytest.mark.parametrize("spelling", LOOPBACK + PRIVATE)
def test_an_address_that_is_not_public_is_never_connected_to(
    spelling: str, victim: Listener, client: Callable[..., GuardedClient]
) -> None:
    with pytest.raises(SourceError) as caught:
        client().fetch(spelling.format(port=victim.port))
    assert (caught.value.reason, victim.connections) == ("address", 0)


@pytest.mark.parametrize("spelling", UNUSABLE)
def test_a_url_that_two_parsers_could_read_differently_is_refused(
    spelling: str, victim: Listener, client: Callable[..., GuardedClient]
) -> None:
    """Also with loopback allowed: what refuses is the parser."""
    with pytest.raises(SourceError) as caught:
        client("127.0.0.0/8", "::1").fetch(spelling.format(port=victim.port))
    assert (caught.value.reason, victim.connections) == ("url", 0)


@pytest.mark.parametrize("spelling", LOOPBACK)
def test_the_same_spelling_connects_when_its_network_is_allowed(
    spelling: str, victim: Listener, client: Callable[..., GuardedClient]
) -> None:
    if not HAS_IPV6 and ("[" in spelling or "ip6" in spelling):
        pytest.skip("no IPv6 on this machine")
    answer = client("127.0.0.0/8", "::1").fetch(spelling.format(port=victim.port))
    assert isinstance(answer, Fetched)
    assert (answer.content, victim.connections) == (b"ok", 1)


def test_the_system_resolver_is_refused_by_address_too(victim: Listener) -> None:
    for host in ("localhost", "127.0.0.1", "[::1]"):
        guarded = GuardedClient(
            AddressGuard(), FAST, "Test", ports=(victim.port,), resolver=system_resolver
        )
        with pytest.raises(SourceError, match="not on the public internet"):
            guarded.fetch(f"http://{host}:{victim.port}/")
    assert victim.connections == 0


REDIRECTS = [301, 302, 303, 307, 308]
# The victim is 127.0.0.2: the site itself is 127.0.0.1, which is allowed.
TARGETS = [
    ("http://127.0.0.2:{port}/", "127.0.0.0/8"),
    ("//127.0.0.2:{port}/", "127.0.0.0/8"),
    ("http://0x7f000002:{port}/", "127.0.0.0/8"),
    ("http://[::1]:{port}/", "::1"),
]
BAD_TARGETS = [
    "file:///etc/passwd",
    "gopher://127.0.0.2:{port}/",
    "ftp://127.0.0.2:{port}/",
    "data:text/html,x",
    "unix:/var/run/docker.sock",
    "http://user:password@127.0.0.2:{port}/",
    "http://127.0.0.2:{port}\\@example.org/",
    "http://127.0.0.2:6379/",
    "\\\\127.0.0.2:{port}\\",
    "http://169.254.169.254/latest/",
]


@pytest.mark.parametrize("status", REDIRECTS)
@pytest.mark.parametrize(("target", "network"), TARGETS)
def test_a_redirect_is_checked_like_a_new_url(
    status: int,
    target: str,
    network: str,
    site: Listener,
    victim: Listener,
    client: Callable[..., GuardedClient],
) -> None:
    site.answers["/"] = (status, {"Location": target.format(port=victim.port)})
    with pytest.raises(SourceError) as caught:
        client("127.0.0.1").fetch(f"http://127.0.0.1:{site.port}/")
    assert (caught.value.reason, site.connections, victim.connections) == ("address", 1, 0)
    if HAS_IPV6 or "[" not in target:
        client("127.0.0.1", network).fetch(f"http://127.0.0.1:{site.port}/")
        assert victim.connections == 1


@pytest.mark.parametrize("target", BAD_TARGETS)
def test_a_redirect_to_what_is_no_public_page_ends_there(
    target: str, site: Listener, victim: Listener, client: Callable[..., GuardedClient]
) -> None:
    site.answers["/"] = (302, {"Location": target.format(port=victim.port)})
    with pytest.raises(SourceError) as caught:
        client("127.0.0.0/8").fetch(f"http://127.0.0.1:{site.port}/")
    assert (caught.value.reason in ("redirect", "address"), victim.connections) == (True, 0)


def test_the_last_of_a_chain_of_redirects_is_checked_too(
    site: Listener, victim: Listener, client: Callable[..., GuardedClient]
) -> None:
    for number in range(4):
        site.answers[f"/{number}"] = (302, {"Location": f"/{number + 1}"})
    site.answers["/4"] = (302, {"Location": f"http://127.0.0.2:{victim.port}/"})
    with pytest.raises(SourceError) as caught:
        client("127.0.0.1").fetch(f"http://127.0.0.1:{site.port}/0")
    assert (caught.value.reason, len(site.requests), victim.connections) == ("address", 5, 0)


def test_what_a_page_only_suggests_is_not_followed(
    site: Listener, victim: Listener, client: Callable[..., GuardedClient]
) -> None:
    place = f"127.0.0.2:{victim.port}"
    site.answers["/"] = (
        200,
        {
            "Refresh": f"0; url=http://{place}/",
            "Alt-Svc": f'h2="{place}", http/1.1="{place}"; ma=9999',
            "Link": f"<http://{place}/>; rel=preload",
            "Content-Location": f"http://{place}/",
        },
    )
    guarded = client("127.0.0.0/8")
    for _ in range(2):
        guarded.fetch(f"http://127.0.0.1:{site.port}/")
    assert (len(site.requests), victim.connections) == (2, 0)


class ChangingResolver:
    """Gives another answer each time it is asked, the last one for ever."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.calls = 0

    def __call__(self, host: str, port: int) -> list[str]:
        self.calls += 1
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def test_the_address_that_was_checked_is_the_one_that_is_connected_to(
    site: Listener, victim: Listener, client: Callable[..., GuardedClient]
) -> None:
    resolver = ChangingResolver(["127.0.0.1"], ["127.0.0.2"])
    answer = client("127.0.0.1", resolver=resolver).fetch(f"http://changing.test:{site.port}/")
    assert isinstance(answer, Fetched)
    assert (answer.status, resolver.calls, site.connections) == (200, 1, 1)
    assert site.requests[0][1]["host"] == f"changing.test:{site.port}"
    with pytest.raises(SourceError, match="not on the public internet"):
        client("127.0.0.1", resolver=resolver).fetch(f"http://changing.test:{victim.port}/")
    assert victim.connections == 0


@pytest.mark.parametrize("attempts", [1, 3])
def test_a_name_that_turns_private_is_resolved_once_for_each_connection(
    attempts: int, victim: Listener, client: Callable[..., GuardedClient]
) -> None:
    """The public address cannot be reached from the tests; the retry meets the private one."""
    resolver = ChangingResolver(["93.184.216.34"], ["127.0.0.1"])
    guarded = client(resolver=resolver, limits=Limits(attempts=attempts))
    with pytest.raises(SourceError) as caught:
        guarded.fetch(f"http://changing.test:{victim.port}/")
    expected = ("unreachable", 1, 0) if attempts == 1 else ("address", 2, 0)
    assert (caught.value.reason, resolver.calls, victim.connections) == expected


@pytest.mark.parametrize("order", [["127.0.0.1", "127.0.0.2"], ["127.0.0.2", "127.0.0.1"]])
def test_one_private_address_of_several_refuses_the_name(
    order: list[str], site: Listener, victim: Listener, client: Callable[..., GuardedClient]
) -> None:
    resolver = ChangingResolver(order)
    with pytest.raises(SourceError) as caught:
        client("127.0.0.1", resolver=resolver).fetch(f"http://two.test:{site.port}/")
    assert (caught.value.reason, site.connections, victim.connections) == ("address", 0, 0)
    client("127.0.0.0/8", resolver=resolver).fetch(f"http://two.test:{site.port}/")
    assert site.connections == 1


def test_a_proxy_of_the_environment_is_not_used(
    site: Listener,
    victim: Listener,
    client: Callable[..., GuardedClient],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in (
        "http_proxy",
        "HTTP_PROXY",
        "https_proxy",
        "HTTPS_PROXY",
        "all_proxy",
        "ALL_PROXY",
    ):
        monkeypatch.setenv(name, f"http://127.0.0.2:{victim.port}")
    client("127.0.0.0/8").fetch(f"http://127.0.0.1:{site.port}/")
    assert (site.connections, victim.connections) == (1, 0)


def test_secrets_stay_with_the_site_they_are_for(
    site: Listener, victim: Listener, client: Callable[..., GuardedClient]
) -> None:
    """A chain that leaves the site and comes back gets them no more."""
    home = f"http://127.0.0.1:{site.port}"
    site.answers["/"] = (302, {"Location": "/inside"})
    site.answers["/inside"] = (302, {"Location": f"http://127.0.0.2:{victim.port}/away"})
    victim.answers["/away"] = (302, {"Location": f"{home}/back"})
    client("127.0.0.0/8").fetch(f"{home}/", headers={"Authorization": "Bearer s3cret"})
    seen = {path: headers.get("authorization") for path, headers in site.requests + victim.requests}
    assert seen == {"/": "Bearer s3cret", "/inside": "Bearer s3cret", "/away": None, "/back": None}
