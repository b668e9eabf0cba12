"""What a person says of an answer: thumbs under it, and a dialog to flag a hallucination."""

import streamlit as st

from app.chat_view import CATEGORY_WORDS, MAX_COMMENT_CHARS, clipped, plain_html
from app.service import FootnoteService
from app.web.chat.page_state import flagging, set_flagging
from app.web.problems import guarded, show_problem
from core.answers import Answer, Caller, Feedback, FeedbackVerdict

_THUMBS: dict[str, int] = {"bad": 0, "good": 1}


def show_feedback(service: FootnoteService, caller: Caller, answer: Answer) -> None:
    """Draw thumbs, what was already said, and the flag button, as the service has it now."""
    with st.container(
        horizontal=True, vertical_alignment="center", key=f"feedback_{answer.answer_id}"
    ):
        _show_said(service, caller, answer)
        st.button(
            "Flag a hallucination",
            key=f"flag_{answer.answer_id}",
            icon=":material/flag:",
            type="tertiary",
            on_click=set_flagging,
            args=(answer.answer_id,),
        )


@st.fragment
def _show_said(service: FootnoteService, caller: Caller, answer: Answer) -> None:
    """Draw thumbs and the stored state; a fragment, so that a thumb never ends a streaming answer."""
    with guarded(), st.container(horizontal=True, vertical_alignment="center", width="content"):
        given = service.my_feedback(answer.answer_id, caller)
        _show_thumbs(service, caller, answer, given)
        if given is not None:
            st.html(plain_html(_said(given), "fn-small fn-said", role="status"), width="content")


def _said(given: Feedback) -> str:
    if given.category is not None:
        return f"Flag saved: {CATEGORY_WORDS[given.category].lower()}"
    return "Saved as helpful" if given.verdict == "good" else "Saved as not helpful"


def _show_thumbs(
    service: FootnoteService, caller: Caller, answer: Answer, given: Feedback | None
) -> None:
    # The verdict is in the key, so that a flag sent elsewhere moves the thumb as well.
    stored = given.verdict if given is not None else None
    key = f"thumbs_{answer.answer_id}_{stored}"

    def changed() -> None:
        verdict: FeedbackVerdict = "good" if st.session_state[key] == _THUMBS["good"] else "bad"
        if st.session_state[key] is not None and verdict != stored:
            service.add_feedback(answer.answer_id, caller, verdict)

    st.feedback("thumbs", key=key, default=_THUMBS.get(stored or ""), on_change=changed)


def show_flag_dialog(service: FootnoteService, caller: Caller, turns: list[Answer]) -> None:
    """Open the flag dialog when its button was pressed."""
    answer = next((turn for turn in turns if turn.answer_id == flagging()), None)
    if answer is None:
        return

    @st.dialog("Flag a hallucination", on_dismiss=_close)
    def dialog() -> None:
        with guarded():
            _draw(service, caller, answer)

    dialog()


def _close() -> None:
    set_flagging(None)


def _draw(service: FootnoteService, caller: Caller, answer: Answer) -> None:
    given = service.my_feedback(answer.answer_id, caller)
    categories = list(CATEGORY_WORDS)
    with st.form(f"flag_form_{answer.answer_id}", border=False):
        category = st.radio(
            "What is wrong?",
            categories,
            index=categories.index(given.category) if given and given.category else None,
            format_func=CATEGORY_WORDS.__getitem__,
        )
        claim = _pick_claim(answer, given)
        comment = st.text_area(
            "What would be right? (optional)",
            value=given.comment if given else "",
            max_chars=MAX_COMMENT_CHARS,
            placeholder="A sentence is enough. Say where it stands if you know.",
        )
        sent = st.form_submit_button("Send flag", type="primary")
    if not sent:
        return
    if category is None:
        show_problem("Please choose what is wrong.")
        return
    start, end = (
        (answer.claims[claim].start, answer.claims[claim].end) if claim >= 0 else (None, None)
    )
    comment = comment[:MAX_COMMENT_CHARS]
    service.add_feedback(answer.answer_id, caller, "bad", category, comment, start, end)
    _close()
    st.rerun()


def _pick_claim(answer: Answer, given: Feedback | None) -> int:
    if not answer.claims:
        return -1
    spans = [(claim.start, claim.end) for claim in answer.claims]
    marked = (given.start, given.end) if given else None
    chosen = st.selectbox(
        "Which statement?",
        range(-1, len(spans)),
        index=spans.index(marked) + 1 if marked in spans else 0,
        format_func=lambda number: (
            # Options, unlike other labels, are plain text.
            "The whole answer" if number < 0 else clipped(answer.claims[number].text, 120)
        ),
    )
    return chosen
