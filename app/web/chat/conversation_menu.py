"""What a person does with a whole conversation: rename, share, export, delete; and the line that it starts with."""

from functools import partial
from typing import Literal

import streamlit as st

from app.chat_view import clipped, plain_html
from app.conversation_export import conversation_markdown
from app.conversation_view import ConversationView
from app.service import FootnoteService
from app.web.chat.answer_actions import show_copy_address
from app.web.chat.page_state import CHANNEL, conversation_id, go_to
from app.web.problems import guarded
from core.answers import Caller

Action = Literal["rename", "share", "delete"]

ACTIONS: dict[Action, str] = {"rename": "Rename", "share": "Share", "delete": "Delete"}
_TITLES: dict[Action, str] = {
    "rename": "Rename this conversation",
    "share": "Share this conversation",
    "delete": "Delete this conversation?",
}
_MAX_TITLE_CHARS = 80
_WHO = (
    "People who have the address can read along, also what is asked later. Each of them sees only the answers that "
    "are made of documents that they may read; the others are left out, question and answer."
)
_GONE = (
    "Its questions and answers are gone for good, for everyone who has its address. What was flagged in it stays "
    "with those who look after the flags."
)


def show_header(service: FootnoteService, caller: Caller, view: ConversationView) -> None:
    """Draw the line above a conversation: its title, and what can be done with it."""
    with st.container(
        key="conversation_head", horizontal=True, vertical_alignment="center", gap="small"
    ):
        st.html(plain_html(clipped(view.title or "Untitled", 120), "fn-title"), width="stretch")
        if view.is_own:
            _show_share(service, caller, view)
        st.download_button(
            "Save as Markdown",
            # Made when it is asked for: not on every run, and not before anybody wants it.
            data=partial(_exported, service, caller, view.conversation_id),
            file_name="conversation.md",
            mime="text/markdown",
            key="export",
            icon=":material/download:",
            type="tertiary",
            on_click="ignore",
        )


def _exported(service: FootnoteService, caller: Caller, conversation: str) -> str:
    view = service.open_conversation(conversation, caller)
    for turn in view.turns:
        if turn.answer is not None:
            service.signals.record(caller, turn.answer.answer_id, "exported", channel=CHANNEL)
    return conversation_markdown(view)


def _show_share(service: FootnoteService, caller: Caller, view: ConversationView) -> None:
    label = "Shared" if view.is_shared else "Share"
    icon = ":material/group:" if view.is_shared else ":material/ios_share:"
    with st.popover(label, icon=icon, type="tertiary", key="share"):
        _show_sharing(service, caller, view.conversation_id, is_shared=view.is_shared)


def _show_sharing(
    service: FootnoteService, caller: Caller, conversation: str, *, is_shared: bool
) -> None:
    key = f"shared_{conversation}_{is_shared}"

    def changed() -> None:
        service.share_conversation(conversation, caller, is_shared=bool(st.session_state[key]))

    st.toggle(
        "Readable for people who have the address", value=is_shared, key=key, on_change=changed
    )
    st.html(plain_html(_WHO, "fn-small fn-prose"))
    if is_shared:
        show_copy_address(conversation)


def show_dialog(
    service: FootnoteService, caller: Caller, action: Action, conversation: str
) -> None:
    """Open the dialog of one action for one of the caller's conversations."""

    @st.dialog(_TITLES[action])
    def dialog() -> None:
        with guarded():
            view = service.open_conversation(conversation, caller)
            if action == "rename":
                _draw_rename(service, caller, view)
            elif action == "share":
                _show_sharing(service, caller, conversation, is_shared=view.is_shared)
            else:
                _draw_delete(service, caller, view)

    dialog()


def _draw_rename(service: FootnoteService, caller: Caller, view: ConversationView) -> None:
    with st.form("rename", border=False):
        title = st.text_input(
            "Name", value=view.title, max_chars=_MAX_TITLE_CHARS, key=f"name_{view.conversation_id}"
        )
        sent = st.form_submit_button("Rename", type="primary", key="rename_send")
    if sent:
        service.rename_conversation(view.conversation_id, caller, title or "")
        st.rerun()


def _draw_delete(service: FootnoteService, caller: Caller, view: ConversationView) -> None:
    st.html(plain_html(view.title, "fn-quote"))
    st.html(plain_html(_GONE, "fn-prose"))
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button("Keep it", key="delete_not"):
            st.rerun()
        if st.button("Delete", key="delete_yes", type="primary"):
            service.delete_conversation(view.conversation_id, caller)
            if conversation_id() == view.conversation_id:
                go_to(None)
            st.rerun()
