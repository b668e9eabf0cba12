"""The review page's own elements: the list of flags, one flag, and the listener for keys.

What people or documents wrote is passed as `data` and becomes text nodes; html, css and js are only ever our own files.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

from app.web.shipped import asset_text
from app.web.triggers import new_event


def show_list(
    entries: Sequence[Mapping[str, Any]], key: str, on_open: Callable[[str], None]
) -> None:
    """Draw the lines of the queue; `on_open` gets the id of one that was chosen, before the next run."""
    _list_element()(
        key=key,
        data={"entries": list(entries)},
        on_opened_change=_once(key, "opened", "id", on_open),
    )


def show_item(data: Mapping[str, Any], key: str, focus: str) -> None:
    """Draw one flag; the evidence is brought into view whenever `focus` changes to something that is not ''."""
    _item_element()(key=key, data={**data, "focus": focus})


def listen_for_keys(
    keys: Sequence[str], key: str, on_key: Callable[[str], None], focus: str = ""
) -> None:
    """Call `on_key` for a key pressed outside of every field, without a modifier, before the next run.

    `focus` is a selector of the field that gets the focus, followed by ':' and something that changes each time it
    should.
    """
    _keys_element()(
        key=key,
        data={"keys": list(keys), "focus": focus},
        on_pressed_change=_once(key, "pressed", "key", on_key),
    )


def _once(key: str, trigger: str, field: str, act: Callable[[str], None]) -> Callable[[], None]:
    """Return a callback that acts on an event of an element once."""

    def called() -> None:
        event = new_event(key, trigger)
        if event is not None:
            act(str(event[field]))

    return called


@cache
def _list_element() -> ComponentRenderer:
    return st.components.v2.component(
        "footnote.review_list",
        html='<ol class="queue" aria-label="Flags"></ol>',
        css=asset_text("review_list.css"),
        js=asset_text("review_list.js"),
    )


@cache
def _item_element() -> ComponentRenderer:
    return st.components.v2.component(
        "footnote.review_item",
        html='<div class="item"></div>',
        css=asset_text("review_item.css"),
        js=asset_text("review_item.js"),
    )


@cache
def _keys_element() -> ComponentRenderer:
    return st.components.v2.component(
        "footnote.review_keys",
        html='<span class="keys" hidden></span>',
        js=asset_text("review_keys.js"),
    )
