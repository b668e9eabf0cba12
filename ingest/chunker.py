"""Cuts a parsed document into chunks along its structure; nothing is cut off and nothing overlaps.

Element -> units (sentences, table rows, list items) -> sections (same heading path) -> chunks of even size.
A chunk never crosses a heading unless what is on one side is too short to stand alone. What gets embedded is
title and heading path, then the plain text; it always fits the embedder's window, counted by its own
tokenizer.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import ceil

from core.documents import Chunk, Element, ParsedDocument, chunk_id
from core.ports import Tokenizer
from core.sentences import aligned_spans, sentence_spans

CHUNKER_VERSION = "structure-2"
"""Changes whenever the same document would be cut differently; part of the index's manifest."""

_LONGEST_WORD = 60
_LONGEST_UNIT_CHARS = 20_000
_MAX_HEADING_CHARS = 300
"""Of a title or heading as a name: every chunk below carries it, and counts its tokens again."""
_MIN_TOKENS = 40
"""A section shorter than this is joined with its neighbour: alone it would say too little."""


@dataclass(frozen=True, slots=True)
class _Unit:
    """The smallest piece that is kept together. `heading` units open a section."""

    start: int
    end: int
    plain: str
    tokens: int
    page: int | None
    section: tuple[str, ...]
    heading: bool


