"""Proves that the gate blocks: four runs made here, three of which are bad in one way each.

Nothing is read or stored. A gate that lets one of the bad runs through, or stops the clean one, is broken, and a build
that trusts it must not go on.
"""

import copy
from collections.abc import Mapping
from dataclasses import replace
from math import nan
from typing import Any

from evals.comparing.scored_run import ScoredRun
from evals.gating.gate import GateInput, GateReport, judge
from evals.gating.invariants import broken_invariants
from evals.running.run_log import CaseAnswer, CaseScores, RunRecord

_TEXT = "Annual leave is 30 days."
_ANSWER: Mapping[str, Any] = {
    "question": "How long is annual leave?",
    "answer": _TEXT,
    "status": "answered",
    "answer_id": "fixture",
    "model": "extractive",
    "claims": [
        {"start": 0, "end": len(_TEXT), "text": _TEXT, "verdict": "supported", "citations": [1]}
    ],
    "citations": [
        {
            "marker": 1,
            "document": {"id": "fixture", "uri": "leave.md"},
            "start": 0,
            "end": len(_TEXT),
            "quote": _TEXT,
        }
    ],
    "notes": [],
}


def self_test() -> list[str]:
    """Return what is wrong with the gate, as sentences; none for a gate that works."""
    clean = _run()
    runs = {
        "a run with a citation that is not there": (_with_a_broken_citation(clean), True),
        "a run with a metric that is not a number": (_with_nan(clean), True),
        "a run without cases": (replace(clean, scores=(), answers={}), True),
        "a clean run": (clean, False),
    }
    problems = []
    for name, (run, must_block) in runs.items():
        report = _judged(run)
        if must_block and report.is_passed:
            problems.append(f"The gate let {name} through.")
        if not must_block and not report.is_passed:
            problems.append(f"The gate stopped {name}: {' '.join(report.reasons)}")
    return problems


def _judged(run: ScoredRun) -> GateReport:
    broken = {}
    for case, answers in run.answers.items():
        found = broken_invariants(answers[0].content, None, lambda content, document: True)
        broken[case] = [each.sentence for each in found]
    return judge(GateInput(run, None, (), {}, broken))


def _run() -> ScoredRun:
    content = {
        "case": {"id": "fixture", "question": _ANSWER["question"]},
        "answer": dict(_ANSWER),
        "hits": [{"rank": 1, "uri": "leave.md", "packed": True}],
    }
    values = {
        "citation_validity": (1.0,),
        "latency_ms": (12.0,),
        "error": (0.0,),
        "fact_match": (1.0,),
    }
    return ScoredRun(
        RunRecord(
            "fixture",
            "current",
            "fixture",
            "2026-01-01",
            "2026-01-01",
            {"dataset": {"cases": 1}},
            {},
        ),
        (CaseScores("fixture", "leave.md", (), "test", "manual", "", values),),
        {"fixture": (CaseAnswer("fixture", 0, content, {}),)},
        0,
    )


def _with_a_broken_citation(clean: ScoredRun) -> ScoredRun:
    answer = clean.answers["fixture"][0]
    content: dict[str, Any] = copy.deepcopy(dict(answer.content))
    content["answer"]["claims"][0]["citations"] = [2]
    return replace(clean, answers={"fixture": (replace(answer, content=content),)})


def _with_nan(clean: ScoredRun) -> ScoredRun:
    scores = clean.scores[0]
    values = {**scores.values, "fact_match": (nan,)}
    # One that is gone on the way through a database is None there, without a reason.
    other = {**scores.values, "fact_match": (None,)}
    return replace(
        clean,
        scores=(replace(scores, values=values), replace(scores, case_id="other", values=other)),
        answers={**clean.answers, "other": clean.answers["fixture"]},
        record=replace(clean.record, manifest={"dataset": {"cases": 2}}),
    )
