"""The turns of a conversation: each question with its answer, or what stands in its place."""

import streamlit as st

from app.application import Application
from app.chat_view import answer_view
from app.conversation_view import ConversationView, TurnView
from app.web.chat.answer_actions import show_actions, version_of
from app.web.chat.feedback_panel import flagging_of, show_feedback
from app.web.chat.page_state import Asked, editing, open_citation, pointed_at
from app.web.chat.question_view import show_editable, show_editor, show_question
from app.web.chat.shared_view import show_withheld
from app.web.components import show_answer
from core.answers import Answer, Caller

# Older turns are behind a button: a long page is slow to draw on every run.
SHOWN_TURNS = 20


def shown_answers(view: ConversationView) -> list[Answer]:
    """Return the answers that stand on the page, oldest first."""
    return [answer for turn in view.turns if (answer := version_of(turn)) is not None]


def show_turns(
    application: Application, caller: Caller, view: ConversationView, asked: Asked | None
) -> None:
    """Draw the last turns, and with a button all of them.

    While a question is answered nothing of the turns before can be changed; the turn whose place its answer takes is
    not drawn.
    """
    turns = list(view.turns)
    hidden = len(turns) - SHOWN_TURNS
    if hidden > 0 and not _all_are_shown(turns[:hidden]):
        st.button(
            f"Show {hidden} earlier question{'' if hidden == 1 else 's'}",
            key="older",
            type="tertiary",
            on_click=_show_all,
        )
        turns = turns[hidden:]
    if asked and turns and _is_replaced(turns[-1], asked):
        turns.pop()
    for turn in turns:
        is_last = turn is turns[-1] and view.is_own and asked is None
        _show_turn(application, caller, turn, is_own=view.is_own, is_last=is_last)


def _is_replaced(turn: TurnView, asked: Asked) -> bool:
    return turn.answer is not None and turn.answer.answer_id == asked.replaces


def _all_are_shown(hidden: list[TurnView]) -> bool:
    """Whether the reader asked for all turns, or an address leads into the older ones."""
    if st.session_state.get("all_turns"):
        return True
    wanted = pointed_at()
    return bool(wanted) and any(
        wanted == answer.answer_id
        for turn in hidden
        for answer in (*turn.earlier, *((turn.answer,) if turn.answer else ()))
    )


def _show_all() -> None:
    st.session_state["all_turns"] = True


def _show_turn(
    application: Application, caller: Caller, turn: TurnView, *, is_own: bool, is_last: bool
) -> None:
    shown = version_of(turn)
    if shown is None or turn.answer is None:
        show_withheld()
        return
    latest = turn.answer.answer_id
    with st.container(key=f"turn_{latest}"):
        if is_last and editing() == latest:
            show_editor(turn.answer.question, latest, application.settings.max_question_chars)
        elif is_last:
            show_editable(shown.question, latest)
        else:
            show_question(shown.question)

        def opened(marker: int) -> None:
            open_citation(shown.answer_id, marker)

        flags = flagging_of(application, caller, shown)
        show_answer(answer_view(shown), f"answer_{shown.answer_id}", opened, flags)
        with st.container(
            key=f"below_{shown.answer_id}", horizontal=True, vertical_alignment="top"
        ):
            show_actions(application.signals, caller, turn, shown, may_repeat=is_last)
            show_feedback(application, caller, shown)
