"""Questions without an answer, as the database has them: running in another tab, stopped, or failed."""

import streamlit as st

from app.chat_view import plain_html
from app.service import FootnoteService, UnfinishedQuestion
from app.web.chat.page_state import ask_next, conversation_id, problem_of
from app.web.chat.question_view import show_question
from app.web.components import show_live_answer
from app.web.problems import guarded, show_problem
from core.answers import Caller
from core.errors import NotFound

REFRESH_S = 1.0
_STOPPED = "Stopped. This answer is not finished and was not checked."
_RUNNING = "Being answered in another tab or window"


def show_unfinished(
    service: FootnoteService, caller: Caller, questions: tuple[UnfinishedQuestion, ...]
) -> None:
    """Draw all of a conversation's own unfinished questions below its turns."""
    for question in questions:
        with st.container(key=f"unfinished_{question.question_id}"):
            if question.state == "running":
                _show_running(service, caller, question.question_id)
            else:
                _show_ended(service, caller, question)


@st.fragment(run_every=REFRESH_S)
def _show_running(service: FootnoteService, caller: Caller, question_id: str) -> None:
    """Draw a question that is answered elsewhere, again every second until it is not any more."""
    with guarded():
        shown = conversation_id()
        found = _find(service, caller, shown, question_id) if shown else None
        if found is None or found.state != "running":
            st.rerun()
        show_question(found.question)
        st.html(plain_html(_RUNNING, "fn-stage"))
        if found.text:
            show_live_answer(found.text, f"unfinished_text_{question_id}")
        # Its process may be gone, which only time tells: nobody has to wait for that.
        offer_again(service, caller, found.question_id, found.question, found.replaces or None)


def _find(
    service: FootnoteService, caller: Caller, conversation: str, question_id: str
) -> UnfinishedQuestion | None:
    view = service.open_conversation(conversation, caller)
    return next((one for one in view.unfinished if one.question_id == question_id), None)


def _show_ended(service: FootnoteService, caller: Caller, question: UnfinishedQuestion) -> None:
    show_question(question.question)
    if question.text:
        with st.container(key=f"unchecked_{question.question_id}"):
            show_live_answer(question.text, f"unfinished_text_{question.question_id}")
    if question.state == "failed":
        show_problem(problem_of(question.question_id) or question.problem)
    else:
        st.html(plain_html(_STOPPED, "fn-aside fn-stopped"))
    offer_again(service, caller, question.question_id, question.question, question.replaces or None)


def offer_again(
    service: FootnoteService, caller: Caller, question_id: str, question: str, replaces: str | None
) -> None:
    """Offer to ask an unfinished question again, or to take it out of the conversation."""
    with st.container(horizontal=True, gap="small"):
        st.button(
            "Ask again",
            key=f"again_{question_id}",
            icon=":material/refresh:",
            on_click=ask_next,
            args=(question, replaces, question_id),
        )
        st.button(
            "Remove",
            key=f"remove_{question_id}",
            type="tertiary",
            on_click=forget,
            args=(service, caller, question_id),
        )


def forget(service: FootnoteService, caller: Caller, question_id: str) -> None:
    """Take a question out of its conversation; one that another tab took out is gone already."""
    try:
        service.forget_question(question_id, caller)
    except NotFound:
        return
