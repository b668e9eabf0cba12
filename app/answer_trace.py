"""What an answer was made from, as it is stored with it: enough to open it again, and to replay it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from app.abstention import Assessment
from core.answers import Answer, Draft, Hit, Passage, Turn
from core.documents import text_hash
from index.filters import Filter


@dataclass(frozen=True, slots=True)
class MadeFrom:
    """Everything between the question and the answer. `query` is the question as it was searched and answered.

    `embedder` is the name and the dimension of the model that the question was embedded by. `history_documents` are
    those that the turns before were made from, None where that is not known.
    """

    query: str
    history: Sequence[Turn]
    hits: Sequence[Hit]
    passages: Sequence[Passage]
    draft: Draft
    assessment: Assessment
    grounding_score: float | None
    embedder: tuple[str, int]
    filters: Sequence[Filter] = ()
    history_documents: frozenset[str] | None = None


def trace_of(answer: Answer, made: MadeFrom) -> dict[str, Any]:
    """Return the trace as JSON values.

    `packed` in the passages says which of them stood in the prompt; all of them where nobody packed.
    """
    details = dict(made.draft.details)
    packed = details.pop("packed", None)
    return {
        "query": made.query,
        "history": [{"q": turn.question, "a": turn.answer} for turn in made.history],
        # What the turns before were made from decides who may read this one; None where nobody knows.
        "history_documents": None
        if made.history_documents is None
        else sorted(made.history_documents),
        "filters": [asdict(condition) for condition in made.filters],
        "confidence": made.draft.confidence,
        "assessment": {
            "confidence": made.assessment.confidence,
            "topic": made.assessment.topic,
            "decision": made.assessment.decision,
            "missing": list(made.assessment.missing),
        },
        "grounding_score": made.grounding_score,
        "model": answer.model,
        "prompt_version": answer.prompt_version,
        "index_generation": answer.index_generation,
        "embedder": {"name": made.embedder[0], "dim": made.embedder[1]},
        "generation": details,
        "hits": [_hit(hit) for hit in made.hits],
        "passages": [_passage(passage, packed) for passage in made.passages],
    }


def _hit(hit: Hit) -> dict[str, Any]:
    return {
        "chunk_id": hit.chunk_id,
        "doc_id": hit.document.doc_id,
        "version": hit.document.version,
        "start": hit.start,
        "end": hit.end,
        "score": hit.score,
        **asdict(hit.why),
    }


def _passage(passage: Passage, packed: Sequence[int] | None) -> dict[str, Any]:
    return {
        "marker": passage.marker,
        "doc_id": passage.document.doc_id,
        "uri": passage.document.uri,
        "title": passage.document.title,
        "version": passage.document.version,
        "chunk_id": passage.chunk_id,
        "start": passage.start,
        "end": passage.end,
        "score": passage.score,
        "packed": packed is None or passage.marker in packed,
        "text": passage.text,
        "text_sha256": text_hash(passage.text),
    }
