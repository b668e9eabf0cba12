"""What is different about a conversation that somebody else shared: it is for reading, and may have gaps."""

import streamlit as st

from app.chat_view import plain_html
from app.web.chat.page_state import go_to

_NOTE = (
    "Somebody shared this conversation with you. You can read it and open its sources; what you ask goes into a "
    "conversation of your own."
)
_WITHHELD = "This question and its answer are left out: they are made of documents that you may not read, or that are gone."


def show_shared_note() -> None:
    """Say above a shared conversation what it is, and offer a way to ask."""
    with st.container(key="shared_note", horizontal=True, vertical_alignment="center"):
        st.html(plain_html(_NOTE, "fn-aside", role="note"), width="stretch")
        st.button(
            "Ask something yourself",
            key="own_conversation",
            icon=":material/edit_square:",
            on_click=go_to,
            args=(None,),
        )


def show_withheld() -> None:
    """Draw the place of a turn that the reader may not see."""
    st.html(plain_html(_WITHHELD, "fn-aside fn-withheld", role="note"))
