"""Asks one question and shows the answer growing, stage by stage."""

import time
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import cast

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app.application import Application
from app.chat_view import STAGE_WORDS, plain_html
from app.service import (
    AnswerReady,
    AskEvent,
    FootnoteService,
    QuestionKept,
    StageStarted,
    TextAdded,
)
from app.web.chat.page_state import Asked, conversation_id, keep_problem, refuse, settle_in
from app.web.chat.scope_picker import chosen_filters, keep_scope
from app.web.chat.unfinished_view import forget, offer_again
from app.web.components import LiveAnswer
from app.web.problems import sentence_for
from core.answers import Answer, Caller

# Each update sends the whole text again; a person cannot read more often than this.
REDRAW_S = 0.08
STOPPED_WORDS = "Stopped. This answer is not finished and was not checked."


@dataclass(slots=True)
class _Live:
    """The places on the page that change while an answer is made."""

    stage: DeltaGenerator
    growing: DeltaGenerator
    when_stopped: DeltaGenerator
    drawing: LiveAnswer | None = None
    text: str = ""
    drawn_at: float = 0.0


def stream_answer(
    application: Application,
    service: FootnoteService,
    caller: Caller,
    asked: Asked,
    received: DeltaGenerator,
) -> Answer | None:
    """Show an answer as it comes and return it; None when there is none, which the next run says.

    `received` is where the page said that the question has come; its first stage takes that place.
    Stop, reload and a closed tab arrive as Streamlit's BaseExceptions at any element call: then the service's
    generator is closed, which stops the work and keeps the question with its text so far as stopped.
    """
    live = _Live(st.empty(), st.empty(), st.empty())
    _show_stage(live, STAGE_WORDS["searching"])
    received.empty()
    kept: QuestionKept | None = None
    try:
        application.limits.take(caller)
        events = service.ask_stream(
            asked.question,
            caller,
            conversation_id(),
            filters=chosen_filters(),
            replaces=asked.replaces,
        )
        # It is a generator, and closing it is how it learns that nobody waits any more.
        with closing(cast(Generator[AskEvent], events)) as stream:
            first = next(stream)
            if isinstance(first, QuestionKept):
                kept = first
                _keep(service, caller, live, asked, first)
            return _follow(application, live, stream)
    except Exception as error:  # noqa: BLE001 - shown in the next run, beside its question
        sentence = sentence_for(error)
        if kept is None:
            refuse(asked.question, sentence)
        else:
            keep_problem(kept.question_id, sentence)
        return None


def _keep(
    service: FootnoteService, caller: Caller, live: _Live, asked: Asked, kept: QuestionKept
) -> None:
    """The question is in the database: give the page its address, and prepare what stands there after stop."""
    keep_scope(kept.conversation_id)
    settle_in(kept.conversation_id)
    if asked.forgets:
        forget(service, caller, asked.forgets)
    # Hidden until the script has ended: after stop, a script cannot draw.
    with live.when_stopped.container(key="when_stopped"):
        st.html(plain_html(STOPPED_WORDS, "fn-aside fn-stopped"))
        offer_again(service, caller, kept.question_id, asked.question, asked.replaces)


def _follow(application: Application, live: _Live, stream: Iterator[AskEvent]) -> Answer | None:
    """Show what comes until the answer is there; waits in line where many are written at once."""
    with application.slots.take() as ticket:
        for ahead in ticket.waiting():
            _show_stage(live, _waiting_words(ahead))
        for event in stream:
            if isinstance(event, StageStarted):
                _show_stage(live, STAGE_WORDS[event.stage])
            elif isinstance(event, TextAdded):
                _grow(live, event.text)
            elif isinstance(event, AnswerReady):
                return event.answer
    return None


def _waiting_words(ahead: int) -> str:
    before = "1 answer is" if ahead == 1 else f"{ahead} answers are"
    return f"Waiting for a free place: {before} before yours"


def _show_stage(live: _Live, words: str) -> None:
    live.stage.html(plain_html(words, "fn-stage"))


def _grow(live: _Live, text: str) -> None:
    live.text += text
    if time.monotonic() - live.drawn_at >= REDRAW_S:
        if live.drawing is None:
            with live.growing.container():
                live.drawing = LiveAnswer()
        live.drawing.show(live.text)
        live.drawn_at = time.monotonic()
