"""A question as it stands above its answer, and the editor that it becomes."""

import streamlit as st

from app.chat_view import clipped, plain_html
from app.web.chat.page_state import ask_next, set_editing

_SHOWN_CHARS = 2000


def show_question(question: str) -> None:
    """Draw a question as it was asked."""
    st.html(plain_html(clipped(question, _SHOWN_CHARS), "fn-question"))


def show_editable(question: str, answer_id: str) -> None:
    """Draw the last question with a button that opens the editor in its place."""
    with st.container(key="last_question", gap=None):
        show_question(question)
        st.button(
            "Edit",
            key=f"edit_{answer_id}",
            icon=":material/edit:",
            type="tertiary",
            on_click=set_editing,
            args=(answer_id,),
        )


def show_editor(question: str, answer_id: str, max_chars: int) -> None:
    """Draw the last question as a form; Ctrl+Enter asks, and the new answer takes the place of this one."""
    key = f"edited_{answer_id}"

    def ask() -> None:
        # The browser's limit on the length is only advice; the service has the last word on both.
        words = str(st.session_state[key]).strip()
        if words:
            ask_next(words, replaces=answer_id)

    with st.form(f"editor_{answer_id}", border=False):
        st.text_area(
            "Your question",
            value=question,
            key=key,
            max_chars=max_chars,
            label_visibility="collapsed",
        )
        with st.container(horizontal=True, horizontal_alignment="right"):
            # The first button of a form is the one that the keyboard presses.
            st.form_submit_button("Ask", key=f"ask_{answer_id}", type="primary", on_click=ask)
            st.form_submit_button(
                "Cancel", key=f"cancel_{answer_id}", on_click=set_editing, args=(None,)
            )
