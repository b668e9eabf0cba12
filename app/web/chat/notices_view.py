"""What a person is told once, in a quiet line at the top of the chat: what became of a flag, a document to look at."""

from functools import partial

import streamlit as st

from app.application import Application
from app.chat_view import plain_html
from app.web.problems import guarded
from app.web.shipped import ASSETS
from core.answers import Caller

_SHOWN = 3


def show_notices(application: Application, caller: Caller, most: int = _SHOWN) -> None:
    """Draw what the caller was not told yet, the newest first, until it is dismissed.

    A fragment, so that dismissing ends no answer that streams.
    """

    @st.fragment(key="notices_part")
    def draw() -> None:
        with guarded():
            _draw(application, caller, most)

    draw()


def _draw(application: Application, caller: Caller, most: int) -> None:
    unseen = application.notices.unseen(caller)
    if not unseen:
        return
    st.html(ASSETS / "notices.css")
    with st.container(
        key="notices", horizontal=True, wrap=False, vertical_alignment="center", gap="small"
    ):
        lines = "".join(plain_html(notice.text, "fn-notice") for notice in unseen[:most])
        more = len(unseen) - most
        if more > 0:
            lines += plain_html(f"And {more} more, under Your flags.", "fn-small")
        st.html(f'<div role="status">{lines}</div>', width="stretch")
        st.button(
            "Dismiss",
            key="notices_dismiss",
            type="tertiary",
            icon=":material/close:",
            on_click=partial(_dismiss, application, caller, [one.notice_id for one in unseen]),
        )


def _dismiss(application: Application, caller: Caller, notice_ids: list[str]) -> None:
    application.notices.seen(caller, notice_ids)
