"""Which URLs belong to a web source: its sites, the folders below its start pages, and its patterns."""

import re
from collections.abc import Iterable
from fnmatch import translate

from ingest.web.urls import WebUrl, parse_web_url
from ingest.web.web_config import WebConfig


class Scope:
    """Answers for one configuration; all URLs are normal."""

    def __init__(self, config: WebConfig) -> None:
        starts = [parse_web_url(url) for url in (config.urls or config.sitemaps)]
        self._named = config.origins
        self._sites = frozenset(_secure(origin) for origin in config.origins)
        self._folders = tuple(
            dict.fromkeys(
                (_secure(start.origin), _folder(start) if config.urls else "/") for start in starts
            )
        )
        self._include = _patterns(config.include)
        self._exclude = _patterns(config.exclude)

    def is_named(self, url: str) -> bool:
        """Say whether the URL's site stands in the configuration letter for letter: it may see the headers."""
        return parse_web_url(url).origin in self._named

    def has_site(self, url: str) -> bool:
        """Say whether the URL is on a site of this source; https counts as the same site as http."""
        return _secure(parse_web_url(url).origin) in self._sites

    def has_folder(self, url: str) -> bool:
        """Say whether the URL lies in the folder of a start page, on its site."""
        parts = parse_web_url(url)
        site = _secure(parts.origin)
        return any(site == own and parts.path.startswith(folder) for own, folder in self._folders)

    def wants(self, url: str) -> bool:
        """Say whether the patterns let this path become a document."""
        path = parse_web_url(url).path
        if any(pattern.match(path) for pattern in self._exclude):
            return False
        return not self._include or any(pattern.match(path) for pattern in self._include)


def _patterns(texts: Iterable[str]) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(translate(text)) for text in texts)


def _folder(url: WebUrl) -> str:
    return url.path[: url.path.rfind("/") + 1]


def _secure(origin: str) -> str:
    return "https://" + origin.removeprefix("http://") if origin.startswith("http://") else origin
