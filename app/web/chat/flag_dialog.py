"""The dialog with the details of a flag: what is right, where that stands, how bad the error is."""

from collections.abc import Sequence

import streamlit as st

from app.application import Application
from app.chat_view import (
    CATEGORY_WORDS,
    MAX_COMMENT_CHARS,
    SEVERITY_WORDS,
    clipped,
    plain_html,
)
from app.feedback_log import Remark
from app.web.chat.page_state import flagging, set_flagging
from app.web.problems import guarded, show_problem
from core.answers import Answer, Caller, Feedback

_SHOWN_WORDS = 160
_SOURCE_CHARS = 500
_SHOWN_FLAG = "flagging_id"


def show_flag_dialog(application: Application, caller: Caller, answers: Sequence[Answer]) -> None:
    """Open the dialog of a flag when its details were asked for; answers are those on the page."""
    shown = flagging()
    answer = next((one for one in answers if one.answer_id == shown), None)
    if answer is None:
        return

    @st.dialog("Details of your flag", on_dismiss=_close)
    def dialog() -> None:
        with guarded():
            given = application.feedback.find(st.session_state.get(_SHOWN_FLAG, ""), caller)
            _draw_form(application, caller, answer, given)

    dialog()


def open_details(answer_id: str, feedback_id: str) -> None:
    """Open the dialog of a flag in the next run."""
    st.session_state[_SHOWN_FLAG] = feedback_id
    set_flagging(answer_id)


def _close() -> None:
    st.session_state.pop(_SHOWN_FLAG, None)
    set_flagging(None)


def _draw_form(application: Application, caller: Caller, answer: Answer, given: Feedback) -> None:
    words = clipped(" ".join(given.selected_text.split()), _SHOWN_WORDS)
    st.html(plain_html(f"“{words}”" if words else "The whole answer", "fn-small"))
    categories = list(CATEGORY_WORDS)
    with st.form(f"flag_form_{given.feedback_id}", border=False):
        category = st.radio(
            "What is wrong?",
            categories,
            index=categories.index(given.category) if given.category else None,
            format_func=CATEGORY_WORDS.__getitem__,
        )
        correction = st.text_area(
            "What would be right? (optional)",
            value=given.correction,
            max_chars=MAX_COMMENT_CHARS,
            height=80,
        )
        source = st.text_input(
            "Where does it stand? (optional)",
            value=given.correction_source,
            max_chars=_SOURCE_CHARS,
            placeholder="A link, or a document and a page",
        )
        comment = st.text_area(
            "Comment (optional)", value=given.comment, max_chars=MAX_COMMENT_CHARS, height=80
        )
        severity = st.segmented_control(
            "How bad is it? (optional)",
            list(SEVERITY_WORDS),
            default=given.severity or None,
            format_func=SEVERITY_WORDS.__getitem__,
        )
        sent = st.form_submit_button("Save details", type="primary")
    if not sent:
        return
    if category is None:
        show_problem("Please choose what is wrong.")
        return
    span = None if given.start is None or given.end is None else (given.start, given.end)
    remark = Remark("bad", category, comment, span, severity or "", correction, source)
    application.feedback.add(answer.answer_id, caller, remark)
    _close()
    st.toast("Details saved", icon=":material/check:")
    st.rerun()
