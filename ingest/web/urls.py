"""URLs of web pages: one parser for what is checked, requested and remembered.

A URL is normal when `normal_url` returns it unchanged: lower-case scheme and host, no default port, no dot
segments, no fragment, the query as it was. The parts that a connection is made of come from the same parse, so
that no second parser can read another host out of the same text.
"""

import re
from dataclasses import dataclass
from urllib.parse import urljoin

from core.errors import SourceError

DEFAULT_PORTS = (80, 443, 8080, 8443)
_MAX_CHARS = 4096
_SCHEME_PORTS = {"http": 80, "https": 443}
_START = re.compile(r"https?://([^/?#]+)", re.IGNORECASE)
_UNWANTED = re.compile(r"[\x00-\x20\x7f-\xa0\\\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff]")
_NAME = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?")
_IPV6 = re.compile(r"\[[0-9a-f:.]+\]")
_PERCENT = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


@dataclass(frozen=True, slots=True)
class WebUrl:
    """The parts of a normal URL. `host` has no brackets; `target` is the path and the query as they are sent."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def origin(self) -> str:
        """The scheme, host and port as text, without a default port."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        default = self.port == _SCHEME_PORTS[self.scheme]
        return f"{self.scheme}://{host}" + ("" if default else f":{self.port}")

    @property
    def path(self) -> str:
        """The path alone, with its percent signs."""
        return self.target.partition("?")[0]

    @property
    def text(self) -> str:
        """The URL as text."""
        return self.origin + self.target


def parse_web_url(text: str) -> WebUrl:
    """Parse a full http or https URL and return its normal parts; a fragment is dropped.

    Raises:
        SourceError: reason `url`; another scheme, credentials, white space, a backslash, or a host that is
            neither a name nor an address. Hosts in other scripts must be valid IDNA 2008.
    """
    from urllib3.exceptions import LocationParseError
    from urllib3.util import parse_url

    start = _START.match(text)
    if start is None or len(text) > _MAX_CHARS or _UNWANTED.search(text):
        raise _unusable(text, "it must start with http:// or https:// and have no white space")
    authority = start[1]
    if "@" in authority or "%" in authority:
        raise _unusable(text, "a user, a password or an encoded host in a URL is not accepted")
    try:
        parsed = parse_url(text)
    except (LocationParseError, ValueError) as error:
        raise _unusable(text, "its host or port is not valid") from error
    scheme, host = (parsed.scheme or "").lower(), (parsed.host or "").lower()
    if scheme not in _SCHEME_PORTS or parsed.auth is not None or parsed.port == 0:
        raise _unusable(text, "its scheme or port is not valid")
    port = parsed.port or _SCHEME_PORTS[scheme]
    if port > 65535:
        raise _unusable(text, "its port is not valid")
    target = _normal_path(parsed.path or "/")
    if parsed.query is not None:
        target += f"?{_PERCENT.sub(_unescaped, parsed.query)}"
    return WebUrl(scheme, _normal_host(host, text), port, target)


def normal_url(text: str, base: str = "") -> str:
    """Return the normal form of a URL, or of a link on the page `base`.

    White space around a link is dropped and inside it is percent-encoded, as browsers do.

    Raises:
        SourceError: reason `url`, as for `parse_web_url`.
    """
    if not base:
        return parse_web_url(text).text
    link = text.strip("\t\n\r\f ").replace(" ", "%20")
    if "\\" in link or _UNWANTED.search(link):
        raise _unusable(text, "it has control characters or a backslash")
    try:
        return parse_web_url(urljoin(base, link)).text
    except ValueError as error:
        raise _unusable(text, "its host is not valid") from error


def _normal_host(host: str, text: str) -> str:
    if _IPV6.fullmatch(host):
        return host[1:-1]
    # 253 octets is the longest name of the DNS.
    if not _NAME.fullmatch(host) or len(host) > 253:
        raise _unusable(text, "its host is neither a name nor an address")
    return host.removesuffix(".")


def _normal_path(path: str) -> str:
    """Decode what needs no encoding first: `%2e%2e` is `..` for a server too."""
    kept: list[str] = []
    segments = _PERCENT.sub(_unescaped, path).split("/")[1:]
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in (".", ".."):
        kept.append("")
    return "/" + "/".join(kept)


def _unescaped(match: re.Match[str]) -> str:
    character = chr(int(match[1], 16))
    return character if character in _UNRESERVED else match[0].upper()


def _unusable(text: str, why: str) -> SourceError:
    # What stands before an @ may be a password.
    shown = re.sub(r"//[^/?#]*@", "//…@", text[:200]) + ("…" if len(text) > 200 else "")
    return SourceError(f"The URL {shown!r} cannot be used: {why}.", "url")
