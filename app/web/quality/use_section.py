"""Questions over time: what became of them, who asked, and where."""

from app.quality.desk import QualityDesk
from app.quality.figures import Usage
from app.web.quality.charts import line_chart
from app.web.quality.plot import NumberTable, show_plot
from app.web.quality.wording import (
    STATUS_WORDS,
    channel_words,
    count_words,
    share_words,
    step_words,
)
from core.answers import Caller


def show_use(desk: QualityDesk, usage: Usage, caller: Caller) -> None:
    """Draw the plots of a period that has questions."""
    del desk, caller
    _show_outcomes(usage)
    _show_people(usage)
    _show_channels(usage)


def _show_outcomes(usage: Usage) -> None:
    rows = [
        {"start": outcome.start, "series": words, "value": getattr(outcome, status)}
        for outcome in usage.outcomes
        for status, words in STATUS_WORDS.items()
    ]
    now, step = usage.now, step_words(usage.period)
    show_plot(
        "outcomes",
        "What became of questions",
        "“Not in the documents” is an honest answer too: the gaps are under Document gaps.",
        f"Line chart of {count_words(now.questions, 'question')} in {usage.period.days} days: {now.answered:,} answered, "
        f"{now.abstained:,} not in the documents, {now.failed:,} failed.",
        line_chart(rows, tuple(STATUS_WORDS.values()), step, "Questions"),
        NumberTable(
            (step, "Questions", *STATUS_WORDS.values(), "Flagged"),
            [
                (
                    each.start,
                    f"{each.questions:,}",
                    f"{each.answered:,}",
                    f"{each.abstained:,}",
                    f"{each.failed:,}",
                    f"{each.flagged:,} ({share_words(each.flagged, each.questions)})",
                )
                for each in reversed(usage.outcomes)
            ],
        ),
    )


def _show_people(usage: Usage) -> None:
    step = step_words(usage.period)
    rows = [
        {"start": each.start, "series": "People", "value": each.people} for each in usage.outcomes
    ]
    most = max(each.people for each in usage.outcomes)
    show_plot(
        "people",
        "People who asked",
        f"How many different people asked, by {usage.period.step}.",
        f"Line chart of people who asked in each {usage.period.step}: {usage.now.people:,} in all, at most {most:,} in one.",
        line_chart(rows, ("People",), step, "People"),
        NumberTable(
            (step, "People"),
            [(each.start, f"{each.people:,}") for each in reversed(usage.outcomes)],
        ),
    )


def _show_channels(usage: Usage) -> None:
    totals: dict[str, int] = {}
    counts: dict[tuple[str, str], int] = {}
    for each in usage.channels:
        words = channel_words(each.kind)
        totals[words] = totals.get(words, 0) + each.count
        counts[each.start, words] = counts.get((each.start, words), 0) + each.count
    names = sorted(totals, key=lambda name: (-totals[name], name))
    starts = [each.start for each in usage.outcomes]
    step = step_words(usage.period)
    rows = [
        {"start": start, "series": name, "value": counts.get((start, name), 0)}
        for name in names
        for start in starts
    ]
    show_plot(
        "channels",
        "Where people ask",
        "Questions by channel.",
        "Line chart of questions by channel: "
        + ", ".join(f"{name} {totals[name]:,}" for name in names)
        + ".",
        line_chart(rows, names, step, "Questions"),
        NumberTable(
            (step, *names),
            [
                (start, *(f"{counts.get((start, name), 0):,}" for name in names))
                for start in reversed(starts)
            ],
        ),
    )
