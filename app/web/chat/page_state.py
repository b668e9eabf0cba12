"""What one browser tab remembers: where it is, and what is not finished. Ids only.

Answers, feedback and documents are asked of the service on every run, with the caller's own permissions. A question
that was not finished is kept in this process too, so that a reload in the middle of an answer does not lose it: by the
person and a random word in the address, which nobody else has.

The address shows where the tab is, the session decides it. The browser sends its address with every
click, and a click that comes before the last change reached the browser carries the old one: taken at its
word, it would open again what was just closed. Once the change must have arrived, an address that differs
is a person going back or forward, and is followed.
"""

import secrets
import time
from collections import OrderedDict
from dataclasses import asdict, dataclass, field

import streamlit as st

_ADDRESS_SETTLES_S = 3.0
_MOST_KEPT = 200


@dataclass(frozen=True, slots=True)
class Place:
    """A conversation, None for a new one, and the citation that is open beside it, or a question in the making."""

    conversation: str | None = None
    answer: str = ""
    cite: str = ""
    asked: str = ""


@dataclass(slots=True)
class Unfinished:
    """A question that has no stored answer: still running, stopped, or failed with a `problem`."""

    question: str
    conversation_id: str | None
    asked_by: str
    text: str = ""
    problem: str = ""
    word: str = field(default_factory=lambda: secrets.token_hex(16))

    @property
    def key(self) -> tuple[str, str]:
        """Under what it is kept for a reload."""
        return self.asked_by, self.word


def follow_address() -> None:
    """Bring session and address together; called once at the start of every run of the page."""
    shown = _addressed()
    changed_at = st.session_state.get("place_changed_at")
    if changed_at is None or time.monotonic() - changed_at > _ADDRESS_SETTLES_S:
        st.session_state["place"] = shown
        st.session_state.setdefault("place_changed_at", 0.0)
    elif shown != _place():
        _write_address(_place())


def conversation_id() -> str | None:
    """Return the conversation that is shown."""
    return _place().conversation


def cited() -> tuple[str, int] | None:
    """Return the answer and marker of the citation that is open."""
    place = _place()
    return (place.answer, int(place.cite)) if place.answer and place.cite.isdecimal() else None


def go_to(conversation: str | None) -> None:
    """Make a conversation the one that is shown, None for a new one."""
    _move(Place(conversation))
    set_flagging(None)


def start_anew() -> None:
    """Show a new conversation, without a question that was stopped or failed in one."""
    keep_unfinished(None)
    go_to(None)


def open_citation(answer_id: str, marker: int) -> None:
    """Open a citation in the next run, with an address of its own."""
    _move(Place(conversation_id(), answer_id, str(marker)))


def close_citation() -> None:
    """Close the open citation."""
    _move(Place(conversation_id()))


def _place() -> Place:
    place = st.session_state.get("place")
    return place if isinstance(place, Place) else Place()


def _addressed() -> Place:
    params = st.query_params
    named = [params.get(name, "") for name in ("answer", "cite", "asked")]
    return Place(params.get("c") or None, *named)


def _move(place: Place) -> None:
    st.session_state["place"] = place
    st.session_state["place_changed_at"] = time.monotonic()
    _write_address(place)


def _write_address(place: Place) -> None:
    params = asdict(place)
    params["c"] = params.pop("conversation")
    st.query_params.from_dict({name: value for name, value in params.items() if value})


def ask_next(question: str) -> None:
    """Ask a question in the next run, as if it had been typed."""
    st.session_state["pending"] = question


def take_pending() -> str | None:
    """Return the question that a button asked for, once."""
    pending = st.session_state.pop("pending", None)
    return pending if isinstance(pending, str) else None


def unfinished() -> Unfinished | None:
    """Return the question of the shown conversation that has no stored answer."""
    kept = st.session_state.get("unfinished")
    if isinstance(kept, Unfinished) and kept.conversation_id == conversation_id():
        return kept
    return None


def keep_unfinished(entry: Unfinished | None) -> None:
    """Remember a question without a stored answer, also for a reload; None forgets it."""
    before = st.session_state.pop("unfinished", None)
    if isinstance(before, Unfinished):
        _kept().pop(before.key, None)
    if entry is None:
        return
    st.session_state["unfinished"] = entry
    kept = _kept()
    kept[entry.key] = entry
    while len(kept) > _MOST_KEPT:
        kept.popitem(last=False)
    _move(Place(entry.conversation_id, asked=entry.word))


def find_unfinished(caller_name: str) -> None:
    """Take up the question that the address names, after a reload; called at the start of every run of the page."""
    if "unfinished" not in st.session_state and (word := _place().asked):
        entry = _kept().get((caller_name, word))
        if entry is not None:
            st.session_state["unfinished"] = entry


@st.cache_resource(show_spinner=False)
def _kept() -> OrderedDict[tuple[str, str], Unfinished]:
    """Return this process's questions without an answer, the oldest first."""
    return OrderedDict()


def flagging() -> str | None:
    """Return the answer whose flag dialog is open."""
    answer_id = st.session_state.get("flagging")
    return answer_id if isinstance(answer_id, str) else None


def set_flagging(answer_id: str | None) -> None:
    """Open the flag dialog of an answer in the next run, None to close it."""
    if answer_id is None:
        st.session_state.pop("flagging", None)
    else:
        st.session_state["flagging"] = answer_id
