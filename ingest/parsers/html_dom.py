"""An HTML page as a tree without what no reader sees."""

import re
from typing import Any

from core.errors import ParseError
from ingest.parsers.decoding import decode
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
_HIDING_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_DECLARATION = re.compile(r"\s*<\?xml[^>]*\?>")
_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:-]{2,40})", re.IGNORECASE)
_HEAD_BYTES = 4096


def read_page(content: bytes) -> tuple[Node, str]:
    """Return the pruned tree of a page and what its `title` tag says.

    Raises:
        ParseError: `unsupported` or `encoding`, when the bytes are not text; `empty`.
    """
    from lxml import etree, html  # type: ignore[import-untyped]

    source = _DECLARATION.sub("", visible(decode_page(content)), count=1)
    # huge_tree: by default libxml2 drops what is nested deeper than 256 levels, without a word.
    parser = html.HTMLParser(remove_comments=True, remove_pis=True, huge_tree=True)
    try:
        root = html.document_fromstring(f"<!doctype html>{source}", parser=parser)
    except etree.ParserError as error:
        raise ParseError("empty", "the page has nothing but comments") from error
    title = root.findtext(".//title") or ""
    _prune(root)
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


def _prune(root: Node) -> None:
    for node in list(root.iter("*")):
        if node is root or node.tag == "body" or node.getparent() is None:
            continue
        if node.tag == "img":
            _empty(node, f" {node.get('alt') or ''} ")
        elif node.tag in _UNSEEN or _is_hidden(node):
            _remove(node)


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


def _is_hidden(node: Node) -> bool:
    if node.get("hidden") not in (None, "until-found"):
        return True
    return node.get("role") == "navigation" or bool(_HIDING_STYLE.search(node.get("style") or ""))
