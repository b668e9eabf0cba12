"""What a sandboxed child does: parses and chunks one file, or unpacks one container.

Everything goes in and comes out as frames of JSON and bytes; the child opens no file of its own.
"""

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from core.documents import Chunk, ParsedDocument, element_fields
from core.errors import ParseError

_MAX_TEXT_CHARS = 10_000_000
"""About 18,000 chunks, which take half a minute to cut and three minutes to embed on two processors."""

Frame = tuple[dict[str, Any], bytes]
Job = Callable[[dict[str, Any], bytes], Iterator[Frame]]


def make_job(config: dict[str, Any]) -> Job:
    """Prepare a child: load the tokenizer once, and what every file needs.

    `config` has `tokenizer_path`, `max_tokens` and `prefix_tokens` of the chunker.
    """
    from ingest.chunker import StructureChunker
    from ingest.parsers.registry import warm_up
    from ingest.tokenizer_file import TokenizerFile

    # Unstructured's spaCy would import torch if it could: 480 MB of address space and 2 s for nothing.
    sys.modules.setdefault("torch", None)  # type: ignore[arg-type]
    warm_up()
    tokenizer = TokenizerFile(config["tokenizer_path"])
    chunker = StructureChunker(tokenizer, config["max_tokens"], config["prefix_tokens"])

    def job(header: dict[str, Any], body: bytes) -> Iterator[Frame]:
        if header["task"] == "expand":
            yield from _expand(header["name"], body)
        else:
            yield _parse(chunker, header, body)

    return job


def _parse(chunker: Any, header: dict[str, Any], body: bytes) -> Frame:
    from core.hidden_characters import visible
    from index.analysis import path_context
    from ingest.content_marks import marks_of
    from ingest.near_duplicates import signature
    from ingest.parsers.front_matter import declared_access
    from ingest.parsers.registry import parse

    document: ParsedDocument = parse(body, header["name"])
    if len(document.text) > _MAX_TEXT_CHARS:
        count, limit = f"{len(document.text):,}", f"{_MAX_TEXT_CHARS:,}"
        raise ParseError("too_large", f"The text has {count} characters, the limit is {limit}.")
    if header["title"]:
        document = replace(document, title=visible(header["title"]))
    context = path_context(visible(header["uri"]), document.title)
    chunks: list[Chunk] = chunker.chunk(document, "", "", context)
    if not chunks:
        raise ParseError("empty", "The file has no text.")
    answer = {
        "title": document.title,
        "text": document.text,
        "metadata": dict(document.metadata),
        "elements": [element_fields(element) for element in document.elements],
        "chunks": [
            [chunk.start, chunk.end, chunk.embedded_text, chunk.section, chunk.page]
            for chunk in chunks
        ],
        "access": declared_access(document.text) if header["asks_access"] else None,
    }
    marks = marks_of(document, chunks, header["uri"])
    words = signature(element.plain for element in document.elements)
    return {"signature": words.hex(), "marks": marks.fields()}, json.dumps(
        answer, ensure_ascii=False
    ).encode("utf-8", "replace")


def _expand(name: str, body: bytes) -> Iterator[Frame]:
    from ingest.containers.members import BadMember
    from ingest.containers.registry import expand

    for member in expand(body, name):
        if isinstance(member, BadMember):
            bad = {"reason": member.reason, "detail": member.detail, "is_rest": member.is_rest}
            yield {"name": member.name, **bad}, b""
        else:
            yield {"name": member.name, "modified": member.modified}, member.content
