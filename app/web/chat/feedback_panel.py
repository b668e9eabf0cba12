"""What a person says of an answer: thumbs and a flag under it, and flags on its words."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import cast

import streamlit as st

from app.application import Application
from app.chat_view import SHORT_CATEGORY_WORDS, plain_html
from app.feedback_desk import state_words
from app.feedback_log import Remark
from app.web.chat.flag_dialog import open_details
from app.web.components import ShownFlag
from app.web.problems import guarded, sentence_for, show_problem
from core.answers import Answer, Caller, Feedback, FeedbackCategory

_THUMBS: dict[str, int] = {"bad": 0, "good": 1}


# --- flags on words -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AnswerFlagging:
    """What one reader can say of the words of one answer; see `app.web.components.Flagging`."""

    application: Application
    caller: Caller
    answer: Answer

    def flags(self) -> Sequence[ShownFlag]:
        """Return the reader's flags on words of the answer."""
        mine = self.application.feedback.mine(self.answer.answer_id, self.caller)
        return [
            ShownFlag(
                given.feedback_id,
                given.start,
                given.end,
                _label(given),
                state_words(given.status),
                given.status == "new",
            )
            for given in mine
            if given.start is not None and given.end is not None
        ]

    def flag(self, category: str, start: int, end: int, words: str) -> str:
        """Store a flag on words that the reader saw; return its id."""
        remark = Remark("bad", cast(FeedbackCategory, category), span=(start, end))
        desk = self.application.feedback
        return desk.add(self.answer.answer_id, self.caller, remark, words).feedback_id

    def undo(self, flag_id: str) -> None:
        """Take a flag back."""
        self.application.feedback.withdraw(flag_id, self.caller)

    def open_details(self, flag_id: str) -> None:
        """Open the dialog of a flag in the next run."""
        open_details(self.answer.answer_id, flag_id)

    def redraw(self) -> Sequence[str]:
        """Return the keys of the fragments beside the answer that show the same flags."""
        return (_panel_key(self.answer),)


def flagging_of(application: Application, caller: Caller, answer: Answer) -> AnswerFlagging:
    """Return what makes the words of an answer flaggable; for `app.web.components.show_answer`."""
    return AnswerFlagging(application, caller, answer)


def _label(given: Feedback) -> str:
    if given.category is not None:
        return SHORT_CATEGORY_WORDS[given.category].lower()
    return "right as it is" if given.verdict == "false_alarm" else "not helpful"


# --- under the answer ---------------------------------------------------------------------------------


def show_feedback(application: Application, caller: Caller, answer: Answer) -> None:
    """Draw thumbs, the flag for the whole answer, and what was said already.

    A fragment, so that a thumb never ends a streaming answer.
    """

    @st.fragment(key=_panel_key(answer))
    def draw() -> None:
        with guarded():
            _Panel(application, caller, answer).draw()

    draw()


def _panel_key(answer: Answer) -> str:
    return f"said_{answer.answer_id}"


