"""Live comparisons: what readers of a variant got, said and did, beside everybody else; and what shadows would have said."""

from collections.abc import Sequence

import streamlit as st

from app.arm_labels import arm_of
from app.quality.arms import MEASURED, ArmDifference, ArmValue, LiveComparison
from app.quality.desk import QualityDesk
from app.quality.figures import Usage
from app.quality.shadows import ShadowComparison
from app.quality.trend import TrendPoint
from app.web.quality.charts import COLOURS, Spec, interval_chart, line_chart
from app.web.quality.plot import NumberTable, show_plot, show_section, table_html
from app.web.quality.wording import count_words, money_words, share_words, step_words, time_words
from core.answers import Caller

_WORDS = {
    "answered": "Answered",
    "abstained": "Not in the documents",
    "unfinished": "Stopped or failed",
    "flagged": "Flagged",
    "helpful": "Found helpful",
    "regenerated": "Asked again",
    "rephrased": "Rephrased",
    "copied": "Copied",
    "citation_opened": "Source opened",
    "abandoned": "Left early",
    "latency_p50_ms": "Time, half within",
    "latency_p95_ms": "Time, 95 % within",
    "cost_usd": "Cost of an answer",
    "groundedness_footnote_checker": "Statements supported",
    "citations": "Citations",
    "latency_ms": "Time",
}
_VERDICTS = {
    "better": "Better",
    "worse": "Worse",
    "differs": "Differs",
    "no difference that matters": "No difference that matters",
    "cannot tell yet": "Cannot tell yet",
}
_SHARES = frozenset(measured.name for measured in MEASURED if not measured.is_relative)
_EMPTY = (
    '<div class="fn-empty"><h2>No comparison runs</h2><p>A variant can be given to a share of readers, or answer the '
    "same questions unseen: FOOTNOTE_EXPERIMENT__NAME starts one (docs/experiments.md).</p></div>"
)


def show_arms(desk: QualityDesk, usage: Usage, caller: Caller) -> None:
    """Draw the comparisons of a period."""
    days = usage.period.days
    comparisons, shadows = desk.live(days, caller), desk.shadows(days, caller)
    for number, comparison in enumerate(comparisons):
        _show_comparison(comparison, number)
    for shadow in shadows:
        _show_shadow(shadow)
    if comparisons:
        sides = [point for point in desk.trend(days, "variant", caller) if point.kind]
        _show_trend(usage, sides, "variant")
    elif not shadows:
        st.html(_EMPTY)
    models = desk.trend(days, "model", caller)
    if len({point.kind for point in models}) > 1:
        _show_trend(usage, models, "model")


def _show_comparison(found: LiveComparison, number: int) -> None:
    current, tried = found.current, found.tried
    title = f"{found.variant} beside current ({found.experiment})"
    about = (
        f"{count_words(tried.users, 'reader')} with {count_words(tried.answers, 'answer')} of the variant, "
        f"{count_words(current.users, 'reader')} with {count_words(current.answers, 'answer')} of the settings as they "
        "are. Intervals are of 95 % and count readers, not answers."
    )
    if found.in_both:
        about += f" {count_words(found.in_both, 'reader')} had conversations on both sides."
    chart: Spec | None = None
    alt = ""
    told = [each for each in found.differences if each.metric in _SHARES and each.low is not None]
    if told:
        rows = [
            {
                "name": _WORDS[each.metric],
                "value": 100 * (each.difference or 0.0),
                "low": 100 * (each.low or 0.0),
                "high": 100 * (each.high or 0.0),
                "tells": each.verdict in ("better", "worse", "differs"),
                "words": _difference(each),
                "verdict": _verdict(each),
            }
            for each in told
        ]
        alt = f"Intervals of the differences between {found.variant} and current: " + "; ".join(
            f"{row['name']} {row['words']}, {str(row['verdict']).lower()}" for row in rows
        )
        chart = interval_chart(rows, "Points, variant − current", zero_line=True)
    with st.container(key=f"plot_arms_{number}", gap="small"):
        show_section(title, about)
        if chart is not None:
            st.vega_lite_chart(spec=chart, key=f"chart_arms_{number}", alt=alt, width="stretch")
        # The numbers are what is decided by: they are not folded away.
        with st.container(key=f"arms_table_{number}"):
            st.html(table_html(title, _table(found)))


