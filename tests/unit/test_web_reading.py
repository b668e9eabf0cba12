"""Sitemaps, robots.txt, stamps, endings and what a page says of itself, all of them hostile at times."""

import gzip
import time
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import SourceError
from ingest.web.media_types import ending_of
from ingest.web.page_facts import read_facts
from ingest.web.responses import conditions_of, iso_time, stamp_of
from ingest.web.robots import parse_robots
from ingest.web.sitemap import read_sitemap

PAGE = "https://site.test/docs/page"


def urlset(count: int) -> bytes:
    rows = "".join(
        f"<url><loc> https://site.test/{n} </loc><lastmod>2024</lastmod></url>\n"
        for n in range(count)
    )
    return f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{rows}</urlset>'.encode()


def test_a_sitemap_gives_its_urls_in_order_and_once() -> None:
    content = urlset(2).replace(b"</urlset>", b"<url><loc>https://site.test/0</loc></url></urlset>")
    found = read_sitemap(content)
    assert (found.pages, found.sitemaps, found.is_cut) == (
        ("https://site.test/0", "https://site.test/1"),
        (),
        False,
    )


def test_the_locations_of_pictures_in_a_sitemap_are_no_pages() -> None:
    content = b"<urlset><url><image><loc>https://site.test/i.png</loc></image><loc>https://site.test/a</loc></url></urlset>"
    assert read_sitemap(content).pages == ("https://site.test/a",)


def test_a_sitemap_ends_at_the_limit_and_says_so() -> None:
    assert not read_sitemap(urlset(10), 10).is_cut
    found = read_sitemap(urlset(11), 10)
    assert (len(found.pages), found.is_cut) == (10, True)


def test_a_large_sitemap_takes_little_time() -> None:
    content = gzip.compress(urlset(50_000))
    started = time.thread_time()
    assert len(read_sitemap(content).pages) == 50_000
    assert time.thread_time() - started < 10


def test_a_sitemap_that_unpacks_to_too_much_is_refused() -> None:
    bomb = gzip.compress(bytes(80 * 1024 * 1024), 9)
    tracemalloc.start()
    with pytest.raises(SourceError, match="larger than"):
        read_sitemap(bomb)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 130 * 1024 * 1024


def test_entities_of_a_sitemap_stay_unread() -> None:
    content = (
        b'<!DOCTYPE urlset [<!ENTITY f SYSTEM "file:///etc/hostname"><!ENTITY a "http://127.0.0.1/">]>'
        b"<urlset><url><loc>&f;</loc></url><url><loc>&a;</loc></url></urlset>"
    )
    assert read_sitemap(content).pages == ()


def test_entities_that_multiply_cost_nothing() -> None:
    names = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    content = (
        f'<!DOCTYPE urlset [<!ENTITY e0 "lol">{names}]><urlset><url><loc>&e11;</loc></url></urlset>'
    )
    started = time.thread_time()
    try:
        assert read_sitemap(content.encode()).pages == ()
    except SourceError as error:
        assert "valid XML" in str(error)  # noqa: PT017 - either is fine, a long wait is not
    assert time.thread_time() - started < 1


@pytest.mark.parametrize(
    "content", [b"", b"<html/>", b"<urlset>", b"no xml", b"\x1f\x8bno gzip", gzip.compress(b"text")]
)
def test_what_is_no_sitemap_is_a_source_error(content: bytes) -> None:
    with pytest.raises(SourceError) as caught:
        read_sitemap(content)
    assert caught.value.reason == "sitemap"


@given(st.binary(max_size=300))
def test_any_bytes_are_read_as_robots_facts_and_sitemap_without_another_error(
    content: bytes,
) -> None:
    parse_robots(content).can_fetch("FootnoteBot", PAGE)
    read_facts(content, PAGE, {}, "FootnoteBot")
    try:
        read_sitemap(content)
    except SourceError:
        return


