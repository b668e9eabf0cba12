"""What the test cases measured: metrics, the comparison, the risk of answering, times, and the cases that turned."""

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from statistics import fmean
from typing import Any, cast

from core.metric_words import change, change_span, interval, level
from core.metrics import MetricInfo, metric_info
from evals.cases.case import case_of_line
from evals.comparing.compared_runs import RunComparison
from evals.comparing.comparison import MetricDifference
from evals.comparing.scored_run import ScoredRun
from evals.metrics.abstention import aurc, risk_coverage
from evals.report.data import MeasuredRun, ReportData
from evals.report.markup import Content, Markup, joined, tag, untrusted
from evals.report.parts import left_out, nothing, said, section, table
from evals.report.plots import Series, axis_row, curve, legend, spread, whisker
from evals.report.scales import UNIT, Scale, scale_over
from evals.report.turned import turned_section
from evals.running.passing import verdict_of

_KINDS = (
    ("invariant", "Must hold in every answer"),
    ("quality", "Quality"),
    ("operation", "Time, cost and errors"),
    ("report", "Reported, and decides nothing"),
)


def quality_section(data: ReportData) -> Markup:
    """Return the section."""
    if data.run is None:
        return section(
            "quality",
            "Quality",
            "What test cases measured.",
            nothing(data.notes[0] if data.notes else "No run."),
        )
    record = data.run.run.record
    lead = joined(
        "Run ",
        tag("code", record.run_id),
        " of the variant ",
        untrusted(record.variant, 80),
        " over the cases ",
        untrusted(record.dataset, 80),
        f": {len(data.run.run.scores)} cases, {record.started_at[:16].replace('T', ' ')} UTC.",
    )
    return tag(
        "section",
        tag("h2", "Quality"),
        tag("p", lead, class_="lead"),
        left_out(data.run.run.hidden, "cases are"),
        _metrics(data.run),
        _compared(data.comparison) if data.comparison else None,
        _risk(data.run.run),
        _times(data),
        turned_section(data.comparison) if data.comparison else None,
        id="quality",
    )


def _metrics(measured: MeasuredRun) -> Markup:
    parts: list[Markup] = [tag("h3", "All metrics")]
    for kind, title in _KINDS:
        rows = [
            _metric_row(metric_info(name), entry)
            for name, entry in measured.summary.items()
            if metric_info(name).kind == kind and entry.get("value") is not None
        ]
        if rows:
            shown = table(
                ("Metric", "Value", "95 % interval", "n", axis_row(UNIT, ("0", "100 %"))),
                rows,
                "metrics",
            )
            parts += [tag("h4", title), shown]
    return joined(parts)


def _metric_row(info: MetricInfo, entry: Mapping[str, Any]) -> Sequence[Content]:
    value = cast(float, entry["value"])
    low, high = entry.get("interval") or (None, None)
    plot: Content = None
    if info.unit == "share":
        plot = tag("div", whisker(value, low, high, UNIT), class_="axis")
    name = tag("span", info.title, title=info.description or None)
    return (name, level(info, value), interval(info, low, high), str(entry.get("n", "")), plot)


def _compared(comparison: RunComparison) -> Markup:
    shares = [
        each
        for each in comparison.metrics
        if each.info.unit == "share" and each.standing != "reported"
    ]
    names = f"{comparison.after.variant} − {comparison.before.variant}"
    prices = comparison.prices
    usd, millis = metric_info("cost_usd"), metric_info("latency_ms")
    beside = table(
        (
            "",
            joined(untrusted(comparison.before.variant, 60), " (before)"),
            joined(untrusted(comparison.after.variant, 60), " (after)"),
        ),
        [
            ("Waiting time, mean", *(level(millis, price.latency_ms) for price in prices)),
            ("95 of 100 took less than", *(level(millis, price.p95_ms) for price in prices)),
            ("Cost of an answer", *(level(usd, price.cost_usd) for price in prices)),
        ],
    )
    return joined(
        tag("h3", "What changed: ", untrusted(names, 120)),
        [tag("p", remark, class_="quiet") for remark in comparison.remarks],
        _forest(shares, comparison.primary),
        tag("h4", "Side by side"),
        beside,
        _slices(comparison),
    )


