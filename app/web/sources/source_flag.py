"""'Wrong source?' in the drawer: a flag on one citation, or on the passage that it was taken from, in two clicks."""

from contextlib import suppress
from functools import partial

import streamlit as st

from app.application import Application
from app.chat_view import plain_html
from app.feedback_desk import state_words
from app.feedback_log import Remark
from app.web.chat.page_state import CHANNEL
from app.web.problems import sentence_for, show_problem
from core.answers import Answer, Caller, Citation, Feedback
from core.errors import FootnoteError

_PROBLEM = "source_flag_problem"
_CHOICES: dict[str, tuple[str, Remark]] = {
    "citation": (
        "It does not say that",
        Remark("bad", "wrong_source", target="citation"),
    ),
    "outdated": (
        "It is out of date",
        Remark("bad", "outdated", target="citation"),
    ),
    "passage": (
        "It is not about my question",
        Remark("bad", "wrong_source", target="passage"),
    ),
}


def show_source_flag(
    application: Application, caller: Caller, answer: Answer, citation: Citation
) -> None:
    """Draw what the reader said of one source of an answer, or what can be said of it."""
    mine = [
        given
        for given in application.feedback.mine(answer.answer_id, caller)
        if given.target_ref in _refs(citation).values()
        and given.target_ref == _refs(citation).get(given.target)
    ]
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="source_flag"):
        if mine:
            _show_said(application, caller, mine[-1])
        else:
            _show_choices(application, caller, answer, citation)
    if problem := st.session_state.pop(_PROBLEM, ""):
        show_problem(problem)


def note_opened(application: Application, caller: Caller, answer: Answer, marker: int) -> None:
    """Keep that a source was opened, once in a session."""
    noted = st.session_state.setdefault("sources_opened", set())
    if (answer.answer_id, marker) not in noted:
        noted.add((answer.answer_id, marker))
        with suppress(FootnoteError):  # nobody is kept from reading
            application.signals.record(
                caller, answer.answer_id, "citation_opened", str(marker), CHANNEL
            )


def _refs(citation: Citation) -> dict[str, str]:
    return {"citation": str(citation.marker), "passage": citation.chunk_id}


def _show_choices(
    application: Application, caller: Caller, answer: Answer, citation: Citation
) -> None:
    with st.popover(
        "Wrong source?", key="source_flag_open", icon=":material/flag:", type="tertiary"
    ):
        st.html(plain_html("What is wrong with this source?", "fn-small"))
        for name, (words, remark) in _CHOICES.items():
            st.button(
                words,
                key=f"source_flag_{name}",
                on_click=partial(_flag, application, caller, answer, citation, remark),
            )


def _show_said(application: Application, caller: Caller, given: Feedback) -> None:
    words = "Flag saved" if given.status == "new" else f"Your flag: {state_words(given.status)}"
    st.html(plain_html(words, "fn-small fn-said", role="status"), width="content")
    if given.status == "new":
        st.button(
            "Undo",
            key="source_flag_undo",
            type="tertiary",
            on_click=partial(_undo, application, caller, given.feedback_id),
        )


def _flag(
    application: Application, caller: Caller, answer: Answer, citation: Citation, remark: Remark
) -> None:
    target = remark.target or "citation"
    named = Remark(
        remark.verdict, remark.category, target=target, target_ref=_refs(citation)[target]
    )
    try:
        application.feedback.add(answer.answer_id, caller, named)
    except Exception as error:  # noqa: BLE001 - shown when the drawer is drawn
        st.session_state[_PROBLEM] = sentence_for(error)


def _undo(application: Application, caller: Caller, feedback_id: str) -> None:
    try:
        application.feedback.withdraw(feedback_id, caller)
    except Exception as error:  # noqa: BLE001 - shown when the drawer is drawn
        st.session_state[_PROBLEM] = sentence_for(error)
