"""The audit sample on the review page: answers drawn at random, one after the other, right or wrong by one key."""

from collections.abc import Callable
from functools import partial
from typing import Any, get_args

import streamlit as st

from app.chat_view import plain_html
from app.review.audit import AuditDesk, AuditEntry, AuditVerdict
from app.review.audit_figures import AuditFigures, Share
from app.web.problems import guarded, sentence_for
from app.web.review import tab
from app.web.review.drawing import answer_data
from app.web.review.elements import listen_for_keys, show_item, show_list
from app.web.review.words import CATEGORY_CHOICES
from core.answers import Caller
from core.errors import FootnoteError

_QUEUE_PX = 352
_OPEN = "audit_open"
_VERDICT_WORDS: dict[str, str] = {"right": "Right", "wrong": "Wrong", "unsure": "Not sure"}
_KEY_OF = {"right": "1", "wrong": "2", "unsure": "3"}


class AuditActions:
    """What keys and buttons of the audit do; each is a callback, so that the next run draws what it left."""

    def __init__(self, desk: AuditDesk, caller: Caller, entries: list[AuditEntry]) -> None:
        self._desk = desk
        self._caller = caller
        self._ids = [entry.answer_id for entry in entries if not entry.restricted]
        self._waiting = {entry.answer_id for entry in entries if not entry.mine}
        self.keys: dict[str, Callable[[], None]] = {
            "j": lambda: self.step(1),
            "k": lambda: self.step(-1),
            **{key: partial(self.label, verdict) for verdict, key in _KEY_OF.items()},
            "Escape": lambda: self.open(""),
        }

    def press(self, key: str) -> None:
        """Do what a key stands for."""
        self.keys[key]()

    def open(self, answer_id: str) -> None:
        """Open an answer of the sample, '' for none."""
        st.session_state[_OPEN] = answer_id

    def step(self, by: int) -> None:
        """Open the next or the previous answer that the caller may read."""
        opened = _opened()
        place = self._ids.index(opened) + by if opened in self._ids else 0
        if 0 <= place < len(self._ids):
            self.open(self._ids[place])

    def label(self, verdict: str) -> None:
        """Say whether the open answer is right, and open the next one that waits."""
        opened = _opened()
        if not opened:
            return
        category = str(st.session_state.get(f"audit_category_{opened}") or "")
        note = str(st.session_state.get(f"audit_note_{opened}") or "")
        try:
            said = category if verdict != "right" else ""
            self._desk.label(self._caller, opened, verdict, said, note)
        except FootnoteError as error:
            tab.say("stopped", sentence_for(error))
            return
        tab.say("saved", f"{_VERDICT_WORDS[verdict]}.")
        after = (
            [*self._ids[self._ids.index(opened) + 1 :], *self._ids] if opened in self._ids else []
        )
        self.open(next((one for one in after if one in self._waiting and one != opened), ""))

    def draw(self) -> None:
        """Draw answers of the last whole week."""
        try:
            week = self._desk.draw(self._caller)
        except FootnoteError as error:
            tab.say("stopped", sentence_for(error))
            return
        tab.say("saved", f"Answers of {week} were drawn.")


def show_audit(desk: AuditDesk, caller: Caller) -> None:
    """Draw the sample: figures, the list, and the answer that is open."""
    entries = desk.list(caller)
    actions = AuditActions(desk, caller, entries)
    _show_figures(desk.figures(caller), actions)
    if not entries:
        with st.container(key="review_empty"):
            st.html(
                plain_html("Nothing is drawn yet", "fn-sheet-title") + plain_html(_WHY, "fn-small")
            )
        return
    is_open = bool(_opened())
    with st.container(horizontal=True, wrap=False, gap="medium", key="review_split"):
        with st.container(
            key="review_queue_beside" if is_open else "review_queue", width=_QUEUE_PX
        ):
            show_list([_line(entry) for entry in entries], "audit_list", actions.open)
        with st.container(key="review_item"), guarded():
            _show_opened(desk, caller, actions)
    listen_for_keys(tuple(actions.keys), "audit_keys", actions.press)


_WHY = (
    "Flags show what people noticed. A few answers of a week, drawn at random and looked at by a reviewer, show how many "
    "wrong answers nobody noticed."
)


def _opened() -> str:
    return str(st.session_state.get(_OPEN, ""))


def _show_figures(found: AuditFigures, actions: AuditActions) -> None:
    with st.container(
        horizontal=True, wrap=False, vertical_alignment="center", key="audit_figures"
    ):
        words = (
            (
                f"{found.labelled} of {found.drawn} labelled. Wrong: {_said(found.wrong)}. Flagged: "
                f"{_said(found.flagged)}. Of the wrong ones flagged: {_said(found.found)}."
            )
            if found.drawn
            else ""
        )
        st.html(plain_html(words, "fn-small"), width="stretch")
        st.button("Draw of last week", key="audit_draw", on_click=actions.draw)


def _said(share: Share) -> str:
    if share.value is None:
        return "nothing to count yet"
    return f"{share.value:.0%} of {share.n} (95 % interval {share.low:.0%} to {share.high:.0%})"


def _line(entry: AuditEntry) -> dict[str, Any]:
    if entry.restricted:
        documents = "1 document" if entry.restricted == 1 else f"{entry.restricted} documents"
        return {
            "id": entry.answer_id,
            "state": "",
            "when": entry.period,
            "restricted": f"Restricted: needs somebody who may read {documents}.",
        }
    people = f"{entry.labels} {'label' if entry.labels == 1 else 'labels'}" if entry.labels else ""
    return {
        "id": entry.answer_id,
        "state": _VERDICT_WORDS.get(entry.mine, "Waiting"),
        "when": entry.period,
        "restricted": "",
        "urgency": "low",
        "urgency_words": "",
        "category": "",
        "question": entry.question,
        "words": "",
        "is_quote": False,
        "facts": [people] if people else [],
        "current": entry.answer_id == _opened(),
    }


def _show_opened(desk: AuditDesk, caller: Caller, actions: AuditActions) -> None:
    opened = _opened()
    if not opened:
        with st.container(key="review_none"):
            st.html(
                plain_html("Choose an answer", "fn-sheet-title")
                + plain_html(
                    "Press J to open the first one. Is it right, by its sources?", "fn-small"
                )
            )
        return
    st.button(
        "Back to the list",
        key="review_back",
        icon=":material/arrow_back:",
        on_click=actions.open,
        args=("",),
    )
    shown = desk.open(caller, opened)
    with st.container(horizontal=True, key="review_actions", gap="small"):
        for verdict in get_args(AuditVerdict):
            st.button(
                f"{_VERDICT_WORDS[verdict]} `{_KEY_OF[verdict]}`",
                key=f"audit_{verdict}",
                type="primary" if verdict == (shown.entry.mine or "right") else "secondary",
                on_click=actions.label,
                args=(verdict,),
            )
    with st.container(horizontal=True, key="review_labels", gap="small"):
        names = list(CATEGORY_CHOICES)
        st.selectbox(
            "What is wrong",
            names,
            index=names.index(shown.category) if shown.category in names else None,
            format_func=CATEGORY_CHOICES.__getitem__,
            placeholder="Not said",
            key=f"audit_category_{opened}",
            width=220,
        )
        st.text_input("Note (optional)", value=shown.note, key=f"audit_note_{opened}", width=360)
    show_item(answer_data(shown.answer, shown.passages), "audit_item_view", "")
