"""What got worse in a run against the baseline, or may have by more than its margin, as sentences; pure.

Latency blocks only where the whole interval lies beyond the margin: a machine's load is nothing that a change did.
"""

from core.metric_words import amount, change, change_span
from core.metrics import metric_info
from evals.comparing.comparison import MetricDifference, common_cases, differences
from evals.comparing.scored_run import ScoredRun

_OF_MACHINES = ("latency_ms", "first_token_ms")


def inferior_to(baseline: ScoredRun, run: ScoredRun) -> tuple[str, list[str]]:
    """Return what was compared, and what blocks."""
    before, after = baseline.compared(), run.compared()
    cases = common_cases(before, after).case_ids
    looked_at = f"{len(cases)} cases of {baseline.record.run_id}"
    if not baseline.record.is_finished:
        return looked_at, [
            "The baseline run did not finish. Set another: `footnote eval baseline set RUN`."
        ]
    if not cases:
        return looked_at, [
            "The baseline and this run have no case in common, so nothing could be compared."
        ]
    found = differences(before, after, cases)
    measured = {each.info.name for each in found}
    lost = sorted(
        name
        for name, values in before.values.items()
        if name not in measured
        and metric_info(name).margin is not None
        and set(values) & set(cases)
    )
    problems = [f"{name} was measured in the baseline and is missing here." for name in lost]
    return looked_at, problems + [_inferior(each) for each in found if _blocks(each)]


def _blocks(found: MetricDifference) -> bool:
    # Errors have a rule of their own, without any margin.
    if found.info.name == "error":
        return False
    if found.info.name in _OF_MACHINES:
        _, _, high = found.gain
        return high is not None and found.margin is not None and high < -found.margin
    return found.standing in ("worse", "open")


def _inferior(found: MetricDifference) -> str:
    paired = found.paired
    difference, span = (
        change(found.info, paired.difference),
        change_span(found.info, paired.low, paired.high),
    )
    told = f"{difference} {span}".rstrip() + f" over {paired.n} cases"
    margin = amount(found.info, found.margin)
    if found.standing == "worse":
        return f"{found.info.title} got worse by more than chance: {told}, margin {margin}."
    return f"{found.info.title} may have got worse by more than its margin of {margin}: {told}."
