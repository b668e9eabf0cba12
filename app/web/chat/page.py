"""The chat page: landing, conversation, question. Everything it shows comes from the service it is given."""

import streamlit as st

from app.application import Application
from app.chat_view import answer_view, clipped, plain_html, plain_label
from app.service import FootnoteService
from app.web.chat.ask_stream import ask_again, show_stopped, stream_answer
from app.web.chat.feedback_panel import show_feedback, show_flag_dialog
from app.web.chat.page_state import (
    Unfinished,
    ask_next,
    conversation_id,
    find_unfinished,
    follow_address,
    go_to,
    open_citation,
    take_pending,
    unfinished,
)
from app.web.chat.sidebar import show_sidebar
from app.web.components import show_answer
from app.web.problems import guarded, sentence_for, show_problem
from app.web.sources.source_panel import show_source_panel
from core.answers import Answer, Caller
from core.errors import NotFound

# Older turns are behind a button: a long page is slow to draw on every run.
SHOWN_TURNS = 20
_QUESTION_CHARS = 2000


def render(application: Application, caller: Caller) -> None:
    """Draw the page once, for one run of the script."""
    service = application.service
    follow_address()
    find_unfinished(caller.name)
    with guarded():
        show_sidebar(service, caller)
        readable = service.readable_documents(caller)
        typed = st.chat_input(
            "Ask your documents", key="question", submit_mode="stop", disabled=not readable
        )
        question = take_pending() or typed
        # A slot of its own: what is not drawn again would stay on the page until the answer is complete.
        landing = st.empty()
        turns = _turns(service, caller)
        if not (turns or question or unfinished()):
            with landing.container():
                _show_landing(service, caller, readable)
            return
        _show_turns(service, caller, turns)
        if question:
            _answer(service, caller, question)
        else:
            _show_unfinished()
            show_source_panel(service, caller, turns)
            show_flag_dialog(service, caller, turns)


def _turns(service: FootnoteService, caller: Caller) -> list[Answer]:
    shown = conversation_id()
    if shown is None:
        return []
    try:
        return service.turns(shown, caller)
    except NotFound as error:
        show_problem(str(error))
        go_to(None)
        return []


def _show_landing(service: FootnoteService, caller: Caller, readable: int) -> None:
    if not readable:
        st.html(_EMPTY)
        st.code("footnote ingest ./documents", language=None)
        return
    count = "1 document" if readable == 1 else f"{readable:,} documents"
    st.html(_HERO.format(count=count))
    examples = service.example_questions(caller)
    if not examples:
        return
    with st.container(key="examples", gap="small"):
        for number, example in enumerate(examples):
            st.button(
                plain_label(example),
                key=f"example_{number}",
                on_click=ask_next,
                args=(example,),
                width="stretch",
            )


_HERO = (
    '<div class="fn-hero"><h1>Ask your documents</h1><p>Every sentence of an answer opens the exact words '
    "that it rests on. {count} ready to answer.</p></div>"
)
_EMPTY = (
    '<div class="fn-hero"><h1>No documents yet</h1><p>There is nothing here that you can read. Whoever runs '
    "Footnote brings a folder of documents in with one command:</p></div>"
)


def _show_turns(service: FootnoteService, caller: Caller, turns: list[Answer]) -> None:
    hidden = len(turns) - SHOWN_TURNS
    if hidden > 0 and not st.session_state.get("all_turns"):
        if st.button(f"Show {hidden} earlier questions", key="older", type="tertiary"):
            st.session_state["all_turns"] = True
            st.rerun()
        turns = turns[hidden:]
    for turn in turns:
        _show_turn(service, caller, turn)
    if turns and _broke_off(turns[-1]) and not unfinished():
        question = turns[-1].question
        st.button("Ask again", key="ask_again_whole", on_click=ask_again, args=(question,))


def _broke_off(turn: Answer) -> bool:
    return any(note.kind == "incomplete" for note in turn.notes)


def _show_turn(service: FootnoteService, caller: Caller, turn: Answer) -> None:
    with st.container(key=f"turn_{turn.answer_id}"):
        _show_question(turn.question)

        def opened(marker: int) -> None:
            open_citation(turn.answer_id, marker)

        show_answer(answer_view(turn), f"answer_{turn.answer_id}", opened)
        show_feedback(service, caller, turn)


def _show_question(question: str) -> None:
    st.html(plain_html(clipped(question, _QUESTION_CHARS), "fn-question"))


def _answer(service: FootnoteService, caller: Caller, question: str) -> None:
    entry = Unfinished(question, conversation_id(), caller.name)
    with st.container(key="live"):
        _show_question(question)
        try:
            answer = stream_answer(service, caller, entry)
        except Exception as error:  # noqa: BLE001 - shown in the next run, beside its question
            entry.problem = sentence_for(error)
            st.rerun()
    if answer is not None:
        go_to(answer.conversation_id)
    st.rerun()


def _show_unfinished() -> None:
    entry = unfinished()
    if entry is None:
        return
    with st.container(key="unfinished"):
        _show_question(entry.question)
        if entry.text:
            st.html(plain_html(entry.text, "fn-live"))
        if entry.problem:
            show_problem(entry.problem)
            st.button("Ask again", key="ask_again", on_click=ask_again, args=(entry.question,))
        else:
            show_stopped(entry.question)
