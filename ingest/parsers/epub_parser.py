"""E-books (EPUB): the chapters in the order in which they are read, each a page of HTML.

    META-INF/container.xml ─▶ the package ─▶ its spine names the chapters ─▶ html_parser

Unstructured reads this format by way of Pandoc, a program that it looks for on the machine. Every entry
is unpacked in memory and within limits; nothing is read that the package does not name.
"""

import posixpath
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from io import BytesIO
from typing import Any
from urllib.parse import unquote
from zipfile import BadZipFile, ZipFile

from core.documents import ParsedDocument
from core.errors import ParseError
from ingest.parsers.canonical import CanonicalWriter
from ingest.parsers.html_parser import parse_html
from ingest.parsers.plain_text import one_line
from ingest.parsers.rewriting import rewrite
from ingest.parsers.titles import title_of

_MAX_ENTRIES = 20_000
_MAX_CHAPTERS = 5_000
_MAX_ENTRY_BYTES = 32 * 1024 * 1024
_MAX_UNPACKED_BYTES = 128 * 1024 * 1024
_CONTAINER = "META-INF/container.xml"
_ENCRYPTION = "META-INF/encryption.xml"
_RIGHTS = "META-INF/rights.xml"
_PAGES = ("application/xhtml+xml", "text/html", "application/x-dtbncx+xml")
_FONT_SCRAMBLING = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")
_BROKEN = (BadZipFile, zlib.error, NotImplementedError, EOFError, OSError, ValueError, KeyError)


@dataclass(frozen=True, slots=True)
class _Package:
    title: str
    metadata: dict[str, str]
    chapters: list[str]


def parse_epub(content: bytes, uri: str) -> ParsedDocument:
    """Parse an e-book: chapters, tables and lists; images are their alt text.

    Raises:
        ParseError: `encrypted`, `corrupt` or `archive_bomb`.
    """
    try:
        with ZipFile(BytesIO(content)) as archive:
            return _document(_Entries(archive), uri)
    except _BROKEN as error:
        raise ParseError("corrupt", "the e-book is cut off or damaged") from error


def _document(entries: "_Entries", uri: str) -> ParsedDocument:
    if entries.has(_RIGHTS) or (entries.has(_ENCRYPTION) and _hides_text(entries)):
        raise ParseError("encrypted", "the e-book is protected by its seller")
    package = _package(entries)
    writer = CanonicalWriter()
    for chapter in package.chapters:
        page = entries.read(chapter)
        if page.strip():
            rewrite(writer, _chapter(page, chapter))
    document = writer.document(uri, package.title)
    title = title_of((), "", package.title) or document.title
    return replace(document, title=title, metadata=package.metadata)


def _chapter(page: bytes, name: str) -> ParsedDocument:
    try:
        return parse_html(page, name)
    except ParseError as error:
        if error.reason == "empty":
            return ParsedDocument("", "", ())
        raise ParseError(error.reason, f"the chapter {name!r}: {error.detail}") from error


class _Entries:
    """The entries of an archive, unpacked one by one within a limit for them all."""

    def __init__(self, archive: ZipFile) -> None:
        self._archive = archive
        self._names = set(archive.namelist())
        self._left = _MAX_UNPACKED_BYTES
        if len(self._names) > _MAX_ENTRIES:
            raise ParseError("archive_bomb", f"the e-book has more than {_MAX_ENTRIES:,} entries")

    def has(self, name: str) -> bool:
        """Say whether there is an entry of this name."""
        return name in self._names

    def read(self, name: str) -> bytes:
        """Return an entry, b'' where there is none."""
        if name not in self._names:
            return b""
        if self._archive.getinfo(name).flag_bits & 1:
            raise ParseError("encrypted", "the e-book is protected with a password")
        limit = min(self._left, _MAX_ENTRY_BYTES)
        # The size that the archive tells is not to be trusted: read no more than the limit.
        with self._archive.open(name) as entry:
            content = entry.read(limit + 1)
        if len(content) > limit:
            raise ParseError("archive_bomb", "the e-book unpacks to more than 128 MiB")
        self._left -= len(content)
        return content


def _xml(content: bytes, name: str) -> Any:
    from lxml import etree  # type: ignore[import-untyped]

    if b"<!ENTITY" in content or not content:
        raise ParseError("corrupt", f"the e-book's {name!r} is missing or not as it should be")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, recover=True, remove_comments=True
    )
    try:
        root = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise ParseError("corrupt", f"the e-book's {name!r} is not well formed") from error
    if root is None:
        raise ParseError("corrupt", f"the e-book's {name!r} is not well formed")
    return root


def _hides_text(entries: _Entries) -> bool:
    """Say whether anything but fonts is encrypted; scrambled fonts are common in books for sale."""
    root = _xml(entries.read(_ENCRYPTION), _ENCRYPTION)
    methods = {node.get("Algorithm") for node in _named(root, "EncryptionMethod")}
    return not methods.issubset(_FONT_SCRAMBLING)


def _package(entries: _Entries) -> _Package:
    container = _xml(entries.read(_CONTAINER), _CONTAINER)
    path = next((node.get("full-path") or "" for node in _named(container, "rootfile")), "")
    root = _xml(entries.read(path), path)
    paths = {
        node.get("id"): _path(path, node.get("href") or "")
        for node in _named(root, "item")
        if node.get("media-type") in _PAGES
    }
    spine = [paths.get(node.get("idref"), "") for node in _named(root, "itemref")]
    chapters = list(dict.fromkeys(filter(None, spine)))
    if len(chapters) > _MAX_CHAPTERS:
        raise ParseError("too_large", f"the e-book has more than {_MAX_CHAPTERS:,} chapters")
    told = {
        "author": ", ".join(_texts(root, "creator")),
        "language": next(_texts(root, "language"), ""),
    }
    return _Package(next(_texts(root, "title"), ""), {k: v for k, v in told.items() if v}, chapters)


def _path(package: str, reference: str) -> str:
    within = unquote(reference.partition("#")[0])
    return posixpath.normpath(posixpath.join(posixpath.dirname(package), within))


def _named(root: Any, name: str) -> Iterator[Any]:
    yield from root.iter(f"{{*}}{name}")


def _texts(root: Any, name: str) -> Iterator[str]:
    for node in _named(root, name):
        if text := one_line(node.text or ""):
            yield text
