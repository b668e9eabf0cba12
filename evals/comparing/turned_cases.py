"""Which cases turned from right to wrong between two runs, or back, and how the parts of a dataset differ; pure."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from core.statistics.paired import PairedDifference
from evals.comparing.comparison import ComparedRun, MetricDifference, differences
from evals.comparing.scored_run import ScoredRun
from evals.running.summary import labels_of

_RIGHT = 0.5
_FEWEST = 2


@dataclass(frozen=True, slots=True)
class TurnedCase:
    """One case that was right in one run and wrong in the other; `before` and `after` are the answers' texts."""

    case_id: str
    question: str
    is_won: bool
    value_before: float
    value_after: float
    before: str
    after: str
    uris: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Slice:
    """The primary metric over a part of the cases; `kind` is tag, source, language or answerable."""

    kind: str
    name: str
    paired: PairedDifference


def turned_cases(
    before: ScoredRun, after: ScoredRun, primary: MetricDifference
) -> list[TurnedCase]:
    """Return the cases whose primary metric crossed one half, those that were lost first, then by id."""
    metric, direction = primary.info.name, primary.info.direction
    old, new = (_values(run, metric) for run in (before, after))
    found = []
    for case in sorted(old.keys() & new.keys()):
        was, is_now = (
            (value >= _RIGHT) != (direction == "down") for value in (old[case], new[case])
        )
        if was != is_now:
            first, second = before.answers[case][0].content, after.answers[case][0].content
            found.append(
                TurnedCase(
                    case,
                    before.questions.get(case, ""),
                    is_now,
                    old[case],
                    new[case],
                    _text(first),
                    _text(second),
                    tuple(
                        dict.fromkeys(
                            entry.get("uri", "")
                            for entry in first.get("case", {}).get("evidence") or ()
                        )
                    ),
                )
            )
    return sorted(found, key=lambda each: (each.is_won, each.case_id))


def slices(
    before: ScoredRun, after: ScoredRun, case_ids: Sequence[str], primary: MetricDifference
) -> list[Slice]:
    """Return the primary metric's difference for each part that has two cases, by kind and name."""
    parts: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for case in case_ids:
        for label in labels_of(before.answers[case][0].content):
            kind, _, name = label.partition(":")
            parts[kind, name].append(case)
    first, second = (_only(run.compared(), primary.info.name) for run in (before, after))
    found = []
    for (kind, name), cases in sorted(parts.items()):
        if len(cases) >= _FEWEST:
            found += [
                Slice(kind, name, each.paired)
                for each in differences(first, second, cases)
                if each.paired.n >= _FEWEST
            ]
    return found


def _only(run: ComparedRun, metric: str) -> ComparedRun:
    return ComparedRun(
        run.run_id,
        run.variant,
        run.dataset,
        run.is_finished,
        {metric: run.values.get(metric, {})},
        run.versions,
        run.clusters,
    )


def _values(run: ScoredRun, metric: str) -> dict[str, float]:
    return {case: fmean(repeats) for case, repeats in run.compared().values.get(metric, {}).items()}


def _text(content: Mapping[str, Any]) -> str:
    return str((content.get("answer") or {}).get("answer", ""))
