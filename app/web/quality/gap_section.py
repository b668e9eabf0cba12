"""What people asked and the documents do not say."""

import streamlit as st

from app.authorization import may
from app.chat_view import day, plain_html, plain_row
from app.quality.desk import QualityDesk
from app.quality.figures import DocumentGap, DocumentGaps, Usage
from app.web.quality.plot import show_section
from app.web.quality.wording import count_words
from core.answers import Caller

_SHOWN = 20
_MORE = "quality_all_gaps"


def show_gaps(desk: QualityDesk, usage: Usage, caller: Caller) -> None:
    """Draw the groups, largest first."""
    days = usage.period.days
    with st.spinner("Grouping questions by what they mean"):
        found = desk.gaps(days, caller)
    with st.container(key="gap_head", gap="small"):
        _show_head(desk, days, found, caller)
    if not found.gaps:
        return
    shown = found.gaps if st.session_state.get(_MORE) else found.gaps[:_SHOWN]
    largest = found.gaps[0].asked
    cards = "".join(_gap_html(gap, largest) for gap in shown)
    st.html(f'<ol class="fn-gaps">{cards}</ol>')
    hidden = len(found.gaps) - len(shown)
    if hidden:
        st.button(f"Show {hidden} more", key="gaps_more", on_click=_show_all)
    if found.withheld:
        alone = f"{count_words(found.withheld, 'question')} of single people"
        st.html(
            plain_html(f"{alone} {'is' if found.withheld == 1 else 'are'} not shown.", "fn-small")
        )


def _show_head(desk: QualityDesk, days: int, found: DocumentGaps, caller: Caller) -> None:
    show_section(
        "Document gaps",
        "Questions that got no answer, or that should have got one, grouped by meaning. Personal data is masked. "
        + _who_sees(caller),
    )
    if not found.gaps:
        st.html(plain_html(_nothing(found.withheld), "fn-empty"))
        return
    with st.container(key="gap_actions", horizontal=True, vertical_alignment="center"):
        summary = (
            f"{count_words(len(found.gaps), 'gap')}, asked {found.asked - found.withheld:,} times"
        )
        st.html(plain_html(summary, "fn-small"), width="stretch")
        st.download_button(
            "Download as CSV",
            lambda: desk.gaps_csv(days, caller),
            file_name="document-gaps.csv",
            mime="text/csv",
            key="gaps_csv",
            icon=":material/download:",
            on_click="ignore",
        )


def _who_sees(caller: Caller) -> str:
    if may(caller, "manage_people"):
        return "As an admin you see every group; reviewers see those of two people or more."
    return "You see what at least two people asked."


def _nothing(withheld: int) -> str:
    if withheld:
        return "Nothing that two people asked is missing from the documents."
    return "Every question in these days was answered, and nobody says that an answer should have been there."


def _show_all() -> None:
    st.session_state[_MORE] = True


def _gap_html(gap: DocumentGap, largest: int) -> str:
    """Return one gap as a card; everything that people or documents wrote is escaped."""
    facts = (count_words(gap.people, "person", "people"), f"last on {day(gap.last_asked)}")
    near = plain_row(("Nearest documents", *gap.documents), "fn-small") if gap.documents else ""
    also = "".join(plain_html(question, "fn-gap-also") for question in gap.questions)
    others = f"<details><summary>Also asked as</summary>{also}</details>" if also else ""
    share = round(100 * gap.asked / largest)
    return (
        f'<li class="fn-gap"><div class="fn-gap-head">{plain_html(gap.label, "fn-gap-label")}'
        f'<div class="fn-weight">{count_words(gap.asked, "time")}'
        f'<span><i style="width:{share}%"></i></span></div></div>'
        f"{plain_row(facts, 'fn-small')}{near}{others}</li>"
    )
