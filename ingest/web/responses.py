"""What came back for a URL, and the stamp by which an unchanged page is known again.

A stamp is `etag:…` or `modified:…`, what the server itself says of this version, else `sha256:…` of the bytes.
"""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Protocol

Wanted = Callable[[str, str], bool]
"""Whether a body is worth its bytes: (URL after redirects, Content-Type) to yes or no."""

# Printable ASCII without surprises; a longer tag than this is not worth a place in the catalogue.
_ETAG = re.compile(r"(?:W/)?\"[\x21\x23-\x7e]{0,300}\"")


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer other than "not modified". `headers` has lower-case names; `url` is that after redirects.

    `content` is empty for a status of 400 and more, and where `is_wanted` is False: it was not read.
    """

    url: str
    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = b""
    is_wanted: bool = True


@dataclass(frozen=True, slots=True)
class NotModified:
    """The page at `url` (after redirects) is the one that was remembered."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)


class Fetcher(Protocol):
    """Gets pages; `ingest.web.guarded_http.GuardedClient` is the one that uses the network."""

    def fetch(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        remembered: Mapping[str, str] | None = None,
        wanted: Wanted | None = None,
    ) -> Fetched | NotModified:
        """Get one URL, through redirects.

        `headers` are sent to the URL's own origin only. `remembered` maps normal URLs to stamps: each hop is
        asked whether it changed since.

        Raises:
            SourceError: there is no answer, or none that may be used.
        """


def stamp_of(headers: Mapping[str, str], content: bytes) -> str:
    """Return the stamp of a page that was read."""
    etag, modified = headers.get("etag", ""), headers.get("last-modified", "")
    if _ETAG.fullmatch(etag):
        return f"etag:{etag}"
    if iso_time(modified):
        return f"modified:{modified}"
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def conditions_of(stamp: str) -> dict[str, str]:
    """Return the request headers that ask for a page only if it is no longer the stamped one."""
    kind, _, value = stamp.partition(":")
    if kind == "etag" and _ETAG.fullmatch(value):
        return {"If-None-Match": value}
    if kind == "modified" and iso_time(value):
        return {"If-Modified-Since": value}
    return {}


def iso_time(header: str) -> str:
    """Return an HTTP date in ISO 8601, in UTC; '' for what is no date."""
    moment = parsed_time(header)
    return moment.isoformat() if moment else ""


def parsed_time(header: str) -> datetime | None:
    """Return the moment of an HTTP date, None for what is no date."""
    if not header.isascii() or not header.isprintable() or len(header) > 60:
        return None
    try:
        moment = parsedate_to_datetime(header)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError, TypeError):
        return None