def _table(found: LiveComparison) -> NumberTable:
    return NumberTable(
        ("", "Current", found.variant, "Difference (95 %)", "Says"),
        [
            (
                _WORDS[each.metric],
                _value(before),
                _value(after),
                _difference(each),
                _verdict(each),
            )
            for each, before, after in zip(
                found.differences, found.current.values, found.tried.values, strict=True
            )
        ],
    )


def _value(value: ArmValue) -> str:
    return "–" if value.value is None else _amount(value.metric, value.value)


def _amount(metric: str, value: float) -> str:
    if metric.startswith("latency"):
        return time_words(value)
    if metric == "cost_usd":
        return money_words(value)
    return f"{value:.1f}" if metric == "citations" else f"{100 * value:.1f} %"


def _difference(each: ArmDifference) -> str:
    if each.difference is None:
        return "–"
    return _spanned(each.metric, each.difference, each.low, each.high)


def _spanned(metric: str, difference: float, low: float | None, high: float | None) -> str:
    scale, digits, unit = 100.0, 1, " points"
    if metric.startswith("latency"):
        scale, digits, unit = 1.0, 0, " ms"
    elif metric == "cost_usd":
        scale, digits, unit = 1.0, 4, " $"
    elif metric == "citations":
        scale, digits, unit = 1.0, 1, ""
    told = _signed(scale * difference, digits)
    if low is None or high is None:
        return f"{told}{unit}"
    return f"{told} [{_signed(scale * low, digits)}, {_signed(scale * high, digits)}]{unit}"


def _signed(value: float, digits: int) -> str:
    shown = f"{abs(value):,.{digits}f}"
    if not float(shown.replace(",", "")):
        return shown
    return f"{'+' if value > 0 else '−'}{shown}"


def _verdict(each: ArmDifference) -> str:
    words = _VERDICTS[each.verdict]
    if each.more_users is None:
        return words
    return f"{words}: about {count_words(each.more_users, 'reader')} more"


def _show_shadow(found: ShadowComparison) -> None:
    title = f"{found.variant} and current on the same questions ({found.experiment})"
    show_section(
        title,
        f"Both answered {count_words(found.questions, 'question')} of {count_words(found.users, 'reader')}; one answer was "
        f"shown. Their words agree by {100 * found.agreement:.0f} % (token F1).",
    )
    rows = [
        (
            _WORDS[value.metric],
            _amount(value.metric, value.current),
            _amount(value.metric, value.tried),
            _spanned(value.metric, value.difference, value.low, value.high),
            f"{value.n:,}",
        )
        for value in found.values
    ]
    header = ("", "Current", found.variant, "Difference (95 %)", "Questions")
    st.html(table_html(title, NumberTable(header, rows)))


def _show_trend(usage: Usage, points: Sequence[TrendPoint], split_by: str) -> None:
    """Draw how often nothing was found, for each side or model; the numbers have the flags as well."""
    kinds = sorted({point.kind for point in points})[: len(COLOURS)]
    step = step_words(usage.period)
    rows = [
        {
            "start": point.start,
            "series": _kind_words(point.kind),
            "value": point.abstained / point.answers,
        }
        for point in points
        if point.kind in kinds
    ]
    what = "side" if split_by == "variant" else "model"
    totals = {
        kind: [
            sum(getattr(each, name) for each in points if each.kind == kind)
            for name in ("answers", "abstained", "flagged")
        ]
        for kind in kinds
    }
    said = "; ".join(
        f"{_kind_words(kind)}: {share_words(abstained, answers)} not in the documents, {share_words(flagged, answers)} flagged"
        for kind, (answers, abstained, flagged) in totals.items()
    )
    show_plot(
        f"trend_{split_by}",
        f"Not in the documents, by {what}",
        f"{said}.",
        f"Line chart of the share of answers that say that the documents do not tell, by {what}. {said}.",
        line_chart(rows, tuple(map(_kind_words, kinds)), step, "Share of answers", ".0%"),
        NumberTable(
            (step, what.capitalize(), "Answers", "Not in the documents", "Flagged"),
            [
                (
                    point.start,
                    _kind_words(point.kind),
                    f"{point.answers:,}",
                    share_words(point.abstained, point.answers),
                    share_words(point.flagged, point.answers),
                )
                for point in reversed(points)
            ],
        ),
    )


def _kind_words(kind: str) -> str:
    arm = arm_of(kind)
    if arm is not None:
        return f"{arm.variant} ({arm.experiment})"
    return kind or "No model"
