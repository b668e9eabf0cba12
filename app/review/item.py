"""One flag with everything that a decision needs: answer, evidence, trace, what others said, what was decided."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from app.replay import ReplayedSource
from app.review.locks import Lock
from app.review.priority import Urgency
from app.review.root_cause import ClaimRow, Suggestion
from app.review.states import Labels, Review, State
from core.answers import Answer, Citation


@dataclass(frozen=True, slots=True)
class Segment:
    """A run of a passage's text; `markers` are the citations whose evidence it is. All of them are the text."""

    text: str
    markers: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class EvidencePassage:
    """A passage as it stood in the trace when the answer was made.

    `rank` is its place from 1; the search ranks are those of its best hit, None where that search did not find it.
    """

    rank: int
    marker: int
    doc_id: str
    uri: str
    title: str
    version: str
    start: int
    end: int
    score: float
    lexical_rank: int | None
    dense_rank: int | None
    packed: bool
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class TraceView:
    """How an answer was made. Timings are in milliseconds, in the order of the stages."""

    query: str
    history: tuple[tuple[str, str], ...]
    confidence: float
    grounding_score: float | None
    model: str
    prompt_version: str
    index_generation: int
    embedder: str
    filters: tuple[str, ...]
    timings_ms: tuple[tuple[str, float], ...]
    hits: int


@dataclass(frozen=True, slots=True)
class FlagWords:
    """What one person said. `start`/`end` are offsets into the answer, None for the whole answer."""

    feedback_id: str
    author: str
    verdict: str
    category: str
    severity: str
    comment: str
    correction: str
    correction_source: str
    selected: str
    start: int | None
    end: int | None
    channel: str
    created_at: str
    state: State
    target: str = ""
    target_ref: str = ""


@dataclass(frozen=True, slots=True)
class SimilarFlag:
    """An open flag that may be the same as this one; `why` is 'same answer', 'near question' or 'same document'."""

    feedback_id: str
    why: str
    question: str
    selected: str
    comment: str
    state: State
    created_at: str


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """A flag as it is opened.

    `seen` names the state that it was opened in: `decide` takes it back and refuses when somebody decided since.
    `others` are the flags of other people on the same answer; `case_id` is '' until it was promoted. `suggestion` is
    where the answer probably went wrong, and `matrix` what the packed passages say of the claims under the flag.
    `labels` are what stands of everything that reviewers said beside their decisions.
    """

    flag: FlagWords
    state: State
    points: int
    urgency: Urgency
    reasons: tuple[str, ...]
    people: int
    answer: Answer
    passages: tuple[EvidencePassage, ...]
    trace: TraceView
    sources: tuple[ReplayedSource, ...]
    others: tuple[FlagWords, ...]
    similar: tuple[SimilarFlag, ...]
    history: tuple[Review, ...]
    standing: Review | None
    lock: Lock
    seen: str
    case_id: str
    suggestion: Suggestion | None = None
    matrix: tuple[ClaimRow, ...] = ()
    labels: Labels = field(default_factory=Labels)


def evidence_passages(answer: Answer, trace: Mapping[str, Any]) -> tuple[EvidencePassage, ...]:
    """Return the passages of a trace with the evidence of the answer's citations marked in them."""
    hits = {hit.get("chunk_id"): hit for hit in trace.get("hits", ())}
    found = []
    for rank, passage in enumerate(trace.get("passages", ()), start=1):
        hit = hits.get(passage.get("chunk_id"), {})
        found.append(
            EvidencePassage(
                rank=rank,
                marker=int(passage.get("marker", rank)),
                doc_id=passage["doc_id"],
                uri=passage["uri"],
                title=passage.get("title") or passage["uri"],
                version=passage["version"],
                start=passage["start"],
                end=passage["end"],
                score=float(passage.get("score", 0.0)),
                lexical_rank=hit.get("lexical_rank"),
                dense_rank=hit.get("dense_rank"),
                packed=bool(passage.get("packed", True)),
                segments=_segments(passage, answer.citations),
            )
        )
    return tuple(found)


def _segments(passage: Mapping[str, Any], citations: Sequence[Citation]) -> tuple[Segment, ...]:
    text, start = str(passage["text"]), int(passage["start"])
    marks = []
    for citation in citations:
        same = (citation.document.doc_id, citation.document.version)
        if same != (passage["doc_id"], passage["version"]):
            continue
        first, last = max(0, citation.start - start), min(len(text), citation.end - start)
        if first < last:
            marks.append((first, last, citation.marker))
    cuts = sorted({0, len(text), *(cut for mark in marks for cut in mark[:2])})
    return tuple(
        Segment(
            text[first:last],
            tuple(dict.fromkeys(m for a, b, m in marks if a <= first and last <= b)),
        )
        for first, last in pairwise(cuts)
    )


def trace_view(answer: Answer, trace: Mapping[str, Any]) -> TraceView:
    """Return what a trace says of how the answer was made."""
    embedder = trace.get("embedder") or {}
    score = trace.get("grounding_score")
    return TraceView(
        query=str(trace.get("query", "")),
        history=tuple((turn["q"], turn["a"]) for turn in trace.get("history", ())),
        confidence=float(trace.get("confidence") or 0.0),
        grounding_score=None if score is None else float(score),
        model=answer.model,
        prompt_version=answer.prompt_version,
        index_generation=answer.index_generation,
        embedder=str(embedder.get("name", "")),
        filters=_filters(trace),
        timings_ms=tuple(answer.timings_ms.items()),
        hits=len(trace.get("hits", ())),
    )


def _filters(trace: Mapping[str, Any]) -> tuple[str, ...]:
    given = trace.get("filters") or trace.get("scope") or ()
    if isinstance(given, Mapping):
        return tuple(f"{name}: {value}" for name, value in given.items() if value)
    return (given,) if isinstance(given, str) else tuple(str(entry) for entry in given)
