"""What a page element sends when something in it is pressed, taken once."""

from collections.abc import Mapping
from typing import Any

import streamlit as st


def new_event(key: str, name: str) -> Mapping[str, Any] | None:
    """Return what the browser sent, once; `click` in it tells one press from the next.

    A run that is cut short by the next click hands its triggers on: the same click comes twice, and would open
    again what that next click has closed.
    """
    event = st.session_state[key].get(name)
    if not isinstance(event, Mapping) or st.session_state.get("last_click") == event.get("click"):
        return None
    st.session_state["last_click"] = event.get("click")
    return event
