"""Lists the pages of a web source, one by one, and says what is gone and what could not be seen.

    start pages, sitemaps ──▶ waiting URLs ──▶ robots.txt ──▶ fetch ──▶ Page
                                  ▲                             │
                                  └──── links, canonical ◀──────┘

The rule that must not be broken: an outage removes nothing. Only 404, 410 and "noindex" say that a page is gone;
whatever else keeps a page from being seen makes the listing incomplete, unless it never was a document.
"""

import time
from collections import deque
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import Literal

from core.errors import SourceError
from ingest.web.media_types import ending_of
from ingest.web.page_facts import PageFacts, is_login_path, read_facts
from ingest.web.responses import Fetched, Fetcher, NotModified, Wanted, iso_time, stamp_of
from ingest.web.robots import Robots
from ingest.web.scope import Scope
from ingest.web.sitemap import MAX_URLS, read_sitemap
from ingest.web.urls import normal_url, parse_web_url
from ingest.web.web_config import WebConfig

_MAX_SITEMAPS = 500
_MAX_KNOWN = 200_000  # URLs that one run remembers having seen, some 40 MB
_MAX_OUTAGES = 5
_HTML_ENDINGS = frozenset({"", ".html", ".htm", ".xhtml"})
_GONE = frozenset({404, 410})
_LASTING_REASONS = frozenset({"too_large", "redirect", "url", "address", "protocol", "certificate"})
_LOGIN_TITLES = ("log in", "login", "sign in", "anmelden", "anmeldung")

Origin = Literal["start", "sitemap", "link", "canonical"]


@dataclass(frozen=True, slots=True)
class Page:
    """One page. `url` is its normal URL after redirects; `content` is None when it did not change.

    `stamp` is to be remembered for the next run. `media_type` is '' where the site did not say; `modified` is
    ISO 8601 or ''. `title` is that of an HTML page, '' when it was not read.
    """

    url: str
    stamp: str
    content: bytes | None
    media_type: str = ""
    modified: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class Crawl:
    """The end of a run. `gone` are URLs that are no pages any more, also when the rest is not `complete`.

    When it is complete, every remembered page that was not yielded is gone too. `problems` has (URL, sentence).
    """

    pages: int
    visited: int
    gone: tuple[str, ...]
    complete: bool
    problems: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class _Waiting:
    url: str
    depth: int
    origin: Origin


def crawl(
    config: WebConfig,
    client: Fetcher,
    remembered: Mapping[str, str],
    *,
    headers: Mapping[str, str] | None = None,
    wait: Callable[[float], None] = time.sleep,
) -> Generator[Page, None, Crawl]:
    """Yield the source's pages as they are read; the generator's return value is the summary.

        `remembered` maps the URLs of known pages to their stamps. `headers` go to the sites that the configuration
    names (`request_headers`). A page whose links are followed is read in full even if it is remembered, as a
    "not modified" has no links; its content is None all the same when its tag or its bytes are the same.
    """
    run = _Run(config, client, remembered, headers or {}, wait)
    for url in config.urls:
        run.expect(_Waiting(url, 0, "start"))
    run.read_sitemaps()
    while run.waiting:
        if run.visited >= config.max_pages:
            run.report(
                run.waiting[0].url,
                f"More than {config.max_pages} pages; the rest was not visited. Raise max_pages, or exclude some.",
            )
            break
        page = run.visit(run.waiting.popleft())
        if page is not None:
            run.pages += 1
            yield page
    return run.summary()


