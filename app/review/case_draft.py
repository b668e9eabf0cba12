"""Prefills a test case from a flag: its question, what would be right, and the words that say so."""

from app.review.case_fields import CaseFields, Evidence
from app.review.item import ReviewItem

_MOST_EVIDENCE = 5
_FACT_CHARS = 160


def case_draft(item: ReviewItem, as_user: str) -> CaseFields:
    """Return a case for the reviewer to look over.

    What the reviewer corrected comes before what the person who flagged wrote.
    """
    labels = item.labels
    category = labels.category or item.flag.category
    tags = tuple(filter(None, ("flag", category, labels.root_cause)))
    base = CaseFields(
        question=item.answer.question, history=item.trace.history, as_user=as_user, tags=tags
    )
    if category == "should_have_abstained":
        return CaseFields(
            question=base.question,
            history=base.history,
            as_user=as_user,
            unanswerable=True,
            tags=tags,
        )
    reference = labels.corrected_answer or item.flag.correction
    source = labels.corrected_source or item.flag.correction_source
    is_fact = 0 < len(reference) <= _FACT_CHARS and "\n" not in reference
    return CaseFields(
        question=base.question,
        history=base.history,
        as_user=as_user,
        reference=reference,
        facts=(reference,) if is_fact else (),
        evidence=_evidence(item, category, source),
        tags=tags,
    )


def _evidence(item: ReviewItem, category: str, source: str) -> tuple[Evidence, ...]:
    wanted = _markers_of_flag(item)
    named = [
        Evidence(passage.uri, segment.text)
        for passage in item.passages
        if source and source in (passage.uri, passage.title, passage.doc_id)
        for segment in passage.segments
        if segment.markers and (not wanted or wanted.intersection(segment.markers))
    ]
    if source:
        # What the correction names is the evidence; its words are the reviewer's to choose if none were cited.
        return tuple(dict.fromkeys(named)) or (Evidence(source, ""),)
    if category in ("wrong_source", "should_have_answered"):
        return ()
    cited = [
        Evidence(citation.document.uri, citation.quote)
        for citation in item.answer.citations
        if not wanted or citation.marker in wanted
    ]
    return tuple(dict.fromkeys(cited))[:_MOST_EVIDENCE]


def _markers_of_flag(item: ReviewItem) -> frozenset[int]:
    """Return the citations of the flagged claims; none for a flag of the whole answer."""
    start, end = item.flag.start, item.flag.end
    if start is None or end is None:
        return frozenset()
    return frozenset(
        marker
        for claim in item.answer.claims
        if claim.start < end and start < claim.end
        for marker in claim.citations
    )
