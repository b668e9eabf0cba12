"""Opens the document behind a citation at its exact words, in a drawer beside the conversation."""

import streamlit as st

from app.chat_view import day, place, plain_html, plain_row
from app.service import FootnoteService
from app.web.chat.page_state import cited, close_citation, open_citation
from app.web.components import show_passage
from app.web.problems import guarded, show_problem
from app.web.sources.passage_view import CONTEXT_CHARS, PassageView, passage_view
from core.answers import Answer, Caller, Citation
from core.documents import DocumentRecord

_STEPS = (("Previous", "chevron_left", -1), ("Next", "chevron_right", 1))
_CHANGED = {
    "moved": "This document has changed since the answer. The same words now stand here:",
    "gone": "This document has changed since the answer, and these words are no longer in it:",
}


def show_source_panel(service: FootnoteService, caller: Caller, turns: list[Answer]) -> None:
    """Open the drawer when the address names a citation of one of these answers."""
    opened = cited()
    if opened is None:
        return
    answer = next((turn for turn in turns if turn.answer_id == opened[0]), None)
    if answer is None:
        close_citation()
        return

    @st.dialog("Source", position="right", width="small", on_dismiss=close_citation)
    def drawer() -> None:
        with guarded():
            _draw(service, caller, answer)

    drawer()


def _draw(service: FootnoteService, caller: Caller, answer: Answer) -> None:
    opened = cited()
    markers = [citation.marker for citation in answer.citations]
    if opened is None or opened[1] not in markers:
        show_problem("This answer has no such source.")
        return
    position = markers.index(opened[1])
    citation = answer.citations[position]
    _show_steps(answer, position)
    view = service.open_document(citation.document.doc_id, caller)
    st.html(_heading(citation, view.record))
    context_key = f"context_{answer.answer_id}_{citation.marker}"
    context = st.session_state.get(context_key, CONTEXT_CHARS)
    passage = passage_view(view, citation, context)
    if passage.found != "exact":
        st.html(plain_html(_CHANGED[passage.found], "fn-problem fn-stopped", role="status"))
    if passage.found == "gone":
        st.html(plain_html(citation.quote, "fn-quote"))
    show_passage(passage, key="passage", target=f"{answer.answer_id}:{citation.marker}")
    _show_more(passage, context_key, context)


def _show_steps(answer: Answer, position: int) -> None:
    total = len(answer.citations)
    with st.container(horizontal=True, vertical_alignment="center", key="source_steps"):
        st.html(plain_html(f"Source {position + 1} of {total}", "fn-step"), width="content")
        for name, icon, step in _STEPS:
            target = position + step
            inside = 0 <= target < total
            st.button(
                name,
                key=f"source_{name.lower()}",
                icon=f":material/{icon}:",
                disabled=not inside,
                on_click=open_citation,
                args=(answer.answer_id, answer.citations[target].marker if inside else 0),
            )


def _heading(citation: Citation, record: DocumentRecord) -> str:
    updated = day(record.updated_at)
    return (
        plain_html(record.title or record.uri, "fn-sheet-title")
        + plain_row([place(citation)], "fn-small")
        + plain_row([record.uri, updated and f"updated {updated}"], "fn-small")
    )


def _show_more(passage: PassageView, context_key: str, context: int) -> None:
    if passage.start == 0 and passage.end == passage.length:
        return
    shown = f"{passage.end - passage.start:,} of {passage.length:,} characters are shown. "
    st.html(plain_row([shown], "fn-small"))
    if st.button("Show more of the document", key="source_more"):
        st.session_state[context_key] = context * 4
        st.rerun(scope="fragment")
