"""The ZIP container of the Office formats since 2007 and of OpenDocument: its checks, parts and relations.

    content ──▶ not a ZIP, or a damaged one ─────────▶ corrupt
            ──▶ OLE file with an EncryptedPackage ───▶ encrypted (so is a ZIP with encrypted entries)
            ──▶ unpacks to too much ─────────────────▶ archive_bomb, before anything is unpacked
            ──▶ parts by name, as bytes, as a tree or as a stream of nodes

No part is ever written to disk. XML is read without entities, DTDs and network, so that a part can
neither grow nor reach out. Tags are compared by their local names: the "strict" variant of the format
has other namespaces for the same things.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from posixpath import dirname, join, normpath
from typing import Any
from zipfile import BadZipFile, ZipFile

from core.errors import ParseError

Node = Any  # an lxml element: the library ships no types

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MAX_UNPACKED_BYTES = 512 * 1024 * 1024
_MAX_RATIO = 200
"""The most that an entry may grow: a sheet of 100,000 equal rows grows 12-fold, zeros 1,029-fold."""
_FREE_BYTES = 16 * 1024 * 1024  # an entry that unpacks to less may have any ratio
_MAX_TREE_BYTES = 64 * 1024 * 1024  # a tree takes five to ten times the bytes of its part
_DAMAGED = (
    BadZipFile,
    NotImplementedError,
    ValueError,
    OSError,
    EOFError,
    struct.error,
    zlib.error,
)


@dataclass(frozen=True, slots=True)
class Relation:
    """What a part refers to: `kind` is the last word of the relation's type, `target` a part's name."""

    kind: str
    target: str


class OfficeContainer:
    """The parts of one file; `name` is what the file should be, as in "the PPTX is damaged"."""

    def __init__(self, content: bytes, name: str) -> None:
        """Open a container.

        Raises:
            ParseError: `encrypted`, `unsupported`, `corrupt` or `archive_bomb`.
        """
        self._name = name
        self._archive = _opened(content, name)
        self._names = {_normal(entry): entry for entry in self._archive.namelist()}

    def has(self, part: str) -> bool:
        """Say whether there is such a part; case does not count, as in the standard."""
        return _normal(part) in self._names

    def require(self, part: str) -> None:
        """Refuse a container without this part.

        Raises:
            ParseError: `unsupported`.
        """
        if not self.has(part):
            raise ParseError(
                "unsupported", f"the file is an archive or Office file, but no {self._name}"
            )

    def read(self, part: str) -> bytes:
        """Return the bytes of a part; nothing for one that is not there.

        Raises:
            ParseError: `corrupt`, or `too_large` for a part of more than 64 MiB.
        """
        if not self.has(part):
            return b""
        entry = self._names[_normal(part)]
        if self._archive.getinfo(entry).file_size > _MAX_TREE_BYTES:
            raise ParseError("too_large", f"a part of the {self._name} has more than 64 MiB")
        try:
            return self._archive.read(entry)
        except _DAMAGED as error:
            raise self._damaged() from error

    def tree(self, part: str) -> Node:
        """Return the root of a part; an empty node for a part that is not there.

        Raises:
            ParseError: `corrupt` or `too_large`.
        """
        from lxml import etree  # type: ignore[import-untyped]

        content = self.read(part)
        if not content:
            return etree.Element("nothing")
        parser = etree.XMLParser(
            resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True
        )
        try:
            return etree.fromstring(content, parser)
        except etree.XMLSyntaxError as error:
            raise self._damaged() from error

    def nodes(self, part: str, *names: str) -> Iterator[Node]:
        """Yield each node of these local names when it ends, and forget it; for parts of any size.

        Raises:
            ParseError: `corrupt`.
        """
        from lxml import etree

        if not self.has(part):
            return
        try:
            with self._archive.open(self._names[_normal(part)]) as stream:
                events = etree.iterparse(
                    stream,
                    tag=[f"{{*}}{name}" for name in names],
                    resolve_entities=False,
                    no_network=True,
                )
                for _, node in events:
                    yield node
                    node.clear()
                    # What stands before it is only there still because its parent keeps it.
                    while node.getprevious() is not None:
                        del node.getparent()[0]
        except (etree.XMLSyntaxError, *_DAMAGED) as error:
            raise self._damaged() from error

    def relations(self, part: str) -> dict[str, Relation]:
        """Return what a part refers to inside the container, by relation id."""
        folder, _, name = part.rpartition("/")
        found: dict[str, Relation] = {}
        for node in self.tree(join(folder, "_rels", f"{name}.rels")).iter("{*}Relationship"):
            if node.get("TargetMode") != "External":
                kind = (node.get("Type") or "").rpartition("/")[2]
                target = normpath(join("/", dirname(part), node.get("Target") or ""))
                found[node.get("Id") or ""] = Relation(kind, target.lstrip("/"))
        return found

    def related(self, part: str, kind: str) -> list[str]:
        """Return the parts that a part refers to by this kind, in their order."""
        return [found.target for found in self.relations(part).values() if found.kind == kind]

    def _damaged(self) -> ParseError:
        return ParseError("corrupt", f"the {self._name} is cut off or damaged")


def _opened(content: bytes, name: str) -> ZipFile:
    if content.startswith(_OLE):
        if "EncryptedPackage".encode("utf-16-le") in content:
            raise ParseError("encrypted", "the document is protected with a password")
        raise ParseError(
            "unsupported", f"the file is an Office file from before 2007, but no {name}"
        )
    try:
        archive = ZipFile(BytesIO(content))
    except _DAMAGED as error:
        raise ParseError("corrupt", f"the {name} is cut off or damaged") from error
    entries = archive.infolist()
    if sum(entry.file_size for entry in entries) > _MAX_UNPACKED_BYTES:
        raise ParseError("archive_bomb", f"the {name} unpacks to more than 512 MiB")
    if any(
        entry.file_size > max(_FREE_BYTES, _MAX_RATIO * entry.compress_size) for entry in entries
    ):
        raise ParseError(
            "archive_bomb", f"a part of the {name} unpacks to more than 200 times its size"
        )
    if any(entry.flag_bits & 1 for entry in entries):
        raise ParseError("encrypted", "the document is protected with a password")
    return archive


def _normal(part: str) -> str:
    return part.replace("\\", "/").lstrip("/").casefold()


def local_name(node: Node) -> str:
    """Return the name of a node without its namespace; nothing for what is no element."""
    return node.tag.rpartition("}")[2] if isinstance(node.tag, str) else ""


def attribute(node: Node, name: str) -> str:
    """Return an attribute by its local name, whatever its namespace."""
    for key, value in node.attrib.items():
        if key.rpartition("}")[2] == name:
            return str(value)
    return ""


def core_metadata(container: OfficeContainer) -> tuple[str, dict[str, str]]:
    """Return the title and the metadata of an OOXML file: author, created, modified.

    A damaged part of properties loses them, not the document.
    """
    try:
        root = container.tree("docProps/core.xml")
    except ParseError:
        return "", {}
    said = {local_name(node): node.text or "" for node in root}
    return said.get("title", ""), metadata(
        said.get("creator", ""), said.get("created", ""), said.get("modified", "")
    )


def metadata(author: str, created: str, modified: str) -> dict[str, str]:
    """Return what is known, by the names of `ParsedDocument.metadata`; dates that are none are left out."""
    known = {
        "author": " ".join(author.split())[:200],
        "created": iso_date(created),
        "modified": iso_date(modified),
    }
    return {name: value for name, value in known.items() if value}


def iso_date(text: str) -> str:
    """Return a date and time in ISO 8601 to the second, or nothing when the text is not one."""
    try:
        moment = datetime.fromisoformat(text.strip()[:35])
    except ValueError:
        return ""
    return moment.replace(microsecond=0).isoformat()
