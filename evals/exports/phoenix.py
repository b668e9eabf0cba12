"""A run and its feedback as Phoenix takes them: each line an address of its API and the body to send there.

The cases are one dataset upload; metrics and flags are annotations of the answers' root spans, whose ids are those
that Footnote's trace export gives them.
"""

from collections.abc import Sequence
from typing import Any

from app.tracing.attributes import otel_span_id
from app.tracing.stage_times import ROOT
from core.metrics import metric_info
from evals.comparing.scored_run import ScoredRun
from evals.exports.corrections import ReviewedFlag

_DATASETS, _ANNOTATIONS = "/v1/datasets/upload", "/v1/span_annotations"


def phoenix_rows(
    run: ScoredRun | None, flags: Sequence[ReviewedFlag], traces: dict[str, str]
) -> list[dict[str, Any]]:
    """Return the lines; `traces` has the trace of each answer that was flagged."""
    rows: list[dict[str, Any]] = []
    if run is not None:
        rows.append({"endpoint": _DATASETS, "body": _dataset(run)})
        annotations = _annotations(run)
        if annotations:
            rows.append({"endpoint": _ANNOTATIONS, "body": {"data": annotations}})
    told = [_flag(flag, traces[flag.answer_id]) for flag in flags if flag.answer_id in traces]
    if told:
        rows.append({"endpoint": _ANNOTATIONS, "body": {"data": told}})
    return rows


def _dataset(run: ScoredRun) -> dict[str, Any]:
    cases = [run.answers[scores.case_id][0].content["case"] for scores in run.scores]
    return {
        "action": "create",
        "name": run.record.dataset,
        "description": f"Cases of the evaluation {run.record.run_id}",
        "inputs": [
            {"question": case["question"], "history": case.get("history") or []} for case in cases
        ],
        "outputs": [
            {
                name: case[name]
                for name in ("reference", "facts", "must_match", "unanswerable")
                if case.get(name)
            }
            for case in cases
        ],
        "metadata": [{"id": case["id"], "tags": case.get("tags") or []} for case in cases],
    }


def _annotations(run: ScoredRun) -> list[dict[str, Any]]:
    found = []
    for scores in run.scores:
        answers = run.answers[scores.case_id]
        for metric, repeats in scores.values.items():
            for repeat, value in enumerate(repeats):
                answer = (
                    (answers[repeat].content.get("answer") or {}) if repeat < len(answers) else {}
                )
                if value is not None and answer.get("trace_id"):
                    found.append(_annotation(run, metric, value, str(answer["trace_id"])))
    return found


def _annotation(run: ScoredRun, metric: str, value: float, trace_id: str) -> dict[str, Any]:
    return {
        "span_id": _span(trace_id),
        "name": metric,
        "annotator_kind": "CODE",
        "result": {"score": value, "explanation": metric_info(metric).description or None},
        "identifier": run.record.run_id,
        "metadata": {"variant": run.record.variant},
    }


def _flag(flag: ReviewedFlag, trace_id: str) -> dict[str, Any]:
    return {
        "span_id": _span(trace_id),
        "name": "user_feedback",
        "annotator_kind": flag.author_kind,
        "result": {
            "label": flag.verdict,
            "score": 1.0 if flag.verdict == "good" else 0.0,
            "explanation": flag.comment or None,
        },
        "identifier": flag.feedback_id,
        "metadata": {"category": flag.category, "review": flag.state},
    }


def _span(trace_id: str) -> str:
    return f"{otel_span_id(trace_id, ROOT):016x}"
