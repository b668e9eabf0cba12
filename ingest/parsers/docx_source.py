"""A Word document made readable: what the libraries pass over is put where they look.

python-docx, and Unstructured on top of it, read only the runs and paragraphs that stand directly in
the body. Left out are content controls, tracked insertions, smart tags and text boxes.
"""

import re
from collections.abc import Iterator
from io import BytesIO
from typing import TYPE_CHECKING, Any

from ingest.parsers.docx_hiding import remove_hidden_runs
from ingest.parsers.hidden_text import HiddenText
from ingest.parsers.office_container import OfficeContainer

if TYPE_CHECKING:
    from docx.document import Document
    from docx.text.paragraph import Paragraph

_Node = Any  # an lxml element: the library ships no types
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_WRAPPERS = ("sdt", "sdtContent", "ins", "moveTo", "smartTag", "customXml")
_DELETED = ("del", "moveFrom", "sdtPr", "sdtEndPr", "smartTagPr", "customXmlPr")
_HEADING_STYLE = re.compile(r"heading ([1-9])", re.IGNORECASE)
_MAX_BOLD_HEADING_CHARS = 80
_TITLE_LEVEL = 0


def open_document(content: bytes, hidden: HiddenText) -> "Document":
    """Return the document with insertions accepted, deletions and hidden runs gone, text boxes in the body.

    Raises:
        ParseError: `encrypted`, `unsupported`, `corrupt` or `archive_bomb`.
    """
    from docx import Document

    OfficeContainer(content, "DOCX").require("[Content_Types].xml")
    document = Document(BytesIO(content))
    body = document.element.body
    for name in _DELETED:
        for node in list(body.iter(f"{_W}{name}")):
            if node.getparent() is not None:
                node.getparent().remove(node)
    for name in _WRAPPERS:
        for node in list(body.iter(f"{_W}{name}")):
            _unwrap(node)
    for fallback in list(body.iter(f"{_MC}Fallback")):
        fallback.getparent().remove(fallback)
    remove_hidden_runs(body, _styles(document), hidden)
    # The last one first: each goes directly behind the paragraph that it stands in.
    for box in reversed(list(body.iter(f"{_W}txbxContent"))):
        _move_behind_paragraph(box, body)
    return document


def _styles(document: "Document") -> _Node | None:
    for relation in document.part.rels.values():
        if relation.reltype.endswith("/styles") and not relation.is_external:
            return getattr(relation.target_part, "element", None)
    return None


def _unwrap(node: _Node) -> None:
    parent = node.getparent()
    place = parent.index(node)
    for child in reversed(list(node)):
        parent.insert(place, child)
    parent.remove(node)


def _move_behind_paragraph(box: _Node, body: _Node) -> None:
    anchor = box
    while anchor is not None and anchor.getparent() is not body:
        anchor = anchor.getparent()
    if anchor is not None:
        for child in reversed(list(box)):
            anchor.addnext(child)
        box.getparent().remove(box)


def heading_levels(document: "Document") -> dict[str, int]:
    """Return the level of each heading by its text on one line; 0 is the document's title.

    Headings are told by their style. In a document without heading styles they are the short
    paragraphs that are bold throughout, level 2.
    """
    levels: dict[str, int] = {}
    for paragraph in document.paragraphs:
        level = _style_level(paragraph)
        if level is not None:
            levels.setdefault(" ".join(paragraph.text.split()), level)
    if levels:
        return levels
    return {
        " ".join(paragraph.text.split()): 2
        for paragraph in document.paragraphs
        if _is_bold_line(paragraph)
    }


def _style_level(paragraph: "Paragraph") -> int | None:
    style: Any = paragraph.style
    for _ in range(5):  # a company's own style is often based on Word's
        if style is None:
            return None
        name = style.name or ""
        if name == "Title":
            return _TITLE_LEVEL
        if match := _HEADING_STYLE.match(name):
            return min(int(match.group(1)), 6)
        style = style.base_style
    return None


def _is_bold_line(paragraph: "Paragraph") -> bool:
    text = paragraph.text.strip()
    if not 0 < len(text) <= _MAX_BOLD_HEADING_CHARS or text[-1] in ".;,":
        return False
    return all(run.bold for run in paragraph.runs if run.text.strip())


def names_columns(document: "Document") -> list[bool]:
    """Say of each table whether its first row is marked as one of names, or bold throughout."""
    return [_has_marked_names(table) for table in document.element.body.iterchildren(f"{_W}tbl")]


def _has_marked_names(table: _Node) -> bool:
    row = next(table.iterchildren(f"{_W}tr"), None)
    if row is None:
        return False
    if row.find(f"{_W}trPr/{_W}tblHeader") is not None:
        return True
    runs = [run for run in row.iter(f"{_W}r") if "".join(run.itertext()).strip()]
    return bool(runs) and all(run.find(f"{_W}rPr/{_W}b") is not None for run in runs)


def notes(document: "Document", hidden: HiddenText) -> Iterator[str]:
    """Return the texts of footnotes and endnotes, in their order."""
    from lxml import etree  # type: ignore[import-untyped]

    for relation in document.part.rels.values():
        kind = relation.reltype.rsplit("/", 1)[-1]
        if kind not in ("footnotes", "endnotes") or relation.is_external:
            continue
        parser = etree.XMLParser(resolve_entities=False, no_network=True)
        root = etree.fromstring(relation.target_part.blob, parser)
        remove_hidden_runs(root, _styles(document), hidden)
        for note in root.iterchildren(f"{_W}{kind[:-1]}"):
            yield " ".join("".join(p.itertext(f"{_W}t")) for p in note.iter(f"{_W}p"))
