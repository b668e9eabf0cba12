"""The right side of the review page: one flag with everything that a decision needs, and the decisions."""

from collections.abc import Callable

import streamlit as st

from app.chat_view import plain_html
from app.review.desk import ReviewDesk
from app.review.item import ReviewItem
from app.review.locks import LEASE_MINUTES, Lock
from app.review.states import NOTE, UNDO
from app.web.review import tab
from app.web.review.actions import Actions
from app.web.review.drawing import item_data
from app.web.review.elements import show_item
from app.web.review.forms import show_form, show_similar
from app.web.review.words import (
    CATEGORY_CHOICES,
    DECISION_WORDS,
    ROOT_CAUSE_WORDS,
    SEVERITY_WORDS,
    STATE_WORDS,
    moment,
)
from core.answers import Caller

_KEY_WORDS = (
    ("J", "next flag"),
    ("K", "previous flag"),
    ("A", "accept"),
    ("R", "reject"),
    ("C", "correct"),
    ("D", "duplicate"),
    ("P", "make a test case"),
    ("T", "triage"),
    ("E", "evidence"),
    ("U", "undo the last decision"),
    ("Esc", "close"),
    ("?", "these keys"),
)


def show_opened(desk: ReviewDesk, caller: Caller, actions: Actions) -> None:
    """Draw the open flag, or how to open one.

    Raises:
        FootnoteError: the flag is not there, or not for this caller; the sentence says so.
    """
    opened = tab.opened_flag()
    if not opened:
        _show_nothing_opened()
        return
    st.button(
        "Back to the list", key="review_back", icon=":material/arrow_back:", on_click=actions.close
    )
    # Taken first, so that it is shown as taken; a flag that is decided is free for everybody to read.
    lock = desk.lock(opened, caller)
    item = desk.open(opened, caller)
    is_held = bool(lock.held_by) and not lock.is_mine
    # Containers that are always there: what comes and goes must not move the flag, which would be drawn anew.
    with st.container(key="review_state_place"):
        _show_state(item, lock)
        _show_changed(item, caller)
    tab.set_seen(item.seen)
    with st.container(key="review_decisions"):
        _show_decisions(item, actions, is_held=is_held)
    with st.container(key="review_labels_place"):
        if not is_held:
            _show_labels(item)
    with st.container(key="review_form_place"):
        if not is_held:
            show_form(desk, caller, item, actions)
    show_item(item_data(item), "review_item_view", tab.evidence_focus())
    if not is_held:
        show_similar(item, actions)


def show_help() -> None:
    """Draw the list of keys when it is open."""
    if not tab.is_help_shown():
        return
    with st.container(key="review_help", border=True, horizontal=True, gap="small"):
        for key, words in _KEY_WORDS:
            st.markdown(f"`{key}` {words}", width="content")


def _show_nothing_opened() -> None:
    with st.container(key="review_none"):
        st.html(
            plain_html("Choose a flag", "fn-sheet-title")
            + plain_html(
                "Press J to open the first one. You have it for yourself until you decide it or go on.",
                "fn-small",
            )
        )


def _show_state(item: ReviewItem, lock: Lock) -> None:
    if lock.held_by and not lock.is_mine:
        st.html(
            plain_html(
                f"{lock.held_by} is at this flag since {lock.since[11:16]} UTC. You can read it; it is free "
                f"when they decide or go on, and {LEASE_MINUTES} minutes after they stop.",
                "fn-problem fn-stopped",
                role="status",
            )
        )
    standing = item.standing
    if standing is not None and standing.decision == "triage":
        labels = standing.labels
        given = f"; {labels.assignee} should decide it" if labels.assignee else ""
        sentence = f"Triaged by {standing.reviewer}, {moment(standing.created_at)}{given}."
        st.html(plain_html(" ".join((sentence, standing.note)).strip(), "fn-aside", role="status"))
    elif standing is not None:
        st.html(
            plain_html(
                f"{STATE_WORDS[item.state]} by {standing.reviewer}, {moment(standing.created_at)}. "
                "You can decide anew; both decisions are kept.",
                "fn-aside",
                role="status",
            )
        )


def _show_changed(item: ReviewItem, caller: Caller) -> None:
    """Say that somebody else decided while this tab had the flag open."""
    before = tab.seen()
    if before is None or before == item.seen or not item.history:
        return
    last = item.history[-1]
    if last.reviewer != caller.name:
        taken = "took a decision back" if last.decision == UNDO else DECISION_WORDS[last.decision]
        if last.decision == NOTE:
            taken = "wrote a note"
        st.html(
            plain_html(
                f"{last.reviewer} {taken} while you had this flag open.",
                "fn-problem fn-stopped",
                role="alert",
            )
        )


def _show_decisions(item: ReviewItem, actions: Actions, *, is_held: bool) -> None:
    with st.container(horizontal=True, key="review_actions", gap="small"):
        buttons: list[tuple[str, str, str, Callable[[], None]]] = [
            ("Accept", "A", "accept", actions.accept),
            ("Reject", "R", "reject", lambda: actions.toggle_form("reject")),
            ("Correct", "C", "correct", lambda: actions.toggle_form("correct")),
            ("Duplicate", "D", "duplicate", lambda: actions.toggle_form("duplicate")),
            (
                "Test case" if not item.case_id else "See test case",
                "P",
                "promote",
                lambda: actions.toggle_form("promote"),
            ),
        ]
        if item.standing is None or item.standing.decision == "triage":
            buttons.append(("Triage", "T", "triage", lambda: actions.toggle_form("triage")))
        if item.state == "accepted":
            buttons.append(("Mark as fixed", "", "fix", lambda: actions.decide("fix")))
        if item.state in ("fixed", "verified"):
            buttons.append(("Open again", "", "reopen", lambda: actions.decide("reopen")))
        for label, hint, name, act in buttons:
            st.button(
                f"{label} `{hint}`" if hint else label,
                key=f"review_{name}",
                type="primary" if name == (tab.form() or "accept") else "secondary",
                disabled=is_held,
                on_click=act,
            )
        st.button(
            "Evidence `E`",
            key="review_evidence_button",
            type="tertiary",
            on_click=actions.look_at_evidence,
        )


def _show_labels(item: ReviewItem) -> None:
    suggested = item.suggestion.cause if item.suggestion else ""
    tab.set_suggested_cause(suggested)
    chosen = {"root_cause": item.labels.root_cause or suggested}
    with st.container(horizontal=True, key="review_labels", gap="small"):
        labels: tuple[tuple[str, str, dict[str, str]], ...] = (
            ("Root cause", "root_cause", ROOT_CAUSE_WORDS),
            ("How bad", "severity", SEVERITY_WORDS),
            ("What is really wrong", "category", CATEGORY_CHOICES),
        )
        for label, name, words in labels:
            st.selectbox(
                label,
                list(words),
                index=list(words).index(chosen[name]) if chosen.get(name) in words else None,
                format_func=words.__getitem__,
                placeholder="Not said",
                key=f"review_{name}_{item.flag.feedback_id}",
                width=300 if name == "root_cause" else 220,
            )