class _Run:
    """What one run has seen so far."""

    def __init__(
        self,
        config: WebConfig,
        client: Fetcher,
        remembered: Mapping[str, str],
        headers: Mapping[str, str],
        wait: Callable[[float], None],
    ) -> None:
        self._config = config
        self._client = client
        self._remembered = remembered
        self._headers = headers
        self._wait = wait
        self._scope = Scope(config)
        self._agent = config.user_agent.partition("/")[0]
        self._robots = Robots(client, config.user_agent)
        self._outages: dict[str, int] = {}
        self._asked_at: dict[str, float] = {}
        self._known: set[str] = set()
        self._answered: set[str] = set()
        self._stepped_aside: set[str] = set()
        self._failed: set[str] = set()
        self._gone: dict[str, None] = {}
        self._problems: list[tuple[str, str]] = []
        self._silent_sites: set[str] = set()
        self._complete = True
        self.waiting: deque[_Waiting] = deque()
        self.visited = 0
        self.pages = 0

    def summary(self) -> Crawl:
        """Return what the run came to."""
        return Crawl(
            self.pages, self.visited, tuple(self._gone), self._complete, tuple(self._problems)
        )

    def expect(self, item: _Waiting) -> None:
        """Put a URL in line, once."""
        if item.url in self._known:
            return
        if len(self._known) >= _MAX_KNOWN:
            if self._complete:
                self.report(item.url, f"The site has more than {_MAX_KNOWN:,} links. Exclude some.")
            return
        self._known.add(item.url)
        self.waiting.append(item)

    def report(self, url: str, sentence: str, *, lasting: bool = False) -> None:
        """Keep a problem. Unless it is `lasting`, and no document is at stake, pages may have been missed."""
        self._problems.append((url, sentence))
        self._failed.add(url)
        self._complete = self._complete and lasting

    def read_sitemaps(self) -> None:
        """Put the pages of all sitemaps in line."""
        places = deque(self._config.sitemaps)
        seen = set(places)
        taken = 0
        while places:
            place = places.popleft()
            try:
                found = read_sitemap(self._sitemap_bytes(place), MAX_URLS - taken)
            except SourceError as error:
                self.report(place, str(error))
                continue
            taken += len(found.pages) + len(found.sitemaps)
            self._expect_listed(place, found.pages)
            for url in self._own(place, found.sitemaps):
                if url not in seen and len(seen) < _MAX_SITEMAPS:
                    seen.add(url)
                    places.append(url)
            if found.is_cut or len(seen) >= _MAX_SITEMAPS:
                self.report(place, "The sitemaps list too many pages; some were not read.")
                return

    def _sitemap_bytes(self, place: str) -> bytes:
        answer = self._ask(place, {})
        if not isinstance(answer, Fetched) or not 200 <= answer.status < 300:
            status = answer.status if isinstance(answer, Fetched) else 304
            raise SourceError(f"The sitemap {place!r} was answered with {status}.", "status")
        return answer.content

    def _expect_listed(self, place: str, urls: tuple[str, ...]) -> None:
        for url in self._own(place, urls):
            if self._scope.wants(url):
                self.expect(_Waiting(url, 0, "sitemap"))

    def _own(self, place: str, urls: tuple[str, ...]) -> list[str]:
        """Return the normal URLs of this source's sites; the others are reported as one problem."""
        own: list[str] = []
        for url in urls:
            try:
                normal = normal_url(url, place)
            except SourceError:
                continue
            if self._scope.has_site(normal):
                own.append(normal)
        if len(own) < len(urls):
            self.report(
                place,
                f"{len(urls) - len(own)} addresses in this sitemap are of other sites, or not valid; they were "
                "left out.",
                lasting=True,
            )
        return own

    def visit(self, item: _Waiting) -> Page | None:
        """Read one URL; None when it is no page of its own, gone, or not to be seen now."""
        if not self._may_visit(item):
            return None
        self.visited += 1
        try:
            answer = self._ask(item.url, self._conditions(item), self._is_document)
        except SourceError as error:
            self.report(item.url, str(error), lasting=self._is_lasting(item, error.reason))
            self._count_outage(item.url, error.reason not in _LASTING_REASONS)
            return None
        self._count_outage(item.url, isinstance(answer, Fetched) and answer.status >= 500)
        if isinstance(answer, Fetched) and not 200 <= answer.status < 300:
            self._note_status(item, answer.status)
            return None
        if not self._is_new_place(item, answer.url):
            return None
        if isinstance(answer, NotModified):
            return self._unchanged(answer)
        return self._read(item, answer)

    def _may_visit(self, item: _Waiting) -> bool:
        site = parse_web_url(item.url).origin
        if site in self._silent_sites:
            return False
        rules = self._robots.rules_for(item.url, self._own_headers(item.url))
        if rules.problem:
            self._silent_sites.add(site)
            self.report(item.url, rules.problem)
            return False
        if not rules.allows(item.url):
            if item.origin == "start":
                self.report(item.url, "The site's robots.txt forbids this page.", lasting=True)
            return False
        return True

    def _count_outage(self, url: str, is_outage: bool) -> None:
        """Leave a site alone that is down: a thousand pages that time out would take half a day."""
        site = parse_web_url(url).origin
        self._outages[site] = self._outages.get(site, 0) + 1 if is_outage else 0
        if self._outages[site] == _MAX_OUTAGES and site not in self._silent_sites:
            self._silent_sites.add(site)
            self.report(
                f"{site}/",
                f"The site failed {_MAX_OUTAGES} times in a row; the rest of it was not visited.",
            )

    def _ask(
        self, url: str, remembered: Mapping[str, str], wanted: Wanted | None = None
    ) -> Fetched | NotModified:
        self._be_polite(url)
        return self._client.fetch(
            url, headers=self._own_headers(url), remembered=remembered, wanted=wanted
        )

    def _be_polite(self, url: str) -> None:
        host = parse_web_url(url).host
        last = self._asked_at.get(host)
        if last is not None:
            asked_s = self._robots.rules_for(url, self._own_headers(url)).delay_s
            left_s = last + max(self._config.delay_s, asked_s) - time.monotonic()
            if left_s > 0:
                self._wait(left_s)
        self._asked_at[host] = time.monotonic()

    def _own_headers(self, url: str) -> Mapping[str, str]:
        return self._headers if self._scope.is_named(url) else {}

    def _is_document(self, url: str, content_type: str) -> bool:
        return bool(ending_of(content_type, parse_web_url(url).path))

    def _conditions(self, item: _Waiting) -> Mapping[str, str]:
        return {} if self._needs_links(item) else self._remembered

    def _needs_links(self, item: _Waiting) -> bool:
        if not self._config.follow or item.depth >= self._config.max_depth:
            return False
        return ending_of("", parse_web_url(item.url).path) in _HTML_ENDINGS

    def _is_lasting(self, item: _Waiting, reason: str) -> bool:
        """Say whether a failure only means that this URL never was a page of the source."""
        is_known = item.url in self._remembered or item.origin != "link"
        return reason in _LASTING_REASONS and not is_known

    def _note_status(self, item: _Waiting, status: int) -> None:
        if status in _GONE:
            self._gone[item.url] = None
            self._failed.add(item.url)
            if item.origin == "start":
                # Without a page to start from, nothing is known of those that it led to.
                self.report(item.url, "This page does not exist.", lasting=not self._config.follow)
            return
        is_refusal = 300 <= status < 500 and status not in (408, 429)
        lasting = is_refusal and self._is_lasting(item, "url")
        why = " (it wants a login)" if status in (401, 403) else ""
        self.report(item.url, f"The site answered with {status}{why}.", lasting=lasting)

    def _is_new_place(self, item: _Waiting, url: str) -> bool:
        """Say whether what a URL led to is a page of this source that was not seen yet."""
        if url in self._answered:
            return False
        if url != item.url:
            if not self._scope.has_site(url):
                site = parse_web_url(url).origin
                self.report(
                    item.url,
                    f"The page redirects to {site}, which is no site of this source. Name it under urls, or "
                    "exclude the page.",
                    lasting=self._is_lasting(item, "redirect"),
                )
                return False
            if item.origin == "link" and not self._scope.has_folder(url):
                return False
            rules = self._robots.rules_for(url, self._own_headers(url))
            if rules.problem:
                self.report(item.url, rules.problem)
            if not rules.allows(url):
                return False
        self._answered.add(url)
        self._known.add(url)
        return True

    def _unchanged(self, answer: NotModified) -> Page | None:
        facts = read_facts(b"", answer.url, answer.headers, self._agent)
        if facts.is_noindex:
            self._gone[answer.url] = None
            return None
        if not self._scope.wants(answer.url):
            return None
        modified = iso_time(answer.headers.get("last-modified", ""))
        media_type = answer.headers.get("content-type", "")
        return Page(answer.url, self._remembered[answer.url], None, media_type, modified)

    def _read(self, item: _Waiting, answer: Fetched) -> Page | None:
        url, media_type = answer.url, answer.headers.get("content-type", "")
        is_html = ending_of(media_type, parse_web_url(url).path) in (".html", ".htm", ".xhtml")
        facts = read_facts(answer.content if is_html else b"", url, answer.headers, self._agent)
        if self._is_login(item, url, facts):
            return None
        if self._config.follow and item.depth < self._config.max_depth and not facts.is_nofollow:
            for link in facts.links:
                if link in self._known:
                    continue
                if self._scope.has_folder(link) and self._scope.wants(link):
                    self.expect(_Waiting(link, item.depth + 1, "link"))
        if facts.is_noindex:
            self._gone[url] = None
            return None
        if not answer.is_wanted or not self._scope.wants(url):
            if item.origin == "start" and not answer.is_wanted:
                self.report(item.url, f"This is no document ({media_type[:60]}).", lasting=True)
            return None
        if self._steps_aside(item, url, facts.canonical):
            return None
        stamp = stamp_of(answer.headers, answer.content)
        # A date counts in seconds: two versions of one second have the same.
        is_same = stamp == self._remembered.get(url) and not stamp.startswith("modified:")
        return Page(
            url,
            stamp,
            None if is_same else answer.content,
            media_type,
            iso_time(answer.headers.get("last-modified", "")),
            facts.title,
        )

    def _is_login(self, item: _Waiting, url: str, facts: PageFacts) -> bool:
        """Say whether a login came instead of the page: that of a site whose token is no longer good."""
        asked, path = parse_web_url(item.url).path, parse_web_url(url).path
        if is_login_path(asked):
            return facts.asks_password and item.origin == "link"
        is_titled = facts.asks_password and facts.title.casefold().startswith(_LOGIN_TITLES)
        if not is_titled and not is_login_path(path):
            return False
        self.report(
            item.url,
            "The site asks for a login instead of showing the page. Check the headers and their secrets.",
            lasting=self._is_lasting(item, "url"),
        )
        return True

    def _steps_aside(self, item: _Waiting, url: str, canonical: str) -> bool:
        """Say whether another URL stands for this page; that one is put in line."""
        if canonical in ("", url) or item.origin == "canonical":
            return False
        own, other = parse_web_url(url), parse_web_url(canonical)
        # A start page as the canonical one of every page is a common mistake of templates.
        is_mistake = other.target == "/" and own.path != "/"
        is_missing = canonical in self._failed or canonical in self._stepped_aside
        if (
            own.origin != other.origin
            or is_mistake
            or is_missing
            or not self._scope.wants(canonical)
        ):
            return False
        self._stepped_aside.add(url)
        self.expect(_Waiting(canonical, item.depth, "canonical"))
        return True
