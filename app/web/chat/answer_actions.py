"""What a person does with one answer: copy it with its sources, link to it, ask again, look at earlier versions."""

from contextlib import suppress
from functools import cache

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

from app.chat_view import plain_html
from app.conversation_export import answer_plain
from app.conversation_view import TurnView
from app.signals import SignalLog
from app.web.chat.page_state import (
    CHANNEL,
    announce,
    ask_next,
    cited,
    pointed_at,
    show_version,
    shown_version,
)
from app.web.shipped import asset_text
from app.web.triggers import new_event
from core.answers import Answer, Caller
from core.errors import FootnoteError


def version_of(turn: TurnView) -> Answer | None:
    """Return the answer of a turn that is shown: the latest, or the earlier one that was chosen or linked to."""
    if turn.answer is None:
        return None
    wanted = {shown_version(turn.answer.answer_id), pointed_at()}
    if pointed_at() in {earlier.answer_id for earlier in turn.earlier}:
        wanted = {pointed_at()}
    return next((one for one in turn.earlier if one.answer_id in wanted), turn.answer)


def show_actions(
    signals: SignalLog, caller: Caller, turn: TurnView, shown: Answer, *, may_repeat: bool
) -> None:
    """Draw the quiet buttons below an answer; only the last one of an own conversation can be asked again."""
    _show_copy(signals, caller, shown)
    # Places of their own: what follows would move up, and its old self stay until the answer is complete.
    again, versions = st.empty(), st.empty()
    if may_repeat and turn.answer is not None:
        again.button(
            "Answer again",
            key=f"regenerate_{turn.answer.answer_id}",
            icon=":material/refresh:",
            type="tertiary",
            on_click=ask_next,
            args=(turn.answer.question, turn.answer.answer_id),
        )
    if turn.earlier:
        with versions.container(
            key=f"versions_{shown.answer_id}",
            horizontal=True,
            vertical_alignment="center",
            gap=None,
            width="content",
        ):
            _show_versions(turn, shown)


def _show_copy(signals: SignalLog, caller: Caller, shown: Answer) -> None:
    key = f"actions_{shown.answer_id}"
    address = f"?c={shown.conversation_id}&answer={shown.answer_id}"
    text = {"label": "Copy", "title": "Copy with sources", "text": answer_plain(shown)}
    link = {"label": "Link", "title": "Copy the address of this answer", "href": address}

    def copied() -> None:
        event = new_event(key, "copied")
        place = "link" if event is not None and event.get("what") == "link" else ""
        if event is not None:
            with suppress(FootnoteError):  # nobody is kept from copying
                signals.record(caller, shown.answer_id, "copied", place, CHANNEL)

    # A fragment: that somebody copied ends no answer that streams.
    @st.fragment(key=f"{key}_part")
    def draw() -> None:
        _copy_element()(
            key=key,
            data={
                "buttons": [text | {"signal": "text"}, link | {"signal": "link"}],
                "reveal": pointed_at() == shown.answer_id and cited() is None,
            },
            width="content",
            on_copied_change=copied,
        )

    draw()


def _show_versions(turn: TurnView, shown: Answer) -> None:
    versions = [*turn.earlier, turn.answer] if turn.answer else list(turn.earlier)
    latest = versions[-1].answer_id
    position = [one.answer_id for one in versions].index(shown.answer_id)
    for name, icon, target in (
        ("Earlier version", "chevron_left", position - 1),
        ("Later version", "chevron_right", position + 1),
    ):
        inside = 0 <= target < len(versions)
        if target > position:
            words = f"Version {position + 1} of {len(versions)}"
            st.html(plain_html(words, "fn-small"), width="content")
        st.button(
            name,
            key=f"version_{icon}_{latest}",
            icon=f":material/{icon}:",
            type="tertiary",
            disabled=not inside,
            on_click=_step,
            args=(
                latest,
                versions[target].answer_id if inside else latest,
                f"Version {target + 1} of {len(versions)}",
            ),
        )


def _step(latest: str, chosen: str, words: str) -> None:
    show_version(latest, chosen)
    announce(words)


def show_copy_address(conversation: str) -> None:
    """Draw the address of a conversation, with a button that copies it."""
    address = {
        "label": "Copy",
        "title": "Copy the address",
        "href": f"?c={conversation}",
        "shown": True,
    }
    _copy_element()(
        key=f"address_{conversation}", data={"buttons": [address], "reveal": False}, width="stretch"
    )


def show_announcement(words: str) -> None:
    """Say something politely to a screen reader; drawn once a page, and always the same element."""
    _announcer()(key="announcer", data={"words": words})


def bring_into_view() -> None:
    """Bring what is being answered to the top of the page, once for each question."""
    asked = st.session_state["asked_count"] = st.session_state.get("asked_count", 0) + 1
    _reveal_element()(key=f"reveal_{asked}", data={"asked": asked}, height=1)


@cache
def _reveal_element() -> ComponentRenderer:
    return st.components.v2.component(
        "footnote.reveal", html="<span></span>", js=asset_text("reveal.js")
    )


@cache
def _copy_element() -> ComponentRenderer:
    return st.components.v2.component(
        "footnote.copy",
        html='<div class="actions"></div><span class="spoken" role="status"></span>',
        css=asset_text("copy.css"),
        js=asset_text("copy.js"),
    )


@cache
def _announcer() -> ComponentRenderer:
    return st.components.v2.component(
        "footnote.announcer",
        html='<div class="spoken" role="status" aria-live="polite"></div>',
        css=asset_text("copy.css"),
        js=asset_text("announce.js"),
    )
