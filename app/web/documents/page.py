"""The Documents page of admins: sources, files that cannot be read, all documents, and the search debugger."""

from collections.abc import Callable

import streamlit as st

from app.application import Application
from app.web.documents import documents_tab, quarantine_tab, search_tab, sources_tab
from app.web.documents.activity_panel import draw_activity
from app.web.documents.session import TABS, Tab, current_tab, go, taken_problem
from app.web.problems import guarded, show_problem
from app.web.shipped import ASSETS
from core.answers import Caller

_TITLES: dict[Tab, str] = {
    "sources": "Sources",
    "quarantine": "Unreadable",
    "documents": "Documents",
    "search": "Search",
}
_DRAW: dict[Tab, Callable[[Application, Caller], None]] = {
    "sources": sources_tab.draw,
    "quarantine": quarantine_tab.draw,
    "documents": documents_tab.draw,
    "search": search_tab.draw,
}
_CHOSEN = "documents_tab"


def render(application: Application, caller: Caller) -> None:
    """Draw the page once, for one run of the script."""
    st.html(ASSETS / "documents.css")
    tab = current_tab()
    with st.container(key="documents_page"):
        st.title("Documents", anchor=False)
        # The address is the truth, so that the way back works: the control follows it.
        st.session_state[_CHOSEN] = tab
        st.segmented_control(
            "Part of this page",
            TABS,
            format_func=lambda name: _TITLES[name],
            key=_CHOSEN,
            required=True,
            label_visibility="collapsed",
            on_change=lambda: go(st.session_state[_CHOSEN]),
        )
        problem = taken_problem()
        if problem:
            show_problem(problem)
        with guarded():
            draw_activity(application, caller)
        with guarded(), st.container(key=f"documents_{tab}_tab"):
            _DRAW[tab](application, caller)