class StructureChunker:
    """Chunks of at most `max_tokens` tokens of own text behind a prefix of at most `prefix_tokens`."""

    def __init__(self, tokenizer: Tokenizer, max_tokens: int, prefix_tokens: int) -> None:
        self._tokenizer = tokenizer
        self._max_tokens = max_tokens
        self._prefix_tokens = prefix_tokens

    def chunk(
        self, document: ParsedDocument, doc_id: str, version: str, context: str = ""
    ) -> list[Chunk]:
        """See `core.ports.Chunker`."""
        groups = self._groups(list(self._units(document)))
        return [
            self._chunk(document, group, doc_id, version, ordinal, context)
            for ordinal, group in enumerate(groups)
        ]

    def _units(self, document: ParsedDocument) -> Iterator[_Unit]:
        """Yield the document's units; all are counted in one call, which is twice as fast."""
        pieces = [part for piece in self._uncounted(document) for part in _bounded(piece)]
        counts = self._tokenizer.count_tokens([piece.plain for piece in pieces])
        for piece, tokens in zip(pieces, counts, strict=True):
            if tokens <= self._max_tokens:
                yield replace(piece, tokens=tokens)
            else:
                yield from self._cut(piece)

    def _uncounted(self, document: ParsedDocument) -> Iterator[_Unit]:
        path: list[tuple[int, str]] = []
        for element in document.elements:
            is_heading = element.kind in ("title", "heading")
            if is_heading:
                level = max(1, element.level)
                path = [entry for entry in path if entry[0] < level] + [
                    (level, element.plain[:_MAX_HEADING_CHARS])
                ]
            section = tuple(text for _, text in path)
            for start, end, plain in _pieces(document.text, element):
                yield _Unit(start, end, plain, 0, element.page, section, is_heading)

    def _cut(self, unit: _Unit) -> Iterator[_Unit]:
        """Cut a sentence longer than a chunk at token borders."""
        spans = self._tokenizer.token_spans(unit.plain)
        parts = ceil(len(spans) / self._max_tokens)
        cuts = [
            _word_start(unit.plain, spans[len(spans) * part // parts][0])
            for part in range(1, parts)
        ]
        for piece in _parts_of(unit, cuts):
            yield replace(piece, tokens=self._tokenizer.count_tokens([piece.plain])[0])

    def _groups(self, units: list[_Unit]) -> list[list[_Unit]]:
        groups: list[list[_Unit]] = []
        for section in _merge_short(_sections(units), self._max_tokens):
            groups.extend(_even_parts(section, self._max_tokens))
        return groups

    def _chunk(
        self,
        document: ParsedDocument,
        units: list[_Unit],
        doc_id: str,
        version: str,
        ordinal: int,
        context: str,
    ) -> Chunk:
        start, end = units[0].start, max(unit.end for unit in units)
        section = _common_section(units)
        prefix = self._prefix(document.title, section, context)
        # A heading that opens the chunk is in the prefix already, unless it was too long for it.
        opening = (
            1 if units[0].heading and len(units) > 1 and prefix.endswith(units[0].plain) else 0
        )
        body = "\n".join(unit.plain for unit in units[opening:])
        return Chunk(
            chunk_id=chunk_id(doc_id, version, ordinal),
            doc_id=doc_id,
            ordinal=ordinal,
            start=start,
            end=end,
            text=document.text[start:end],
            embedded_text=f"{prefix}\n{body}" if prefix else body,
            section=section,
            page=units[0].page,
        )

    def _prefix(self, title: str, section: tuple[str, ...], context: str) -> str:
        """Title, what the path says beside it, and heading path; the nearest headings kept when not all fit."""
        title = title[:_MAX_HEADING_CHARS]
        if context:
            named = f"{title} ({context[:_MAX_HEADING_CHARS]})"
            whole = " > ".join(
                part for part in (named, *(head for head in section if head != title)) if part
            )
            if self._tokenizer.count_tokens([whole])[0] <= self._prefix_tokens:
                return whole
        parts = [title, *(heading for heading in section if heading != title)]
        while parts:
            text = " > ".join(part for part in parts if part)
            if self._tokenizer.count_tokens([text])[0] <= self._prefix_tokens:
                return text
            if len(parts) == 1:
                spans = self._tokenizer.token_spans(parts[0])[: self._prefix_tokens]
                return parts[0][: spans[-1][1]] if spans else ""
            parts.pop(1 if len(parts) > 2 else 0)
        return ""


def _bounded(unit: _Unit) -> Iterator[_Unit]:
    """Cut what is so long that counting its tokens would take 100 times its size in memory."""
    length = len(unit.plain)
    if length <= _LONGEST_UNIT_CHARS:
        yield unit
        return
    parts = ceil(length / _LONGEST_UNIT_CHARS)
    yield from _parts_of(
        unit, [_word_start(unit.plain, length * part // parts) for part in range(1, parts)]
    )


def _parts_of(unit: _Unit, cuts: Sequence[int]) -> Iterator[_Unit]:
    """Cut a unit at places in its plain text.

    Where markup makes the plain text differ from the source, the source is cut in the same proportion.
    """
    start, end, plain = unit.start, unit.end, unit.plain
    scale = (end - start) / len(plain)
    for first, last in pairwise([0, *cuts, len(plain)]):
        piece = plain[first:last].strip()
        source_start = start + round(first * scale)
        source_end = end if last == len(plain) else start + round(last * scale)
        if piece and source_start < source_end:
            yield replace(unit, start=source_start, end=source_end, plain=piece)


def _pieces(text: str, element: Element) -> Iterator[tuple[int, int, str]]:
    """Split an element into sentences: (start, end in the canonical text, plain)."""
    if element.kind not in ("text", "list_item"):
        yield from _lines(text, element)
        return
    source = text[element.start : element.end]
    sentences = sentence_spans(element.plain)
    spans = aligned_spans(element.plain, sentences, source)
    waiting = ""
    for sentence, span in zip(sentences, spans, strict=True):
        plain = f"{waiting} {element.plain[sentence.start : sentence.end]}".strip()
        # A sentence that markup hides in the source has no span of its own: it goes with the next one.
        if span.start < span.end or sentence is sentences[-1]:
            end = span.end if span.start < span.end else span.end + 1
            yield element.start + span.start, min(element.end, element.start + end), plain
            waiting = ""
        else:
            waiting = plain


def _lines(text: str, element: Element) -> Iterator[tuple[int, int, str]]:
    """Split code by lines where plain and source agree; keep everything else whole."""
    source = text[element.start : element.end]
    if element.kind != "code" or element.plain not in source:
        yield element.start, element.end, element.plain
        return
    offset = element.start + source.index(element.plain)
    begin = 0
    for line in element.plain.splitlines(keepends=True):
        if line.strip():
            yield offset + begin, offset + begin + len(line.rstrip()), line.rstrip()
        begin += len(line)


def _sections(units: Sequence[_Unit]) -> list[list[_Unit]]:
    sections: list[list[_Unit]] = []
    for unit in units:
        if unit.heading or not sections or sections[-1][-1].section != unit.section:
            sections.append([])
        sections[-1].append(unit)
    return sections


def _merge_short(sections: list[list[_Unit]], max_tokens: int) -> list[list[_Unit]]:
    """Join a section that is too short with the one after it, while both fit into one chunk."""
    merged: list[list[_Unit]] = []
    for section in sections:
        if merged and _tokens(merged[-1]) < _MIN_TOKENS and _joins(merged[-1], section, max_tokens):
            merged[-1] = [*merged[-1], *section]
        else:
            merged.append(section)
    return merged


def _joins(first: list[_Unit], second: list[_Unit], max_tokens: int) -> bool:
    # A heading alone always goes with what follows; its text is then the start of a longer section.
    only_headings = all(unit.heading for unit in first)
    return only_headings or _tokens(first) + _tokens(second) <= max_tokens


def _even_parts(units: list[_Unit], max_tokens: int) -> Iterator[list[_Unit]]:
    """Cut a section into as few parts as fit, of about the same size, between units."""
    remaining = _tokens(units)
    part: list[_Unit] = []
    size = 0
    for unit in units:
        target = remaining / ceil(remaining / max_tokens) if remaining else max_tokens
        overflows = size + unit.tokens > max_tokens
        reached = size >= target - unit.tokens / 2 and not all(member.heading for member in part)
        if part and (overflows or reached):
            yield part
            remaining -= size
            part, size = [], 0
        part.append(unit)
        size += unit.tokens
    if part:
        yield part


def _word_start(text: str, position: int) -> int:
    """Return the start of the word at a position; the position itself in text without spaces."""
    blank = max(text.rfind(space, 0, position) for space in " \n\t")
    near = blank >= 0 and position - blank <= _LONGEST_WORD
    return blank + 1 if near else position


def _tokens(units: Sequence[_Unit]) -> int:
    return sum(unit.tokens for unit in units)


def _common_section(units: Sequence[_Unit]) -> tuple[str, ...]:
    # Headings that open the chunk stand above its text; they do not share its path.
    body = [unit for unit in units if not unit.heading] or units[-1:]
    common = body[0].section
    for unit in body[1:]:
        while common != unit.section[: len(common)]:
            common = common[:-1]
    return common
