"""Turns answers and documents into what a page shows: words, parts and cards; never markup.

Answers and documents are data that somebody else wrote. Nothing here builds a page element from them: the
parts below reach the browser as JSON and become text nodes there. The two exceptions are named for it:
`plain_html` escapes everything, and `plain_label` makes a Streamlit label say exactly the text it is given, both
as `app.safe_text` does it.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal
from urllib.parse import urlencode

from app.answering import Stage
from app.safe_text import html_text, streamlit_text
from core.answers import Answer, Citation, Claim, FeedbackCategory, Verdict

Tone = Literal["good", "mixed", "bad", "calm"]

MAX_COMMENT_CHARS = 2000

CATEGORY_WORDS: dict[FeedbackCategory, str] = {
    "wrong_fact": "A fact is wrong",
    "wrong_source": "The source does not say this",
    "outdated": "It is out of date",
    "incomplete": "Something important is missing",
    "should_have_abstained": "It should have said that it does not know",
    "should_have_answered": "It should have known the answer",
    "other": "Something else",
}

STAGE_WORDS: dict[Stage, str] = {
    "searching": "Searching the documents",
    "reading": "Reading what was found",
    "writing": "Writing the answer",
    "checking": "Checking every statement against its source",
}

_VERDICT_WORDS: dict[Verdict, tuple[str, str]] = {
    "supported": ("✓", "supported"),
    "partial": ("◐", "partly supported"),
    "unsupported": ("✕", "not supported"),
    "contradicted": ("≠", "contradicted by its source"),
    "unchecked": ("?", "not checked"),
}
_NOTE_TITLES = {
    "conflict": "The sources disagree",
    "stale": "This may be out of date",
    "degraded": "Reduced service",
    "redacted": "Something was left out",
    "injection": "A document tries to give orders",
    "near_miss": "Perhaps not what you asked",
    "false_premise": "The question takes something for granted",
    "unsupported": "Not in the documents",
    "shortened": "There is more",
    "incomplete": "The answer broke off",
    "unknown_marker": "A reference was wrong",
}
# What changes how far an answer can be relied on; it is said first.
_STRONG_NOTES = frozenset(
    {"conflict", "stale", "unsupported", "incomplete", "false_premise", "injection", "near_miss"}
)
# Machines read these notes; for people the text of an abstention names the same documents.
_NAMED_IN_TEXT = "nearest"
_DOUBT_CHARS = 200
_TERMINAL_ORDERS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_MARKER = re.compile(r"\[(\d{1,4})\]")
_MARKER_RUN = re.compile(r"(?:[ \t]*\[\d{1,4}\])*")


@dataclass(frozen=True, slots=True)
class Part:
    """A run of an answer's text. All parts together are the text.

    `marker` is set where the text itself is a `[n]` that names a citation; `citations` are the markers to
    show behind the part because its text does not name them. `ends_claim` is true for the last part of a claim:
    the verdict is said once, there.
    """

    text: str
    verdict: Verdict | None = None
    marker: int | None = None
    citations: tuple[int, ...] = ()
    ends_claim: bool = False


@dataclass(frozen=True, slots=True)
class SourceCard:
    """One citation as it is listed under an answer; `href` is its own address."""

    marker: int
    title: str
    where: str
    updated: str
    quote: str
    href: str


@dataclass(frozen=True, slots=True)
class NoteLine:
    """A note with a heading in plain words; `is_strong` where it changes how far the answer can be relied on."""

    kind: str
    title: str
    text: str
    is_strong: bool = False


@dataclass(frozen=True, slots=True)
class Doubt:
    """A statement that does not hold as it is written: its words, the verdict in words, and why.

    Doubts stand in the order in which their claims end in `AnswerView.parts`.
    """

    text: str
    verdict: Verdict
    label: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AnswerView:
    """Everything that a face shows of one answer.

    `groups` are the positions of sources that share a card, because they follow each other in one place.
    """

    status: str
    heading: str
    parts: tuple[Part, ...]
    summary: str
    tone: Tone
    doubts: tuple[Doubt, ...]
    sources_title: str
    sources: tuple[SourceCard, ...]
    groups: tuple[tuple[int, ...], ...]
    notes: tuple[NoteLine, ...]


def answer_view(answer: Answer) -> AnswerView:
    """Return an answer as its parts, summary, sources and notes."""
    headings = {"abstained": "Not found in the documents", "error": "No answer this time"}
    return AnswerView(
        status=answer.status,
        heading=headings.get(answer.status, ""),
        parts=answer_parts(answer),
        summary=summary_line(answer),
        tone=_tone(answer),
        doubts=tuple(
            _doubt(claim) for claim in _shown_claims(answer) if is_doubtful(claim.verdict)
        ),
        sources_title="Sources" if answer.status == "answered" else "What the documents do say",
        sources=tuple(source_card(answer, citation) for citation in answer.citations),
        groups=tuple(tuple(group) for group in grouped_sources(answer.citations)),
        notes=_note_lines(answer),
    )


def _note_lines(answer: Answer) -> tuple[NoteLine, ...]:
    lines = [
        NoteLine(
            note.kind,
            _NOTE_TITLES.get(note.kind, "Note"),
            note.text,
            note.kind in _STRONG_NOTES,
        )
        for note in answer.notes
        if note.kind != _NAMED_IN_TEXT
    ]
    return tuple(sorted(lines, key=lambda line: not line.is_strong))


def is_doubtful(verdict: Verdict | None) -> bool:
    """Whether a reader has to be told why a statement does not hold as it is written."""
    return verdict not in (None, "supported", "unchecked")


def _doubt(claim: Claim) -> Doubt:
    words = clipped(" ".join(claim.text.split()), _DOUBT_CHARS)
    return Doubt(words, claim.verdict, verdict_label(claim.verdict), claim.reasons)


def answer_parts(answer: Answer) -> tuple[Part, ...]:
    """Split an answer's text by its claims and markers; claims that overlap are cut at the first."""
    known = frozenset(citation.marker for citation in answer.citations)
    parts: list[Part] = []
    position = 0
    for claim in _shown_claims(answer):
        start, end = max(claim.start, position), min(claim.end, len(answer.text))
        parts += _with_markers(answer.text[position:start], None, known)
        parts += _claim_parts(answer.text, start, end, claim, known)
        position = end
    parts += _with_markers(answer.text[position:], None, known)
    return tuple(parts)


