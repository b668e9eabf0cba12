"""Evaluation runs: what each measured, and what two of them differ in."""

from dataclasses import replace

import streamlit as st

from app.chat_view import clipped, day, plain_html, plain_row
from app.quality.desk import QualityDesk
from app.quality.evaluation import Comparison, EvaluationRun, MetricSummary
from app.web.quality.charts import interval_chart
from app.web.quality.plot import NumberTable, show_plot, show_section, table_html
from core.answers import Caller
from core.metric_words import change, change_span, interval, level
from core.metrics import METRICS, MetricInfo, metric_info

_EMPTY = (
    '<div class="fn-empty"><h2>No evaluation run yet</h2><p>A run asks test questions and measures the answers. '
    "What runs measured appears here.</p></div>"
)
_LABEL_CHARS = 80
_ID_CHARS = 8
"""Of a run's id, from its end, where ids differ."""
_ABOUT = "Each point has its interval of 95 %: where the true value most likely lies."
_COMPARED = "Case by case, over the cases that both runs have. An interval that contains 0 shows no difference."


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
    table = NumberTable(
        ("Metric", "Value", "95 % interval", "Cases"), [_numbers(metric) for metric in run.metrics]
    )
    shares = [metric for metric in run.metrics if _is_drawn(metric.metric)]
    if shares:
        rows = [
            {
                "name": metric_info(metric.metric).title,
                "value": metric.value * 100,
                "low": 100 * (metric.value if metric.low is None else metric.low),
                "high": 100 * (metric.value if metric.high is None else metric.high),
                "words": " ".join(_numbers(metric)[1:3]),
            }
            for metric in shares
        ]
        alt = "Chart of metrics: " + ", ".join(f"{row['name']} {row['words']}" for row in rows)
        spec = interval_chart(rows, "%")
        show_plot("run", "What it measured", _ABOUT, f"{alt}.", spec, table)
    else:
        show_section("What it measured", "")
        st.html(table_html("What it measured", table))
    rest = [metric for metric in run.metrics if metric_info(metric.metric).kind == "operation"]
    if rest:
        words = [f"{row[0]}: {row[1]}" for row in map(_numbers, rest)]
        st.html(plain_row(words, "fn-small"))
    if run.versions:
        with st.expander("What was measured", key="eval_versions"):
            rows_of_versions = "".join(plain_row(pair, "fn-small") for pair in run.versions)
            st.html(rows_of_versions)


def _show_comparison(found: tuple[Comparison, ...], against: str) -> None:
    if not found:
        show_section("Difference", "")
        st.html(plain_html("The two runs have no case of the same metric in common.", "fn-small"))
        return
    title = f"Difference to {against}"
    table = NumberTable(
        ("Metric", "Before", "After", "Difference", "95 % interval", "Cases"),
        [_differing(each) for each in found],
    )
    moved = [each for each in found if _is_drawn(each.metric) and _differs(each)]
    if moved:
        rows = [
            {
                "name": metric_info(each.metric).title,
                "value": each.difference * 100,
                "low": 100 * (each.difference if each.low is None else each.low),
                "high": 100 * (each.difference if each.high is None else each.high),
                "words": " ".join(_differing(each)[3:5]),
            }
            for each in moved
        ]
        alt = "Chart of differences: " + ", ".join(f"{row['name']} {row['words']}" for row in rows)
        spec = interval_chart(rows, "Points", zero_line=True)
        show_plot("comparison", title, _COMPARED, f"{alt}.", spec, table)
    else:
        show_section(title, "No share differs. The numbers say the rest.")
        st.html(table_html(title, table))
    same = [metric_info(each.metric).title for each in found if not _differs(each)]
    if moved and same:
        st.html(plain_html(f"The same in every case: {', '.join(same)}.", "fn-small"))


def _is_drawn(metric: str) -> bool:
    """Whether a metric has a place on a plot of shares; one that nobody defined is a share until it says otherwise."""
    info = metric_info(metric)
    return info.unit in ("share", "") and (info.kind != "report" or metric not in METRICS)


def _differs(each: Comparison) -> bool:
    return bool(each.difference or each.low or each.high)


def _numbers(metric: MetricSummary) -> tuple[str, str, str, str]:
    info = _unit(metric.metric)
    span = interval(info, metric.low, metric.high) or "–"
    return metric_info(metric.metric).title, level(info, metric.value), span, f"{metric.n:,}"


def _differing(each: Comparison) -> tuple[str, str, str, str, str, str]:
    info = _unit(each.metric)
    return (
        info.title,
        level(info, each.before),
        level(info, each.after),
        change(info, each.difference),
        change_span(info, each.low, each.high) or "–",
        f"{each.n:,}",
    )


def _unit(metric: str) -> MetricInfo:
    info = metric_info(metric)
    return info if info.unit else replace(info, unit="share")
