"""Whether a run may go out: every rule says what it looked at, and what blocks, in sentences; pure.

    complete      the run finished, has cases, each with all its metrics; nothing is missing without a reason
    invariants    hold in every single answer, see `evals.gating.invariants`
    errors        no question ended in one
    flags         every accepted flag's case is in the run and passes
    baseline      nothing is worse than in the baseline by a metric's margin: the interval of 95 % rules it out

A rule that cannot be looked at blocks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

from core.metrics import METRICS, metric_info
from evals.comparing.comparison import common_cases
from evals.comparing.scored_run import ScoredRun
from evals.gating.inferiority import inferior_to

REQUIRED = ("citation_validity", "latency_ms", "error")
"""Metrics without which nothing was measured, whatever the cases are about."""
HIDDEN = "(hidden)"
"""In place of the id of a flag that the caller may not see: `question` is then the sentence about it."""
_NAMED = 3


@dataclass(frozen=True, slots=True)
class MustPass:
    """A flag that was accepted: its case, and the id of what was said."""

    case_id: str
    feedback_id: str
    question: str


@dataclass(frozen=True, slots=True)
class GateInput:
    """What the gate looks at.

    `broken` are sentences on invariants by case; `failures` says why a case does not pass, '' or nothing where it
    does; `expected` are the ids of cases that the run must have.
    """

    run: ScoredRun
    baseline: ScoredRun | None
    must_pass: Sequence[MustPass]
    failures: Mapping[str, str]
    broken: Mapping[str, Sequence[str]]
    expected: Sequence[str] = ()
    missing_baseline: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """One rule: what it looked at, and what blocks."""

    rule: str
    looked_at: str
    problems: tuple[str, ...]

    @property
    def is_passed(self) -> bool:
        """Whether nothing in it blocks."""
        return not self.problems


@dataclass(frozen=True, slots=True)
class GateReport:
    """The gate's decision; `flags_passed` and `flags_failed` are ids of flags by what their cases did."""

    run_id: str
    variant: str
    baseline: str
    checks: tuple[Check, ...]
    flags_passed: tuple[str, ...] = ()
    flags_failed: tuple[str, ...] = ()
    remarks: tuple[str, ...] = field(default=())

    @property
    def is_passed(self) -> bool:
        """Whether everything may go out."""
        return all(check.is_passed for check in self.checks)

    @property
    def reasons(self) -> tuple[str, ...]:
        """What blocks, as sentences."""
        return tuple(problem for check in self.checks for problem in check.problems)


def judge(given: GateInput) -> GateReport:
    """Return the decision on a run."""
    flags, passed, failed = _flags(given)
    checks = (
        Check("complete", _counted(given), tuple(_incomplete(given))),
        Check("invariants", f"{len(given.run.answers)} cases", tuple(_broken(given))),
        Check("errors", f"{len(given.run.scores)} cases", tuple(_errors(given.run))),
        flags,
        _baseline(given),
    )
    return GateReport(
        given.run.record.run_id,
        given.run.record.variant,
        given.baseline.record.run_id if given.baseline else "",
        checks,
        passed,
        failed,
        tuple(_remarks(given)),
    )


def _counted(given: GateInput) -> str:
    return f"{len(given.run.scores)} cases, {sum(len(found) for found in given.run.answers.values())} answers"


def _incomplete(given: GateInput) -> list[str]:
    run = given.run
    problems = []
    if not run.record.is_finished:
        problems.append(
            f"The run {run.record.run_id} did not finish, so what it shows is not the whole. Run it again."
        )
    if run.hidden:
        problems.append(
            f"{run.hidden} cases are about documents that you may not read, so nobody here can judge them. "
            "Somebody who may read them has to run the gate."
        )
    if not run.scores:
        problems.append("The run has no cases. A gate without cases would let everything through.")
        return problems
    planned = (run.record.manifest.get("dataset") or {}).get("cases")
    if isinstance(planned, int) and planned != len(run.answers) + run.hidden:
        problems.append(
            f"The run was to ask {planned} cases and has {len(run.answers) + run.hidden}."
        )
    known = {scores.case_id for scores in run.scores}
    absent = [case for case in given.expected if case not in known]
    if absent:
        problems.append(
            f"{_listed(absent)} must be in the run and {'is' if len(absent) == 1 else 'are'} not."
        )
    problems += _without_values(run)
    problems += _odd_summary(run.record.summary)
    return problems


