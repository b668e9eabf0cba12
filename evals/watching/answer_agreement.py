"""How alike two runs' answers to the same questions are, beside how alike repeats of one run are; pure."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from statistics import fmean

from app.quality.shadows import token_f1

_DEALS = 5000
_RARE = 0.01
_SEED = 20_260_101

Texts = Mapping[str, Sequence[str]]
"""The answers of each case, one for each repeat."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How alike answers are: the share of pairs with the same words, and their mean token F1.

    `within` is among repeats of one run, `between` from one run to the other. `p_value` is how often chance alone
    makes them as different; None where repeats never differ, so that any other answer is a change.
    """

    exact_within: float
    exact_between: float
    f1_within: float
    f1_between: float
    p_value: float | None
    is_changed: bool


def agreement_of(before: Texts, now: Texts) -> Agreement:
    """Compare two runs' answers to the cases that both asked; pure, and the same for the same answers.

    Under one model the answers of both runs are drawn alike, so that dealing them out to the runs anew changes
    nothing: the p-value is how often that makes the runs as different as they are.
    """
    cases = sorted(before.keys() & now.keys())
    f1_within, f1_between = _closeness(before, now, cases, token_f1)
    exact_within, exact_between = _closeness(before, now, cases, _is_same)
    if exact_within == 1.0:
        return Agreement(1.0, exact_between, f1_within, f1_between, None, exact_between < 1.0)
    observed = f1_within - f1_between
    dealt = random.Random(_SEED)  # noqa: S311 - nothing secret: the same answers must give the same verdict
    known = _likeness(before, now, cases)
    as_far = sum(_dealt_gap(known, dealt) >= observed - 1e-12 for _ in range(_DEALS))
    p_value = (1 + as_far) / (1 + _DEALS)
    return Agreement(exact_within, exact_between, f1_within, f1_between, p_value, p_value < _RARE)


def _is_same(one: str, other: str) -> float:
    return float(one == other)


def _closeness(
    before: Texts, now: Texts, cases: Sequence[str], alike: Callable[[str, str], float]
) -> tuple[float, float]:
    """Return how alike answers of one run are, and how alike those of one to those of the other; 1 of no case."""
    within, between = [], []
    for case in cases:
        pairs = [*combinations(before[case], 2), *combinations(now[case], 2)]
        if pairs:
            within.append(fmean(alike(*pair) for pair in pairs))
        between.append(fmean(alike(*pair) for pair in product(before[case], now[case])))
    return fmean(within or [1.0]), fmean(between or [1.0])


@dataclass(frozen=True, slots=True)
class _Likeness:
    """How alike every two answers of a case are; the first `size` answers are those of the earlier run."""

    size: int
    matrix: list[list[float]]


def _likeness(before: Texts, now: Texts, cases: Sequence[str]) -> list[_Likeness]:
    found = []
    for case in cases:
        texts = [*before[case], *now[case]]
        found.append(
            _Likeness(
                len(before[case]), [[token_f1(one, other) for other in texts] for one in texts]
            )
        )
    return found


def _dealt_gap(cases: Sequence[_Likeness], rng: random.Random) -> float:
    within, between = [], []
    for case in cases:
        order = list(range(len(case.matrix)))
        rng.shuffle(order)
        first, second = order[: case.size], order[case.size :]
        pairs = [*combinations(first, 2), *combinations(second, 2)]
        if pairs:
            within.append(fmean(case.matrix[one][other] for one, other in pairs))
        between.append(fmean(case.matrix[one][other] for one, other in product(first, second)))
    return fmean(within or [1.0]) - fmean(between or [1.0])
