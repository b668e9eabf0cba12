"""Writes evaluation runs as the runner stores them, for tests of what is made of them."""

from collections.abc import Mapping, Sequence
from typing import Any

from evals.running.run_log import RunLog

Values = Mapping[str, float | None]


def answer_of(
    text: str = "Thirty days.", uri: str = "leave.md", doc_id: str = "doc-1", **changes: Any
) -> dict[str, Any]:
    """Return an answer as `footnote ask --json` prints it, with one claim and one citation."""
    answer = {
        "question": "How long is it?",
        "answer": text,
        "status": "answered",
        "claims": [
            {
                "start": 0,
                "end": len(text),
                "text": text,
                "verdict": "supported",
                "score": 1.0,
                "citations": [1],
                "reasons": [],
            }
        ],
        "citations": [
            {
                "marker": 1,
                "document": {"id": doc_id, "uri": uri, "title": "Leave", "version": "v1"},
                "chunk_id": "c1",
                "section": [],
                "page": None,
                "start": 10,
                "end": 10 + len(text),
                "quote": text,
            }
        ],
        "notes": [],
        "conversation_id": "conversation",
        "answer_id": "answer",
        "trace_id": "trace",
        "model": "extractive",
        "prompt_version": "",
        "index_generation": 1,
        "usage": {"prompt_tokens": 0, "completion_tokens": 0, "cost_usd": 0.0},
        "timings_ms": {"total": 20.0},
    }
    return {**answer, **changes}


def content_of(
    case_id: str,
    *,
    question: str = "",
    uri: str = "leave.md",
    answer: Mapping[str, Any] | None = None,
    tags: Sequence[str] = (),
    version: int = 1,
    **case: Any,
) -> dict[str, Any]:
    """Return what a run keeps of one answered case."""
    line = {
        "id": case_id,
        "question": question or f"What does {case_id} say?",
        "evidence": [{"uri": uri, "quote": "Thirty days."}],
        "tags": list(tags),
        **case,
    }
    return {
        "case": line,
        "case_version": version,
        "cluster": uri,
        "answer": answer if answer is not None else answer_of(uri=uri),
        "hits": [{"rank": 1, "chunk_id": "c1", "uri": uri, "start": 0, "end": 50, "packed": True}],
        "took_ms": 20.0,
        "source": uri.rpartition("/")[0],
        "language": "en",
    }


def store_run(
    log: RunLog,
    cases: Mapping[str, Values],
    *,
    variant: str = "current",
    dataset: str = "handbook",
    contents: Mapping[str, Mapping[str, Any]] | None = None,
    details: Mapping[str, Mapping[str, Mapping[str, Any]]] | None = None,
    is_finished: bool = True,
    planned: int | None = None,
    changes: Mapping[str, Any] | None = None,
) -> str:
    """Store a run of cases with their values and return its id; what must always be there is added."""
    manifest = {
        "variant": {"name": variant, "changes": dict(changes or {})},
        "dataset": {
            "name": dataset,
            "cases": len(cases) if planned is None else planned,
            "hash": "abc",
        },
        "code": "1.0",
        "seed": 7,
        "repeats": 1,
        "started_by": "Administrator",
    }
    run_id = log.start(manifest, variant, dataset)
    for case_id, values in cases.items():
        log.add_case(
            run_id,
            case_id,
            0,
            (contents or {}).get(case_id) or content_of(case_id, uri=f"{case_id}.md"),
            {"citation_validity": 1.0, "error": 0.0, "latency_ms": 20.0, "cost_usd": 0.0, **values},
            (details or {}).get(case_id),
        )
    if is_finished:
        log.finish(run_id, {})
    return run_id
