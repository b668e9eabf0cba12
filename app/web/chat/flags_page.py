"""What the caller flagged, and what became of it."""

from urllib.parse import urlencode

import streamlit as st

from app.application import Application
from app.chat_view import CATEGORY_WORDS, clipped, day, plain_html, plain_label, plain_row
from app.feedback_desk import Flag
from app.web.chat.notices_view import show_notices
from app.web.chat.reported_view import show_reported
from app.web.problems import guarded, sentence_for, show_problem
from app.web.shipped import ASSETS
from core.answers import Caller

_SHOWN_CHARS = 300
_QUESTION_CHARS = 80
_PAGE = 20
_MOST_NOTICES = 50
_PROBLEM = "flags_problem"


def render(application: Application, caller: Caller) -> None:
    """Draw the page once, for one run of the script."""
    st.html(ASSETS / "flags.css")
    st.title("Your flags")
    show_notices(application, caller, _MOST_NOTICES)
    show_reported(application, caller)
    with guarded():
        flags = application.feedback.my_flags(caller)
        if not flags:
            st.html(plain_html(_EMPTY, "fn-aside"))
            return
        st.html(plain_html(_count(flags), "fn-small"))
        if problem := st.session_state.pop(_PROBLEM, ""):
            show_problem(problem)
        shown = st.session_state.get("flags_shown", _PAGE)
        for flag in flags[:shown]:
            _show_flag(application, caller, flag)
        if len(flags) > shown:
            st.button("Show more", key="more_flags", on_click=_show_more, args=(shown + _PAGE,))


_EMPTY = (
    "You have flagged nothing yet. When something in an answer is wrong, click the statement or select the words "
    "and say what is wrong: a reviewer looks at it, and this page tells you what became of it."
)


def _count(flags: list[Flag]) -> str:
    waiting = sum(flag.can_undo for flag in flags)
    noun = "flag" if len(flags) == 1 else "flags"
    return f"{len(flags)} {noun}, {waiting} waiting for review"


def _show_flag(application: Application, caller: Caller, flag: Flag) -> None:
    with st.container(key=f"own_flag_{flag.feedback_id}", border=True):
        with st.container(horizontal=True, horizontal_alignment="distribute", gap="small"):
            st.html(plain_html(CATEGORY_WORDS[flag.category], "fn-flag-category"), width="content")
            badge = plain_html(_sentence(flag.state), f"fn-flag-state fn-flag-{flag.status}")
            st.html(badge, width="content")
        words = clipped(" ".join(flag.words.split()), _SHOWN_CHARS)
        if words:
            st.html(plain_html(f"“{words}”", "fn-flag-words"))
        if flag.note:
            st.html(plain_html(f"The reviewer says: {flag.note}", "fn-flag-note"))
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            # An address of our own: the answer is opened in the conversation that it belongs to.
            st.link_button(
                plain_label(clipped(flag.question, _QUESTION_CHARS)),
                _address(flag),
                icon=":material/forum:",
                type="tertiary",
            )
            about = flag.about or ("" if words else "the whole answer")
            st.html(plain_row([day(flag.created_at), about], "fn-small"), width="content")
            if flag.can_undo:
                st.button(
                    "Undo",
                    key=f"undo_{flag.feedback_id}",
                    type="tertiary",
                    on_click=_undo,
                    args=(application, caller, flag.feedback_id),
                )


def _sentence(state: str) -> str:
    return f"{state[0].upper()}{state[1:]}"


def _address(flag: Flag) -> str:
    return "./?" + urlencode({"c": flag.conversation_id, "answer": flag.answer_id})


def _undo(application: Application, caller: Caller, feedback_id: str) -> None:
    try:
        application.feedback.withdraw(feedback_id, caller)
    except Exception as error:  # noqa: BLE001 - shown when the page is drawn
        st.session_state[_PROBLEM] = sentence_for(error)


def _show_more(count: int) -> None:
    st.session_state["flags_shown"] = count
