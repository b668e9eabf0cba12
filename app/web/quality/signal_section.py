"""What people do with answers without a word, and whose flags the page counts."""

import streamlit as st

from app.quality.desk import QualityDesk
from app.quality.figures import Usage
from app.quality.signal_figures import Rate, SignalFigures
from app.web.quality.plot import NumberTable, show_section, table_html
from app.web.quality.wording import STATUS_WORDS, channel_words, share_words
from core.answers import Caller

_KIND_WORDS = {
    "copied": "Copied",
    "exported": "Saved with their conversation",
    "citation_opened": "A source was opened, where there are some",
    "rephrased": "Asked again in other words",
    "regenerated": "Answered again",
    "stopped": "Stopped before the end",
    "abandoned": "Left, where nothing was answered",
}


def show_signals(desk: QualityDesk, usage: Usage, caller: Caller) -> None:
    """Draw what people did, and how far flags speak for all answers."""
    found = desk.signals(usage.period.days, caller)
    with st.container(key="signals", gap="small"):
        show_section("What people do with answers", _about(found))
        rows = [_row(_KIND_WORDS[rate.name], rate) for rate in found.kinds]
        st.html(
            table_html("What people do with answers", NumberTable(("Answers", "Share", "Of"), rows))
        )
    with st.container(key="flag_rates", gap="small"):
        show_section("Where flags come from", _bias(found))
        rows = [
            *(_row(channel_words(rate.name), rate) for rate in found.flagged_by_channel),
            *(
                _row(STATUS_WORDS.get(rate.name, STATUS_WORDS["failed"]), rate)
                for rate in found.flagged_by_status
            ),
        ]
        header = ("Answers", "Flagged", "Of")
        st.html(table_html("Where flags come from", NumberTable(header, rows)))


def _about(found: SignalFigures) -> str:
    seen, spoken = found.seen, found.spoken
    return (
        f"{share_words(seen.hits, seen.n)} of the answers show a sign of a reader, "
        f"{share_words(spoken.hits, spoken.n)} were rated or flagged."
    )


def _bias(found: SignalFigures) -> str:
    who = found.flaggers
    if not found.busiest.n:
        return "Nobody flagged an answer in these days."
    return (
        f"{who.hits:,} of {who.n:,} people flagged; one of them made "
        f"{share_words(found.busiest.hits, found.busiest.n)} of all flags. The audit sample on the Review page shows "
        "what nobody flags."
    )


def _row(name: str, rate: Rate) -> tuple[str, str, str]:
    return name, share_words(rate.hits, rate.n), f"{rate.hits:,} of {rate.n:,}"
