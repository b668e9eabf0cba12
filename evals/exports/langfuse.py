"""A run and its feedback as Langfuse takes them: each line an address of its public API and the body to send there.

Dataset items carry question and expected answer, scores the metrics with their data type. Every score names exactly
one trace, and has an id of its own, so that sending the file twice changes nothing.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from core.metrics import metric_info
from evals.comparing.scored_run import ScoredRun
from evals.exports.corrections import ReviewedFlag

_ITEMS, _SCORES, _DATASETS = (
    "/api/public/dataset-items",
    "/api/public/scores",
    "/api/public/v2/datasets",
)


def langfuse_rows(
    run: ScoredRun | None, flags: Sequence[ReviewedFlag], traces: dict[str, str]
) -> list[dict[str, Any]]:
    """Return the lines; `traces` has the trace of each answer that was flagged."""
    rows = list(_of_run(run)) if run else []
    return rows + [
        {"endpoint": _SCORES, "body": _flag_score(flag, traces[flag.answer_id])}
        for flag in flags
        if flag.answer_id in traces
    ]


def _of_run(run: ScoredRun) -> Iterator[dict[str, Any]]:
    record = run.record
    yield {
        "endpoint": _DATASETS,
        "body": {
            "name": record.dataset,
            "metadata": {"hash": (record.manifest.get("dataset") or {}).get("hash", "")},
        },
    }
    for scores in run.scores:
        answers = run.answers[scores.case_id]
        case = answers[0].content["case"]
        yield {
            "endpoint": _ITEMS,
            "body": {
                "id": scores.case_id,
                "datasetName": record.dataset,
                "input": {"question": case["question"], "history": case.get("history") or []},
                "expectedOutput": _expected(case),
                "metadata": {
                    "tags": case.get("tags") or [],
                    "split": scores.split,
                    "origin": scores.origin,
                },
                "status": "ACTIVE",
            },
        }
        for metric, repeats in scores.values.items():
            for repeat, value in enumerate(repeats):
                answer = (
                    (answers[repeat].content.get("answer") or {}) if repeat < len(answers) else {}
                )
                if value is not None and answer.get("trace_id"):
                    yield {
                        "endpoint": _SCORES,
                        "body": _score(
                            run, scores.case_id, repeat, metric, value, answer["trace_id"]
                        ),
                    }


def _expected(case: dict[str, Any]) -> dict[str, Any] | None:
    told = {
        name: case[name]
        for name in ("reference", "facts", "must_match", "unanswerable")
        if case.get(name)
    }
    return told or None


def _score(
    run: ScoredRun, case_id: str, repeat: int, metric: str, value: float, trace_id: str
) -> dict[str, Any]:
    is_check = metric_info(metric).kind == "invariant"
    return {
        "id": f"{run.record.run_id}-{case_id}-{repeat}-{metric}",
        "traceId": trace_id,
        "name": metric,
        "value": value if not is_check else float(value == 1.0),
        "dataType": "BOOLEAN" if is_check else "NUMERIC",
        "metadata": {
            "run_id": run.record.run_id,
            "variant": run.record.variant,
            "datasetItemId": case_id,
        },
    }


def _flag_score(flag: ReviewedFlag, trace_id: str) -> dict[str, Any]:
    return {
        "id": flag.feedback_id,
        "traceId": trace_id,
        "name": "user_feedback",
        "value": flag.verdict,
        "dataType": "CATEGORICAL",
        "comment": flag.comment or None,
        "metadata": {"category": flag.category, "review": flag.state, "timestamp": flag.created_at},
    }
