"""Whether it refused what the documents do not answer, and only that; and what a threshold on confidence would do.

              answered           refused
answerable    answered           false refusal
unanswerable  should refuse      right refusal
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby


@dataclass(frozen=True, slots=True)
class AbstentionScores:
    """The four counts; every share is None where its denominator is 0."""

    answered: int
    false_refusals: int
    wrongly_answered: int
    right_refusals: int

    @property
    def recall(self) -> float | None:
        """Refused, of what is unanswerable."""
        return _share(self.right_refusals, self.right_refusals + self.wrongly_answered)

    @property
    def precision(self) -> float | None:
        """Unanswerable, of what was refused."""
        return _share(self.right_refusals, self.right_refusals + self.false_refusals)

    @property
    def false_refusal(self) -> float | None:
        """Refused, of what is answerable."""
        return _share(self.false_refusals, self.false_refusals + self.answered)

    @property
    def accuracy(self) -> float | None:
        """Rightly refused or answered, of all."""
        total = self.answered + self.false_refusals + self.wrongly_answered + self.right_refusals
        return _share(self.right_refusals + self.answered, total)


@dataclass(frozen=True, slots=True)
class CoveragePoint:
    """With only the most confident `coverage` answered, `risk` of them are wrong, and the least sure has `confidence`."""

    coverage: float
    risk: float
    confidence: float


def abstention_scores(outcomes: Iterable[tuple[bool, bool]]) -> AbstentionScores:
    """Count outcomes, each (whether the documents answer it, whether it was refused)."""
    counts = {(True, False): 0, (True, True): 0, (False, False): 0, (False, True): 0}
    for is_answerable, is_refused in outcomes:
        counts[is_answerable, is_refused] += 1
    return AbstentionScores(
        answered=counts[True, False],
        false_refusals=counts[True, True],
        wrongly_answered=counts[False, False],
        right_refusals=counts[False, True],
    )


def risk_coverage(confidences: Sequence[float], wrong: Sequence[bool]) -> tuple[CoveragePoint, ...]:
    """Return the risk at each number of answers, the most confident first.

    Answers of one confidence cannot be told apart: among them the errors are spread evenly, which is the mean over
    all their orders.

    Raises:
        ValueError: the two have different lengths.
    """
    ordered = sorted(zip(confidences, wrong, strict=True), key=lambda pair: -pair[0])
    points: list[CoveragePoint] = []
    errors = 0.0
    for confidence, group in groupby(ordered, key=lambda pair: pair[0]):
        outcomes = [is_wrong for _, is_wrong in group]
        before = len(points)
        for place in range(1, len(outcomes) + 1):
            so_far = errors + sum(outcomes) * place / len(outcomes)
            count = before + place
            points.append(CoveragePoint(count / len(ordered), so_far / count, confidence))
        errors += sum(outcomes)
    return tuple(points)


def aurc(confidences: Sequence[float], wrong: Sequence[bool]) -> float | None:
    """Return the mean risk over all coverages, lower is better; None for no answer."""
    points = risk_coverage(confidences, wrong)
    return sum(point.risk for point in points) / len(points) if points else None


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
