"""The sidebar: the product's name, a new conversation, and the caller's own recent ones."""

import streamlit as st

from app.chat_view import plain_html, plain_label
from app.service import ConversationSummary, FootnoteService
from app.web.chat.page_state import conversation_id, go_to, start_anew
from app.web.problems import guarded
from core.answers import Caller
from core.documents import EVERYONE

SHOWN = 30


def show_sidebar(service: FootnoteService, caller: Caller) -> None:
    """Draw the sidebar."""
    with st.sidebar:
        st.button(
            "New conversation",
            key="new_conversation",
            icon=":material/edit_square:",
            on_click=start_anew,
            width="stretch",
        )
        with guarded():
            _show_recent(service.conversations(caller)[:SHOWN])
        if caller.principals - {EVERYONE}:
            st.html(plain_html(f"Answering for {caller.name}", "fn-small"))


def _show_recent(conversations: list[ConversationSummary]) -> None:
    if not conversations:
        return
    st.html('<div class="fn-small fn-heading" role="heading" aria-level="2">Recent</div>')
    with st.container(key="recent", gap=None):
        for summary in conversations:
            shown = summary.conversation_id == conversation_id()
            st.button(
                plain_label(summary.title or "Untitled", 60),
                key=f"conversation_{summary.conversation_id}",
                type="secondary" if shown else "tertiary",
                on_click=go_to,
                args=(summary.conversation_id,),
                width="stretch",
            )
