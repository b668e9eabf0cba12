"""Everything that a face shows of one answer."""

from dataclasses import dataclass

from app.chat_view.drawing import DrawnBlock, draw
from app.chat_view.notes import NoteLine, note_lines
from app.chat_view.sources import SourceCard, grouped_sources, source_card
from app.chat_view.verdicts import Doubt, Tone, doubts_of, shown_claims, summary_line, tone_of
from app.chat_view.words import verdict_label
from core.answers import Answer, Claim, Verdict


@dataclass(frozen=True, slots=True)
class ClaimView:
    """A statement with its verdict in words; `evidence` are the positions of its sources among the cards."""

    start: int
    end: int
    verdict: Verdict
    label: str
    reasons: tuple[str, ...]
    evidence: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class AnswerView:
    """An answer as it is drawn.

    `groups` are the positions of sources that share a card, because they follow each other in one place.
    """

    answer_id: str
    status: str
    heading: str
    blocks: tuple[DrawnBlock, ...]
    claims: tuple[ClaimView, ...]
    summary: str
    tone: Tone
    doubts: tuple[Doubt, ...]
    sources_title: str
    sources: tuple[SourceCard, ...]
    groups: tuple[tuple[int, ...], ...]
    notes: tuple[NoteLine, ...]


def answer_view(answer: Answer) -> AnswerView:
    """Return an answer as its blocks, claims, summary, sources and notes."""
    headings = {"abstained": "Not found in the documents", "error": "No answer this time"}
    return AnswerView(
        answer_id=answer.answer_id,
        status=answer.status,
        heading=headings.get(answer.status, ""),
        blocks=draw(answer),
        claims=tuple(_claim_view(answer, claim) for claim in shown_claims(answer)),
        summary=summary_line(answer),
        tone=tone_of(answer),
        doubts=doubts_of(answer),
        sources_title="Sources" if answer.status == "answered" else "What the documents do say",
        sources=tuple(source_card(answer, citation) for citation in answer.citations),
        groups=tuple(tuple(group) for group in grouped_sources(answer.citations)),
        notes=note_lines(answer),
    )


def _claim_view(answer: Answer, claim: Claim) -> ClaimView:
    evidence = [
        place
        for place, citation in enumerate(answer.citations)
        if citation.marker in claim.citations
    ]
    return ClaimView(
        claim.start,
        claim.end,
        claim.verdict,
        verdict_label(claim.verdict),
        claim.reasons,
        tuple(evidence),
    )
