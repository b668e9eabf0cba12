"""HTML pages, read with lxml.

Unstructured's partition_html is not used because it loses text. On 19 saved pages (50,561 words) it
lost 635 words in 3.2 s, among them whole `details` sections, captions of figures and terms of
definition lists; this lost 22 in 0.8 s.
"""

import re
from dataclasses import dataclass, replace

from core.documents import ElementKind, ParsedDocument
from index.metadata_names import KNOWN_NAMES, metadata_name
from ingest.parsers.canonical import CanonicalWriter
from ingest.parsers.document_facts import kept_facts
from ingest.parsers.html_dom import BLOCKS, Node, decode_page, read_page
from ingest.parsers.html_table import is_layout, read_table
from ingest.parsers.plain_text import visible

_HEADING = re.compile(r"h([1-6])")
_ITEMS = frozenset(("li", "dt", "dd"))
_LISTS = frozenset(("ul", "ol", "dl", "table"))
_SPACE = re.compile(r"\s+")
_HEAD_CHARS = 65_536
_NAMED = re.compile(rb"<meta\b[^>]{0,300}\bname\s*=", re.IGNORECASE)
_BODY = re.compile(r"</head|<body", re.IGNORECASE)
_DECLARATION = re.compile(r"\s*<\?[^>]*>")
_KEPT_NAMES = KNOWN_NAMES | {"author", "created", "modified", "description", "keywords"}
"""A page's other names (viewport, theme-color, csrf-token) are for browsers."""


def parse_html(content: bytes, uri: str) -> ParsedDocument:
    """Parse a page: headings, paragraphs, list items, code, tables row by row.

    Navigation, footers, scripts, styles and hidden parts are left out; images are their alt text.

    Raises:
        ParseError: `unsupported` or `encoding`, when the bytes are not text.
    """
    from lxml import etree  # type: ignore[import-untyped]

    reader = _PageReader()
    root, title = read_page(content, reader.writer.hidden)
    walk = etree.iterwalk(root, events=("start", "end"))  # no recursion: pages nest without limit
    for event, node in walk:
        if event == "end":
            reader.close(node)
        elif reader.open(node):
            walk.skip_subtree()
    return replace(reader.writer.document(uri, title), metadata=_facts(content))


@dataclass(slots=True)
class _Frame:
    """What the text of an open block becomes; after the first text of a list item, the rest is text."""

    kind: ElementKind = "text"
    level: int = 0


class _PageReader:
    """Gathers text until a block begins or ends, then writes it as one element."""

    def __init__(self) -> None:
        self.writer = CanonicalWriter()
        self._buffer: list[str] = []
        self._frames = [_Frame()]

    def open(self, node: Node) -> bool:
        """Begin a node; true says that it was read with all its children."""
        if node.tag == "br":
            self._buffer.append("\n")
        if node.tag in BLOCKS:
            if not (node.tag == "dd" and _defines(node.getprevious())):
                self._flush()
            self._frames.append(self._frame(node))
        if node.tag == "table" and not is_layout(node):
            table = read_table(node)
            self.writer.add("text", table.caption)
            self.writer.add_table(table.header, table.rows)
            return True
        self._gather(node.text)
        return False

    def close(self, node: Node) -> None:
        """End a node; the text behind it belongs to its parent."""
        if node.tag in BLOCKS:
            if node.tag == "dt" and _defines(node) and "".join(self._buffer).strip():
                self._buffer.append(": ")
            else:
                self._flush()
            self._frames.pop()
        self._gather(node.tail)

    def _frame(self, node: Node) -> _Frame:
        outer = self._frames[-1]
        if match := _HEADING.fullmatch(node.tag):
            return _Frame("heading", int(match.group(1)))
        if node.tag == "pre":
            return _Frame("code")
        if node.tag in _ITEMS:
            return _Frame("list_item")
        return _Frame() if node.tag in _LISTS else outer

    def _gather(self, text: str | None) -> None:
        if text:
            is_code = self._frames[-1].kind == "code"
            self._buffer.append(text if is_code else _SPACE.sub(" ", text))

    def _flush(self) -> None:
        frame, text = self._frames[-1], "".join(self._buffer)
        self._buffer.clear()
        self.writer.add(frame.kind, text, level=frame.level)
        if frame.kind == "list_item" and text.strip():
            frame.kind = "text"


def _defines(term: Node) -> bool:
    """Say whether a term is followed by its definition: the two are one element."""
    following = term.getnext() if term is not None and term.tag == "dt" else None
    return following is not None and following.tag == "dd"


def _facts(content: bytes) -> dict[str, str]:
    """Return what the `meta` elements of a page's head say under names that mean something to a reader."""
    from lxml import etree, html

    if not _NAMED.search(content[:_HEAD_CHARS]):
        return {}
    source = _DECLARATION.sub("", visible(decode_page(content)[:_HEAD_CHARS]), count=1)
    head = _BODY.split(source, maxsplit=1)[0]
    parser = html.HTMLParser(remove_comments=True, remove_pis=True, huge_tree=True)
    try:
        root = html.document_fromstring(f"<!doctype html>{head}", parser=parser)
    except etree.ParserError:
        return {}
    said = (
        (_plain_name(node.get("name") or ""), node.get("content") or "")
        for node in root.iter("meta")
    )
    return kept_facts((name, value) for name, value in said if metadata_name(name) in _KEPT_NAMES)


def _plain_name(name: str) -> str:
    """Return a name without the prefix of the Dublin Core: `DCTERMS.modified` is `modified`."""
    return name.strip().lower().removeprefix("dcterms.").removeprefix("dc.")
