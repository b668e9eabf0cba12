"""What robots.txt of each site allows, and how long a site wants to be left alone between two requests."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.robotparser import RobotFileParser

from core.errors import SourceError
from ingest.web.responses import Fetched, Fetcher
from ingest.web.urls import parse_web_url

_MAX_CHARS = 500 * 1024  # what RFC 9309 asks a reader to take at least; the rest is passed over
_MAX_DELAY_S = 10.0


@dataclass(frozen=True, slots=True)
class SiteRules:
    """The rules of one site for one agent. `problem` says why nothing may be read, '' when that is known."""

    parser: RobotFileParser | None
    agent: str
    problem: str = ""

    def allows(self, url: str) -> bool:
        """Say whether the agent may read a URL."""
        if self.problem:
            return False
        return self.parser is None or self.parser.can_fetch(self.agent, url)

    @property
    def delay_s(self) -> float:
        """Seconds that the site asks to wait between requests, ten at most."""
        asked = self.parser.crawl_delay(self.agent) if self.parser is not None else None
        return min(float(asked or 0), _MAX_DELAY_S)


class Robots:
    """Reads each site's robots.txt once. `agent` is the user agent; the part before a slash is what counts."""

    def __init__(self, client: Fetcher, agent: str) -> None:
        self._client = client
        self._agent = agent.partition("/")[0]
        self._known: dict[str, SiteRules] = {}

    def rules_for(self, url: str, headers: Mapping[str, str] | None = None) -> SiteRules:
        """Return the rules of a URL's site.

        Without the file (a status of 4xx) everything is allowed; while the site fails nothing is, in this run.
        """
        origin = parse_web_url(url).origin
        if origin not in self._known:
            self._known[origin] = self._read(origin, headers)
        return self._known[origin]

    def _read(self, origin: str, headers: Mapping[str, str] | None) -> SiteRules:
        try:
            answer = self._client.fetch(f"{origin}/robots.txt", headers=headers)
        except SourceError as error:
            return SiteRules(None, self._agent, str(error))
        status = answer.status if isinstance(answer, Fetched) else 304
        if 400 <= status < 500 and status != 429:
            return SiteRules(None, self._agent)
        if not isinstance(answer, Fetched) or not 200 <= status < 300:
            return SiteRules(
                None,
                self._agent,
                f"The site answered {status} for its robots.txt, so nothing of it is read in this run.",
            )
        return SiteRules(parse_robots(answer.content), self._agent)


def parse_robots(content: bytes) -> RobotFileParser:
    """Return the rules in a robots.txt; lines that make no sense are passed over."""
    parser = RobotFileParser()
    parser.parse(content[:_MAX_CHARS].decode("utf-8-sig", "replace").splitlines())
    return parser