def test_robots_rules_are_for_the_named_agent_first() -> None:
    rules = parse_robots(
        b"\xef\xbb\xbfUser-agent: *\nDisallow: /\n\nUser-agent: FootnoteBot\nDisallow: /docs/secret\nCrawl-delay: 3\n"
    )
    assert rules.can_fetch("FootnoteBot", PAGE)
    assert not rules.can_fetch("FootnoteBot", "https://site.test/docs/secret/x")
    assert not rules.can_fetch("OtherBot", PAGE)
    assert rules.crawl_delay("FootnoteBot") == 3


def test_links_are_read_from_the_base_of_the_page() -> None:
    content = b'<base href="/other/"><a href="a">x</a><area href="b"><a href="#c">x</a><a href="javascript:x()">x</a><a>x</a>'
    assert read_facts(content, PAGE, {}, "x").links == (
        "https://site.test/other/a",
        "https://site.test/other/b",
    )


def test_a_page_in_another_encoding_has_a_readable_title() -> None:
    content = '<meta charset="iso-8859-1"><title>Größe</title>'.encode("latin-1")
    assert read_facts(content, PAGE, {}, "x").title == "Größe"
    assert read_facts("<title>Größe</title>".encode(), PAGE, {}, "x").title == "Größe"


@pytest.mark.parametrize(
    ("header", "verdict"),
    [
        ("noindex", (True, False)),
        ("index, nofollow", (False, True)),
        ("none", (True, True)),
        ("FootnoteBot: noindex", (True, False)),
        ("otherbot: noindex, nofollow", (False, False)),
        ("otherbot: noindex, footnotebot: nofollow", (False, True)),
        ("max-snippet: 20, noindex", (True, False)),
        ("", (False, False)),
    ],
)
def test_robots_headers_are_read_for_this_agent(header: str, verdict: tuple[bool, bool]) -> None:
    facts = read_facts(b"", PAGE, {"x-robots-tag": header}, "FootnoteBot")
    assert (facts.is_noindex, facts.is_nofollow) == verdict


def test_a_page_with_very_many_links_is_cut() -> None:
    content = "".join(f'<a href="/{n}">x</a>' for n in range(20_000)).encode()
    assert len(read_facts(content, PAGE, {}, "x").links) == 5000


def test_a_stamp_is_the_tag_or_the_date_or_the_bytes() -> None:
    date = "Sat, 01 Jan 2022 10:00:00 GMT"
    assert stamp_of({"etag": 'W/"x"', "last-modified": date}, b"a") == 'etag:W/"x"'
    assert stamp_of({"etag": "bare", "last-modified": date}, b"a") == f"modified:{date}"
    assert stamp_of({"last-modified": "yesterday"}, b"a").startswith("sha256:ca978112")
    assert conditions_of('etag:W/"x"') == {"If-None-Match": 'W/"x"'}
    assert conditions_of(f"modified:{date}") == {"If-Modified-Since": date}


@pytest.mark.parametrize(
    "stamp", ["", "sha256:aa", 'etag:"a"\r\nX: y', "modified:now\r\nX: y", "other:x"]
)
def test_a_stamp_that_no_server_gave_asks_nothing(stamp: str) -> None:
    assert conditions_of(stamp) == {}


@given(st.text(max_size=40))
def test_what_is_no_date_is_no_time(text: str) -> None:
    iso_time(text)
    assert stamp_of({"etag": text, "last-modified": text}, b"").partition(":")[0] in (
        "etag",
        "modified",
        "sha256",
    )


@pytest.mark.parametrize(
    ("media_type", "path", "ending"),
    [
        ("text/html; charset=utf-8", "/a.php", ".html"),
        ("TEXT/HTML", "/", ".html"),
        ("application/pdf", "/download", ".pdf"),
        ("application/octet-stream", "/a.PDF", ".pdf"),
        ("application/octet-stream", "/a.exe", ""),
        ("", "/a.docx", ".docx"),
        ("", "/", ""),
        ("text/plain", "/raw/README.md", ".md"),
        ("text/plain", "/run.exe", ".txt"),
        ("image/png", "/a.html", ""),
        ("text/css", "/a.css", ""),
        ("application/zip", "/a.docx", ""),
    ],
)
def test_the_ending_comes_from_the_type_then_the_path(
    media_type: str, path: str, ending: str
) -> None:
    assert ending_of(media_type, path) == ending
