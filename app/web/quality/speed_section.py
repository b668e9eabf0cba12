"""How long answers take, stage by stage, and what models cost."""

import streamlit as st

from app.chat_view import plain_html
from app.quality.desk import QualityDesk
from app.quality.figures import AnswerSample, Usage
from app.web.quality.charts import line_chart, range_chart
from app.web.quality.plot import NumberTable, show_plot, show_section
from app.web.quality.wording import STAGE_WORDS, count_words, money_words, step_words, time_words
from core.answers import Caller

_HALF, _MOST = "Half within", "95 % within"


def show_speed(desk: QualityDesk, usage: Usage, caller: Caller) -> None:
    """Draw the plots of a period that has questions."""
    _show_times(usage)
    _show_stages(desk.sample(usage.period.days, caller))
    _show_cost(usage)


def _show_times(usage: Usage) -> None:
    step = step_words(usage.period)
    rows = [
        {"start": each.start, "series": name, "value": round(value / 1000, 3)}
        for each in usage.outcomes
        for name, value in ((_HALF, each.p50_ms), (_MOST, each.p95_ms))
        if value is not None
    ]
    show_plot(
        "times",
        "How long answers take",
        "From the question to the checked answer.",
        f"Line chart of answer times: half within {time_words(usage.now.p50_ms)}, 95 % within "
        f"{time_words(usage.now.p95_ms)} over the whole period.",
        line_chart(rows, (_HALF, _MOST), step, "Seconds", ",.1f"),
        NumberTable(
            (step, _HALF, _MOST),
            [
                (each.start, time_words(each.p50_ms), time_words(each.p95_ms))
                for each in reversed(usage.outcomes)
            ],
        ),
    )


def _show_stages(sample: AnswerSample) -> None:
    if not sample.stages:
        return
    rows = [
        {
            "name": STAGE_WORDS[stage.stage],
            "low": stage.p50_ms,
            "high": stage.p95_ms,
            "words": f"{time_words(stage.p50_ms)} / {time_words(stage.p95_ms)}",
        }
        for stage in sample.stages
    ]
    show_plot(
        "stages",
        "Where the time goes",
        f"Bar: half within; mark: 95 % within. Measured on {sample.looked_at:,} of "
        f"{count_words(sample.total, 'answer')}, spread evenly.",
        "Bar chart of the stages of an answer: "
        + ", ".join(f"{row['name']} {row['words']}" for row in rows)
        + ".",
        range_chart(rows, "Milliseconds", (_HALF, _MOST)),
        NumberTable(
            ("Stage", _HALF, _MOST),
            [
                (STAGE_WORDS[each.stage], time_words(each.p50_ms), time_words(each.p95_ms))
                for each in sample.stages
            ],
        ),
    )


def _show_cost(usage: Usage) -> None:
    if not usage.models:
        show_section("What models cost", "")
        st.html(
            plain_html(
                "No language model was asked in these days: answers quoted the documents.",
                "fn-small",
            )
        )
        return
    step = step_words(usage.period)
    names = sorted({use.model for use in usage.models})
    cost = {(use.start, use.model): use.cost_usd for use in usage.models}
    starts = [each.start for each in usage.outcomes]
    rows = [
        {"start": start, "series": name, "value": round(cost.get((start, name), 0.0), 6)}
        for name in names
        for start in starts
    ]
    total = sum(cost.values())
    show_plot(
        "cost",
        "What models cost",
        "US dollars by model, at the prices that are set for each.",
        f"Line chart of cost by model, {money_words(total)} in all: {', '.join(names)}.",
        line_chart(rows, names, step, "US dollars", "$,.2f"),
        NumberTable(
            (step, "Model", "Tokens read", "Tokens written", "Cost"),
            [
                (
                    use.start,
                    use.model,
                    f"{use.prompt_tokens:,}",
                    f"{use.completion_tokens:,}",
                    money_words(use.cost_usd),
                )
                for use in reversed(usage.models)
            ],
        ),
    )
