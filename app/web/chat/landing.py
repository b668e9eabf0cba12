"""What stands on the page before the first question: what this is, and questions that the documents answer."""

import streamlit as st

from app.chat_view import plain_label
from app.service import FootnoteService
from app.web.chat.page_state import ask_next
from core.answers import Caller

_HERO = (
    '<div class="fn-hero"><h1>Ask your documents</h1><p>Every sentence of an answer opens the exact words '
    "that it rests on. {count} ready to answer.</p></div>"
)
_EMPTY = (
    '<div class="fn-hero"><h1>No documents yet</h1><p>There is nothing here that you can read. Whoever runs '
    "Footnote brings a folder of documents in with one command:</p></div>"
)


def show_landing(service: FootnoteService, caller: Caller) -> None:
    """Draw the landing."""
    readable = service.readable_documents(caller)
    if not readable:
        st.html(_EMPTY)
        st.code("footnote ingest ./documents", language=None)
        return
    count = "1 document" if readable == 1 else f"{readable:,} documents"
    st.html(_HERO.format(count=count))
    examples = service.example_questions(caller)
    if not examples:
        return
    with st.container(key="examples", gap="small"):
        for number, example in enumerate(examples):
            st.button(
                plain_label(example),
                key=f"example_{number}",
                on_click=ask_next,
                args=(example,),
                width="stretch",
            )
