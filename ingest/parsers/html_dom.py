"""An HTML page as a tree without what no reader sees."""

import re
from typing import Any

from core.errors import ParseError
from ingest.parsers.decoding import decode
from ingest.parsers.hidden_text import HiddenText
from ingest.parsers.html_hiding import PageStyle
from ingest.parsers.plain_text import visible

Node = Any
"""An lxml element; the library ships no types."""

_BLOCK_TAGS = (
    "address article aside blockquote body caption center dd details dialog div dl dt fieldset "
    "figcaption figure form h1 h2 h3 h4 h5 h6 header hgroup hr html legend li main menu ol option "
    "optgroup p pre search section summary button label textarea "
    "table tbody td tfoot th thead tr ul"
)
BLOCKS = frozenset(_BLOCK_TAGS.split())
_UNSEEN_TAGS = (
    "script style nav footer noscript template head iframe object canvas svg audio video datalist"
)
_UNSEEN = frozenset(_UNSEEN_TAGS.split())
_COMMENT = re.compile(r"<!--(.*?)(?:-->|\Z)", re.DOTALL)
_DECLARATION = re.compile(r"\s*<\?xml[^>]*\?>")
_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:-]{2,40})", re.IGNORECASE)
_HEAD_BYTES = 4096
_MAX_HIDDEN_PIECES = 500


def read_page(content: bytes, hidden: HiddenText) -> tuple[Node, str]:
    """Return the pruned tree of a page and what its `title` tag says; count what was hidden.

    Raises:
        ParseError: `unsupported` or `encoding`, when the bytes are not text; `empty`.
    """
    from lxml import etree, html  # type: ignore[import-untyped]

    decoded = decode_page(content)
    hidden.characters(decoded)
    source = _DECLARATION.sub("", visible(decoded), count=1)
    for comment in _COMMENT.findall(source):
        hidden.part("comment", comment)
    # huge_tree: by default libxml2 drops what is nested deeper than 256 levels, without a word.
    parser = html.HTMLParser(remove_comments=True, remove_pis=True, huge_tree=True)
    try:
        root = html.document_fromstring(f"<!doctype html>{source}", parser=parser)
    except etree.ParserError as error:
        raise ParseError("empty", "the page has nothing but comments") from error
    title = root.findtext(".//title") or ""
    _prune(root, hidden)
    return root, title


def decode_page(content: bytes) -> str:
    """Return the source of a page, in the encoding that it names if that is so.

    Raises:
        ParseError: `unsupported` or `encoding`, when the bytes are not text.
    """
    match = _CHARSET.search(content[:_HEAD_BYTES])
    if match and match.group(1).lower() not in (b"utf-8", b"utf8"):
        try:
            return content.decode(match.group(1).decode("ascii"))
        except (LookupError, UnicodeDecodeError):
            pass  # the page says what is not so: go by the bytes
    return decode(content)


def text_of(node: Node) -> str:
    """Return the text inside a node, blocks apart from each other; white space is as in the source."""
    from lxml import etree

    parts: list[str] = []
    for event, child in etree.iterwalk(node, events=("start", "end")):
        if child.tag in BLOCKS or child.tag == "br":
            parts.append(" ")
        if event == "start":
            parts.append(child.text or "")
        elif child is not node:
            parts.append(child.tail or "")
    return "".join(parts)


def _prune(root: Node, hidden: HiddenText) -> None:
    style = PageStyle(root)
    skipped = 0
    for node in list(root.iter("*")):
        if skipped:  # inside of what was taken out
            skipped -= 1
            continue
        if node is root or node.tag == "body" or node.getparent() is None:
            continue
        if node.tag == "img":
            _empty(node, f" {node.get('alt') or ''} ")
            continue
        is_unseen = node.tag in _UNSEEN or node.get("role") == "navigation"
        kind = "" if is_unseen else style.hiding(node)
        if is_unseen or kind:
            skipped = sum(1 for _ in node.iterdescendants("*"))
            if kind:
                hidden.part(kind, _some_text(node))
            _remove(node)


def _some_text(node: Node) -> str:
    """Return the beginning of what stands in a hidden element, for the detector."""
    parts: list[str] = []
    for text in node.itertext():
        parts.append(text)
        if len(parts) == _MAX_HIDDEN_PIECES:
            break
    return " ".join(parts)


def _remove(node: Node) -> None:
    # drop_tree joins the tail to the text before it, and copies that each time: 400,000 images or
    # scripts in one paragraph (5 MB) took minutes.
    if node.tail:
        _empty(node, "")
    else:
        node.drop_tree()


def _empty(node: Node, text: str) -> None:
    node.clear(keep_tail=True)
    node.tag, node.text = "span", text
