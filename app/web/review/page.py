"""The Review page: flags waiting for a decision, the queue beside the flag that is open."""

import streamlit as st

from app.application import Application
from app.chat_view import plain_html
from app.review.desk import ReviewDesk
from app.web.problems import guarded
from app.web.review import tab
from app.web.review.actions import Actions
from app.web.review.audit_view import show_audit
from app.web.review.elements import listen_for_keys
from app.web.review.item_view import show_help, show_opened
from app.web.review.queue_view import show_queue
from app.web.shipped import ASSETS
from core.answers import Caller

_QUEUE_PX = 352
_FLAGS, _AUDIT = "Flags", "Audit sample"


def render(application: Application, caller: Caller) -> None:
    """Draw the page once, for one run of the script."""
    st.html(ASSETS / "review.css")
    desk = application.review
    actions = Actions(desk, caller)
    with guarded():
        # Before anything is drawn: no queue, no answer for those who may not review.
        left = tab.follow_address()
        if left:
            desk.release(left, caller)
        with st.container(key="review"):
            is_audit = _show_head(actions)
            with st.container(key="review_told"):
                show_help()
                _show_said(actions)
            if is_audit:
                show_audit(application.audit, caller)
                return
            _show_split(desk, caller, actions)
        listen_for_keys(actions.keys, "review_keys", actions.press, tab.form_focus())


def _show_head(actions: Actions) -> bool:
    """Draw the title and what the page is about; return whether that is the audit sample."""
    with st.container(horizontal=True, vertical_alignment="center", key="review_head"):
        st.title("Review", anchor=False, width="stretch")
        view = st.segmented_control(
            "What to look at",
            (_FLAGS, _AUDIT),
            default=_FLAGS,
            required=True,
            key="review_view",
            label_visibility="collapsed",
            on_change=actions.close,
        )
        if view == _AUDIT:
            return True
        for label, key, press in (("Previous", "K", "k"), ("Next", "J", "j"), ("Keys", "?", "?")):
            st.button(
                f"{label} `{key}`",
                key=f"review_head_{label.lower()}",
                type="tertiary",
                on_click=actions.press,
                args=(press,),
            )
    return False


def _show_said(actions: Actions) -> None:
    said = tab.said()
    if said is None:
        return
    with st.container(horizontal=True, vertical_alignment="center", key="review_said"):
        st.html(plain_html(said[1], f"fn-problem fn-{said[0]}", role="status"))
        if tab.undoable():
            st.button("Undo `U`", key="review_undo", on_click=actions.undo)


def _show_split(desk: ReviewDesk, caller: Caller, actions: Actions) -> None:
    is_open = bool(tab.opened_flag())
    with st.container(horizontal=True, wrap=False, gap="medium", key="review_split"):
        with (
            st.container(key="review_queue_beside" if is_open else "review_queue", width=_QUEUE_PX),
            guarded(),
        ):
            queue_place = st.container(key="review_queue_list")
        with st.container(key="review_item"), guarded():
            show_opened(desk, caller, actions)
        # After the flag was taken, so that the list shows it as this reviewer's.
        with queue_place, guarded():
            show_queue(desk, caller, actions)
