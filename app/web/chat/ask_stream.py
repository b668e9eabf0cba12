"""Asks one question and shows the answer growing, stage by stage."""

import time

import streamlit as st

from app.chat_view import STAGE_WORDS, plain_html
from app.service import AnswerReady, FootnoteService, StageStarted, TextAdded
from app.web.chat.page_state import Unfinished, ask_next, keep_unfinished
from core.answers import Answer, Caller

# Each update sends the whole text again; a person cannot read more often than this.
REDRAW_S = 0.08


def stream_answer(service: FootnoteService, caller: Caller, entry: Unfinished) -> Answer | None:
    """Show an answer as it comes and return it; None when the service ended without one.

    Stop, reload and a closed tab arrive as Streamlit's BaseExceptions at any element call: then `entry`
    keeps the text so far and the service's generator is closed, so that it stops working.
    """
    keep_unfinished(entry)
    stage = st.empty()
    growing = st.empty()
    with st.container(key="when_stopped"):
        show_stopped(entry.question)
    events = service.ask_stream(entry.question, caller, entry.conversation_id)
    drawn_at = 0.0
    try:
        for event in events:
            if isinstance(event, StageStarted):
                stage.html(plain_html(STAGE_WORDS[event.stage], "fn-stage", role="status"))
            elif isinstance(event, TextAdded):
                entry.text += event.text
                if time.monotonic() - drawn_at >= REDRAW_S:
                    growing.html(plain_html(entry.text, "fn-live"))
                    drawn_at = time.monotonic()
            elif isinstance(event, AnswerReady):
                keep_unfinished(None)
                return event.answer
        return None
    finally:
        close = getattr(events, "close", None)
        if close is not None:
            close()


def show_stopped(question: str) -> None:
    """Say that an answer was stopped, and offer to ask again.

    While an answer streams this is on the page already and hidden: after stop, a script cannot draw.
    """
    words = "Stopped. This answer is not finished and was not checked."
    st.html(plain_html(words, "fn-problem fn-stopped", role="status"))
    st.button("Ask again", key="ask_again", on_click=ask_again, args=(question,))


def ask_again(question: str) -> None:
    """Ask a question that has no answer once more, in the next run."""
    keep_unfinished(None)
    ask_next(question)
