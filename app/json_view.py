"""Answers and hits as the JSON of the public contract; fields are added, never renamed."""

from dataclasses import asdict
from typing import Any

from app.replay import Replay
from core.answers import Answer, Citation, DocumentRef, Hit
from index.explanation import Explanation


def hit_json(hit: Hit) -> dict[str, Any]:
    """Return a search hit."""
    return {
        "rank": hit.rank,
        "score": hit.score,
        "chunk_id": hit.chunk_id,
        "document": document_json(hit.document),
        "section": list(hit.section),
        "page": hit.page,
        "start": hit.start,
        "end": hit.end,
        "text": hit.text,
        "why": {**asdict(hit.why), "notes": list(hit.why.notes)},
        "conflicts": [asdict(conflict) for conflict in hit.conflicts],
    }


def explanation_json(explanation: Explanation) -> dict[str, Any]:
    """Return how a query was understood and what each step of the search left."""
    read = explanation.read
    return {
        "terms": dict(read.terms),
        "names": sorted(read.name_terms),
        "phrases": [" ".join(phrase) for phrase in read.phrases],
        "phrases_dropped": explanation.phrases_dropped,
        "expansions": [list(pair) for pair in read.expansions],
        "corrections": [list(pair) for pair in read.corrections],
        "lexical": explanation.lexical,
        "dense": explanation.dense,
        "candidates": explanation.candidates,
        "hidden_chunks": explanation.hidden_chunks,
    }


def answer_json(answer: Answer) -> dict[str, Any]:
    """Return an answer."""
    return {
        "question": answer.question,
        "answer": answer.text,
        "status": answer.status,
        "claims": [
            {**asdict(claim), "citations": list(claim.citations), "reasons": list(claim.reasons)}
            for claim in answer.claims
        ],
        "citations": [citation_json(citation) for citation in answer.citations],
        "notes": [asdict(note) for note in answer.notes],
        "conversation_id": answer.conversation_id,
        "answer_id": answer.answer_id,
        "trace_id": answer.trace_id,
        "model": answer.model,
        "prompt_version": answer.prompt_version,
        "index_generation": answer.index_generation,
        "created_at": answer.created_at,
        "usage": {
            "prompt_tokens": answer.prompt_tokens,
            "completion_tokens": answer.completion_tokens,
            "cost_usd": answer.cost_usd,
        },
        "timings_ms": answer.timings_ms,
    }


def replay_json(replay: Replay) -> dict[str, Any]:
    """Return an answer then and now."""
    return {
        "answer_id": replay.then.answer_id,
        "question": replay.then.question,
        "same": replay.is_same,
        "sources": [asdict(source) for source in replay.sources],
        "then": answer_json(replay.then),
        "now": answer_json(replay.now),
    }


def citation_json(citation: Citation) -> dict[str, Any]:
    """Return a citation."""
    return {
        "marker": citation.marker,
        "document": document_json(citation.document),
        "chunk_id": citation.chunk_id,
        "section": list(citation.section),
        "page": citation.page,
        "start": citation.start,
        "end": citation.end,
        "quote": citation.quote,
    }


def document_json(document: DocumentRef) -> dict[str, Any]:
    """Return a document's reference."""
    return {
        "id": document.doc_id,
        "uri": document.uri,
        "title": document.title,
        "version": document.version,
        "updated_at": document.updated_at,
    }
