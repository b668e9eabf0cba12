"""An answer as spans: what each stage did, when, and with what outcome. Pure; made of what was stored.

    invoke_workflow footnote.ask
    ├── footnote.condense          only where there were turns before
    ├── CreateEmbeddings
    ├── retrieval DATA_SOURCE
    ├── footnote.read              the passages, and which of them stood in the prompt
    ├── chat MODEL                 only where a language model wrote; else footnote.quote
    └── footnote.check             the verdicts on the claims

Times are those of the stages, laid end to end up to the moment at which the answer was ready.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.tracing.attributes import SpanRecord, as_json, kind_of, present, said
from app.tracing.check_spans import check_span, judged
from app.tracing.content import Texts
from app.tracing.retrieval_spans import Searched, reading_span, retrieval_span
from app.tracing.stage_times import ROOT, Times, stage_times
from app.tracing.writing_spans import writing_span
from core.answers import Answer

_WORKFLOW = "footnote.ask"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is the same for every answer of a process; `answer_tokens` is the longest answer that is asked for."""

    searched: Searched
    answer_tokens: int


def spans_of(
    answer: Answer, trace: Mapping[str, Any], user: str, texts: Texts, around: Surroundings
) -> list[SpanRecord]:
    """Return the spans of one answer, first the root, whose children all others are.

    `trace` is what `app.answer_trace.trace_of` made; `user` the pseudonym of who asked, '' for none.
    """
    times = stage_times(answer)
    spans = [_root(answer, trace, user, texts, times)]
    if trace.get("history"):
        spans.append(_condense(answer, trace, texts, times))
    spans += [
        _embed(trace, texts, times),
        retrieval_span(answer, trace, texts, times, around.searched),
        reading_span(trace, texts, times),
        writing_span(answer, trace, texts, times, around.answer_tokens),
    ]
    if answer.claims:
        spans.append(check_span(answer, trace, texts, times))
    return spans


def _root(
    answer: Answer, trace: Mapping[str, Any], user: str, texts: Texts, times: Times
) -> SpanRecord:
    failure = _failure(answer, trace)
    is_failed = answer.status == "error"
    assessment = trace.get("assessment", {})
    attributes = present(
        {
            "gen_ai.operation.name": "invoke_workflow",
            "gen_ai.workflow.name": _WORKFLOW,
            "gen_ai.conversation.id": answer.conversation_id,
            "error.type": failure if is_failed else None,
            **kind_of("CHAIN"),
            **said("input", texts.of("input", answer.question)),
            **said("output", texts.of("output", answer.text)),
            "session.id": answer.conversation_id,
            "user.id": user,
            "tag.tags": [answer.status],
            "metadata": as_json({"answer_id": answer.answer_id, "model": answer.model}),
            "footnote.answer.id": answer.answer_id,
            "footnote.answer.status": answer.status,
            "footnote.answer.decision": assessment.get("decision"),
            "footnote.answer.confidence": trace.get("confidence"),
            "footnote.answer.degraded_by": failure if not is_failed else None,
            "footnote.answer.notes": [note.kind for note in answer.notes],
            "footnote.answer.citations": len(answer.citations),
            "footnote.model": answer.model,
            "footnote.prompt.version": answer.prompt_version,
            "footnote.index.generation": answer.index_generation,
            **judged(answer, trace),
        }
    )
    begin, end = times[ROOT]
    return SpanRecord(
        ROOT,
        f"invoke_workflow {_WORKFLOW}",
        begin,
        end,
        attributes,
        error=failure if is_failed else "",
    )


def _failure(answer: Answer, trace: Mapping[str, Any]) -> str:
    """Return one word for what went wrong, '' if nothing did."""
    kind = str(trace.get("generation", {}).get("failure", ""))
    return kind or ("error" if answer.status == "error" else "")


def _condense(answer: Answer, trace: Mapping[str, Any], texts: Texts, times: Times) -> SpanRecord:
    attributes = present(
        {
            **kind_of("CHAIN"),
            **said("input", texts.of("input", answer.question)),
            **said("output", texts.of("input", trace.get("query", ""))),
            "footnote.condense.turns": len(trace["history"]),
            "footnote.condense.is_changed": trace.get("query", "") != answer.question,
        }
    )
    return SpanRecord("condense", "footnote.condense", *times["condense"], attributes)


def _embed(trace: Mapping[str, Any], texts: Texts, times: Times) -> SpanRecord:
    embedder = trace.get("embedder", {})
    query = texts.of("embedding", trace.get("query", ""))
    attributes = present(
        {
            "gen_ai.operation.name": "embeddings",
            "gen_ai.provider.name": "footnote",
            "gen_ai.request.model": embedder.get("name"),
            "gen_ai.embeddings.dimension.count": embedder.get("dim"),
            "gen_ai.request.encoding_formats": ["float"],
            **kind_of("EMBEDDING"),
            **said("input", query),
            "embedding.model_name": embedder.get("name"),
            "embedding.embeddings.0.embedding.text": query,
        }
    )
    # OpenInference wants exactly this name; OpenTelemetry's `embeddings MODEL` is a SHOULD.
    return SpanRecord("embed", "CreateEmbeddings", *times["embed"], attributes, is_client=True)
