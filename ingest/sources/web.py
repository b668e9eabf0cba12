"""Web sites as sources: an adapter over the crawler, whose pages go to the spool."""

import posixpath
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

from core.documents import SourceItem
from core.errors import ParseError, SourceError
from core.settings import secret_from_environment
from ingest.sources.access import PathRule, PathRules
from ingest.sources.base import Listing, Source
from ingest.sources.config import SourceConfig
from ingest.sources.folder import require_size
from ingest.sources.gathering import Gathering
from ingest.spool import Spool
from ingest.web.addresses import AddressGuard
from ingest.web.crawler import Crawl, Page, crawl
from ingest.web.guarded_http import GuardedClient, Limits
from ingest.web.media_types import ending_of
from ingest.web.responses import Fetched, Fetcher
from ingest.web.scope import Scope
from ingest.web.web_config import WebConfig, request_headers

_TOLD = 3
"""Problems that are told one by one; of more, the number is told."""


class WebSourceConfig(SourceConfig, WebConfig):
    """Pages of a web site: named ones, those of a sitemap, or all below a start page."""

    def build(self, name: str, base: Path, state: Path) -> Source:
        """See `SourceConfig.build`."""
        variables = [header.token_env for header in self.headers if header.token_env]
        secrets = {
            variable: secret_from_environment(variable).get_secret_value() for variable in variables
        }
        site = WebConfig(**{field: getattr(self, field) for field in WebConfig.model_fields})
        return WebSource(
            name,
            site,
            self.access,
            headers=request_headers(site, secrets),
            rules=self.path_rules,
            asks_documents=self.access_from_documents,
        )


@dataclass(slots=True)
class WebSource:
    """The pages of a site; their URIs are their addresses. Rules match the path of an address.

    `client` is made for each listing and each fetch, unless one is given.
    """

    name: str
    site: WebConfig
    access: tuple[str, ...] | None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    rules: tuple[PathRule, ...] = ()
    asks_documents: bool = False
    only: str = ""
    client: Fetcher | None = None

    def list(self, remembered: Mapping[str, str], spool: Spool) -> Listing:
        """See `Source.list`; changed pages are written to the spool, an unchanged one keeps its stamp."""
        gathering = Gathering(self.access)
        with self._connected() as client:
            pages = crawl(self.site, client, remembered, headers=self.headers)
            end = self._read_all(pages, gathering, spool)
        told = [f"{url}: {sentence}" for url, sentence in end.problems[:_TOLD]]
        if len(end.problems) > _TOLD:
            told.append(f"{len(end.problems) - _TOLD} more.")
        if not end.complete and not end.pages and not end.gone:
            raise SourceError(
                f"No page of source {self.name!r} could be read. {' '.join(told)} Nothing was changed."
            )
        if end.complete:
            gathering.warnings.extend(told)
            return gathering.listing()
        return replace(gathering.listing(" ".join(told)), gone=frozenset(end.gone))

    def fetch(self, item: SourceItem, max_bytes: int) -> bytes:
        """See `Source.fetch`; for a page that was not read while listing, because it had not changed."""
        with self._connected() as client:
            try:
                answer = client.fetch(item.uri, headers=self._headers_for(item.uri))
            except SourceError as error:
                if error.reason == "too_large":
                    raise ParseError("too_large", str(error)) from error
                raise ParseError("io", str(error)) from error
        if not isinstance(answer, Fetched) or not 200 <= answer.status < 300:
            status = answer.status if isinstance(answer, Fetched) else 304
            if status in (401, 403):
                raise ParseError("access", f"The site answered with {status}.")
            raise ParseError("io", f"The site answered with {status}.")
        require_size(len(answer.content), max_bytes)
        return answer.content

    def _read_all(
        self, pages: Generator[Page, None, Crawl], gathering: Gathering, spool: Spool
    ) -> Crawl:
        rules = PathRules(self.rules)
        while True:
            try:
                page = next(pages)
            except StopIteration as end:
                return cast("Crawl", end.value)
            access = rules.access_of(urlsplit(page.url).path.lstrip("/"))
            gathering.add(_item(page, spool), access)

    @contextmanager
    def _connected(self) -> Iterator[Fetcher]:
        if self.client is not None:
            yield self.client
            return
        guard = AddressGuard(self.site.allow_addresses)
        with GuardedClient(
            guard, Limits(), self.site.user_agent, ports=self.site.allow_ports
        ) as client:
            yield client

    def _headers_for(self, url: str) -> Mapping[str, str]:
        return self.headers if Scope(self.site).is_named(url) else {}


def _item(page: Page, spool: Spool) -> SourceItem:
    path = urlsplit(page.url).path
    ending = ending_of(page.media_type, path) or ".html"
    stem = posixpath.splitext(posixpath.basename(path))[0] or "page"
    return SourceItem(
        uri=page.url,
        stamp=page.stamp,
        access=(),
        size=len(page.content or b""),
        path=spool.write(page.content) if page.content is not None else "",
        name=stem + ending,
        url=page.url,
        updated_at=page.modified,
    )
