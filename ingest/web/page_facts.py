"""What an HTML page says of itself and where it leads to."""

import codecs
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from core.errors import SourceError
from ingest.web.urls import normal_url

Node = Any
"""An lxml element; the library ships no types."""

_MAX_LINKS = 5000  # of one page
_MAX_ANCHORS = 20_000
# 50 MB of `<br>` made a tree of 1.5 GB, and this process holds the index; links and title come first.
_MAX_BYTES = 4 * 1024 * 1024
_CANONICAL = re.compile(r"<([^<>]{1,2000})>\s*;[^,<]{0,200}\brel=\"?canonical\b", re.IGNORECASE)
_LOGIN_PATH = re.compile(
    r"/(?:log-?in|sign-?in|sso|auth|oauth2?|saml2?|cas|idp)(?:[/.]|$)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class PageFacts:
    """`links` and `canonical` are normal URLs, `canonical` is '' where the page names none."""

    title: str = ""
    canonical: str = ""
    links: tuple[str, ...] = ()
    is_noindex: bool = False
    is_nofollow: bool = False
    asks_password: bool = False


def read_facts(content: bytes, url: str, headers: Mapping[str, str], agent: str) -> PageFacts:
    """Read an HTML page, or only the headers where `content` is empty; what cannot be read says nothing."""
    rules = set(_header_rules(headers.get("x-robots-tag", ""), agent))
    canonical = _CANONICAL.search(headers.get("link", ""))
    named = _normal_or_empty(canonical[1], url) if canonical else ""
    root = _tree(content)
    if root is None:
        return PageFacts("", named, (), *_verdicts(rules))
    for node in root.iter("meta"):
        if (node.get("name") or "").strip().lower() in ("robots", agent.lower()):
            rules.update(_words(node.get("content") or ""))
    base = _normal_or_empty(next((n.get("href") or "" for n in root.iter("base")), ""), url) or url
    if not named:
        named = next((_normal_or_empty(href, base) for href in _canonical_links(root)), "")
    title = " ".join((root.findtext(".//title") or "").split())[:500]
    links = () if "nofollow" in rules or "none" in rules else tuple(_links(root, base))
    asks = any((node.get("type") or "").lower() == "password" for node in root.iter("input"))
    return PageFacts(title, named, links, *_verdicts(rules), asks_password=asks)


def is_login_path(path: str) -> bool:
    """Say whether a path looks like that of a login page."""
    return bool(_LOGIN_PATH.search(path))


def _canonical_links(root: Node) -> Iterator[str]:
    for node in root.iter("link"):
        if "canonical" in (node.get("rel") or "").lower().split():
            yield node.get("href") or ""


def _verdicts(rules: set[str]) -> tuple[bool, bool]:
    return bool(rules & {"noindex", "none"}), bool(rules & {"nofollow", "none"})


def _header_rules(header: str, agent: str) -> Iterator[str]:
    """Yield the rules for every robot and for this one; a name in front of a rule lasts to the next name."""
    is_meant = True
    for word in header.lower().split(","):
        name, colon, rest = word.partition(":")
        if colon and not name.strip().startswith(("unavailable", "max-")):
            is_meant = name.strip() == agent.lower()
            word = rest
        if is_meant:
            yield word.strip()


def _words(text: str) -> set[str]:
    return {word.strip().lower() for word in text.split(",")}


def _tree(content: bytes) -> Node | None:
    from lxml import etree, html  # type: ignore[import-untyped]

    content = content[:_MAX_BYTES]
    if not content.strip():
        return None
    try:
        # Incremental: the last letter may have been cut in two.
        codecs.getincrementaldecoder("utf-8")().decode(content)
        encoding: str | None = "utf-8"
    except UnicodeDecodeError:
        encoding = None  # lxml looks for the page's own declaration.
    parser = html.HTMLParser(remove_comments=True, remove_pis=True, encoding=encoding)
    try:
        return html.document_fromstring(content, parser=parser)
    except (etree.LxmlError, ValueError, LookupError):
        return None


def _links(root: Node, base: str) -> Iterator[str]:
    """Yield the addresses of links once each, in the page's order."""
    seen: set[str] = set()
    for node in islice(root.iter("a", "area"), _MAX_ANCHORS):
        href = (node.get("href") or "").strip()
        if not href or href.startswith("#") or "nofollow" in (node.get("rel") or "").lower():
            continue
        link = _normal_or_empty(href, base)
        if link and link not in seen:
            seen.add(link)
            yield link
        if len(seen) >= _MAX_LINKS:
            return


def _normal_or_empty(link: str, base: str) -> str:
    try:
        return normal_url(link, base) if link.strip() else ""
    except SourceError:
        return ""
