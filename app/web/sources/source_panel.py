"""Opens the document behind a citation at its exact words, in a drawer beside the conversation."""

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from app.application import Application
from app.chat_view import day, place, plain_html, plain_row
from app.source_desk.desk import SourceDocument
from app.web.chat.page_state import cited, close_citation, open_citation
from app.web.problems import guarded, show_problem
from app.web.shipped import ASSETS
from app.web.sources.downloads import show_download
from app.web.sources.page_place import page_of
from app.web.sources.page_view import has_pages, show_page
from app.web.sources.passage_blocks import Block, passage_blocks
from app.web.sources.passage_element import show_passage
from app.web.sources.passage_view import CONTEXT_CHARS, PassageView, passage_view
from app.web.sources.source_flag import note_opened, show_source_flag
from app.web.sources.why_view import show_why
from core.answers import Answer, Caller, Citation

# Alone, a key would act on whoever speaks to the computer or misses the question's box.
_STEPS = (
    ("Previous", "chevron_left", -1, "Alt+Up"),
    ("Next", "chevron_right", 1, "Alt+Down"),
)
_CHANGED = {
    "moved": "This document has changed since the answer. The same words now stand here:",
    "gone": "This document has changed since the answer, and these words are no longer in it:",
}
_MOST_CHARS = 640_000
_PAGE, _TEXT = "Page", "Text"


def show_source_panel(application: Application, caller: Caller, answers: Sequence[Answer]) -> None:
    """Open the drawer when the address names a citation of one of these answers."""
    opened = cited()
    if opened is None:
        return
    answer = next((found for found in answers if found.answer_id == opened[0]), None)
    if answer is None:
        close_citation()
        return

    @st.dialog("Source", position="right", width="small", on_dismiss=close_citation)
    def drawer() -> None:
        with guarded():
            st.html(ASSETS / "sources.css")
            _draw(application, caller, answer)

    drawer()


def _draw(application: Application, caller: Caller, answer: Answer) -> None:
    opened = cited()
    markers = [citation.marker for citation in answer.citations]
    if opened is None or opened[1] not in markers:
        show_problem("This answer has no such source.")
        return
    position = markers.index(opened[1])
    citation = answer.citations[position]
    _show_steps(answer, position)
    # Asked anew on every click: what may not be read any more is not there any more.
    document = application.sources.open(citation.document.doc_id, caller)
    note_opened(application, caller, answer, citation.marker)
    context_key = f"context_{answer.answer_id}_{citation.marker}"
    context = st.session_state.get(context_key, CONTEXT_CHARS)
    passage = passage_view(document, citation, context)
    st.html(_heading(citation, document, passage))
    if passage.found != "exact":
        st.html(plain_html(_CHANGED[passage.found], "fn-problem fn-stopped", role="status"))
    if passage.found == "gone":
        st.html(plain_html(citation.quote, "fn-quote"))
    target = f"{answer.answer_id}:{citation.marker}"
    is_page = _is_page_chosen(document, passage)
    if is_page:
        show_page(application.sources, caller, document, passage, citation, target)
    else:
        record = document.record
        blocks = passage_blocks(document, passage, record.uri, record.metadata)
        show_passage(blocks, key="passage", target=target)
        _show_extent(passage, blocks)
    with st.container(horizontal=True, key="source_ways"):
        if not is_page:
            _show_more(passage, context_key, context)
        if _is_handed_out(application):
            show_download(document, application.settings.web.base_path)
    show_source_flag(application, caller, answer, citation)
    show_why(application.sources, caller, answer, citation)


def _is_handed_out(application: Application) -> bool:
    """Return whether the sources are the knowledge base's: what a session dropped has no address of its own."""
    return application.service.catalogue.data_dir == application.settings.data_dir


def _show_steps(answer: Answer, position: int) -> None:
    total = len(answer.citations)
    with st.container(horizontal=True, vertical_alignment="center", key="source_steps"):
        st.html(plain_html(f"Source {position + 1} of {total}", "fn-step"), width="content")
        for name, icon, step, keys in _STEPS if total > 1 else ():
            target = position + step
            inside = 0 <= target < total
            st.button(
                name,
                key=f"source_{name.lower()}",
                icon=f":material/{icon}:",
                icon_position="right" if step > 0 else "left",
                disabled=not inside,
                on_click=open_citation,
                args=(answer.answer_id, answer.citations[target].marker if inside else 0),
                shortcut=keys,
            )


def _heading(citation: Citation, document: SourceDocument, passage: PassageView) -> str:
    record = document.record
    updated = day(record.updated_at)
    if citation.page is not None and passage.found != "gone":
        # The citation's is the page on which its passage begins; the words may stand on a later one.
        citation = replace(citation, page=page_of(document, passage.marked, citation.page))
    return (
        plain_html(record.title or record.uri, "fn-sheet-title")
        + plain_row([place(citation)], "fn-small")
        + plain_row([record.uri, updated and f"updated {updated}"], "fn-small")
    )


def _is_page_chosen(document: SourceDocument, passage: PassageView) -> bool:
    """Draw the choice between page and text where there are pages; return whether the page is chosen."""
    if not has_pages(document) or passage.found == "gone":
        return False
    st.session_state.setdefault("source_view", _PAGE)
    chosen = st.segmented_control(
        "View",
        (_PAGE, _TEXT),
        required=True,
        key="source_view",
        label_visibility="collapsed",
    )
    return chosen == _PAGE


def _show_extent(passage: PassageView, blocks: Sequence[Block]) -> None:
    shown = passage.end - passage.start
    if shown < passage.length:
        extent = _extent(blocks) or f"{shown:,} of {passage.length:,} characters."
        st.html(plain_row([extent], "fn-small"))


def _show_more(passage: PassageView, context_key: str, context: int) -> None:
    if passage.end - passage.start == passage.length or context >= _MOST_CHARS:
        return
    if st.button("Show more of the document", key="source_more"):
        st.session_state[context_key] = context * 4
        st.rerun(scope="fragment")


def _extent(blocks: Sequence[Block]) -> str:
    """Return which rows of a table are shown; "" where the window has more than one table or running text."""
    if len(blocks) != 1 or blocks[0].kind != "table":
        return ""
    (table,) = blocks
    last = table.first + len(table.rows) - 1
    return f"Rows {table.first:,} to {last:,} of {table.total:,}."
