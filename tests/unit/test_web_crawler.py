"""Which pages a crawl finds, which are gone, and when it must not be believed."""

import hashlib
from collections.abc import Mapping
from typing import Any

import pytest
from pydantic import ValidationError

from core.errors import ConfigError, SourceError
from ingest.web.crawler import Crawl, Page, crawl
from ingest.web.responses import Fetched, NotModified, Wanted, conditions_of
from ingest.web.web_config import WebConfig, request_headers

SITE = "http://site.test"
HTML = {"content-type": "text/html; charset=utf-8"}


def html(*links: str, head: str = "", title: str = "T") -> bytes:
    body = "".join(f'<a href="{link}">x</a>' for link in links)
    return f"<html><head><title>{title}</title>{head}</head><body>{body}</body></html>".encode()


class FakeSite:
    """Answers from a table: bytes are a page, a number a status, text a redirect, an error is raised."""

    def __init__(self, answers: Mapping[str, Any]) -> None:
        self.answers = {f"{SITE}/robots.txt": 404}
        self.answers |= {
            place if "://" in place else SITE + place: answer for place, answer in answers.items()
        }
        self.asked: list[str] = []
        self.headers: dict[str, Mapping[str, str]] = {}

    def fetch(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        remembered: Mapping[str, str] | None = None,
        wanted: Wanted | None = None,
    ) -> Fetched | NotModified:
        self.asked.append(url)
        self.headers[url] = headers or {}
        answer = self.answers.get(url, 404)
        if isinstance(answer, SourceError):
            raise answer
        if isinstance(answer, str):
            return self.fetch(answer, remembered=remembered, wanted=wanted)
        if isinstance(answer, int):
            return Fetched(url, answer)
        content, own = answer if isinstance(answer, tuple) else (answer, HTML)
        if own.get("etag") and conditions_of((remembered or {}).get(url, "")) == {
            "If-None-Match": own["etag"]
        }:
            return NotModified(url, own)
        if wanted is not None and not wanted(url, own.get("content-type", "")):
            return Fetched(url, 200, own, is_wanted=False)
        return Fetched(url, 200, own, content)


def run(
    answers: Mapping[str, Any], remembered: Mapping[str, str] | None = None, **config: Any
) -> tuple[dict[str, Page], Crawl, FakeSite]:
    site = FakeSite(answers)
    config = {"urls": [f"{SITE}/docs/"], "follow": True, "delay_s": 0} | config
    steps = crawl(WebConfig.model_validate(config), site, remembered or {})
    pages: dict[str, Page] = {}
    while True:
        try:
            page = next(steps)
        except StopIteration as end:
            return pages, end.value, site
        assert page.url not in pages
        pages[page.url.removeprefix(SITE)] = page


