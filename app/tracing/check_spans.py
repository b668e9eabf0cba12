"""The verdicts on an answer's claims, as a span and as an annotation of the answer's own span."""

from collections.abc import Mapping
from typing import Any

from app.tracing.attributes import Attributes, SpanRecord, annotation, as_json, evaluation, kind_of
from app.tracing.content import Texts
from app.tracing.stage_times import Times
from core.answers import Answer, Claim, Verdict

_GROUNDEDNESS = "groundedness"
_WORST_FIRST: tuple[Verdict, ...] = (
    "contradicted",
    "unsupported",
    "partial",
    "unchecked",
    "supported",
)


def check_span(answer: Answer, trace: Mapping[str, Any], texts: Texts, times: Times) -> SpanRecord:
    """Return the span of the claim check: verdicts by offset, what each claim cites, and the result as an event."""
    begin, end = times["check"]
    counts: Attributes = {
        f"footnote.claims.{verdict}": sum(claim.verdict == verdict for claim in answer.claims)
        for verdict in _WORST_FIRST
    }
    reasons = " ".join(reason for claim in answer.claims for reason in claim.reasons)
    explanation = texts.of("output", reasons) if texts.shows("document") else ""
    event = evaluation(
        _GROUNDEDNESS, _worst(answer.claims), _score(trace), explanation, end, counts
    )
    attributes = {
        **kind_of("EVALUATOR"),
        **counts,
        "footnote.claims": as_json([_claim(claim) for claim in answer.claims]),
        "footnote.citations": as_json(
            [
                {
                    "marker": citation.marker,
                    "chunk_id": citation.chunk_id,
                    "doc_id": citation.document.doc_id,
                    "version": citation.document.version,
                    "start": citation.start,
                    "end": citation.end,
                }
                for citation in answer.citations
            ]
        ),
    }
    return SpanRecord("check", "footnote.check", begin, end, attributes, (event,))


def _claim(claim: Claim) -> dict[str, object]:
    return {
        "start": claim.start,
        "end": claim.end,
        "verdict": claim.verdict,
        "score": claim.score,
        "citations": list(claim.citations),
    }


def judged(answer: Answer, trace: Mapping[str, Any]) -> Attributes:
    """Return the result as an annotation: the worst verdict as label, the probability that all is supported as score."""
    label = _worst(answer.claims)
    return annotation(_GROUNDEDNESS, label, _score(trace), "CODE") if label else {}


def _worst(claims: tuple[Claim, ...]) -> str:
    verdicts = {claim.verdict for claim in claims}
    return next((verdict for verdict in _WORST_FIRST if verdict in verdicts), "")


def _score(trace: Mapping[str, Any]) -> float | None:
    """Return the probability that all of the answer is in its passages; None where it was not judged as a whole."""
    unsupported = trace.get("grounding_score")
    return None if unsupported is None else round(1.0 - float(unsupported), 4)
