"""The left side of the review page: filters, and the flags they leave."""

from typing import Any

import streamlit as st

from app.chat_view import plain_html
from app.review.desk import ReviewDesk
from app.review.flag_queue import Queue
from app.review.states import OPEN_STATES
from app.web.review import tab
from app.web.review.actions import Actions
from app.web.review.drawing import entry_data
from app.web.review.elements import show_list
from app.web.review.words import CATEGORY_CHOICES, CHANNEL_WORDS, ORDER_WORDS, STATE_WORDS
from core.answers import Caller

_SHOWN_STATES = ("open", "accepted", "fixed", "verified", "rejected", "duplicate", "all")


def show_queue(desk: ReviewDesk, caller: Caller, actions: Actions) -> None:
    """Draw the filters and a page of the queue."""
    queue = tab.filtered_queue(desk, caller)
    tab.remember(queue)
    _show_filters(queue)
    if not queue.entries:
        _show_empty(queue)
        return
    entries = [entry_data(entry, tab.opened_flag(), caller.name) for entry in queue.entries]
    show_list(entries, "review_list", actions.open)
    _show_pages(queue)


def _show_filters(queue: Queue) -> None:
    counts: dict[str, int] = {str(state): count for state, count in queue.counts.items()}
    counts["open"] = sum(queue.counts[state] for state in OPEN_STATES)
    counts["all"] = sum(queue.counts.values())
    words = {**STATE_WORDS, "all": "All"}
    st.pills(
        "State",
        _SHOWN_STATES,
        default="open",
        required=True,
        format_func=lambda state: f"{words[state]} {counts[state]}",
        key="review_state",
        on_change=tab.first_page,
        label_visibility="collapsed",
    )
    with st.container(horizontal=True, vertical_alignment="bottom", key="review_search"):
        st.text_input(
            "Search questions and comments",
            key="review_text",
            placeholder="Search questions and comments",
            label_visibility="collapsed",
            on_change=tab.first_page,
            icon=":material/search:",
        )
        with st.popover("Filter", icon=":material/tune:"):
            _show_choices()


def _show_choices() -> None:
    st.checkbox("Given to me to decide", key="review_mine", on_change=tab.first_page)
    choices: tuple[tuple[str, str, dict[Any, str], str | None], ...] = (
        ("What is wrong", "review_category", CATEGORY_CHOICES, "Anything"),
        ("Where it came from", "review_channel", CHANNEL_WORDS, "Anywhere"),
        ("Order", "review_order", {**ORDER_WORDS}, None),
    )
    for label, key, words, anything in choices:
        st.selectbox(
            label,
            list(words),
            index=None if anything else 0,
            format_func=words.__getitem__,
            placeholder=anything,
            key=key,
            on_change=tab.first_page,
        )


def _show_empty(queue: Queue) -> None:
    is_filtered = any(
        st.session_state.get(name)
        for name in ("review_text", "review_category", "review_channel", "review_mine")
    )
    if is_filtered:
        words = ("Nothing fits", "No flag fits these filters. Change or clear them.")
    elif sum(queue.counts.values()):
        words = ("Nothing waits", "Every flag has been decided. The others are under their states.")
    else:
        words = ("Nothing waits", "When somebody flags an answer, it comes here.")
    with st.container(key="review_empty"):
        st.html(plain_html(words[0], "fn-sheet-title") + plain_html(words[1], "fn-small"))


def _show_pages(queue: Queue) -> None:
    if queue.pages == 1:
        return
    with st.container(horizontal=True, vertical_alignment="center", key="review_pages"):
        for label, icon, page in (
            ("Previous", "chevron_left", queue.page - 1),
            ("Next", "chevron_right", queue.page + 1),
        ):
            st.button(
                label,
                key=f"review_page_{label.lower()}",
                icon=f":material/{icon}:",
                disabled=not 1 <= page <= queue.pages,
                on_click=_go_to_page,
                args=(page,),
            )
        st.html(plain_html(f"Page {queue.page} of {queue.pages:,}", "fn-small"), width="content")


def _go_to_page(page: int) -> None:
    st.session_state["review_page"] = page
