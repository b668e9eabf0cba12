"""A case passes when everything that it states holds in every answer, and what was not measured does not hold."""

from typing import Any

import pytest

from evals.cases.case import Case, case_of_line
from evals.running.passing import passes, verdict_of
from evals.running.run_log import CaseScores

RIGHT = {"error": 0.0, "abstention_correct": 1.0}
READ = {"evidence_cited": 0.0, "context_span_recall": 1.0, "packing_loss": 0.0}
EVIDENCE = [{"uri": "a.md", "quote": "words"}]


def case(**fields: Any) -> Case:
    return case_of_line({"id": "c", "question": "q", **fields})


def scores(**values: tuple[float | None, ...]) -> CaseScores:
    return CaseScores("c", "a.md", (), "test", "manual", "", values)


@pytest.mark.parametrize(
    ("fields", "values", "passed"),
    [
        ({}, RIGHT, True),
        ({}, {}, False),
        ({}, {"error": 1.0}, False),
        ({}, {"abstention_correct": 1.0}, False),
        ({}, {"error": 0.0}, False),
        ({}, {"error": 0.0, "abstention_correct": 0.0}, False),
        ({"unanswerable": True}, RIGHT, True),
        ({"unanswerable": True}, {"error": 0.0, "abstention_correct": 0.0}, False),
        ({"unanswerable": True}, {"error": 0.0}, False),
        ({"facts": ["f"]}, RIGHT | {"fact_match": 1.0}, True),
        ({"facts": ["f", "g"]}, RIGHT | {"fact_match": 0.5}, False),
        ({"facts": ["f"]}, RIGHT, False),
        ({"must_match": ["x"]}, RIGHT | {"regex_match": 1.0}, True),
        ({"must_match": ["x"]}, RIGHT | {"regex_match": 0.9}, False),
        ({"evidence": EVIDENCE}, RIGHT | READ, True),
        ({"evidence": EVIDENCE}, RIGHT | READ | {"packing_loss": 0.5}, False),
        (
            {"evidence": EVIDENCE},
            RIGHT | READ | {"context_span_recall": 0.4, "evidence_cited": 1.0},
            True,
        ),
        (
            {"evidence": EVIDENCE},
            RIGHT | {"context_span_recall": None, "evidence_cited": None},
            False,
        ),
        ({"evidence": EVIDENCE}, RIGHT, False),
        ({"reference": "r"}, RIGHT | {"answer_f1": 0.5}, True),
        ({"reference": "r"}, RIGHT | {"answer_f1": 0.49}, False),
        ({"reference": "r"}, RIGHT | {"answer_f1": None}, False),
        ({"reference": "r", "facts": ["f"]}, RIGHT | {"fact_match": 1.0, "answer_f1": 0.1}, True),
    ],
)
def test_what_a_case_states_decides(
    fields: dict[str, Any], values: dict[str, float | None], passed: bool
) -> None:
    found = passes(case(**fields), values)
    assert found.passed is passed
    assert bool(found.why) is not passed
    assert not found.why or found.why.endswith(".")


def test_a_case_that_was_not_asked_does_not_pass() -> None:
    assert not verdict_of(case(), None).passed
    assert not verdict_of(case(), scores()).passed


def test_every_answer_has_to_pass() -> None:
    found = verdict_of(
        case(facts=["f"]),
        scores(error=(0.0, 0.0), abstention_correct=(1.0, 1.0), fact_match=(1.0, 0.0)),
    )
    assert not found.passed
    assert "answer 2 of 2" in found.why
    both = scores(
        error=(0.0, 0.0),
        abstention_correct=(1.0, 1.0),
        fact_match=(1.0, 1.0),
        consistency_f1=(0.3,),
    )
    assert verdict_of(case(facts=["f"]), both).passed


def test_a_metric_that_one_answer_lacks_fails_the_case() -> None:
    given = scores(error=(0.0, 0.0), abstention_correct=(1.0, 1.0), fact_match=(1.0, None))
    assert not verdict_of(case(facts=["f"]), given).passed
