"""What one browser tab remembers of the review page: which flag is open, as it was then, and what was said last.

The address shows the open flag, the session decides it. The browser sends its address with every click, and a click
that comes before the last change reached the browser carries the old one; an address that differs later is a person
going back or forward, and is followed.
"""

import time
from typing import Literal, NamedTuple, cast

import streamlit as st

from app.review.desk import ReviewDesk
from app.review.flag_queue import Order, Queue, StateFilter
from core.answers import Caller

Form = Literal["", "reject", "correct", "duplicate", "promote", "triage"]
Said = tuple[Literal["saved", "stopped"], str]

_ADDRESS_SETTLES_S = 3.0
_FILTERS: dict[str, str | None] = {
    "review_state": "open",
    "review_category": None,
    "review_channel": None,
    "review_order": "priority",
}


class Listed(NamedTuple):
    """A flag of the list as it was drawn last, one that the caller may see."""

    feedback_id: str
    state: str


def opened_flag() -> str:
    """Return the id of the open flag, '' for none."""
    return str(st.session_state.get("review_flag", ""))


def follow_address() -> str:
    """Bring session and address together, once at the start of a run; returns the flag that was left, or ''."""
    addressed = st.query_params.get("flag", "")
    before = opened_flag()
    changed_at = st.session_state.get("review_changed_at", 0.0)
    if addressed == before:
        return ""
    if time.monotonic() - changed_at > _ADDRESS_SETTLES_S:
        _set(addressed)
        return before
    _write_address(before)
    return ""


def show_flag(feedback_id: str) -> None:
    """Make a flag the open one, '' for none; forms close."""
    _set(feedback_id)
    st.session_state["review_changed_at"] = time.monotonic()
    _write_address(feedback_id)


def _set(feedback_id: str) -> None:
    st.session_state["review_flag"] = feedback_id
    st.session_state["review_seen"] = None
    set_form("")


def _write_address(feedback_id: str) -> None:
    if feedback_id:
        st.query_params["flag"] = feedback_id
    else:
        st.query_params.pop("flag", None)


def form() -> Form:
    """Return which form is open under the flag."""
    return cast(Form, st.session_state.get("review_form", ""))


def set_form(name: Form) -> None:
    """Open a form, '' closes it."""
    st.session_state["review_form"] = name
    st.session_state["review_form_opened"] = st.session_state.get("review_form_opened", 0) + 1


def form_focus() -> str:
    """Return what gets the focus because a form was just opened, for `elements.listen_for_keys`."""
    if not form():
        return ""
    field = "input" if form() == "duplicate" else "textarea"
    return f".st-key-review_form_{form()} {field}:{st.session_state.get('review_form_opened', 0)}"


def seen() -> str | None:
    """Return the state of the open flag as it was last drawn, None before that."""
    return cast(str | None, st.session_state.get("review_seen"))


def set_seen(token: str) -> None:
    """Remember how the open flag was drawn."""
    st.session_state["review_seen"] = token


def suggested_cause() -> str:
    """Return the root cause that was suggested for the open flag, '' for none."""
    return str(st.session_state.get("review_suggested", ""))


def set_suggested_cause(cause: str) -> None:
    """Remember what was suggested for the open flag."""
    st.session_state["review_suggested"] = cause


def look_at_evidence() -> None:
    """Bring the evidence into view in the next run."""
    st.session_state["review_evidence"] = st.session_state.get("review_evidence", 0) + 1


def evidence_focus() -> str:
    """Return what changes each time the evidence is to be brought into view; '' before the first time."""
    count = st.session_state.get("review_evidence", 0)
    return f"evidence:{count}" if count else ""


def say(kind: Literal["saved", "stopped"], sentence: str, undoable: str = "") -> None:
    """Say something at the top of the next runs; `undoable` is the flag whose decision can be taken back."""
    st.session_state["review_said"] = (kind, sentence)
    st.session_state["review_undoable"] = undoable


def said() -> Said | None:
    """Return what was said last."""
    return cast(Said | None, st.session_state.get("review_said"))


def undoable() -> str:
    """Return the flag whose decision can be taken back with one press, '' for none."""
    return str(st.session_state.get("review_undoable", ""))


def is_help_shown() -> bool:
    """Whether the list of keys is open."""
    return bool(st.session_state.get("review_help"))


def toggle_help() -> None:
    """Open or close the list of keys."""
    st.session_state["review_help"] = not is_help_shown()


def filtered_queue(desk: ReviewDesk, caller: Caller) -> Queue:
    """Return the page of the queue that the filters ask for."""
    chosen = {name: st.session_state.get(name, default) for name, default in _FILTERS.items()}
    state = cast(StateFilter, chosen["review_state"] or "open")
    return desk.queue(
        caller,
        None if state == cast(StateFilter, "all") else state,
        chosen["review_category"],
        chosen["review_channel"],
        str(st.session_state.get("review_text") or ""),
        cast(Order, chosen["review_order"]),
        int(st.session_state.get("review_page", 1)),
        assignee=caller.name if st.session_state.get("review_mine") else "",
    )


def remember(queue: Queue) -> tuple[Listed, ...]:
    """Keep the list as it is drawn, for the keys that step through it."""
    listed = tuple(
        Listed(entry.feedback_id, entry.state) for entry in queue.entries if not entry.restricted
    )
    st.session_state["review_listed"] = listed
    return listed


def listed() -> tuple[Listed, ...] | None:
    """Return the list as it was drawn last, None before that."""
    return cast(tuple[Listed, ...] | None, st.session_state.get("review_listed"))


def first_page() -> None:
    """Go to the first page of the queue, because the filters changed."""
    st.session_state["review_page"] = 1
