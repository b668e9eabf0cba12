"""Writes the draft of a quoting answer: text, claims and citations that fit each other to the character."""

from collections.abc import Sequence

from app.extraction.choosing import Quoted
from core.answers import Citation, Claim, Draft, Note

MODEL_NAME = "extractive"
VERSION = "extractive-2"

_SENTENCE_ENDS = (".", "!", "?", "…", "。", "！", "？")
_MARK_CHARS = 8


def quoting_draft(quoted: Sequence[Quoted], confidence: float, notes: Sequence[Note] = ()) -> Draft:
    """Return the draft that says what is quoted, every piece a claim with its own citation."""
    text = ""
    claims: list[Claim] = []
    citations: list[Citation] = []
    for marker, item in enumerate(quoted, start=1):
        if marker > 1:
            text += _joint(text, quoted[marker - 2], item)
        start = len(text)
        text += _shown(item)
        claims.append(Claim(start, len(text), text[start:], "supported", 1.0, (marker,)))
        citations.append(citation_of(marker, item))
    return Draft(
        text=text,
        claims=tuple(claims),
        citations=tuple(citations),
        status="answered",
        model=MODEL_NAME,
        prompt_version=VERSION,
        confidence=round(confidence, 4),
        notes=tuple(notes),
    )


def abstaining_draft(confidence: float, notes: Sequence[Note] = ()) -> Draft:
    """Return the draft that says nothing; the use case adds what was searched."""
    return Draft(
        text="",
        claims=(),
        citations=(),
        status="abstained",
        model=MODEL_NAME,
        prompt_version=VERSION,
        confidence=round(confidence, 4),
        notes=tuple(notes),
    )


def _shown(item: Quoted) -> str:
    mark = _mark(item)
    return f"{mark} {item.sentence.plain}" if mark else item.sentence.plain


def _mark(item: Quoted) -> str:
    """Return the sign of a list's item that its words do not have yet; in a PDF they begin with it."""
    mark = item.sentence.mark if item.as_item else ""
    return "" if item.sentence.plain.startswith(f"{mark} ") else mark


def _joint(text: str, before: Quoted, item: Quoted) -> str:
    """Return what stands between two pieces; a row or an item has no full stop that would part it from the next."""
    if before.sentence.passage is not item.sentence.passage:
        return "\n\n"
    begins_item = item.as_item and bool(item.sentence.mark)
    has_lines = any(each.sentence.in_table or each.sentence.in_code for each in (before, item))
    if begins_item or has_lines:
        return "\n"
    if before.as_item and not item.as_item:
        return "\n\n"
    return " " if text.endswith(_SENTENCE_ENDS) else "\n"


def citation_of(marker: int, item: Quoted) -> Citation:
    """Return the exact words of a quoted piece: `quote` is the canonical text between `start` and `end`."""
    sentence = item.sentence
    passage = sentence.passage
    start, end = sentence.start - passage.start, sentence.end - passage.start
    mark = _mark(item)
    if mark:
        # The number of a step is part of what is said: it is quoted where the document has it.
        found = passage.text.rfind(mark, max(0, start - _MARK_CHARS), start)
        start = found if found >= 0 else start
    return Citation(
        marker=marker,
        document=passage.document,
        chunk_id=passage.chunk_id,
        section=passage.section,
        page=passage.page,
        start=passage.start + start,
        end=sentence.end,
        quote=passage.text[start:end],
    )
