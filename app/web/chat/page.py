"""The chat page: landing, conversation, question. Everything it shows comes from the services it is given."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.elements.widgets.chat import ChatInputValue

from app.application import Application
from app.chat_view import STAGE_WORDS, plain_html, plain_label
from app.conversation_view import ConversationView
from app.service import FootnoteService
from app.web.chat.answer_actions import bring_into_view, show_announcement
from app.web.chat.ask_stream import stream_answer
from app.web.chat.conversation_menu import show_header
from app.web.chat.drawing_turn import DRAWING
from app.web.chat.file_drop import (
    application_in_use,
    service_in_use,
    show_attached,
    take_files,
)
from app.web.chat.flag_dialog import show_flag_dialog
from app.web.chat.landing import show_landing
from app.web.chat.notices_view import show_notices
from app.web.chat.page_state import (
    Asked,
    announce,
    announced,
    ask_next,
    conversation_id,
    drop_refused,
    follow_address,
    give_back,
    go_to,
    is_asking,
    put_back,
    refused,
    take_pending,
)
from app.web.chat.question_view import show_question
from app.web.chat.scope_picker import show_scope
from app.web.chat.shared_view import show_shared_note
from app.web.chat.sidebar import show_sidebar
from app.web.chat.turn_view import show_turns, shown_answers
from app.web.chat.unfinished_view import show_unfinished
from app.web.problems import guarded, show_problem
from app.web.shipped import ASSETS
from app.web.sources.source_panel import show_source_panel
from core.answers import Answer, Caller
from core.errors import NotFound

_INPUT = "question"
_NOT_FOUND = (
    "There is no conversation of yours at this address, and none that was shared with you. It may have been deleted; "
    "your own conversations are in the list at the side."
)


def render(application: Application, caller: Caller) -> None:
    """Draw the page once, for one run of the script."""
    for name in ("chat.css", "file_drop.css"):
        st.html(ASSETS / name)
    follow_address()
    with guarded():
        received = _show_received()
        with DRAWING:
            show_sidebar(application.service, caller)
            typed = _show_input(application, caller)
        asked = _taken(application, caller, typed)
        # Only now: what came with the question may have changed where it goes.
        application = application_in_use(application, caller)
        service = application.service
        show_notices(application, caller)
        view = _open(service, caller)
        if asked and view is not None and not view.is_own:
            # What somebody else shared is for reading: the question begins a conversation of one's own.
            go_to(None)
            view = None
        show_announcement("" if asked else announced())
        # A slot of its own: what is not drawn again would stay on the page until the answer is complete.
        landing = st.empty()
        if view is None and not asked and not refused():
            with DRAWING, landing.container():
                show_landing(service, caller)
            return
        _show_conversation(application, service, caller, view, asked, received)


def _show_received() -> DeltaGenerator:
    """Say at once that a question has come: with many people, what is drawn before its own place takes a while."""
    with st.bottom:
        received = st.empty()
    if is_asking() or st.session_state.get(_INPUT):
        received.html(plain_html(STAGE_WORDS["searching"], "fn-received"))
    return received


def _open(service: FootnoteService, caller: Caller) -> ConversationView | None:
    shown = conversation_id()
    if shown is None:
        return None
    try:
        return service.open_conversation(shown, caller)
    except NotFound:
        show_problem(_NOT_FOUND)
        go_to(None)
        return None


def _show_input(application: Application, caller: Caller) -> ChatInputValue | None:
    """Draw what is at the bottom of the page; returns what was sent with it."""
    put_back(_INPUT)
    service = service_in_use(application, caller)
    readable = service.readable_documents(caller)
    with st.bottom:
        show_attached(application, caller)
        show_scope(service, caller, readable)
        return st.chat_input(
            "Ask your documents",
            key=_INPUT,
            submit_mode="stop",
            accept_file="multiple",
            disabled=not readable,
        )


def _taken(application: Application, caller: Caller, typed: ChatInputValue | None) -> Asked | None:
    """Return the question to answer in this run, from a button or the input; files with it are read first."""
    asked = take_pending()
    if asked is None and typed is not None:
        is_read = take_files(application, caller, typed.files)
        if is_read and typed.text.strip():
            asked = Asked(typed.text)
        elif typed.files:
            give_back(typed.text)
            st.rerun()
    if asked is not None:
        drop_refused()
    return asked


def _show_conversation(
    application: Application,
    service: FootnoteService,
    caller: Caller,
    view: ConversationView | None,
    asked: Asked | None,
    received: DeltaGenerator,
) -> None:
    if view is not None:
        with DRAWING:
            show_header(service, caller, view)
            if not view.is_own:
                show_shared_note()
            show_turns(application, caller, view, asked)
    if asked:
        _answer(application, service, caller, asked, received)
        return
    received.empty()
    if view is not None:
        show_unfinished(service, caller, view.unfinished)
    _show_refused()
    if view is None:
        return
    answers = shown_answers(view)
    if view.is_own and not view.unfinished and not refused():
        with DRAWING:
            _show_follow_ups(service, caller, answers)
    show_source_panel(application, caller, answers)
    show_flag_dialog(application, caller, answers)


def _answer(
    application: Application,
    service: FootnoteService,
    caller: Caller,
    asked: Asked,
    received: DeltaGenerator,
) -> None:
    with st.container(key="live"):
        show_question(asked.question)
        bring_into_view()
        answer = stream_answer(application, service, caller, asked, received)
    if answer is not None:
        announce(_ready_words(answer))
    st.rerun()


def _ready_words(answer: Answer) -> str:
    if answer.status != "answered":
        return "No answer was found in the documents"
    count = len(answer.citations)
    return f"Answer ready, {count} source{'' if count == 1 else 's'}"


def _show_refused() -> None:
    """Say beside a question why it was not taken; its words are back in the input."""
    kept = refused()
    if kept is None:
        return
    with st.container(key="refused"):
        show_question(kept.question)
        show_problem(kept.problem)


def _show_follow_ups(service: FootnoteService, caller: Caller, answers: list[Answer]) -> None:
    if not answers:
        return
    with guarded():
        questions = service.follow_ups(answers[-1], caller)
        if not questions:
            return
        with st.container(key="follow_ups", gap="small"):
            st.html(plain_html("You could ask next", "fn-small"))
            for number, question in enumerate(questions):
                st.button(
                    plain_label(question),
                    key=f"follow_up_{number}",
                    icon=":material/subdirectory_arrow_right:",
                    on_click=ask_next,
                    args=(question,),
                )
