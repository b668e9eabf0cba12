"""Jupyter notebooks: notes as Markdown, code as code, and what the code printed as text.

Images and other encoded output are left out. Nothing is run.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from core.documents import ParsedDocument
from core.errors import ParseError
from ingest.parsers.canonical import CanonicalWriter
from ingest.parsers.decoding import decode
from ingest.parsers.json_parser import load_json
from ingest.parsers.markdown_parser import parse_markdown
from ingest.parsers.plain_text import one_line
from ingest.parsers.rewriting import rewrite

_COLOUR = re.compile(r"\x1b\[[0-9;]{0,20}[A-Za-z]")
_MAX_OUTPUT_CHARS = 20_000  # of one cell: a loop may have printed a million lines


def parse_notebook(content: bytes, uri: str) -> ParsedDocument:
    """Parse a notebook, cell by cell.

    Raises:
        ParseError: `unsupported` or `encoding`, when the bytes are not text; `corrupt`, when it is no
            JSON or has no cells.
    """
    notebook = load_json(decode(content))
    if not isinstance(notebook, dict):
        raise ParseError("corrupt", "the notebook is no JSON object")
    writer = CanonicalWriter()
    for cell in _cells(notebook):
        _write_cell(writer, cell)
    declared = _mapping(notebook.get("metadata"))
    document = writer.document(uri, _joined(declared.get("title")))
    authors = [_joined(_mapping(author).get("name")) for author in _list(declared.get("authors"))]
    author = one_line(", ".join(filter(None, authors)))
    return replace(document, metadata={"author": author}) if author else document


def _cells(notebook: dict[str, Any]) -> Iterator[dict[str, Any]]:
    sheets = [_mapping(sheet) for sheet in _list(notebook.get("worksheets"))]  # before 2015
    found = [cells for part in (notebook, *sheets) if (cells := part.get("cells")) is not None]
    if not found:
        raise ParseError("corrupt", "the notebook has no cells")
    for cells in found:
        yield from map(_mapping, _list(cells))


def _write_cell(writer: CanonicalWriter, cell: dict[str, Any]) -> None:
    source = _joined(cell.get("source", cell.get("input")))
    kind = cell.get("cell_type")
    if kind == "markdown":
        rewrite(writer, parse_markdown(source.encode("utf-8", "replace"), "cell.md"))
    elif kind == "heading":
        level = str(cell.get("level", "1"))
        writer.add("heading", one_line(source), level=int(level) if level in "123456" else 1)
    else:
        writer.add("text" if kind == "raw" else "code", source)
    printed = "\n".join(filter(None, map(_output, _list(cell.get("outputs")))))
    writer.add("text", _COLOUR.sub("", printed[:_MAX_OUTPUT_CHARS]))


def _output(output: Any) -> str:
    fields = _mapping(output)
    shown = _mapping(fields.get("data")).get("text/plain")
    return _joined(shown or fields.get("text") or fields.get("traceback"))


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _joined(value: Any) -> str:
    """Return a text that may be written as a list of its lines."""
    if isinstance(value, list):
        return "".join(line for line in value if isinstance(line, str))
    return value if isinstance(value, str) else ""
