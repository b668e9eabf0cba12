"""What both sides of a live comparison say to the same questions: shown answers beside those of the shadow.

Only what needs no reference answer is compared: whether anything is answered, how much of it the shipped checker
supports, citations, how alike both texts are, time and cost. A pair's difference is variant - current, whichever of
them was shown; readers are the unit of the intervals.
"""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from sqlalchemy import Engine, select

from app.arm_labels import Arm, arm_of
from app.quality.period import Period
from app.quality.usage import within
from core.statistics.bootstrap import mean_interval
from core.variants import CURRENT
from index.permissions import ANONYMOUS_NAME
from index.schema import answers, shadow_answers

_SEED = 20_260_101
_DRAWS = 2000
_MOST_READ = 2000
_TOKEN = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class ShadowValue:
    """One measure over `n` questions: both sides' means, and the difference with its interval of 95 %."""

    metric: str
    n: int
    current: float
    tried: float
    difference: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class ShadowComparison:
    """Questions that both sides answered. `agreement` is the mean token F1 of their texts, 1 for the same words."""

    experiment: str
    variant: str
    questions: int
    users: int
    agreement: float
    values: tuple[ShadowValue, ...]


@dataclass(frozen=True, slots=True)
class _Pair:
    who: str
    current: Mapping[str, Any]
    tried: Mapping[str, Any]


Measure = Callable[[Mapping[str, Any]], float | None]


def read_shadows(
    engine: Engine, period: Period, experiment: str = ""
) -> tuple[ShadowComparison, ...]:
    """Return what both sides of the live comparisons said in a period; of one comparison if it is named."""
    pairs = _pairs(engine, period)
    return tuple(
        _compared(arm, pairs[arm])
        for arm in sorted(pairs)
        if not experiment or arm.experiment == experiment
    )


def _pairs(engine: Engine, period: Period) -> dict[Arm, list[_Pair]]:
    query = (
        select(
            answers.c.conversation_id,
            answers.c.owner,
            answers.c.variant,
            answers.c.answer,
            shadow_answers.c.variant.label("other"),
            shadow_answers.c.content,
        )
        .join(answers, answers.c.answer_id == shadow_answers.c.answer_id)
        .where(within(answers.c.created_at, period))
        .order_by(answers.c.created_at.desc(), answers.c.answer_id)
        .limit(_MOST_READ)
    )
    found: defaultdict[Arm, list[_Pair]] = defaultdict(list)
    with engine.connect() as connection:
        for row in connection.execute(query):
            shown, other = arm_of(row.variant), arm_of(row.other)
            if shown is None or other is None or shown.experiment != other.experiment:
                continue
            here, there = json.loads(row.answer), json.loads(row.content)["answer"]
            who = row.conversation_id if row.owner == ANONYMOUS_NAME else row.owner
            if shown.variant == CURRENT:
                found[other].append(_Pair(who, here, there))
            elif other.variant == CURRENT:
                found[shown].append(_Pair(who, there, here))
    return found


def _compared(arm: Arm, pairs: list[_Pair]) -> ShadowComparison:
    values = [_value(name, measure, pairs) for name, measure in _MEASURES.items()]
    return ShadowComparison(
        arm.experiment,
        arm.variant,
        len(pairs),
        len({pair.who for pair in pairs}),
        fmean(token_f1(pair.current.get("text", ""), pair.tried.get("text", "")) for pair in pairs),
        tuple(value for value in values if value is not None),
    )


def _value(name: str, measure: Measure, pairs: list[_Pair]) -> ShadowValue | None:
    """Return a measure over the pairs in which both sides have it."""
    both: list[tuple[str, float, float]] = []
    for pair in pairs:
        before, after = measure(pair.current), measure(pair.tried)
        if before is not None and after is not None:
            both.append((pair.who, before, after))
    found = mean_interval(
        {str(number): (after - before,) for number, (_, before, after) in enumerate(both)},
        {str(number): who for number, (who, _, _) in enumerate(both)},
        _SEED,
        _DRAWS,
    )
    if found is None:
        return None
    before, after = fmean(each[1] for each in both), fmean(each[2] for each in both)
    return ShadowValue(name, found.n, before, after, found.mean, found.low, found.high)


def _groundedness(answer: Mapping[str, Any]) -> float | None:
    judged = [
        claim["verdict"] for claim in answer.get("claims", ()) if claim["verdict"] != "unchecked"
    ]
    return judged.count("supported") / len(judged) if judged else None


_MEASURES: dict[str, Measure] = {
    "abstained": lambda answer: float(answer["status"] == "abstained"),
    "groundedness_footnote_checker": _groundedness,
    "citations": lambda answer: float(len(answer.get("citations", ()))),
    "latency_ms": lambda answer: answer.get("timings_ms", {}).get("total"),
    "cost_usd": lambda answer: float(answer.get("cost_usd", 0.0)),
}


def token_f1(one: str, other: str) -> float:
    """Return how alike two texts are by their words, in [0, 1]; 1 for two empty ones."""
    first, second = (Counter(_TOKEN.findall(text.casefold())) for text in (one, other))
    if not first or not second:
        return float(first == second)
    shared = (first & second).total()
    return 2 * shared / (first.total() + second.total())
