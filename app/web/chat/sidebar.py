"""The sidebar of the chat: a new conversation, and the caller's own ones to find, open and change."""

import streamlit as st

from app.chat_view import plain_html, plain_label
from app.service import ConversationSummary, FootnoteService
from app.web.chat.conversation_menu import ACTIONS, show_dialog
from app.web.chat.page_state import conversation_id, go_to
from app.web.problems import guarded
from core.answers import Caller

_SHOWN = 10
_MOST = 200
_SEARCHED_FROM = 6
"""With fewer conversations than this, looking is quicker than searching."""


def show_sidebar(service: FootnoteService, caller: Caller) -> None:
    """Draw the sidebar."""
    with st.sidebar:
        st.button(
            "New conversation",
            key="new_conversation",
            icon=":material/edit_square:",
            on_click=go_to,
            args=(None,),
            width="stretch",
        )
        _show_conversations(service, caller)


@st.fragment
def _show_conversations(service: FootnoteService, caller: Caller) -> None:
    """Draw the list; a fragment, so that searching and renaming never end a streaming answer."""
    with guarded():
        wanted = str(st.session_state.get("find_conversation") or "")
        shown = _MOST if st.session_state.get("all_conversations") else _SHOWN
        found = service.conversations(caller, wanted, shown + 1)
        if not (found or wanted):
            return
        st.html('<div class="fn-small fn-heading" role="heading" aria-level="2">Recent</div>')
        if wanted or len(found) >= _SEARCHED_FROM:
            st.text_input(
                "Find a conversation",
                key="find_conversation",
                type="search",
                live=True,
                placeholder="Find a conversation",
                label_visibility="collapsed",
            )
        if not found:
            st.html(plain_html("No conversation has these words.", "fn-small", role="status"))
        with st.container(key="recent", gap=None):
            for summary in found[:shown]:
                _show_row(service, caller, summary)
        if len(found) > shown:
            st.button(
                "Show all",
                key="show_all_conversations",
                type="tertiary",
                on_click=_show_all,
            )


def _show_all() -> None:
    st.session_state["all_conversations"] = True


def _show_row(service: FootnoteService, caller: Caller, summary: ConversationSummary) -> None:
    key, title = summary.conversation_id, summary.title or "Untitled"
    is_open = key == conversation_id()
    with st.container(
        key=f"row_{key}" + ("_open" if is_open else ""),
        horizontal=True,
        gap=None,
        wrap=False,
        vertical_alignment="center",
    ):
        if st.button(
            plain_label(title, 60),
            key=f"conversation_{key}",
            icon=_icon(summary),
            type="tertiary",
            on_click=go_to,
            args=(key,),
            width="stretch",
        ):
            st.rerun()
        chosen = st.menu_button(
            plain_label(f"Change “{title}”", 80),
            list(ACTIONS),
            key=f"menu_{key}",
            icon=":material/more_horiz:",
            type="tertiary",
            format_func=ACTIONS.__getitem__,
        )
    if chosen is not None:
        show_dialog(service, caller, chosen, key)


def _icon(summary: ConversationSummary) -> str | None:
    if summary.has_unfinished:
        return ":material/pending:"
    return ":material/group:" if summary.is_shared else None
