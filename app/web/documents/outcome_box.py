"""How something that was started here ended, as a box."""

import streamlit as st

from app.chat_view import plain_html
from app.knowledge.outcomes import Outcome


def draw_outcome(outcome: Outcome, about: str = "") -> None:
    """Draw it; its tone is told by its title, the colour only adds to that."""
    with st.container(key=f"outcome_{outcome.tone}", gap=None):
        role = "alert" if outcome.tone == "bad" else "status"
        st.html(plain_html(outcome.title, "fn-outcome-title", role=role))
        st.html(plain_html(outcome.text, "fn-outcome-text"))
        if about:
            st.html(plain_html(about, "fn-facts"))