def _without_values(run: ScoredRun) -> list[str]:
    """Say which metrics lack a value without a reason: a NaN arrives from the database as no value at all."""
    found: dict[str, list[str]] = {}
    for scores in run.scores:
        rows = {**{name: () for name in REQUIRED}, **scores.values}
        for metric, repeats in rows.items():
            known = metric in METRICS or metric_info(metric).kind != "report"
            if known and (
                not repeats
                or any(
                    not _is_told(run, scores.case_id, metric, n, value)
                    for n, value in enumerate(repeats)
                )
            ):
                found.setdefault(metric, []).append(scores.case_id)
    problems = []
    for metric, cases in found.items():
        if metric in REQUIRED and len(cases) == len(run.scores):
            problems.append(
                f"{metric} was not measured at all. Without it nothing can be let through."
            )
        else:
            problems.append(
                f"{metric} of {_listed(cases)} has no value (missing, or not a number) and no reason for it."
            )
    return problems


def _is_told(run: ScoredRun, case_id: str, metric: str, repeat: int, value: float | None) -> bool:
    if value is not None:
        return isfinite(value)
    answers = run.answers.get(case_id, ())
    details = answers[repeat].details if repeat < len(answers) else {}
    return bool(details.get(metric))


def _odd_summary(summary: Mapping[str, Any]) -> list[str]:
    odd = [
        metric
        for metric, entry in summary.items()
        if isinstance(entry, dict)
        and isinstance(entry.get("value"), float | int)
        and not isfinite(entry["value"])
    ]
    return [f"The summary of {metric} is not a number." for metric in odd]


def _broken(given: GateInput) -> list[str]:
    problems = [
        f"{_named(given.run, case)}: {sentence}"
        for case, sentences in sorted(given.broken.items())
        for sentence in sentences
    ]
    for scores in given.run.scores:
        for metric, repeats in scores.values.items():
            worst = min((value for value in repeats if value is not None), default=1.0)
            if metric_info(metric).kind == "invariant" and worst < 1.0:
                problems.append(
                    f"{_named(given.run, scores.case_id)}: {metric_info(metric).title.lower()} is {worst:.2f}, and must "
                    "be 1 in every answer."
                )
    return problems


def _errors(run: ScoredRun) -> list[str]:
    failed = [
        scores.case_id
        for scores in run.scores
        if any(value for value in scores.values.get("error", ()))
    ]
    return [f"{_listed(failed)} ended in an error instead of an answer."] if failed else []


def _flags(given: GateInput) -> tuple[Check, tuple[str, ...], tuple[str, ...]]:
    known = {scores.case_id for scores in given.run.scores}
    problems, passed, failed = [], [], []
    for flag in given.must_pass:
        if flag.feedback_id == HIDDEN:
            problems.append(flag.question)
        elif flag.case_id not in known:
            problems.append(
                f"The accepted flag {flag.feedback_id} was not tested: its case {flag.case_id} is not in the run."
            )
        elif given.failures.get(flag.case_id) or given.broken.get(flag.case_id):
            why = given.failures.get(flag.case_id) or "an invariant is broken"
            problems.append(
                f"The accepted flag {flag.feedback_id} does not pass ({_named(given.run, flag.case_id)}): {why}"
            )
            failed.append(flag.feedback_id)
        else:
            passed.append(flag.feedback_id)
    check = Check("flags", f"{len(given.must_pass)} accepted flags", tuple(problems))
    return check, tuple(passed), tuple(failed)


def _baseline(given: GateInput) -> Check:
    if given.missing_baseline:
        return Check("baseline", "no run", (given.missing_baseline,))
    if given.baseline is None:
        return Check("baseline", "no baseline is set: nothing was compared", ())
    looked_at, problems = inferior_to(given.baseline, given.run)
    return Check("baseline", looked_at, tuple(problems))


def _remarks(given: GateInput) -> list[str]:
    remarks = []
    if given.baseline is None and not given.missing_baseline:
        remarks.append(
            "No baseline is set, so nothing was compared with what is out now: `footnote eval baseline set RUN` sets one."
        )
    if given.baseline is not None:
        remarks += common_cases(given.baseline.compared(), given.run.compared()).remarks
    return remarks


def _named(run: ScoredRun, case_id: str) -> str:
    question = " ".join(run.questions.get(case_id, "").split())
    return (
        f"{case_id} ({question[:60]}{'…' if len(question) > 60 else ''})" if question else case_id
    )


def _listed(cases: Sequence[str]) -> str:
    shown = ", ".join(cases[:_NAMED])
    return f"{shown} and {len(cases) - _NAMED} more" if len(cases) > _NAMED else shown
