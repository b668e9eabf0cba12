"""What two compared runs say of the second one: ship, hold, or that these cases cannot tell; pure.

ship         the primary metric is better beyond chance, and for everything else the interval rules out a loss of
             its margin
hold         something is worse beyond chance or beyond its margin, or an invariant is broken
cannot tell  everything else: how large a difference would have shown is said
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from core.metric_words import amount, change, change_span
from core.statistics.power import detectable_share
from evals.comparing.comparison import SIGNIFICANT, MetricDifference

Decision = Literal["ship", "hold", "cannot tell"]
_NAMED = 4


@dataclass(frozen=True, slots=True)
class Verdict:
    """`reasons` are sentences, the deciding ones first; `limits` say what these cases can show at all."""

    decision: Decision
    reasons: tuple[str, ...]
    limits: str


def verdict_of(
    found: Sequence[MetricDifference], primary: MetricDifference | None, broken: Sequence[str] = ()
) -> Verdict:
    """Return the verdict over all differences; `broken` are sentences about invariants of the second run."""
    harm = [*broken, *(_harm(each) for each in found if each.standing == "worse")]
    limits = limits_of(primary)
    if harm:
        return Verdict("hold", tuple(harm), limits)
    if primary is None:
        why = (
            "The runs have no metric in common that could decide."
            if not found
            else (
                "None of the metrics that decide was measured on most of these cases; --primary chooses one."
            )
        )
        return Verdict("cannot tell", (why,), limits)
    open_ones = [each for each in found if each.standing == "open" and each is not primary]
    if primary.standing == "better" and not open_ones:
        rest = "Nothing else got worse by its margin: the intervals rule that out."
        return Verdict("ship", (_gain(primary), rest), limits)
    reasons = [_gain(primary) if primary.standing == "better" else _undecided(primary)]
    if open_ones:
        names = ", ".join(each.info.title for each in open_ones[:_NAMED])
        more = f" and {len(open_ones) - _NAMED} more" if len(open_ones) > _NAMED else ""
        reasons.append(
            f"It cannot be ruled out that these got worse by more than their margin: {names}{more}."
        )
    return Verdict("cannot tell", tuple(reasons), limits)


def limits_of(primary: MetricDifference | None) -> str:
    """Return what differences these cases can show, as a sentence."""
    if primary is None:
        return ""
    n, least = primary.paired.n, primary.paired.smallest_detectable
    cases = "1 case" if n == 1 else f"{n} cases"
    if least is None and primary.turned is not None:
        least = detectable_share(n, 0.0)
    if least is None:
        return f"{primary.info.title} is the same in all of these {cases}: what they could show cannot be said."
    return (
        f"These {cases} can only show differences of {amount(primary.info, least)} or more in {primary.info.title} "
        "(four times of five)."
    )


def _gain(found: MetricDifference) -> str:
    return f"{found.info.title} is better: {_span(found)}{_p(found)}."


def _harm(found: MetricDifference) -> str:
    return f"{found.info.title} is worse: {_span(found)}{_p(found)}."


def _undecided(found: MetricDifference) -> str:
    is_small = found.standing == "not worse"
    tail = " That is no improvement, and no loss that counts." if is_small else ""
    return f"{found.info.title} changed by {_span(found)}{_p(found)}; chance alone explains that.{tail}"


def _span(found: MetricDifference) -> str:
    paired = found.paired
    interval = change_span(found.info, paired.low, paired.high)
    return f"{change(found.info, paired.difference)} {interval}".rstrip()


def _p(found: MetricDifference) -> str:
    if found.p_adjusted is None:
        return ""
    shown = "p < 0.001" if found.p_adjusted < 0.001 else f"p = {found.p_adjusted:.3f}"
    return f", {shown} over all metrics" if found.p_adjusted < SIGNIFICANT else f", {shown}"
