"""Whether an answer passes its case, and the sentence that says why not; pure.

    unanswerable ─▶ it abstained
    answerable ──▶ it did not abstain, and every fact is there, every pattern matches, and the evidence was cited or at
                   least read; where there is only a reference, half of its words (token F1) or its fact is there

All that a case states has to hold. A metric that is missing, or an error, fails the case: what could not be measured
was not shown to be right. Asked several times, a case passes if every answer does.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from evals.cases.case import Case
from evals.running.run_log import CaseScores

LEAST_F1 = 0.5
"""Token F1 from which an answer says what the reference says, where the case states nothing else."""

_ROUNDING = 1e-9
Values = Mapping[str, float | None]


@dataclass(frozen=True, slots=True)
class CasePassed:
    """Whether a case passed; `why` is a sentence for a person, '' where it passed."""

    passed: bool
    why: str = ""


def passes(case: Case, values: Values) -> CasePassed:
    """Return whether one answer passes its case, by what was measured of it."""
    if values.get("error") or "error" not in values:
        return CasePassed(False, "The question ended in an error, or was not asked.")
    if case.fields.unanswerable:
        return _verdict(values.get("abstention_correct"), "It answered what no document answers.")
    if values.get("abstention_correct") != 1.0:
        return CasePassed(False, "It refused a question that the documents answer.")
    checks = [
        check
        for is_stated, check in (
            (bool(case.fields.facts), _facts),
            (bool(case.fields.must_match), _patterns),
            (bool(case.anchors), _evidence),
        )
        if is_stated
    ]
    if not checks and case.fields.reference:
        checks = [_reference]
    for check in checks:
        found = check(values)
        if not found.passed:
            return found
    return CasePassed(True)


def verdict_of(case: Case, scores: CaseScores | None) -> CasePassed:
    """Return whether a case passed a run: every answer to it did."""
    if scores is None or not scores.values:
        return CasePassed(False, "The case was not asked in this run.")
    repeats = max(len(values) for values in scores.values.values())
    for number in range(repeats):
        found = passes(case, of_repeat(scores, number))
        if not found.passed:
            again = f" (answer {number + 1} of {repeats})" if repeats > 1 else ""
            return CasePassed(False, found.why + again)
    return CasePassed(True)


def of_repeat(scores: CaseScores, number: int) -> dict[str, float | None]:
    """Return the values of one of a case's answers; what was measured once for all counts for each."""
    return {
        metric: values[number]
        if number < len(values)
        else (values[0] if len(values) == 1 else None)
        for metric, values in scores.values.items()
    }


def _facts(values: Values) -> CasePassed:
    return _verdict(values.get("fact_match"), "Not every expected fact is in the answer.")


def _patterns(values: Values) -> CasePassed:
    return _verdict(values.get("regex_match"), "Not every required pattern matches the answer.")


def _evidence(values: Values) -> CasePassed:
    """A citation has it, or every word of it was read."""
    cited, read = values.get("evidence_cited"), values.get("context_span_recall")
    if read is None:
        return CasePassed(
            False, "Its evidence is not in the documents any more, so nobody can say."
        )
    packed = read - (values.get("packing_loss") or 0.0)
    if (cited or 0.0) > 0.0 or packed >= 1.0 - _ROUNDING:
        return CasePassed(True)
    return CasePassed(False, "The evidence was neither cited nor read.")


def _reference(values: Values) -> CasePassed:
    if values.get("fact_match") == 1.0 or (values.get("answer_f1") or 0.0) >= LEAST_F1:
        return CasePassed(True)
    return CasePassed(
        False, f"The answer shares less than {LEAST_F1:.0%} of its words with the reference."
    )


def _verdict(value: float | None, why: str) -> CasePassed:
    return CasePassed(True) if value == 1.0 else CasePassed(False, why)
