"""Web sources: what the crawler finds on a real site becomes a listing."""

import hashlib
import http.server
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from core.errors import ConfigError, ParseError, SourceError
from ingest.sources.base import Listing, Source
from ingest.sources.web import WebSourceConfig
from ingest.spool import Spool

pytestmark = pytest.mark.integration
MB = 1_000_000


class Site:
    """Pages by path; each has an ETag. `status` overrides the answer of a path."""

    def __init__(self) -> None:
        self.pages: dict[str, tuple[str, bytes]] = {}
        self.status: dict[str, int] = {}
        self.seen: list[tuple[str, str]] = []
        self.address = ""

    def put(self, path: str, body: str | bytes, kind: str = "text/html") -> None:
        self.pages[path] = (kind, body if isinstance(body, bytes) else body.encode())


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.seen.append((self.path, self.headers.get("Authorization", "")))
            kind, body = site.pages.get(self.path, ("text/plain", b""))
            status = site.status.get(self.path, 200 if self.path in site.pages else 404)
            tag = f'"{hashlib.sha256(body).hexdigest()[:8]}"'
            if status == 200 and self.headers.get("If-None-Match") == tag:
                status, body = 304, b""
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("ETag", tag)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    site.address = f"http://127.0.0.1:{server.server_port}"
    site.put("/docs/", '<h1>Start</h1><a href="a">a</a> <a href="hr/b">b</a> <a href="c.pdf">c</a>')
    site.put("/docs/a", "<h1>A</h1>")
    site.put("/docs/hr/b", "<h1>B</h1>")
    site.put("/docs/c.pdf", b"%PDF-1.4", "application/pdf")
    yield site
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    with closing(Spool(tmp_path / "data")) as spool:
        yield spool


@pytest.fixture
def source(site: Site, tmp_path: Path) -> Callable[..., Source]:
    def make(**fields: Any) -> Source:
        config = WebSourceConfig(
            **{
                "type": "web",
                "urls": [f"{site.address}/docs/"],
                "follow": True,
                "delay_s": 0,
                "allow_addresses": ["127.0.0.1/32"],
                "allow_ports": [int(site.address.rpartition(":")[2])],
                "access": ["group:staff"],
                **fields,
            }
        )
        return config.build("wiki", tmp_path, tmp_path / "state")

    return make


def stamps(listing: Listing) -> dict[str, str]:
    return {item.uri: item.stamp for item in listing.items}


def test_pages_are_listed_with_their_bytes_in_the_spool(
    site: Site, source: Callable[..., Source], spool: Spool
) -> None:
    listing = source().list({}, spool)
    assert listing.problem == ""
    items = {item.uri.removeprefix(site.address): item for item in listing.items}
    assert sorted(items) == ["/docs/", "/docs/a", "/docs/c.pdf", "/docs/hr/b"]
    assert Path(items["/docs/a"].path).read_bytes() == b"<h1>A</h1>"
    assert [items[path].name for path in sorted(items)] == [
        "page.html", "a.html", "c.pdf", "b.html",
    ]  # fmt: skip
    assert items["/docs/a"].url == f"{site.address}/docs/a"
    assert items["/docs/a"].access == ("group:staff",)


def test_an_unchanged_page_keeps_its_stamp_and_is_fetched_only_when_it_is_asked_for(
    site: Site, source: Callable[..., Source], spool: Spool
) -> None:
    wiki = source()
    first = stamps(wiki.list({}, spool))
    site.put("/docs/a", "<h1>A, second</h1>")
    listing = wiki.list(first, spool)
    changed = [item.uri for item in listing.items if item.path]
    assert changed == [f"{site.address}/docs/a"]
    second = stamps(listing)
    assert {uri for uri in first if first[uri] != second[uri]} == set(changed)
    kept = next(item for item in listing.items if item.uri.endswith("c.pdf"))
    assert wiki.fetch(kept, MB) == b"%PDF-1.4"
    with pytest.raises(ParseError) as caught:
        wiki.fetch(kept, 3)
    assert caught.value.reason == "too_large"
    site.status["/docs/c.pdf"] = 403
    with pytest.raises(ParseError) as caught:
        wiki.fetch(kept, MB)
    assert caught.value.reason == "access"


def test_rules_match_the_path_of_an_address(
    site: Site, source: Callable[..., Source], spool: Spool
) -> None:
    rules = [{"match": "docs/hr/**", "access": ["group:hr"]}]
    listing = source(rules=rules).list({}, spool)
    closed = f"{site.address}/docs/hr/b"
    assert {item.uri for item in listing.items if item.access == ("group:hr",)} == {closed}
    assert listing.ruled == {closed}


def test_a_page_that_cannot_be_seen_leaves_the_listing_incomplete(
    site: Site, source: Callable[..., Source], spool: Spool
) -> None:
    wiki = source()
    remembered = stamps(wiki.list({}, spool))
    site.status["/docs/a"] = 403
    site.status["/docs/hr/b"] = 410
    listing = wiki.list(remembered, spool)
    assert "/docs/a" in listing.problem
    assert listing.gone == {f"{site.address}/docs/hr/b"}
    assert len(listing.items) == 2


def test_a_page_that_is_gone_leaves_the_listing_complete(
    site: Site, source: Callable[..., Source], spool: Spool
) -> None:
    wiki = source()
    remembered = stamps(wiki.list({}, spool))
    del site.pages["/docs/a"]
    listing = wiki.list(remembered, spool)
    assert listing.problem == ""
    assert f"{site.address}/docs/a" not in stamps(listing)


def test_a_site_of_which_nothing_can_be_read_is_a_source_error(
    site: Site, source: Callable[..., Source], spool: Spool
) -> None:
    site.status["/docs/"] = 403
    with pytest.raises(SourceError, match="No page of source 'wiki'"):
        source().list({}, spool)


def test_an_address_of_this_network_is_refused_unless_it_is_allowed(
    source: Callable[..., Source], spool: Spool
) -> None:
    with pytest.raises(SourceError, match="No page"):
        source(allow_addresses=[]).list({}, spool)


def test_a_secret_header_comes_from_the_environment(
    site: Site,
    source: Callable[..., Source],
    spool: Spool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    headers = [{"name": "Authorization", "value": "Bearer", "token_env": "WIKI_TOKEN"}]
    with pytest.raises(ConfigError, match="WIKI_TOKEN"):
        source(headers=headers)
    monkeypatch.setenv("WIKI_TOKEN", "hunter2")
    wiki = source(headers=headers)
    wiki.list({}, spool)
    assert ("/docs/a", "Bearer hunter2") in site.seen
    assert "hunter2" not in repr(wiki)
