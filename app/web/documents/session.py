"""What the Documents page keeps between runs: the address, which is the truth, and the sentence of a failed click."""

from collections.abc import Callable
from typing import Literal, get_args

import streamlit as st

from app.application import Application
from app.web.identity import current_caller
from app.web.problems import sentence_for
from core.answers import Caller
from core.errors import AccessDenied

Tab = Literal["sources", "quarantine", "documents", "search"]
TABS: tuple[Tab, ...] = get_args(Tab)

_PROBLEM = "documents_problem"
_DETAILS = ("source", "run", "doc")


def caller_now(application: Application) -> Caller:
    """Return who clicks: a click comes before the page is drawn, and may come from somebody who has lost a role.

    Raises:
        AccessDenied: nobody is logged in (any more).
    """
    found = current_caller(application)
    if not isinstance(found, Caller):
        raise AccessDenied("You are not logged in any more. Load the page again.")
    return found


def acting(action: Callable[[], object]) -> Callable[[], None]:
    """Return a click's callback that keeps the sentence of what went wrong for the run that follows."""

    def act() -> None:
        st.session_state.pop(_PROBLEM, None)
        try:
            action()
        except Exception as error:  # noqa: BLE001 - a face catches everything, and shows a sentence
            st.session_state[_PROBLEM] = sentence_for(error)

    return act


def taken_problem() -> str:
    """Return the sentence of the last click that failed, once; '' if none did."""
    return str(st.session_state.pop(_PROBLEM, ""))


def current_tab() -> Tab:
    """Return the tab that the address names."""
    named = st.query_params.get("tab", "")
    return next((tab for tab in TABS if tab == named), TABS[0])


def detail(name: Literal["source", "run", "doc"]) -> str:
    """Return what the address opens within its tab, '' if nothing."""
    return str(st.query_params.get(name, ""))


def go(tab: Tab, **details: str) -> None:
    """Change the address; for callbacks."""
    for name in _DETAILS:
        if name in st.query_params and name not in details:
            del st.query_params[name]
    st.query_params.update({"tab": tab, **details})