def _forest(found: Sequence[MetricDifference], primary: MetricDifference | None) -> Markup:
    if not found:
        return nothing("The runs have no share in common that could be drawn.")
    moved = [
        each
        for each in found
        if each.paired.low or each.paired.high or each.paired.difference or each is primary
    ]
    still = [each.info.title for each in found if each not in moved]
    # A metric of two cases has an interval as wide as the page, and would make a line of dots of all others.
    most = max(each.paired.n for each in found)
    drawn = [each for each in moved if 2 * each.paired.n >= most] or moved
    ends = [end for each in drawn for end in (*each.gain, -(each.margin or 0.0)) if end is not None]
    widest = max([0.02, *(abs(end) for end in ends)])
    scale = scale_over([-widest, widest])
    order = {"better": 0, "worse": 1, "open": 2, "not worse": 3}
    ordered = sorted(
        moved, key=lambda each: (each is not primary, order[each.standing], -abs(each.gain[0]))
    )
    rows = [_forest_row(each, scale, is_primary=each is primary) for each in ordered]
    key = legend(
        [
            ("better", "good"),
            ("worse", "bad"),
            ("open: a loss cannot be ruled out", "warn"),
            ("not worse", "accent"),
        ]
    )
    points = f"{scale.high * 100:.0f}"
    words = axis_row(scale, (f"−{points}", f"+{points} points"))
    header = ("Metric", "Difference", "Interval", "p (Holm)", words, "Cases lost / won")
    lead = "Every dot is a difference, the line its interval; right of the middle is better, whichever way the metric counts."
    return joined(
        tag("p", lead, " ", key),
        table(header, rows, "forest"),
        tag("p", f"The same in every case: {', '.join(still)}.", class_="quiet") if still else None,
    )


def _forest_row(each: MetricDifference, scale: Scale, *, is_primary: bool) -> Sequence[Content]:
    gain, low, high = each.gain
    tone = {"better": "good", "worse": "bad", "open": "warn"}.get(each.standing, "accent")
    marks = [0.0] + ([-each.margin] if each.margin else [])
    name: Content = tag("strong", each.info.title, " (decides)") if is_primary else each.info.title
    paired = each.paired
    span = change_span(each.info, paired.low, paired.high)
    turned = f"{each.turned.lost} / {each.turned.gained}" if each.turned else "–"
    return (
        name,
        tag("span", change(each.info, paired.difference), class_=tone),
        span,
        "–" if each.p_adjusted is None else f"{each.p_adjusted:.3f}",
        tag("div", whisker(gain, low, high, scale, tone=tone, marks=marks), class_="axis"),
        turned,
    )


def _slices(comparison: RunComparison) -> Markup | None:
    primary = comparison.primary
    if primary is None or not comparison.slices:
        return None
    rows = [
        (
            joined(
                tag("span", f"{each.kind} ", class_="quiet"),
                said(PurePath(each.name).name if each.kind == "source" else each.name, 60),
            ),
            str(each.paired.n),
            level(primary.info, each.paired.before),
            level(primary.info, each.paired.after),
            change(primary.info, each.paired.difference),
            change_span(primary.info, each.paired.low, each.paired.high),
        )
        for each in comparison.slices
    ]
    return joined(
        tag("h4", f"{primary.info.title} by part of the cases"),
        tag(
            "p",
            "Many parts are looked at: an interval that leaves out zero here and there is what chance does.",
            class_="quiet",
        ),
        table(("Part", "n", "Before", "After", "Difference", "Interval"), rows),
    )


def _risk(run: ScoredRun) -> Markup | None:
    """Return how many answers would be wrong if only the surest were given."""
    confidences, wrong = [], []
    for scores in run.scores:
        content = run.answers[scores.case_id][0].content
        confidence = content.get("confidence")
        answer = content.get("answer") or {}
        if isinstance(confidence, int | float) and answer.get("status") == "answered":
            confidences.append(float(confidence))
            wrong.append(not verdict_of(case_of_line(content["case"]), scores).passed)
    if len(confidences) < 5:
        return None
    points = [(point.coverage, point.risk) for point in risk_coverage(confidences, wrong)]
    area = aurc(confidences, wrong)
    return joined(
        tag("h3", "The risk of answering"),
        tag(
            "p",
            f"If only the surest answers were given, so many of them would not pass their case. Of all {len(wrong)} answers "
            f"{sum(wrong)} do not pass; area under the curve {area:.3f}.",
        ),
        curve(
            "Answers that do not pass, by share answered",
            points,
            "share of questions answered, surest first",
            "share that does not pass",
        ),
    )


def _times(data: ReportData) -> Markup | None:
    runs = (
        [("after" if data.comparison else "this run", "accent", data.run.run)] if data.run else []
    )
    by_case = [
        Series(
            name,
            tone,
            [
                fmean(known)
                for scores in run.scores
                if (known := [v for v in scores.values.get("latency_ms", ()) if v is not None])
            ],
        )
        for name, tone, run in runs
    ]
    if not by_case or not by_case[0].values:
        return None
    return joined(
        tag("h3", "Waiting time of the test cases"),
        spread("Share of the cases by how long they took", by_case, "ms"),
    )
