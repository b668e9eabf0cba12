"""The forms under a flag: why it is rejected, what is right, whose duplicate it is, the test case."""

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from app.chat_view import clipped, plain_html, plain_label
from app.review.case_fields import CaseFields, Evidence
from app.review.deciding import (
    MAX_ASSIGNEE_CHARS,
    MAX_CORRECTION_CHARS,
    MAX_NOTE_CHARS,
    MAX_SOURCE_CHARS,
)
from app.review.desk import ReviewDesk
from app.review.item import ReviewItem, SimilarFlag
from app.web.review import tab
from app.web.review.actions import Actions
from app.web.review.words import PRIORITY_WORDS, WHY_SIMILAR
from core.answers import Caller

_LABEL_CHARS = 110
_EVIDENCE_ROWS = 3


def show_form(desk: ReviewDesk, caller: Caller, item: ReviewItem, actions: Actions) -> None:
    """Draw the form that is open, if one is."""
    name = tab.form()
    if not name:
        return
    with st.container(key=f"review_form_{name}", border=True):
        if name == "reject":
            _reject(item, actions)
        elif name == "correct":
            _correct(item, actions)
        elif name == "duplicate":
            _duplicate(item, actions)
        elif name == "triage":
            _triage(item, actions)
        else:
            _promote(desk, caller, item, actions)


def _buttons(label: str, key: str) -> bool:
    with st.container(horizontal=True):
        sent = st.form_submit_button(label, type="primary", key=f"{key}_send")
        cancelled = st.form_submit_button("Cancel", key=f"{key}_cancel")
    if cancelled:
        tab.set_form("")
        st.rerun()
    return sent


def _reject(item: ReviewItem, actions: Actions) -> None:
    key = f"review_reject_{item.flag.feedback_id}"
    with st.form(key, border=False):
        note = st.text_area(
            "Why is the answer right as it is? Whoever flagged it reads this.",
            key=f"{key}_note",
            max_chars=MAX_NOTE_CHARS,
            height=96,
        )
        sent = _buttons("Reject", key)
    if sent:
        actions.decide("reject", note=note)
        st.rerun()


def _correct(item: ReviewItem, actions: Actions) -> None:
    key = f"review_correct_{item.flag.feedback_id}"
    with st.form(key, border=False):
        answer = st.text_area(
            "What is the right answer?",
            value=item.flag.correction,
            key=f"{key}_answer",
            max_chars=MAX_CORRECTION_CHARS,
            height=96,
        )
        source = st.text_input(
            "Where does it stand? (optional)",
            value=item.flag.correction_source,
            key=f"{key}_source",
            max_chars=MAX_SOURCE_CHARS,
        )
        note = st.text_input(
            "Note (optional; whoever flagged it reads this)",
            key=f"{key}_note",
            max_chars=MAX_NOTE_CHARS,
        )
        sent = _buttons("Accept with this correction", key)
    if sent:
        actions.decide("correct", corrected_answer=answer, corrected_source=source, note=note)
        st.rerun()


def _triage(item: ReviewItem, actions: Actions) -> None:
    key = f"review_triage_{item.flag.feedback_id}"
    with st.form(key, border=False):
        priority = st.segmented_control(
            "How urgent is it?",
            list(PRIORITY_WORDS),
            format_func=PRIORITY_WORDS.__getitem__,
            key=f"{key}_priority",
        )
        assignee = st.text_input(
            "Who should decide it? (optional)",
            key=f"{key}_assignee",
            placeholder="name@example.org",
            max_chars=MAX_ASSIGNEE_CHARS,
        )
        note = st.text_area(
            "Note for the other reviewers (optional)",
            key=f"{key}_note",
            max_chars=MAX_NOTE_CHARS,
            height=68,
        )
        sent = _buttons("Triage", key)
    if sent:
        actions.triage(priority=priority or "", assignee=assignee, note=note)
        st.rerun()


def _duplicate(item: ReviewItem, actions: Actions) -> None:
    key = f"review_duplicate_{item.flag.feedback_id}"
    near = {flag.feedback_id: flag for flag in item.similar}
    with st.form(key, border=False):
        chosen = (
            st.radio(
                "Which flag says the same?",
                list(near),
                format_func=lambda flag_id: _flag_label(near[flag_id]),
                key=f"{key}_chosen",
            )
            if near
            else None
        )
        other = st.text_input(
            "Another one, by its id" if near else "The other flag's id",
            key=f"{key}_id",
            max_chars=64,
        )
        sent = _buttons("Mark as a duplicate", key)
    if sent:
        actions.decide("duplicate", dup_of=other.strip() or chosen or "")
        st.rerun()


