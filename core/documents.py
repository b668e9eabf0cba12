"""Documents and their parts. Every offset is a code point in the document's canonical text.

The canonical text of a Markdown or text file is the file's own decoded content, so that an offset is a
place in the file that its owner edits; for other formats it is what the parser wrote down.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

ElementKind = Literal["title", "heading", "text", "list_item", "table_row", "code"]
DocumentStatus = Literal["active", "quarantined"]

EVERYONE = "everyone"
"""The principal that every caller has."""


@dataclass(frozen=True, slots=True)
class Element:
    """One structural piece of a canonical text, in reading order, `start` inclusive, `end` exclusive.

    `plain` is what a reader sees of text[start:end] (Markdown markup and link targets left out); it is
    what gets embedded. `header` is set on table rows: the column names that give the row its meaning.
    """

    kind: ElementKind
    start: int
    end: int
    plain: str
    level: int = 0
    page: int | None = None
    header: str = ""


@dataclass(frozen=True, slots=True)
class ParsedDocument:
    """What a parser made of one file: canonical text and its elements, sorted and not overlapping.

    `metadata` is what the file says of itself: author, created, modified, from, to, cc, subject, sent, language,
    url, and the single values of its front matter by their own names; dates in ISO 8601.
    `hidden` counts what it holds that no reader sees, by kind; none of it is in an element's `plain`.
    """

    title: str
    text: str
    elements: tuple[Element, ...]
    metadata: Mapping[str, str] = field(default_factory=dict)
    hidden: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SourceItem:
    """One item of a source as it was listed, before it is read.

    `uri` names it within its source: the path relative to a folder's root with `/`, an address, or
    `archive.zip!/member` for what lies in a container. `stamp` changes whenever the content may have (size
    and time of a file, ETag of a page); `size` is in bytes, 0 when the source does not say. `path` is where
    the bytes lie on this machine, '' when the source has to fetch them. `name` gives the parser the format
    by its ending, where the URI does not. `access` are the principals that may read.
    """

    uri: str
    stamp: str
    access: tuple[str, ...]
    size: int = 0
    path: str = ""
    name: str = ""
    title: str = ""
    url: str = ""
    updated_at: str = ""


@dataclass(frozen=True, slots=True)
class DocumentRecord:
    """A document as the catalogue knows it. `version` is the first 16 hex digits of its bytes' SHA-256.

    `reason` and `detail` say why the newest bytes could not be read; `chunks` of an earlier good version may
    still answer then. `duplicate_of` is the id of an older document with nearly the same words, or ''.
    """

    doc_id: str
    uri: str
    title: str
    source: str
    version: str
    access: tuple[str, ...]
    updated_at: str
    status: DocumentStatus
    chunks: int = 0
    reason: str = ""
    detail: str = ""
    duplicate_of: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Chunk:
    """A stored, embedded span of one document: text == canonical[start:end].

    `embedded_text` is what the embedder and the lexical index read: title and heading path, then the plain
    text of the span. It fits the embedder's window.
    """

    chunk_id: str
    doc_id: str
    ordinal: int
    start: int
    end: int
    text: str
    embedded_text: str
    section: tuple[str, ...] = field(default=())
    page: int | None = None


def element_fields(element: Element) -> list[object]:
    """Return an element as a list for JSON; `Element(*fields)` is that element again."""
    return [
        element.kind,
        element.start,
        element.end,
        element.plain,
        element.level,
        element.page,
        element.header,
    ]


def document_id(source: str, uri: str) -> str:
    """Return the identity of a document: stable over edits, different for two sources."""
    return _digest("document", source, uri)


def chunk_id(doc_id: str, version: str, ordinal: int) -> str:
    """Return the identity of a chunk: the same bytes and the same chunker give the same id."""
    return _digest("chunk", doc_id, version, str(ordinal))


def content_version(content: bytes) -> str:
    """Return the version of a document: the first 16 hex digits of the SHA-256 of its bytes."""
    return hashlib.sha256(content).hexdigest()[:16]


def text_hash(text: str) -> str:
    """Return the full SHA-256 of a text in hex."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def normal_principals(principals: Sequence[str]) -> tuple[str, ...]:
    """Return the principals sorted and without repeats, emails of users in lower case.

    Raises:
        ValueError: one is not `everyone`, `group:NAME` or `user:NAME`.
    """
    return tuple(sorted({_normal_principal(principal) for principal in principals}))


def _normal_principal(principal: str) -> str:
    text = principal.strip()
    kind, _, name = text.partition(":")
    if text == EVERYONE:
        return EVERYONE
    if kind == "group" and name.strip():
        return f"group:{name.strip()}"
    if kind == "user" and name.strip():
        return f"user:{name.strip().casefold()}"
    raise ValueError(f"{principal!r} is not a principal: use everyone, group:NAME or user:NAME")


def _digest(*parts: str) -> str:
    joined = "\x1f".join(parts).encode("utf-8", "surrogatepass")
    return hashlib.sha256(joined).hexdigest()[:20]
