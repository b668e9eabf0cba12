"""Ties every claim of an answer to the exact sentences that it rests on, and numbers those 1..n.

    claim <- what the claim checker found            (app.grounding; best: it was judged)
          <- the passages that the model named       (narrowed to the sentences that share its telling words)
          <- the sentence that covers it best        (where the model named none, or one that has nothing of it)

For every citation, `quote` is the document's text from `start` to `end`.
"""

from collections.abc import Sequence
from dataclasses import replace

from app.citing.claim_spans import claim_spans, markers_of
from app.citing.evidence import Evidence, EvidenceFinder
from app.citing.markers import PlacedMarkers
from core.answers import Citation, Claim, Draft, Passage
from core.grounding import EvidenceText, GroundingReport
from core.sentences import Span


def evidence_texts(passages: Sequence[Passage]) -> list[EvidenceText]:
    """Return the passages as the claim checker reads them; `cite` understands the ids in its report."""
    return [
        EvidenceText(str(passage.marker), passage.text, passage.section) for passage in passages
    ]


def cite(
    text: str,
    claim_markers: Sequence[PlacedMarkers],
    passages: Sequence[Passage],
    report: GroundingReport | None = None,
) -> tuple[tuple[Claim, ...], tuple[Citation, ...]]:
    """Return the claims of a text without markers, and the citations that they name, in order of appearance.

    With a report, claims are what was checked, with its verdicts, scores and reasons; without one they are the
    sentences, unchecked, and the score is the share of the words that their citations cover.
    """
    finder = EvidenceFinder(passages)
    spans = (
        [Span(claim.start, claim.end) for claim in report.claims] if report else claim_spans(text)
    )
    markers = markers_of(text, spans, claim_markers)
    numbers: dict[tuple[str, int, int], int] = {}
    citations: list[Citation] = []
    claims: list[Claim] = []
    for place, span in enumerate(spans):
        words = text[span.start : span.end]
        judged = report.claims[place] if report else None
        evidence = (
            finder.judged(words, judged, markers[place])
            if judged
            else finder.found(words, markers[place])
        )
        named = []
        for item in evidence:
            key = (item.passage.document.doc_id, item.start, item.end)
            if key not in numbers:
                numbers[key] = len(numbers) + 1
                citations.append(_citation(numbers[key], item))
            named.append(numbers[key])
        claims.append(
            Claim(
                span.start,
                span.end,
                words,
                judged.verdict if judged else "unchecked",
                judged.score if judged else round(finder.covered(words, evidence), 4),
                tuple(dict.fromkeys(named)),
                judged.reasons if judged else (),
            )
        )
    return tuple(claims), tuple(citations)


def checked(draft: Draft, passages: Sequence[Passage], report: GroundingReport) -> Draft:
    """Return a draft with its claims as they were checked; what it cited before takes the place of markers."""
    claims, citations = cite(draft.text, placed_in(draft, passages), passages, report)
    return replace(draft, claims=claims, citations=citations)


def placed_in(draft: Draft, passages: Sequence[Passage]) -> list[PlacedMarkers]:
    """Return the markers of the passages that a draft's claims cite, where each claim ends."""
    by_number = {citation.marker: citation for citation in draft.citations}
    placed = []
    for claim in draft.claims:
        cited = [by_number[number] for number in claim.citations if number in by_number]
        markers = [
            passage.marker
            for citation in cited
            for passage in passages
            if passage.document.doc_id == citation.document.doc_id
            and passage.start <= citation.start
            and citation.end <= passage.end
        ]
        if markers:
            placed.append(PlacedMarkers(claim.end, tuple(dict.fromkeys(markers))))
    return placed


def _citation(marker: int, evidence: Evidence) -> Citation:
    passage = evidence.passage
    pages = (e.page for e in passage.elements if e.start <= evidence.start < e.end)
    page = next((page for page in pages if page is not None), passage.page)
    return Citation(
        marker=marker,
        document=passage.document,
        chunk_id=passage.chunk_id,
        section=passage.section,
        page=page,
        start=evidence.start,
        end=evidence.end,
        quote=passage.text[evidence.start - passage.start : evidence.end - passage.start],
    )