def _promote(desk: ReviewDesk, caller: Caller, item: ReviewItem, actions: Actions) -> None:
    if item.case_id:
        st.html(plain_html("This flag is a test case already:", "fn-small"))
        st.json(desk.case(item.case_id, caller), expanded=True)
        return
    draft = desk.case_draft(item.flag.feedback_id, caller)
    key = f"review_promote_{item.flag.feedback_id}"
    with st.form(key, border=False):
        fields = _case_inputs(draft, key)
        sent = _buttons("Store as a test case", key)
    if sent:
        actions.promote(fields)
        st.rerun()


def _case_inputs(draft: CaseFields, key: str) -> CaseFields:
    question = st.text_area("Question", draft.question, key=f"{key}_question", height=68)
    unanswerable = st.checkbox(
        "The documents do not answer this; the right answer is to say so",
        value=draft.unanswerable,
        key=f"{key}_unanswerable",
    )
    reference = st.text_area("Right answer", draft.reference, key=f"{key}_reference", height=68)
    facts = st.text_area(
        "Facts that an answer must have, one a line",
        "\n".join(draft.facts),
        key=f"{key}_facts",
        height=68,
    )
    patterns = st.text_area(
        "Patterns that it must match, one regular expression a line (optional)",
        "\n".join(draft.must_match),
        key=f"{key}_patterns",
        height=68,
    )
    evidence = _evidence_inputs(draft.evidence, key)
    with st.container(horizontal=True):
        as_user = st.text_input("Ask as (empty: anybody)", draft.as_user, key=f"{key}_as")
        tags = st.text_input("Tags, with commas", ", ".join(draft.tags), key=f"{key}_tags")
    return replace(
        draft,
        question=question,
        as_user=as_user,
        reference=reference,
        facts=tuple(facts.splitlines()),
        must_match=tuple(patterns.splitlines()),
        evidence=evidence,
        unanswerable=unanswerable,
        tags=tuple(tags.split(",")),
    )


def _evidence_inputs(given: Sequence[Evidence], key: str) -> tuple[Evidence, ...]:
    rows = []
    for number in range(max(len(given), 1) + 1)[: max(_EVIDENCE_ROWS, len(given))]:
        entry = given[number] if number < len(given) else Evidence("", "")
        with st.container(horizontal=True, key=f"{key}_evidence_{number}"):
            uri = st.text_input(
                "Evidence: document", entry.uri, key=f"{key}_uri_{number}", width=260
            )
            quote = st.text_area(
                "Its words", entry.quote, key=f"{key}_quote_{number}", height=68, width="stretch"
            )
        rows.append(Evidence(uri, quote))
    return tuple(rows)


def show_similar(item: ReviewItem, actions: Actions) -> None:
    """Draw the open flags that may be the same, to decide some of them at once."""
    if not item.similar:
        return
    prefix = f"review_same_{item.flag.feedback_id}"
    with st.container(key="review_similar", gap="small"):
        st.html(plain_html(f"Perhaps the same ({len(item.similar)})", "fn-heading"))
        for flag in item.similar:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.checkbox(
                    plain_label(_flag_label(flag)),
                    key=f"{prefix}_{flag.feedback_id}",
                    width="stretch",
                )
                st.button(
                    "Open",
                    key=f"{prefix}_open_{flag.feedback_id}",
                    type="tertiary",
                    on_click=actions.open,
                    args=(flag.feedback_id,),
                )
        st.text_input(
            "Note for these (needed to reject)", key=f"{prefix}_note", max_chars=MAX_NOTE_CHARS
        )
        with st.container(horizontal=True):
            for decision, label in (
                ("duplicate", "Duplicates of this flag"),
                ("accept", "Accept these too"),
                ("reject", "Reject these too"),
            ):
                st.button(
                    label,
                    key=f"review_many_{decision}",
                    on_click=_decide_chosen,
                    args=(item, actions, decision, prefix),
                )


def _decide_chosen(item: ReviewItem, actions: Actions, decision: str, prefix: str) -> None:
    chosen = [
        flag.feedback_id
        for flag in item.similar
        if st.session_state.get(f"{prefix}_{flag.feedback_id}")
    ]
    note = str(st.session_state.get(f"{prefix}_note") or "")
    if decision == "accept":
        actions.decide_many(chosen, "accept", note)
    elif decision == "reject":
        actions.decide_many(chosen, "reject", note)
    else:
        actions.decide_many(chosen, "duplicate", note)


def _flag_label(flag: SimilarFlag) -> str:
    words = flag.selected or flag.comment
    said = f" — “{words}”" if words else ""
    text = " ".join(f"{flag.question}{said}".split())
    return f"{clipped(text, _LABEL_CHARS)} ({WHY_SIMILAR[flag.why]})"