def stamp(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def test_links_are_followed_within_the_folder_of_the_start_page() -> None:
    pages, end, site = run(
        {
            "/docs/": html(
                "a", "/docs/b?x=1#part", "/other", "https://else.test/docs/", "mailto:x@y.z"
            ),
            "/docs/a": html("/docs/", "c"),
            "/docs/b?x=1": html(),
            "/docs/c": html(title=" The \n  third "),
            "/other": html(),
        }
    )
    assert list(pages) == ["/docs/", "/docs/a", "/docs/b?x=1", "/docs/c"]
    assert (end.pages, end.visited, end.complete, end.problems, end.gone) == (4, 4, True, (), ())
    assert pages["/docs/c"].title == "The third"
    assert not [url for url in site.asked if "other" in url or "else" in url]


def test_without_follow_only_the_named_pages_are_read() -> None:
    pages, end, _ = run({"/docs/": html("a"), "/docs/a": html()}, follow=False)
    assert (list(pages), end.complete) == (["/docs/"], True)


def test_the_depth_ends_a_crawl_that_is_complete_all_the_same() -> None:
    chain = {f"/docs/{n}": html(f"{n + 1}") for n in range(9)}
    pages, end, _ = run({"/docs/": html("0"), **chain}, max_depth=2)
    assert (list(pages), end.complete) == (["/docs/", "/docs/0", "/docs/1"], True)


def test_more_pages_than_allowed_make_the_listing_incomplete() -> None:
    answers = {
        "/docs/": html("a", "b", "c"),
        "/docs/a": html(),
        "/docs/b": html(),
        "/docs/c": html(),
    }
    pages, end, _ = run(answers, max_pages=3)
    assert (len(pages), end.complete) == (3, False)
    assert "Raise max_pages" in end.problems[0][1]
    assert run(answers, max_pages=4)[1].complete


def test_patterns_decide_what_becomes_a_document() -> None:
    answers = {
        "/docs/": html("keep/a", "keep/print/a", "drop/a"),
        "/docs/keep/a": html("b"),
        "/docs/keep/b": html(),
        "/docs/keep/print/a": html(),
        "/docs/drop/a": html(),
    }
    pages, _, site = run(answers, include=["/docs/keep/*"], exclude=["*/print/*"])
    assert list(pages) == ["/docs/keep/a", "/docs/keep/b"]
    assert not [url for url in site.asked if "print" in url or "drop" in url]


@pytest.mark.parametrize("status", [404, 410])
def test_a_page_that_does_not_exist_is_gone(status: int) -> None:
    _, end, _ = run({"/docs/": html("a"), "/docs/a": status}, {f"{SITE}/docs/a": "etag:x"})
    assert (end.gone, end.complete, end.problems) == ((f"{SITE}/docs/a",), True, ())


@pytest.mark.parametrize(
    "failure",
    [500, 502, 503, 429, 408, SourceError("slow", "timeout"), SourceError("no", "unreachable")],
)
def test_an_outage_makes_the_listing_incomplete(failure: Any) -> None:
    pages, end, _ = run({"/docs/": html("a", "b"), "/docs/a": failure, "/docs/b": html()})
    assert list(pages) == ["/docs/", "/docs/b"]
    assert (end.gone, end.complete, end.problems[0][0]) == ((), False, f"{SITE}/docs/a")


@pytest.mark.parametrize(
    "failure", [401, 403, 400, SourceError("large", "too_large"), "https://sso.test/"]
)
@pytest.mark.parametrize("is_known", [True, False])
def test_a_refusal_matters_where_a_document_is_at_stake(failure: Any, is_known: bool) -> None:
    known = {f"{SITE}/docs/a": "etag:x"} if is_known else {}
    answers = {"/docs/": html("a"), "/docs/a": failure, "https://sso.test/": html()}
    pages, end, _ = run(answers, known)
    assert (list(pages), end.complete, len(end.problems)) == (["/docs/"], not is_known, 1)


def test_a_start_page_that_is_gone_says_nothing_of_the_pages_below_it() -> None:
    _, end, _ = run({"/docs/": 404}, {f"{SITE}/docs/a": "etag:x"})
    assert (end.gone, end.complete) == ((f"{SITE}/docs/",), False)
    _, end, _ = run({"/docs/": 404}, follow=False)
    assert (end.gone, end.complete) == ((f"{SITE}/docs/",), True)


def test_a_site_that_is_down_is_left_alone_after_five_failures() -> None:
    links = [f"p{n}" for n in range(50)]
    _, end, site = run({"/docs/": html(*links), **{f"/docs/{link}": 500 for link in links}})
    assert (end.complete, end.visited) == (False, 6)
    assert any("5 times in a row" in sentence for _, sentence in end.problems)
    assert len(site.asked) == 7


@pytest.mark.parametrize(
    "login",
    [
        {"/docs/a": f"{SITE}/docs/login?next=a", "/docs/login?next=a": html()},
        {"/docs/a": html(head='<input type="password">', title="Log in to the wiki")},
    ],
)
def test_a_login_in_place_of_a_page_removes_nothing(login: dict[str, Any]) -> None:
    pages, end, _ = run({"/docs/": html("a"), **login}, {f"{SITE}/docs/a": "etag:x"})
    assert (list(pages), end.complete, end.gone) == (["/docs/"], False, ())
    assert "asks for a login" in end.problems[0][1]


def test_a_link_to_the_login_page_is_no_document_and_no_problem() -> None:
    answers = {"/docs/": html("login"), "/docs/login": html(head='<input type="password">')}
    pages, end, _ = run(answers)
    assert (list(pages), end.complete, end.problems) == (["/docs/"], True, ())


def test_a_redirect_is_one_page_under_its_last_address() -> None:
    answers = {
        "/docs/": html("old", "new", "old2"),
        "/docs/old": f"{SITE}/docs/new",
        "/docs/new": html(),
    }
    pages, end, _ = run(answers | {"/docs/old2": f"{SITE}/docs/new"})
    assert (list(pages), end.complete) == (["/docs/", "/docs/new"], True)


def test_a_site_that_moves_to_https_is_the_same_site() -> None:
    answers = {
        "/docs/": "https://site.test/docs/",
        "https://site.test/robots.txt": 404,
        "https://site.test/docs/": html("a"),
        "https://site.test/docs/a": html(),
    }
    headers = [{"name": "X-Key", "value": "v"}]
    pages, _, _ = run(answers, headers=headers)
    assert list(pages) == ["https://site.test/docs/", "https://site.test/docs/a"]


def test_pages_that_do_not_want_to_be_found_are_not() -> None:
    robots = '<meta name="robots" content="{}">'
    answers = {
        "/docs/": html("a", "b", "c", "d", "e"),
        "/docs/a": html("only-a", head=robots.format("noindex")),
        "/docs/b": html("only-b", head=robots.format("nofollow")),
        "/docs/c": (html("only-c"), HTML | {"x-robots-tag": "none"}),
        "/docs/d": (html("only-d"), HTML | {"x-robots-tag": "otherbot: noindex, nofollow"}),
        "/docs/e": html(head='<meta name="FootnoteBot" content="NOINDEX">'),
        **{f"/docs/only-{name}": html() for name in "abcd"},
    }
    pages, end, _ = run(answers, {f"{SITE}/docs/a": "etag:x"})
    assert list(pages) == ["/docs/", "/docs/b", "/docs/d", "/docs/only-a", "/docs/only-d"]
    assert set(end.gone) == {f"{SITE}/docs/a", f"{SITE}/docs/c", f"{SITE}/docs/e"}


def test_a_link_marked_nofollow_is_not_followed() -> None:
    page = b'<a rel="nofollow" href="a">x</a><a href="b">y</a>'
    assert list(run({"/docs/": page, "/docs/a": html(), "/docs/b": html()})[0]) == [
        "/docs/",
        "/docs/b",
    ]


def test_robots_txt_is_obeyed() -> None:
    robots = b"User-agent: FootnoteBot\nDisallow: /docs/secret\nUser-agent: *\nDisallow: /\n"
    answers = {"/robots.txt": (robots, {}), "/docs/": html("a", "secret"), "/docs/a": html()}
    pages, end, site = run(answers | {"/docs/secret": html()})
    assert (list(pages), end.complete) == (["/docs/", "/docs/a"], True)
    assert f"{SITE}/docs/secret" not in site.asked
    pages, end, _ = run(answers, user_agent="OtherBot")
    assert (list(pages), end.problems[0][1]) == ([], "The site's robots.txt forbids this page.")


@pytest.mark.parametrize("failure", [500, 429, SourceError("slow", "timeout")])
def test_a_robots_txt_that_cannot_be_read_closes_the_site_for_this_run(failure: Any) -> None:
    pages, end, site = run({"/robots.txt": failure, "/docs/": html()})
    assert (pages, end.complete, len(end.problems)) == ({}, False, 1)
    assert site.asked == [f"{SITE}/robots.txt"]


def canonical(place: str) -> str:
    return f'<link rel="canonical" href="{place}">'


def test_a_canonical_link_stands_for_its_copies() -> None:
    answers = {
        "/docs/": html("p?utm=1", "p?utm=2"),
        "/docs/p": html(head=canonical("/docs/p")),
        "/docs/p?utm=1": html(head=canonical("/docs/p")),
        "/docs/p?utm=2": (html(), HTML | {"link": f'<{SITE}/docs/p>; rel="canonical"'}),
    }
    assert list(run(answers)[0]) == ["/docs/", "/docs/p"]


def test_canonical_links_lose_no_page() -> None:
    """Two pages that name each other, one that names a missing page, and the mistake of naming the home page."""
    answers = {
        "/docs/": html("a", "b", "lost", "c", "d"),
        "/docs/a": html(head=canonical("b")),
        "/docs/b": html(head=canonical("a")),
        "/docs/c": html(head=canonical("/")),
        "/docs/d": html(head=canonical("lost")),
    }
    assert list(run(answers)[0]) == ["/docs/", "/docs/b", "/docs/c", "/docs/d"]


def test_an_unchanged_page_has_no_content() -> None:
    tagged, plain, dated = (
        HTML | {"etag": '"1"'},
        html("a", "b"),
        HTML | {"last-modified": "Sat, 01 Jan 2022 00:00:00 GMT"},
    )
    answers = {"/docs/": plain, "/docs/a": (html(), tagged), "/docs/b": (html(), dated)}
    first, _, _ = run(answers)
    assert all(page.content for page in first.values())
    remembered = {page.url: page.stamp for page in first.values()}
    assert remembered[f"{SITE}/docs/"] == stamp(plain)
    assert first["/docs/b"].modified == "2022-01-01T00:00:00+00:00"
    again, end, _ = run(answers, remembered)
    assert list(again) == list(first)
    assert [page.content is None for page in again.values()] == [True, True, False]
    assert {page.url: page.stamp for page in again.values()} == remembered
    assert end.complete


def test_a_changed_page_has_content_and_a_new_stamp() -> None:
    first, _, _ = run({"/docs/": (b"one", HTML | {"etag": '"1"'})})
    page = first["/docs/"]
    again, _, _ = run({"/docs/": (b"two", HTML | {"etag": '"2"'})}, {page.url: page.stamp})
    assert (again["/docs/"].content, again["/docs/"].stamp) == (b"two", 'etag:"2"')


def test_what_is_no_document_is_not_read() -> None:
    answers = {
        "/docs/": html("film.mp4", "paper.pdf", "logo"),
        "/docs/film.mp4": (b"x", {"content-type": "video/mp4"}),
        "/docs/paper.pdf": (b"%PDF", {"content-type": "application/octet-stream"}),
        "/docs/logo": (b"x", {"content-type": "image/png"}),
    }
    pages, end, _ = run(answers)
    assert (list(pages), end.complete) == (["/docs/", "/docs/paper.pdf"], True)


def sitemap(*places: str, kind: str = "urlset") -> tuple[bytes, dict[str, str]]:
    inner = "url" if kind == "urlset" else "sitemap"
    rows = "".join(f"<{inner}><loc>{place}</loc></{inner}>" for place in places)
    space = "http://www.sitemaps.org/schemas/sitemap/0.9"
    return f'<?xml version="1.0"?><{kind} xmlns="{space}">{rows}</{kind}>'.encode(), {}


def test_sitemaps_list_pages_of_their_own_site() -> None:
    answers = {
        "/sitemap.xml": sitemap(
            f"{SITE}/one.xml", f"{SITE}/one.xml", f"{SITE}/sitemap.xml", kind="sitemapindex"
        ),
        "/one.xml": sitemap(
            f"{SITE}/a", f"{SITE}/b#x", "http://169.254.169.254/", "file:///etc/passwd"
        ),
        "/a": html("c"),
        "/b": html(),
        "/c": html(),
    }
    config = {"urls": [], "sitemaps": [f"{SITE}/sitemap.xml"], "follow": False}
    pages, end, site = run(answers, **config)
    assert (list(pages), end.complete) == (["/a", "/b"], True)
    assert "2 addresses" in end.problems[0][1]
    assert not [url for url in site.asked if not url.startswith(SITE)]
    assert list(run(answers, **config | {"follow": True})[0]) == ["/a", "/b", "/c"]


@pytest.mark.parametrize("failure", [404, 500, (b"<html/>", HTML), SourceError("slow", "timeout")])
def test_a_sitemap_that_cannot_be_read_makes_the_listing_incomplete(failure: Any) -> None:
    pages, end, _ = run({"/s.xml": failure, "/docs/": html()}, sitemaps=[f"{SITE}/s.xml"])
    assert (list(pages), end.complete, end.problems[0][0]) == (["/docs/"], False, f"{SITE}/s.xml")


def test_requests_to_a_host_keep_their_distance() -> None:
    waits: list[float] = []
    robots = b"User-agent: *\nCrawl-delay: 3600\n"
    site = FakeSite({"/robots.txt": (robots, {}), "/docs/": html("a"), "/docs/a": html()})
    config = WebConfig(urls=(f"{SITE}/docs/",), follow=True, delay_s=2)
    assert len(list(crawl(config, site, {}, wait=waits.append))) == 2
    assert len(waits) == 1
    assert 9 < waits[0] <= 10  # What the site asks for, up to ten seconds.


def test_headers_go_to_the_named_sites_only() -> None:
    config = WebConfig.model_validate(
        {
            "urls": [f"{SITE}/"],
            "headers": [{"name": "Authorization", "value": "Bearer", "token_env": "WIKI_TOKEN"}],
        }
    )
    headers = request_headers(config, {"WIKI_TOKEN": "s3cret\n"})
    assert headers == {"Authorization": "Bearer s3cret"}
    site = FakeSite({"/": "https://site.test/", "https://site.test/": html()})
    list(crawl(config, site, {}, headers=headers, wait=lambda _: None))
    assert site.headers[f"{SITE}/"] == headers
    assert site.headers["https://site.test/robots.txt"] == {}
    for environment in ({}, {"WIKI_TOKEN": ""}, {"WIKI_TOKEN": "a\r\nHost: b"}):
        with pytest.raises(ConfigError, match="WIKI_TOKEN"):
            request_headers(config, environment)


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"urls": ["ftp://site.test/"]},
        {"urls": ["https://user:pw@site.test/"]},
        {"urls": [f"{SITE}/"], "allow_addresses": ["intranet"]},
        {"urls": [f"{SITE}/"], "user_agent": "Bad\r\nAgent"},
        {"urls": [f"{SITE}/"], "headers": [{"name": "Bad: name"}]},
        {"urls": [f"{SITE}/"], "headers": [{"name": "X", "value": "a\r\nb"}]},
        {"urls": [f"{SITE}/"], "depth": 3},
    ],
)
def test_a_configuration_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        WebConfig.model_validate(wrong)


def test_every_field_is_described() -> None:
    assert all(field.description for field in WebConfig.model_fields.values())


def test_a_redirect_to_a_site_whose_robots_txt_fails_removes_nothing() -> None:
    answers = {
        "/docs/": "https://site.test/docs/",
        "https://site.test/robots.txt": 500,
        "https://site.test/docs/": html(),
    }
    pages, end, _ = run(answers)
    assert (pages, end.complete, len(end.problems)) == ({}, False, 1)
