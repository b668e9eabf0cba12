"""What was found and what was read, as spans: ids, scores and offsets, and words only where they may leave."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.tracing.attributes import SpanRecord, as_json, kind_of, present, said
from app.tracing.content import Texts
from app.tracing.stage_times import Times
from core.answers import Answer

# A span keeps 128 attributes and forgets its first ones; each document of OpenInference's list takes four.
_MOST_DOCUMENTS = 20


@dataclass(frozen=True, slots=True)
class Searched:
    """What is searched for every answer of a process: the collection's name, the store, and how many hits are asked for."""

    data_source: str
    store: str
    top_k: int


def retrieval_span(
    answer: Answer, trace: Mapping[str, Any], texts: Texts, times: Times, searched: Searched
) -> SpanRecord:
    """Return the span of the search: hits in their order, each with its place in a version of a document."""
    hits: list[dict[str, Any]] = trace.get("hits", [])
    query = texts.of("input", trace.get("query", ""))
    passages = {passage["chunk_id"]: passage for passage in trace.get("passages", [])}
    attributes = present(
        {
            "gen_ai.operation.name": "retrieval",
            "gen_ai.data_source.id": searched.data_source,
            # The convention has it as a double, as that of sampling.
            "gen_ai.request.top_k": float(searched.top_k),
            "gen_ai.retrieval.documents": as_json(
                [{"id": hit["chunk_id"], "score": hit["score"]} for hit in hits]
            ),
            "gen_ai.retrieval.query.text": query,
            **kind_of("RETRIEVER"),
            **said("input", query),
            "footnote.index.generation": answer.index_generation,
            "footnote.index.store": searched.store,
            "footnote.retrieval.hits": len(hits),
        }
    )
    for position, hit in enumerate(hits[:_MOST_DOCUMENTS]):
        passage = passages.get(hit["chunk_id"], {})
        prefix = f"retrieval.documents.{position}.document"
        attributes |= present(
            {
                f"{prefix}.id": hit["chunk_id"],
                f"{prefix}.score": float(hit["score"]),
                f"{prefix}.metadata": as_json({**_place(hit), **_ranks(hit)}),
                f"{prefix}.content": texts.of("document", passage.get("text", "")),
            }
        )
    return SpanRecord(
        "retrieve",
        f"retrieval {searched.data_source}",
        *times["retrieve"],
        attributes,
        is_client=True,
    )


def _place(entry: Mapping[str, Any]) -> dict[str, object]:
    return {name: entry.get(name) for name in ("chunk_id", "doc_id", "version", "start", "end")}


def _ranks(hit: Mapping[str, Any]) -> dict[str, object]:
    names = ("lexical_rank", "lexical_score", "dense_rank", "dense_score")
    return {name: hit[name] for name in names if hit.get(name) is not None}


def reading_span(trace: Mapping[str, Any], texts: Texts, times: Times) -> SpanRecord:
    """Return the span of widening: the passages as they were numbered, and whether each stood in the prompt."""
    details = trace.get("generation", {})
    passages = [
        {
            "marker": passage["marker"],
            **_place(passage),
            "score": passage["score"],
            "packed": passage["packed"],
            **_named(passage, texts),
        }
        for passage in trace.get("passages", [])
    ]
    attributes = present(
        {
            **kind_of("CHAIN"),
            "footnote.passages": as_json(passages),
            "footnote.passages.packed": sum(1 for passage in passages if passage["packed"]),
            "footnote.passages.left_out": len(details.get("dropped", ())),
        }
    )
    return SpanRecord("read", "footnote.read", *times["read"], attributes)


def _named(passage: Mapping[str, Any], texts: Texts) -> dict[str, object]:
    if not texts.shows("document"):
        return {}
    return {name: texts.of("document", passage.get(name, "")) for name in ("title", "uri")}