def _shown_claims(answer: Answer) -> list[Claim]:
    """Return the claims in the order of the text, without those that others cover wholly."""
    shown: list[Claim] = []
    position = 0
    for claim in sorted(answer.claims, key=lambda claim: (claim.start, claim.end)):
        end = min(claim.end, len(answer.text))
        if max(claim.start, position) < end:
            shown.append(claim)
            position = end
    return shown


def _claim_parts(
    text: str, start: int, end: int, claim: Claim, known: frozenset[int]
) -> list[Part]:
    parts = _with_markers(text[start:end], claim.verdict, known)
    trailing = _MARKER_RUN.match(text, end)
    named_until = trailing.end() if trailing else end
    named = {int(found[1]) for found in _MARKER.finditer(text[start:named_until])}
    unnamed = dict.fromkeys(marker for marker in claim.citations if marker in known - named)
    parts[-1] = replace(parts[-1], citations=tuple(unnamed), ends_claim=True)
    return parts


def _with_markers(text: str, verdict: Verdict | None, known: frozenset[int]) -> list[Part]:
    parts: list[Part] = []
    position = 0
    for found in _MARKER.finditer(text):
        if int(found[1]) in known:
            parts.append(Part(text[position : found.start()], verdict))
            parts.append(Part(found[0], verdict, marker=int(found[1])))
            position = found.end()
    parts.append(Part(text[position:], verdict))
    return [part for part in parts if part.text]


def grouped_sources(citations: Sequence[Citation]) -> list[list[int]]:
    """Return the positions of citations in groups: those that follow each other in one place of one document.

    A list of fourteen lines that is quoted whole is one place with fourteen quotes.
    """
    groups: list[list[int]] = []
    for position, citation in enumerate(citations):
        if groups and _where(citations[groups[-1][-1]]) == _where(citation):
            groups[-1].append(position)
        else:
            groups.append([position])
    return groups


