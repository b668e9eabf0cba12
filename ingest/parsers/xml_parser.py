"""XML of any kind as readable text, with the names that say what it means.

    elements of one name that repeat    the names of their parts, then one table row each:
                                        `tag: value; tag: value`, attributes too
    text with elements inside           a paragraph
    an element with text alone          `tag: text (attribute: value)`
    an element with parts               a heading (its own title or name, else its tag), the parts below

Entities that a file defines are not replaced and stay as they are written; nothing outside the file is
read. HTML inside a text, as in RSS, is read as a reader sees it. Unstructured's partition_xml keeps the
text alone: of a record `<price>5</price><stock>7</stock>` it leaves 5 and 7.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby
from typing import Any

from core.documents import ParsedDocument
from core.errors import ParseError
from ingest.parsers.canonical import CanonicalWriter
from ingest.parsers.decoding import decode
from ingest.parsers.html_fragment import fragment_text
from ingest.parsers.plain_text import one_line, tidy
from ingest.parsers.table_rows import header_text, row_text

_Node = Any
"""An lxml element; the library ships no types."""
_Pairs = list[tuple[str, str]]

_DECLARATION = re.compile(r"\s*<\?xml\b[^>]{0,500}\?>")
_ENCODING = re.compile(rb"^\s*<\?xml\b[^>]{0,300}?encoding\s*=\s*[\"']([\w.:-]{2,40})[\"']")
_TAG = re.compile(r"<(?:/?[a-zA-Z][\w-]*(?:\s[^<>]*)?/?|!--)")
_DOCTYPE = re.compile(r"<!DOCTYPE\b[^\[>]*(?:\[.*?\]\s*)?>", re.S)
_MAX_ATTRIBUTES = 1_000  # of one element: lxml takes 1 s to list 20,000, and 4 s for twice as many
_PROLOG = (("<!--", "-->"), ("<?", "?>"))
_NOT_SPACE = re.compile(r"\S")
_MAX_ROW_CHARS = 1_200
_MAX_LEVEL = 6
_TITLES = ("title", "name", "label", "heading")


def parse_xml(content: bytes, uri: str) -> ParsedDocument:
    """Parse an XML file.

    Raises:
        ParseError: `unsupported` or `encoding`, when the bytes are not text; `corrupt`, when it is not
            well formed or is nested too deeply; `empty`.
    """
    root = _read(_decoded(content))
    writer = CanonicalWriter()
    reader = _TreeReader(writer)
    reader.write_root(root)
    document = writer.document(uri, _declared_title(root))
    return replace(document, metadata=_metadata(root))


def _decoded(content: bytes) -> str:
    match = _ENCODING.match(content[:1024])
    if match and match.group(1).lower() not in (b"utf-8", b"utf8", b"utf-16"):
        try:
            return content.decode(match.group(1).decode("ascii"))
        except (LookupError, UnicodeDecodeError):
            pass  # it says what is not so: go by the bytes
    return decode(content)


def _read(text: str) -> _Node:
    from lxml import etree  # type: ignore[import-untyped]

    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True,
        remove_pis=True, recover=True,
    )  # fmt: skip
    body = _without_doctype(_DECLARATION.sub("", text, count=1).lstrip())
    source = body.encode("utf-8", "surrogatepass")
    try:
        root = etree.fromstring(source, parser)
    except etree.XMLSyntaxError as error:
        raise ParseError("corrupt", f"the XML is not well formed: {error.msg}") from error
    # `&nbsp;` without a definition is common in feeds, and its meaning is known.
    undefined = (etree.ErrorTypes.ERR_UNDECLARED_ENTITY, etree.ErrorTypes.WAR_UNDECLARED_ENTITY)
    for mistake in parser.error_log:
        if mistake.type not in undefined and mistake.level_name != "WARNING":
            line, message = mistake.line, one_line(mistake.message)
            raise ParseError("corrupt", f"the XML has a mistake in line {line}: {message}")
    if root is None:
        raise ParseError("empty", "the XML has no content")
    return root


def _without_doctype(text: str) -> str:
    """Return the text without its document type.

    A few lines of entities in entities are gigabytes of text once they are replaced, and libxml2
    replaces those in attributes whatever it is told: no definition may reach it.
    """
    start = _prolog_end(text, 0)
    if not text.startswith("<!DOCTYPE", start):
        return text
    match = _DOCTYPE.match(text, start)
    if match is None or text.startswith("<!DOCTYPE", _prolog_end(text, match.end())):
        raise ParseError("corrupt", "the XML's document type cannot be read")
    return text[:start] + text[match.end() :]


def _prolog_end(text: str, start: int) -> int:
    """Return where the comments, instructions and spaces from `start` on end."""
    while True:
        match = _NOT_SPACE.search(text, start)
        start = match.start() if match else len(text)
        end_mark = next((end for mark, end in _PROLOG if text.startswith(mark, start)), "")
        end = text.find(end_mark, start) if end_mark else -1
        if end < 0:
            return start
        start = end + len(end_mark)


class _TreeReader:
    """Writes a tree; libxml2 allows 256 levels, so that recursion is safe."""

    def __init__(self, writer: CanonicalWriter) -> None:
        self._writer = writer

    def write_root(self, root: _Node) -> None:
        """Write the whole tree."""
        if not _children(root):
            self._leaf(root)
        elif _is_prose(root):
            self._writer.add("text", _prose(root))
        else:
            self._parts(root, 1)

    def _parts(self, node: _Node, level: int) -> None:
        """Write what stands inside an element, runs of like records as tables."""
        self._writer.add("text", _text(node.text or ""))
        for tag, group in groupby(_children(node), key=_name):
            nodes = list(group)
            rows = [_record(child) for child in nodes] if len(nodes) > 1 else [None]
            shown = [row if row and (len(row) > 1 or row[0][0] != tag) else None for row in rows]
            header = header_text(list(dict.fromkeys(n for row in shown if row for n, _ in row)))
            if len(header) > _MAX_ROW_CHARS:
                header = ""
            self._writer.add_names(header)
            for child, row in zip(nodes, shown, strict=True):
                if row:
                    names, values = _columns(row)
                    own = header or header_text(names)
                    self._writer.add("table_row", row_text(names, values), header=own)
                else:
                    self._node(child, level)

    def _node(self, node: _Node, level: int) -> None:
        if not _children(node):
            self._leaf(node)
        elif _is_prose(node):
            self._writer.add("text", _prose(node))
        else:
            title = _title(node)
            marks = "; ".join(f"{name}: {value}" for name, value in _attributes(node))
            # A tag is no title of the document, which the first heading of level 1 is.
            own = level if title else max(level, 2)
            self._writer.add("heading", title or _name(node), level=min(own, _MAX_LEVEL))
            self._writer.add("text", marks)
            self._parts(node, own + 1)
        self._writer.add("text", _text(node.tail or ""))

    def _leaf(self, node: _Node) -> None:
        text = _text(_own_text(node))
        marks = "; ".join(f"{name}: {value}" for name, value in _attributes(node))
        shown = f"{text} ({marks})" if text and marks else text or marks
        if shown:
            self._writer.add("text", f"{_name(node)}: {shown}")


def _record(node: _Node) -> _Pairs | None:
    """Return the fields of an element whose parts are plain and short, else None."""
    pairs = _attributes(node)
    children = _children(node)
    if not children:
        text = _text(_own_text(node))
        pairs = [*pairs, (_name(node), text)] if text else pairs
    for child in children:
        if _children(child) or (child.tail or "").strip():
            return None
        text = _text(_own_text(child))
        marks = _attributes(child)
        if text and marks:
            text = f"{text} ({'; '.join(f'{name}: {value}' for name, value in marks)})"
        pairs += [(_name(child), text or row_text(*_columns(marks)))]
    if (node.text or "").strip() and children:
        return None
    shown = [(name, value) for name, value in pairs if value]
    return shown if 0 < sum(len(value) for _, value in shown) <= _MAX_ROW_CHARS else None


def _columns(pairs: _Pairs) -> tuple[list[str], list[str]]:
    return [name for name, _ in pairs], [value for _, value in pairs]


def _is_prose(node: _Node) -> bool:
    """Say whether text stands between the parts of an element, as in a sentence with marked words."""
    if (node.text or "").strip():
        return True
    return any((child.tail or "").strip() for child in _children(node))


def _prose(node: _Node) -> str:
    return _text(" ".join(" ".join(_pieces(node)).split()))


def _pieces(node: _Node) -> Iterator[str]:
    yield node.text or ""
    for child in node:
        if isinstance(child.tag, str):
            yield from _pieces(child)
        else:
            yield child.text or ""
        yield child.tail or ""


def _own_text(node: _Node) -> str:
    """Return the text of an element without parts; an entity that stands in it as it is written."""
    return (node.text or "") + "".join(f"{part.text or ''}{part.tail or ''}" for part in node)


def _children(node: _Node) -> list[_Node]:
    return [child for child in node if isinstance(child.tag, str)]


def _name(node: _Node) -> str:
    return str(node.tag).rpartition("}")[2]


def _attributes(node: _Node) -> _Pairs:
    if len(node.attrib) > _MAX_ATTRIBUTES:
        raise ParseError("corrupt", f"an element has more than {_MAX_ATTRIBUTES:,} attributes")
    shown = ((str(name).rpartition("}")[2], one_line(value)) for name, value in node.attrib.items())
    return [(name, value) for name, value in shown if value]


def _text(text: str) -> str:
    return tidy(fragment_text(text)) if _TAG.search(text) or "&" in text else tidy(text)


def _title(node: _Node) -> str:
    for child in _children(node):
        if _name(child).lower() in _TITLES and not _children(child):
            return one_line(_text(_own_text(child)))
    return ""


def _declared_title(root: _Node) -> str:
    channels = [child for child in _children(root)[:1] if _name(child) == "channel"]  # RSS
    return _title(root) or next(filter(None, map(_title, channels)), "")


def _metadata(root: _Node) -> dict[str, str]:
    """Return the language that a file or a feed says it is in."""
    for node in [root, *_children(root)[:1]]:
        declared = node.get("{http://www.w3.org/XML/1998/namespace}lang") or ""
        for child in _children(node):
            if _name(child) == "language" and not _children(child):
                declared = declared or one_line(_own_text(child))
        if declared:
            return {"language": declared}
    return {}
