"""The pages that a sitemap lists: `urlset` and `sitemapindex`, also compressed."""

import io
import zlib
from dataclasses import dataclass

from core.errors import SourceError

MAX_URLS = 50_000
"""The sitemap protocol's own limit for one file, here for all sitemaps of a source."""
_MAX_BYTES = 50 * 1024 * 1024  # that of the protocol too, after decompression
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class Sitemap:
    """`pages` and further `sitemaps`, in the file's order; `is_cut` when it lists more than was taken."""

    pages: tuple[str, ...]
    sitemaps: tuple[str, ...]
    is_cut: bool = False


def read_sitemap(content: bytes, limit: int = MAX_URLS) -> Sitemap:
    """Read a sitemap; at most `limit` URLs are taken.

    Raises:
        SourceError: reason `sitemap`; it is not XML, too large, or no sitemap.
    """
    from lxml import etree  # type: ignore[import-untyped]

    plain = _decompressed(content) if content.startswith(_GZIP) else content
    pages: list[str] = []
    sitemaps: list[str] = []
    taken = {"url": pages, "sitemap": sitemaps}
    is_cut, root = False, ""
    # Without load_dtd, resolve_entities and huge_tree an entity stays a name and costs nothing.
    events = etree.iterparse(
        io.BytesIO(plain),
        events=("start", "end"),
        no_network=True,
        resolve_entities=False,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        for event, node in events:
            name = _local_name(node)
            root = root or name
            if event == "start" or name not in taken:
                continue
            place = _location(node)
            is_cut = len(pages) + len(sitemaps) >= limit
            if is_cut:
                break
            if place:
                taken[name].append(place)
            _forget(node)
    except etree.XMLSyntaxError as error:
        raise SourceError("The sitemap is not valid XML.", "sitemap") from error
    if root not in ("urlset", "sitemapindex"):
        raise SourceError(
            f"The file is no sitemap: it starts with <{root[:40]}>, not <urlset> or <sitemapindex>.",
            "sitemap",
        )
    return Sitemap(tuple(dict.fromkeys(pages)), tuple(dict.fromkeys(sitemaps)), is_cut)


def _location(node: object) -> str:
    children = node.iterchildren()  # type: ignore[attr-defined]
    return next(
        (str(child.text or "").strip() for child in children if _local_name(child) == "loc"), ""
    )


def _forget(node: object) -> None:
    """Drop what was read, and the empty elements before it: 50,000 URLs take 2 MB this way, else 53."""
    node.clear()  # type: ignore[attr-defined]
    parent = node.getparent()  # type: ignore[attr-defined]
    if parent is not None and len(parent) > 1:
        del parent[:-1]


def _local_name(node: object) -> str:
    tag = node.tag  # type: ignore[attr-defined]
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def _decompressed(content: bytes) -> bytes:
    reader = zlib.decompressobj(wbits=31)
    try:
        plain = reader.decompress(content, _MAX_BYTES)
    except zlib.error as error:
        raise SourceError("The sitemap is not valid gzip.", "sitemap") from error
    if reader.unconsumed_tail:
        raise SourceError(f"The sitemap is larger than {_MAX_BYTES:,} bytes.", "sitemap")
    return plain