@dataclass(frozen=True, slots=True)
class _Panel:
    application: Application
    caller: Caller
    answer: Answer

    def draw(self) -> None:
        name = self.answer.answer_id
        mine = self.application.feedback.mine(name, self.caller)
        whole = next((given for given in mine if given.target == "answer"), None)
        with st.container(
            horizontal=True, vertical_alignment="center", gap="small", key=f"feedback_{name}"
        ):
            self._thumbs(mine)
            self._flag_button(whole)
            self._said(mine, whole)
        if whole is not None and whole.verdict == "bad" and whole.category is None:
            self._reasons()
        if problem := st.session_state.pop(self._problem_key, ""):
            show_problem(problem)

    def _thumbs(self, mine: Sequence[Feedback]) -> None:
        # That a source is wrong says nothing of the answer.
        mine = [given for given in mine if given.target not in ("citation", "passage")]
        stored = mine[-1].verdict if mine else None
        # What is stored is in the key, so that a flag sent elsewhere moves the thumb as well.
        last = mine[-1].feedback_id if mine else ""
        key = f"thumbs_{self.answer.answer_id}_{stored}_{last}"

        def changed() -> None:
            pressed = st.session_state[key]
            if pressed is None:
                self._take_back(mine)
            else:
                self._say(Remark("good" if pressed == _THUMBS["good"] else "bad"))

        st.feedback("thumbs", key=key, default=_THUMBS.get(stored or ""), on_change=changed)

    def _take_back(self, mine: Sequence[Feedback]) -> None:
        for given in mine:
            if given.target == "answer":
                self._undo(given.feedback_id)

    def _flag_button(self, whole: Feedback | None) -> None:
        name = self.answer.answer_id
        said = whole.category if whole is not None else None
        # Another element after every change: a popover that stays open would hide what it did.
        with st.popover(
            "Flag", key=f"flag_whole_{name}_{said}", icon=":material/flag:", type="tertiary"
        ):
            st.html(plain_html("What is wrong with this answer?", "fn-small"))
            with st.container(horizontal=True, gap="small", key=f"flag_choices_{name}"):
                for category, words in SHORT_CATEGORY_WORDS.items():
                    st.button(
                        words,
                        key=f"flag_{name}_{category}",
                        disabled=category == said,
                        on_click=partial(self._say, Remark("bad", category)),
                    )

    def _said(self, mine: Sequence[Feedback], whole: Feedback | None) -> None:
        sentence = _sentence(mine, whole)
        if not sentence:
            return
        name = self.answer.answer_id
        st.html(plain_html(sentence, "fn-small fn-said", role="status"), width="content")
        if whole is None or whole.category is None:
            return
        if whole.status == "new":
            st.button(
                "Undo",
                key=f"undo_{name}",
                type="tertiary",
                on_click=self._undo,
                args=(whole.feedback_id,),
            )
        st.button(
            "Add details",
            key=f"details_{name}",
            type="tertiary",
            on_click=self._details,
            args=(whole.feedback_id,),
        )

    def _reasons(self) -> None:
        key = f"reasons_{self.answer.answer_id}"

        def chosen() -> None:
            category = st.session_state[key]
            if category is not None:
                self._say(Remark("bad", category))

        st.pills(
            "What was wrong? (optional)",
            list(SHORT_CATEGORY_WORDS),
            format_func=SHORT_CATEGORY_WORDS.__getitem__,
            key=key,
            on_change=chosen,
        )

    def _details(self, feedback_id: str) -> None:
        open_details(self.answer.answer_id, feedback_id)
        st.rerun()

    def _say(self, remark: Remark) -> None:
        self._guarded(
            lambda: self.application.feedback.add(self.answer.answer_id, self.caller, remark)
        )

    def _undo(self, feedback_id: str) -> None:
        self._guarded(lambda: self.application.feedback.withdraw(feedback_id, self.caller))

    def _guarded(self, action: Callable[[], object]) -> None:
        try:
            action()
        except Exception as error:  # noqa: BLE001 - shown when the panel is drawn
            st.session_state[self._problem_key] = sentence_for(error)

    @property
    def _problem_key(self) -> str:
        return f"said_problem_{self.answer.answer_id}"


def _sentence(mine: Sequence[Feedback], whole: Feedback | None) -> str:
    on_words = sum(given.start is not None for given in mine)
    said = ""
    if whole is not None and whole.category is not None:
        said = f"Flag saved: {_label(whole)}"
        if whole.status != "new":
            said += f" ({state_words(whole.status)})"
    elif whole is not None:
        said = "Saved as helpful" if whole.verdict == "good" else "Saved as not helpful"
    on_sources = sum(given.target in ("citation", "passage") for given in mine)
    flags = f"{on_words} place{'' if on_words == 1 else 's'} flagged" if on_words else ""
    sources = f"{on_sources} source{'' if on_sources == 1 else 's'} flagged" if on_sources else ""
    return " · ".join(filter(None, (said, flags, sources)))