def _where(citation: Citation) -> tuple[object, ...]:
    document = citation.document
    return document.doc_id, document.version, citation.section, citation.page


def source_card(answer: Answer, citation: Citation) -> SourceCard:
    """Return one citation of an answer as a card."""
    return SourceCard(
        marker=citation.marker,
        title=citation.document.title or citation.document.uri,
        where=place(citation),
        updated=day(citation.document.updated_at),
        quote=" ".join(citation.quote.split()),
        href=citation_address(answer, citation.marker),
    )


def citation_address(answer: Answer, marker: int) -> str:
    """Return the query string that opens a conversation with one citation beside it."""
    return "?" + urlencode(
        {"c": answer.conversation_id, "answer": answer.answer_id, "cite": str(marker)}
    )


def place(citation: Citation) -> str:
    """Return where in its document a citation stands: section path and page, "" when unknown."""
    section = " \u203a ".join(name for name in citation.section if name != citation.document.title)
    page = f"page {citation.page}" if citation.page is not None else ""
    return " · ".join(filter(None, (section, page)))


def day(timestamp: str) -> str:
    """Return the day of an ISO timestamp as `3 March 2026`; "" when it is not one."""
    try:
        found = date.fromisoformat(timestamp[:10])
    except ValueError:
        return ""
    return f"{found.day} {found:%B %Y}"


def verdict_label(verdict: Verdict) -> str:
    """Return a verdict as a symbol and words, so that it never depends on colour."""
    return " ".join(_VERDICT_WORDS[verdict])


def summary_line(answer: Answer) -> str:
    """Return how well an answer is supported in one line; "" when it states nothing."""
    total = len(answer.claims)
    if answer.status != "answered" or not total:
        return ""
    counts = {
        verdict: sum(claim.verdict == verdict for claim in answer.claims)
        for verdict in _VERDICT_WORDS
    }
    if counts["unchecked"] == total:
        return "Not checked against the documents"
    noun = "statement" if total == 1 else "statements"
    rest = [
        f"{counts[verdict]} {_VERDICT_WORDS[verdict][1]}"
        for verdict in ("partial", "unsupported", "contradicted", "unchecked")
        if counts[verdict]
    ]
    return ", ".join([f"{counts['supported']} of {total} {noun} supported", *rest])


def _tone(answer: Answer) -> Tone:
    verdicts = {claim.verdict for claim in answer.claims}
    if answer.status != "answered" or not verdicts or verdicts == {"unchecked"}:
        return "calm"
    if verdicts & {"unsupported", "contradicted"}:
        return "bad"
    return "good" if verdicts == {"supported"} else "mixed"


def terminal_text(text: str) -> str:
    """Return a text for a terminal: what could move its cursor, recolour it or turn its lines around is shown as �."""
    return _TERMINAL_ORDERS.sub("\ufffd", text)


def plain_html(text: str, css_class: str, role: str = "") -> str:
    """Return a block that shows exactly this text; line breaks are kept by the style sheet."""
    attribute = f' role="{role}"' if role else ""
    return f'<div class="{css_class}"{attribute} dir="auto">{html_text(text)}</div>'


def plain_row(texts: Iterable[str], css_class: str) -> str:
    """Return one line of the texts that are not empty; each keeps its writing direction to itself."""
    runs = " · ".join(f"<bdi>{html_text(text)}</bdi>" for text in texts if text)
    return f'<div class="{css_class}">{runs}</div>' if runs else ""


def plain_label(text: str, max_chars: int = 200) -> str:
    """Return a label that Streamlit shows as exactly this text, on one line."""
    return streamlit_text(clipped(" ".join(text.split()), max_chars))


def clipped(text: str, max_chars: int) -> str:
    """Return a text of at most so many characters, with an ellipsis where it was cut."""
    return text if len(text) <= max_chars else text[: max_chars - 1].rstrip() + "…"
