"""Says in the drawer why a source was taken: how it was found, how old it is, who may read it."""

from collections.abc import Iterator

import streamlit as st

from app.chat_view import day, plain_html
from app.safe_text import html_text
from app.source_desk.desk import SourceDesk
from app.source_desk.reasons import SourceReason
from core.answers import Answer, Caller, Citation


def show_why(desk: SourceDesk, caller: Caller, answer: Answer, citation: Citation) -> None:
    """Draw the facts about one citation, closed at first."""
    with st.expander("Why this source", key="source_why", icon=":material/help:"):
        trace = desk.trace(answer.answer_id, caller)
        reason = desk.why(answer, trace, citation.marker, caller)
        lines = "".join(
            f"<dt>{html_text(name)}</dt><dd><bdi>{html_text(value)}</bdi></dd>"
            for name, value in _facts(reason)
            if value
        )
        st.html(f'<dl class="fn-facts">{lines}</dl>')
        for remark in reason.remarks:
            st.html(plain_html(remark, "fn-small fn-remark"))


def _facts(reason: SourceReason) -> Iterator[tuple[str, str]]:
    if reason.place is not None:
        yield "Place in the search", f"{reason.place} of {reason.found} found passages"
        yield "Found by its words", _rank(reason.by_words)
        yield "Found by its meaning", _rank(reason.by_meaning)
    yield "Updated", day(reason.updated)
    yield "The document says", reason.said and f"since {day(reason.said)}"
    yield "Who may read it", reason.readers
    yield "Comes from", reason.source


def _rank(rank: int | None) -> str:
    return f"rank {rank}" if rank is not None else "no"
