"""Evaluation runs and flags: one whose test case passed is verified, one that fails again is opened again.

A case passed in a run when the run asked it, nothing went wrong, and whatever the case demands of the answer held in
every repeat.
"""

from collections.abc import Collection, Sequence

from sqlalchemy import Connection, select

from app.review.deciding import Ruling, find_by_run
from app.review.settling import Act
from core.errors import NotFound
from index.schema import cases, eval_results, eval_runs

DEMANDS = ("fact_match", "regex_match", "abstention_correct")
"""Metrics of what a case demands: 1 where it held; a case has those that it can be measured by."""


def require_run(connection: Connection, run_id: str) -> None:
    """Let the id of an evaluation run pass.

    Raises:
        NotFound: there is none.
    """
    query = select(eval_runs.c.run_id).where(eval_runs.c.run_id == run_id)
    if connection.execute(query).first() is None:
        raise NotFound(f"There is no evaluation run {run_id!r}.")


def passed_flags(
    connection: Connection, feedback_ids: Collection[str], run_id: str
) -> frozenset[str]:
    """Return those flags whose live test case passed in a run."""
    query = select(cases.c.case_id, cases.c.source_feedback_id).where(
        cases.c.source_feedback_id.in_(feedback_ids), cases.c.valid_to == ""
    )
    flag_of = {row.case_id: row.source_feedback_id for row in connection.execute(query)}
    asked, failed = set[str](), set[str]()
    results = select(eval_results).where(
        eval_results.c.run_id == run_id, eval_results.c.case_id.in_(flag_of)
    )
    for row in connection.execute(results):
        asked.add(row.case_id)
        is_error = row.metric == "error" and row.value
        is_missed = row.metric in DEMANDS and row.value is not None and row.value < 1
        if is_error or is_missed:
            failed.add(row.case_id)
    return frozenset(flag_of[case_id] for case_id in asked - failed)


def verify(
    connection: Connection, feedback_ids: Sequence[str], run_id: str, act: Act
) -> tuple[str, ...]:
    """Mark flags as verified whose cases passed; returns those that were accepted or fixed until now."""
    passed = passed_flags(connection, feedback_ids, run_id)
    ruling = Ruling("verify", note=f"Passed in evaluation run {run_id}.")
    return tuple(
        feedback_id
        for feedback_id in dict.fromkeys(feedback_ids)
        if feedback_id in passed and find_by_run(connection, feedback_id, ruling, act)
    )


def reopen(
    connection: Connection, feedback_ids: Sequence[str], run_id: str, act: Act
) -> tuple[str, ...]:
    """Mark verified or fixed flags as accepted again, because their cases failed; returns those that were."""
    ruling = Ruling("reopen", note=f"Failed in evaluation run {run_id}.")
    return tuple(
        feedback_id
        for feedback_id in dict.fromkeys(feedback_ids)
        if find_by_run(connection, feedback_id, ruling, act)
    )
