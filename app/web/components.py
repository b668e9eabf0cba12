"""The page elements that Streamlit does not have: an answer, an answer while it is written, a passage.

What people or documents wrote is passed as `data` and becomes text nodes; html, css and js are only ever
our own files. That, and not an escaping function, is why nothing in a document can run.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache
from secrets import token_hex
from typing import Any, Protocol

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer
from streamlit.errors import StreamlitAPIException

from app.chat_view import (
    SHORT_CATEGORY_WORDS,
    AnswerView,
    draw_plain,
    mark,
)
from app.safe_text import html_text
from app.web.problems import guarded, sentence_for
from app.web.shipped import asset_text
from app.web.sources.passage_view import PassageView
from app.web.triggers import new_event
from core.errors import UsageError

_CHANNEL_CLASS = "fn-live-channel"


@dataclass(frozen=True, slots=True)
class ShownFlag:
    """A flag of the reader's on words of an answer; `label` and `state` are what it says, in plain words."""

    id: str
    start: int
    end: int
    label: str
    state: str
    can_undo: bool


class Flagging(Protocol):
    """What a reader can say of one answer; built by `app.web.chat.feedback_panel.flagging_of`."""

    def flags(self) -> Sequence[ShownFlag]:
        """Return the reader's flags on words of the answer."""

    def flag(self, category: str, start: int, end: int, words: str) -> str:
        """Store a flag on words that the reader saw; return its id."""

    def undo(self, flag_id: str) -> None:
        """Take a flag back."""

    def open_details(self, flag_id: str) -> None:
        """Open the dialog of a flag in the next run."""

    def redraw(self) -> Sequence[str]:
        """Return the keys of the fragments beside the answer that show the same flags."""


def show_answer(
    view: AnswerView,
    key: str,
    on_open: Callable[[int], None],
    flagging: Flagging | None = None,
) -> None:
    """Draw an answer; `on_open` gets the marker of a citation that was clicked, before the next run.

    With `flagging` its words can be flagged. A fragment: what a reader says of it ends no answer that streams.
    """

    @st.fragment(key=f"{key}_part")
    def draw() -> None:
        with guarded():
            _draw_answer(view, key, on_open, flagging)

    draw()


def _draw_answer(
    view: AnswerView, key: str, on_open: Callable[[int], None], flagging: Flagging | None
) -> None:
    flags = flagging.flags() if flagging is not None else ()
    blocks = mark(view.blocks, [(flag.start, flag.end) for flag in flags])
    data = asdict(view) | {
        "blocks": [asdict(block) for block in blocks],
        "flags": [asdict(flag) for flag in flags],
        "categories": list(SHORT_CATEGORY_WORDS.items()) if flagging is not None else [],
        "outcome": st.session_state.get(_outcome_key(key)),
    }

    def opened() -> None:
        event = new_event(key, "opened")
        if event is not None:
            on_open(int(event["marker"]))
            st.rerun()

    def said() -> None:
        event = new_event(key, "said")
        if event is not None and flagging is not None:
            _take(event, key, flagging)

    _answer_element()(key=key, data=data, on_opened_change=opened, on_said_change=said)


def _take(event: Mapping[str, Any], key: str, flagging: Flagging) -> None:
    """Do what was pressed in an answer, and keep what to say of it; nothing that a browser sends is believed."""
    outcome = {"click": event.get("click"), "sentence": "", "id": "", "is_problem": False}
    try:
        if event.get("act") == "details":
            flagging.open_details(str(event.get("id")))
            st.rerun()
        elif event.get("act") == "undo":
            flagging.undo(str(event.get("id")))
            outcome["sentence"] = "Flag taken back"
        else:
            outcome["id"] = _flag(event, flagging)
            outcome["sentence"] = "Flag saved"
    except Exception as error:  # noqa: BLE001 - said beside what was pressed
        outcome |= {"sentence": sentence_for(error), "is_problem": True}
    st.session_state[_outcome_key(key)] = outcome
    if _draws_fragments_alone():
        with suppress(StreamlitAPIException):  # not all of them are on the page
            st.rerun([f"{key}_part", *flagging.redraw()])


def _draws_fragments_alone() -> bool:
    """Whether this run draws fragments and not the page.

    Where an answer has just been streamed, its page is drawn again together with what was pressed meanwhile: naming
    fragments would take the place of that, and the page would stay as it was.
    """
    from streamlit.runtime.scriptrunner import get_script_run_ctx

    context = get_script_run_ctx()
    return context is not None and bool(context.fragment_ids_this_run)


def _flag(event: Mapping[str, Any], flagging: Flagging) -> str:
    start, end, words = event.get("start"), event.get("end"), event.get("words")
    if not (isinstance(start, int) and isinstance(end, int) and isinstance(words, str)):
        raise UsageError(
            "The chosen words did not arrive whole. Reload the page and choose them again."
        )
    return flagging.flag(str(event.get("category")), start, end, words)


def _outcome_key(key: str) -> str:
    return f"{key}_outcome"


def show_live_answer(text: str, key: str) -> None:
    """Draw the text of an answer that is not complete as it will look when it is; once in a run of the script."""
    _live_element()(key=key, data={"blocks": _plain_blocks(text), "channel": ""})


class LiveAnswer:
    """A place on the page where the text of an answer grows within one run of the script.

    A component can be drawn once in a run. What comes later goes through a hidden element beside it, so what has
    not changed is not drawn again: nothing flickers, and chosen words stay chosen.
    """

    def __init__(self) -> None:
        """Take the place, where the caller stands."""
        # A name that no earlier place had: the browser would begin with that one's text.
        channel = f"live_{token_hex(8)}"
        with st.container(key=channel, gap=None):
            _live_element()(key=f"{channel}_text", data={"blocks": [], "channel": channel})
            self._slot = st.empty()

    def show(self, text: str) -> None:
        """Draw the text so far."""
        told = html_text(_ascii_json(_plain_blocks(text)))
        self._slot.html(f'<div class="{_CHANNEL_CLASS}" hidden>{told}</div>')


def _plain_blocks(text: str) -> list[dict[str, Any]]:
    return [asdict(block) for block in draw_plain(text)]


def _ascii_json(blocks: list[dict[str, Any]]) -> str:
    """Return JSON without a sign that a filter of HTML could stumble over."""
    return (
        json.dumps(blocks).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    )


def show_passage(view: PassageView, key: str, target: str) -> None:
    """Draw a document's window; it scrolls to the marked words whenever `target` changes."""
    segments = [asdict(segment) for segment in view.segments]
    _passage_element()(key=key, data={"segments": segments, "target": target})


@cache
def _answer_element() -> ComponentRenderer:
    return st.components.v2.component(
        "footnote.answer",
        html='<div class="answer"></div>',
        css=_joined("answer_text.css", "answer.css", "answer_window.css"),
        js=_joined("answer_blocks.js", "answer_flags.js", "answer.js"),
    )


@cache
def _live_element() -> ComponentRenderer:
    return st.components.v2.component(
        "footnote.live_answer",
        html='<div class="fn-live"><div class="text"></div></div>',
        css=asset_text("answer_text.css"),
        js=_joined("answer_blocks.js", "live_answer.js"),
    )


@cache
def _passage_element() -> ComponentRenderer:
    return st.components.v2.component(
        "footnote.passage",
        html='<div class="passage" tabindex="0" role="region" aria-label="Document"></div>',
        css=asset_text("passage.css"),
        js=asset_text("passage.js"),
    )


def _joined(*names: str) -> str:
    return "\n".join(asset_text(name) for name in names)
