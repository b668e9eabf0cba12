"""What one browser tab remembers: where it is, and what it is about to do. Ids only.

Conversations, answers, unfinished questions and documents are asked of the service on every run, with the caller's own
permissions. The one text that is kept is a question that could not be asked, until it is back in the input.

The address shows where the tab is, the session decides it. The browser sends its address with every
click, and a click that comes before the last change reached the browser carries the old one: taken at its
word, it would open again what was just closed. Once the change must have arrived, an address that differs
is a person going back or forward, and is followed.
"""

import time
from dataclasses import asdict, dataclass

import streamlit as st

CHANNEL = "streamlit"
_ADDRESS_SETTLES_S = 1.5


@dataclass(frozen=True, slots=True)
class Place:
    """A conversation, None for a new one, an answer in it, and the citation of it that is open beside it."""

    conversation: str | None = None
    answer: str = ""
    cite: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question to ask in this run.

    `replaces` is the answer whose place the new one takes; `forgets` an unfinished question that this one repeats.
    """

    question: str
    replaces: str | None = None
    forgets: str | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """A question that was not taken, and the sentence that says why; it belongs to one conversation."""

    question: str
    problem: str
    conversation: str | None


def follow_address() -> None:
    """Bring session and address together; called once at the start of every run of the page."""
    shown = _addressed()
    changed_at = st.session_state.get("place_changed_at")
    if changed_at is None or time.monotonic() - changed_at > _ADDRESS_SETTLES_S:
        if shown.conversation != _place().conversation:
            _leave_behind()
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


def pointed_at() -> str:
    """Return the answer that the address names, with or without a citation; '' when it names none."""
    return _place().answer


def go_to(conversation: str | None) -> None:
    """Make a conversation the one that is shown, None for a new one."""
    if conversation != conversation_id():
        _leave_behind()
    _move(Place(conversation))


def start_anew() -> None:
    """Show a new conversation."""
    go_to(None)


def settle_in(conversation: str) -> None:
    """Note that the new conversation which is shown has an id now: its question was stored."""
    if conversation != conversation_id():
        _move(Place(conversation))


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
    return Place(params.get("c") or None, params.get("answer", ""), params.get("cite", ""))


def _leave_behind() -> None:
    """Forget what belongs to the conversation that is left."""
    for name in ("flagging", "editing", "refused", "all_turns", "announced"):
        st.session_state.pop(name, None)


def _move(place: Place) -> None:
    st.session_state["place"] = place
    st.session_state["place_changed_at"] = time.monotonic()
    _write_address(place)


def _write_address(place: Place) -> None:
    params = asdict(place)
    params["c"] = params.pop("conversation")
    st.query_params.from_dict({name: value for name, value in params.items() if value})


def ask_next(question: str, replaces: str | None = None, forgets: str | None = None) -> None:
    """Ask a question in the next run, as if it had been typed."""
    st.session_state["pending"] = Asked(question, replaces, forgets)
    st.session_state.pop("editing", None)


def is_asking() -> bool:
    """Whether a button asked for a question that no run has taken yet."""
    return "pending" in st.session_state


def take_pending() -> Asked | None:
    """Return the question that a button asked for, once."""
    pending = st.session_state.pop("pending", None)
    return pending if isinstance(pending, Asked) else None


def refuse(question: str, problem: str) -> None:
    """Remember why a question was not taken; the next run puts its words back into the input."""
    st.session_state["refused"] = Refused(question, problem, conversation_id())
    give_back(question)


def give_back(question: str) -> None:
    """Put words back into the input, in the next run."""
    st.session_state["typed_again"] = question


def refused() -> Refused | None:
    """Return the question of the shown conversation that was not taken."""
    kept = st.session_state.get("refused")
    return kept if isinstance(kept, Refused) and kept.conversation == conversation_id() else None


def drop_refused() -> None:
    """Forget the question that was not taken: another one is asked."""
    st.session_state.pop("refused", None)


def put_back(input_key: str) -> None:
    """Put the words that were given back into the input; called before that is drawn."""
    question = st.session_state.pop("typed_again", None)
    if isinstance(question, str):
        st.session_state[input_key] = question


def editing() -> str | None:
    """Return the answer whose question is being edited."""
    answer_id = st.session_state.get("editing")
    return answer_id if isinstance(answer_id, str) else None


def set_editing(answer_id: str | None) -> None:
    """Open the editor of an answer's question in the next run, None to close it."""
    st.session_state["editing"] = answer_id


def shown_version(latest: str) -> str:
    """Return the answer that is shown in the place of the latest one: itself unless an earlier one was chosen."""
    chosen = st.session_state.get("versions", {}).get(latest, latest)
    return str(chosen)


def show_version(latest: str, chosen: str) -> None:
    """Show an earlier answer in the place of the latest one."""
    st.session_state.setdefault("versions", {})[latest] = chosen


def announce(words: str) -> None:
    """Say something to those who do not see the page, in the next run."""
    st.session_state["announced"] = words


def announced() -> str:
    """Return what was last said to those who do not see the page."""
    return str(st.session_state.get("announced", ""))


def keep_problem(question_id: str, sentence: str) -> None:
    """Remember the sentence of a failure that this tab met: it may have a number, which the database has not."""
    st.session_state.setdefault("problems", {})[question_id] = sentence


def problem_of(question_id: str) -> str:
    """Return the sentence of a failure that this tab met, '' if it did not."""
    return str(st.session_state.get("problems", {}).get(question_id, ""))


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
