"""How Footnote was used: questions and what became of them, people, time and money, by release and variant."""

from collections import defaultdict
from collections.abc import Sequence

from core.metric_words import interval, level
from core.metrics import metric_info
from evals.report.committee import SHARE
from evals.report.data import ReportData
from evals.report.live_rows import LiveAnswer, mean_of, share_of, time_of
from evals.report.markup import Markup, untrusted
from evals.report.parts import nothing, section, table
from evals.report.plots import Series, bars, lines


def usage_section(data: ReportData) -> Markup:
    """Return the section."""
    usage = data.usage
    lead = f"{data.period.first.isoformat()} to {data.period.last.isoformat()}, by {usage.period.step}; days begin at midnight UTC."
    if not data.answers:
        return section(
            "use", "Use and adoption", lead, nothing("Nobody asked anything in this period.")
        )
    starts = [outcome.start for outcome in usage.outcomes]
    costs: dict[str, float] = defaultdict(float)
    for row in data.answers:
        costs[data.period.bucket_of(row.day)] += row.cost_usd
    return section(
        "use",
        "Use and adoption",
        lead,
        bars(
            "Questions",
            starts,
            [
                Series("answered", "good", [float(each.answered) for each in usage.outcomes]),
                Series(
                    "not in the documents",
                    "warn",
                    [float(each.abstained) for each in usage.outcomes],
                ),
                Series("failed", "bad", [float(each.failed) for each in usage.outcomes]),
            ],
        ),
        bars(
            "People who asked",
            starts,
            [Series("people", "accent", [float(each.people) for each in usage.outcomes])],
        ),
        bars(
            "Answers that somebody says are wrong",
            starts,
            [Series("flagged", "bad", [float(each.flagged) for each in usage.outcomes])],
        ),
        lines(
            "Waiting time",
            starts,
            [
                Series("half took less", "accent", [each.p50_ms for each in usage.outcomes]),
                Series("95 of 100 took less", "warn", [each.p95_ms for each in usage.outcomes]),
            ],
            "ms",
        ),
        bars(
            "Cost",
            starts,
            [Series("US dollars", "accent", [costs.get(start, 0.0) for start in starts])],
            "US dollars",
        )
        if any(costs.values())
        else None,
        _by_variant(data.answers),
    )


def _by_variant(answers: Sequence[LiveAnswer]) -> Markup:
    groups: defaultdict[tuple[str, str], list[LiveAnswer]] = defaultdict(list)
    for row in answers:
        groups[row.variant or "current", row.model or "–"].append(row)
    millis, usd = metric_info("latency_ms"), metric_info("cost_usd")
    rows = []
    for (variant, model), some in sorted(groups.items(), key=lambda pair: -len(pair[1])):
        answered = share_of(sum(row.status == "answered" for row in some), len(some))
        flagged = share_of(sum(row.is_flagged for row in some), len(some))
        half, price = time_of(some, 0.5), mean_of(some, [row.cost_usd for row in some])
        rows.append(
            (
                untrusted(variant, 60),
                untrusted(model, 60),
                f"{len(some):,}",
                f"{level(SHARE, answered.value)} {interval(SHARE, answered.low, answered.high)}"
                if answered
                else "–",
                f"{level(SHARE, flagged.value)} {interval(SHARE, flagged.low, flagged.high)}"
                if flagged
                else "–",
                level(millis, half.value) if half else "–",
                level(usd, price.value) if price else "–",
            )
        )
    return table(
        (
            "Variant",
            "Model",
            "Questions",
            "Answered",
            "Flagged",
            "Half took less than",
            "Cost of an answer",
        ),
        rows,
    )
