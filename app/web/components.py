"""The two page elements that Streamlit does not have: an answer with chips, a passage with marked words.

What people or documents wrote is passed as `data` and becomes text nodes; html, css and js are only ever
our own files. That, and not an escaping function, is why nothing in a document can run.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from functools import cache
from itertools import count

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

from app.chat_view import AnswerView, Part, is_doubtful, verdict_label
from app.web.shipped import asset_text
from app.web.sources.passage_view import PassageView


def show_answer(view: AnswerView, key: str, on_open: Callable[[int], None]) -> None:
    """Draw an answer; `on_open` gets the marker of a citation that was clicked, before the next run."""

    def opened() -> None:
        event = st.session_state[key].opened
        # A run that is cut short by the next click hands its triggers on: the same click comes twice,
        # and would open again what that next click has closed.
        if isinstance(event, Mapping) and st.session_state.get("last_click") != event.get("click"):
            st.session_state["last_click"] = event.get("click")
            on_open(int(event["marker"]))

    doubts = count()
    data = asdict(view) | {"parts": [_part(part, doubts) for part in view.parts]}
    _answer_element()(key=key, data=data, on_opened_change=opened)


def show_passage(view: PassageView, key: str, target: str) -> None:
    """Draw a document's window; it scrolls to the marked words whenever `target` changes."""
    segments = [asdict(segment) for segment in view.segments]
    _passage_element()(key=key, data={"segments": segments, "target": target})


def _part(part: Part, doubts: Iterator[int]) -> dict[str, object]:
    """Return a part as it is drawn; the last one of a doubtful claim has the position of its doubt."""
    # Supported is the rule and stays quiet; what is not supported says so behind its words, once.
    is_flagged = part.ends_claim and part.verdict not in (None, "supported")
    return asdict(part) | {
        "label": verdict_label(part.verdict) if part.verdict else "",
        "flagged": is_flagged,
        "doubt": next(doubts) if is_flagged and is_doubtful(part.verdict) else None,
    }


@cache
def _answer_element() -> ComponentRenderer:
    return st.components.v2.component(
        "footnote.answer",
        html='<div class="answer"></div>',
        css=asset_text("answer.css"),
        js=asset_text("answer.js"),
    )


@cache
def _passage_element() -> ComponentRenderer:
    return st.components.v2.component(
        "footnote.passage",
        html='<div class="passage" tabindex="0" role="region" aria-label="Document"></div>',
        css=asset_text("passage.css"),
        js=asset_text("passage.js"),
    )
