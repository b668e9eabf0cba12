"""How far answers can be relied on: verdicts of the check, thumbs, and flags."""

import streamlit as st

from app.chat_view import plain_html
from app.quality.desk import QualityDesk
from app.quality.figures import AnswerSample, Count, FlagFigures, Usage
from app.web.quality.charts import line_chart, split_chart
from app.web.quality.plot import NumberTable, show_plot, show_section
from app.web.quality.signal_section import show_signals
from app.web.quality.wording import (
    THUMB_WORDS,
    VERDICT_WORDS,
    category_words,
    count_words,
    hours_words,
    share_words,
    step_words,
)
from core.answers import Caller

_STATES = ("open", "accepted", "fixed", "verified", "rejected", "duplicate")
_PARTS = ("Decided", "Open")


def show_trust(desk: QualityDesk, usage: Usage, caller: Caller) -> None:
    """Draw the plots of a period that has questions."""
    _show_verdicts(usage, desk.sample(usage.period.days, caller))
    _show_thumbs(usage)
    _show_flags(desk.flags(usage.period.days, caller))
    show_signals(desk, usage, caller)


def _show_verdicts(usage: Usage, sample: AnswerSample) -> None:
    if not sample.verdicts:
        return
    counts = {(each.start, each.kind): each.count for each in sample.verdicts}
    totals = _by_start(sample.verdicts)
    step = step_words(usage.period)
    # Most statements are supported: the lines of all others would lie on the axis beside theirs.
    doubtful = {
        verdict: words for verdict, words in VERDICT_WORDS.items() if verdict != "supported"
    }
    rows = [
        {
            "start": start,
            "series": words,
            "value": counts.get((start, verdict), 0) / total,
        }
        for verdict, words in doubtful.items()
        for start, total in totals.items()
    ]
    supported = sum(each.count for each in sample.verdicts if each.kind == "supported")
    whole = sum(totals.values())
    said = f"{share_words(supported, whole)} of {count_words(whole, 'statement')}"
    show_plot(
        "verdicts",
        "Statements that the check doubts",
        f"{said} are supported. Read from {sample.looked_at:,} of "
        f"{count_words(sample.total, 'answer')}, spread evenly.",
        f"Line chart of the shares of statements that are not fully supported; {said} are supported.",
        line_chart(rows, tuple(doubtful.values()), step, "Share of statements", ".0%"),
        NumberTable(
            (step, *VERDICT_WORDS.values()),
            [
                (start, *(f"{counts.get((start, verdict), 0):,}" for verdict in VERDICT_WORDS))
                for start in reversed(totals)
            ],
        ),
    )


def _by_start(counts: tuple[Count, ...]) -> dict[str, int]:
    totals: dict[str, int] = {}
    for each in counts:
        totals[each.start] = totals.get(each.start, 0) + each.count
    return totals


def _show_thumbs(usage: Usage) -> None:
    if not usage.thumbs:
        show_section("What people say", "")
        st.html(plain_html("Nobody has rated or flagged an answer in these days.", "fn-small"))
        return
    counts = {(each.start, each.kind): each.count for each in usage.thumbs}
    starts = [each.start for each in usage.outcomes]
    step = step_words(usage.period)
    totals = {
        verdict: sum(each.count for each in usage.thumbs if each.kind == verdict)
        for verdict in THUMB_WORDS
    }
    rows = [
        {"start": start, "series": words, "value": counts.get((start, verdict), 0)}
        for verdict, words in THUMB_WORDS.items()
        for start in starts
    ]
    show_plot(
        "thumbs",
        "What people say",
        "Answers that somebody found helpful, or flagged.",
        f"Line chart of what people say: {totals['good']:,} helpful, {totals['bad']:,} flagged.",
        line_chart(rows, tuple(THUMB_WORDS.values()), step, "Answers"),
        NumberTable(
            (step, *THUMB_WORDS.values()),
            [
                (start, *(f"{counts.get((start, verdict), 0):,}" for verdict in THUMB_WORDS))
                for start in reversed(starts)
            ],
        ),
    )


def _show_flags(flags: FlagFigures) -> None:
    if not flags.counts:
        return
    by_state: dict[str, dict[str, int]] = {}
    for each in flags.counts:
        by_state.setdefault(each.category, {})[each.state] = each.count
    rows = [
        {"name": category_words(category), "part": part, "value": value}
        for category, states in by_state.items()
        for part, value in (
            (_PARTS[0], sum(states.values()) - states.get("open", 0)),
            (_PARTS[1], states.get("open", 0)),
        )
    ]
    total = sum(each.count for each in flags.counts)
    waited = (
        f"Half of the {count_words(flags.decided, 'decision')} came within "
        f"{hours_words(flags.median_hours)}."
        if flags.decided
        else "None of them is decided yet."
    )
    show_plot(
        "flags",
        "What is wrong, as people flag it",
        waited,
        f"Bar chart of {count_words(total, 'flag')} by category, decided and open. {waited}",
        split_chart(rows, "Flags", _PARTS),
        NumberTable(
            ("Category", *(state.capitalize() for state in _STATES)),
            [
                (category_words(category), *(f"{states.get(state, 0):,}" for state in _STATES))
                for category, states in by_state.items()
            ],
        ),
    )
