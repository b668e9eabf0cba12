"""Evaluation runs: what each measured, and what two of them differ in."""

import streamlit as st

from app.chat_view import clipped, day, plain_html, plain_row
from app.quality.desk import QualityDesk
from app.quality.evaluation import Comparison, EvaluationRun, MetricSummary
from app.web.quality.charts import interval_chart
from app.web.quality.plot import NumberTable, show_plot, show_section
from core.answers import Caller

_EMPTY = (
    '<div class="fn-empty"><h2>No evaluation run yet</h2><p>A run asks test questions and measures the answers. '
    "What runs measured appears here.</p></div>"
)
_LABEL_CHARS = 80
_ID_CHARS = 8
"""Of a run's id, from its end, where ids differ."""
_ABOUT = "Each point has its interval of 95 %: where the true value most likely lies."


def show_runs(desk: QualityDesk, caller: Caller) -> None:
    """Draw the latest runs, one of them in full, and a comparison of two."""
    runs = desk.runs(caller)
    if not runs:
        st.html(_EMPTY)
        return
    labels = {run.run_id: _label(run) for run in runs}
    ids = list(labels)
    chosen = st.selectbox("Run", ids, format_func=lambda run_id: labels[run_id], key="eval_run")
    run = next(each for each in runs if each.run_id == chosen)
    _show_run(run)
    if len(runs) > 1:
        others = [run_id for run_id in ids if run_id != chosen]
        against = st.selectbox(
            "Compare with",
            others,
            format_func=lambda run_id: labels[run_id],
            key="eval_against",
        )
        _show_comparison(desk.compare(against, run.run_id, caller), labels[against])


def _label(run: EvaluationRun) -> str:
    state = "" if run.finished_at else ", not finished"
    # Options are shown as they are, unlike labels: nothing to escape.
    name = clipped(" ".join(f"{run.variant} on {run.dataset}".split()), _LABEL_CHARS)
    return f"{name}, {day(run.started_at)}, {run.run_id[-_ID_CHARS:]}{state}"


def _show_run(run: EvaluationRun) -> None:
    if not run.metrics:
        show_section("What it measured", "")
        st.html(plain_html("This run has no summary: it did not finish.", "fn-small"))
        return
    rows = [
        {
            "name": metric.metric,
            "value": metric.value,
            "low": metric.value if metric.low is None else metric.low,
            "high": metric.value if metric.high is None else metric.high,
            "words": _interval(metric),
        }
        for metric in run.metrics
    ]
    show_plot(
        "run",
        "What it measured",
        _ABOUT,
        "Chart of metrics: " + ", ".join(f"{row['name']} {row['words']}" for row in rows) + ".",
        interval_chart(rows, "Value"),
        NumberTable(
            ("Metric", "Value", "95 % interval", "Cases"),
            [
                (
                    metric.metric,
                    f"{metric.value:.3f}",
                    _between(metric.low, metric.high),
                    f"{metric.n:,}",
                )
                for metric in run.metrics
            ],
        ),
    )
    if run.versions:
        with st.expander("What was measured", key="eval_versions"):
            rows_of_versions = "".join(plain_row(pair, "fn-small") for pair in run.versions)
            st.html(rows_of_versions)


def _show_comparison(found: tuple[Comparison, ...], against: str) -> None:
    if not found:
        show_section("Difference", "")
        st.html(plain_html("The two runs have no case of the same metric in common.", "fn-small"))
        return
    rows = [
        {
            "name": each.metric,
            "value": each.difference,
            "low": each.difference if each.low is None else each.low,
            "high": each.difference if each.high is None else each.high,
            "words": f"{each.difference:+.3f} ({_between(each.low, each.high)})",
        }
        for each in found
    ]
    show_plot(
        "comparison",
        f"Difference to {against}",
        "Case by case, over the cases that both runs have. An interval that contains 0 shows no difference.",
        "Chart of differences: " + ", ".join(f"{row['name']} {row['words']}" for row in rows) + ".",
        interval_chart(rows, "Difference", zero_line=True),
        NumberTable(
            ("Metric", "Before", "After", "Difference", "95 % interval", "Cases"),
            [
                (
                    each.metric,
                    f"{each.before:.3f}",
                    f"{each.after:.3f}",
                    f"{each.difference:+.3f}",
                    _between(each.low, each.high),
                    f"{each.n:,}",
                )
                for each in found
            ],
        ),
    )


def _interval(metric: MetricSummary) -> str:
    return f"{metric.value:.3f} ({_between(metric.low, metric.high)})"


def _between(low: float | None, high: float | None) -> str:
    return "–" if low is None or high is None else f"{low:.3f} to {high:.3f}"
