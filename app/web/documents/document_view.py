"""One document as an admin sees it: who may read it, its chunks if the admin may, its history and its copies."""

from urllib.parse import urlencode

import streamlit as st

from app.application import Application
from app.chat_view import plain_html, plain_row
from app.knowledge.document_detail import ChunkView, DocumentDetail
from app.safe_text import html_text
from app.web.documents.paging import chosen_page, show_pages
from app.web.documents.record_table import Cell, Column, Row, Table, show_table
from app.web.documents.session import go
from app.web.documents.wording import REASON_HINTS, moment, plural, reason_words
from app.web.problems import guarded, show_problem
from core.answers import Caller
from core.documents import DocumentRecord

_CHUNK_PAGE = "documents_chunk_page"


def draw(application: Application, caller: Caller, doc_id: str) -> None:
    """Draw the document."""
    st.button(
        "All documents",
        key="back_to_documents",
        icon=":material/arrow_back:",
        type="tertiary",
        on_click=go,
        args=("documents",),
    )
    detail = application.knowledge.document(caller, doc_id)
    record = detail.record
    zone = st.context.timezone or ""
    updated = f"updated {moment(record.updated_at, zone)}" if record.updated_at else ""
    facts = (plural(record.chunks, "passage"), updated)
    with st.container(key="document_facts", gap="xxsmall"):
        st.html(plain_html(record.title or record.uri, "fn-heading"))
        st.html(plain_row((record.uri, record.source), "fn-facts"))
        st.html(plain_row(facts, "fn-facts"))
    _draw_state(record)
    for sentence in detail.warnings:
        st.html(plain_html(sentence, "fn-note"))
    _draw_access(application, caller, detail)
    _draw_metadata(detail)
    _draw_chunks(application, caller, detail)
    _draw_copies(detail)
    _draw_history(detail, zone)


def _draw_state(record: DocumentRecord) -> None:
    if record.status != "quarantined":
        return
    kept = " Its last good version still answers." if record.chunks else ""
    hint = REASON_HINTS.get(record.reason, "")
    show_problem(f"{reason_words(record.reason)}. {record.detail} {hint}{kept}")


def _draw_access(application: Application, caller: Caller, detail: DocumentDetail) -> None:
    st.html(plain_html("Who may read it", "fn-section"))
    listed = ", ".join(detail.record.access) or "nobody is listed, and a missing rule denies"
    with st.container(key="document_access", gap="xxsmall"):
        st.html(plain_html(f"{detail.readers[:1].upper()}{detail.readers[1:]}.", "fn-lead"))
        st.html(plain_html(f"Access list: {listed}", "fn-facts"))
    email = st.text_input(
        "May this person read it?",
        key="documents_reader",
        placeholder="ann@example.org",
        max_chars=320,
        width=360,
        persist_state="page",
    )
    if email and email.strip():
        with guarded():
            right = application.knowledge.who_may_read(caller, detail.record.doc_id, email)
            word, tone = ("Allowed", "good") if right.is_allowed else ("Denied", "bad")
            st.html(
                f'<div class="fn-right" role="status"><span class="fn-mark {tone}">{word}</span> '
                f"<bdi>{html_text(right.because)}</bdi></div>"
            )


def _draw_metadata(detail: DocumentDetail) -> None:
    if detail.metadata:
        with st.expander("What it says of itself", key="documents_metadata"):
            rows = tuple(
                Row(name, (Cell(name.replace("_", " ")), Cell(value)))
                for name, value in detail.metadata
            )
            table = Table("What it says of itself", (Column("Name"), Column("Value")), rows)
            show_table(table, "metadata_table")


def _draw_chunks(application: Application, caller: Caller, detail: DocumentDetail) -> None:
    st.html(plain_html("Passages", "fn-section"))
    record = detail.record
    if not detail.is_readable:
        st.html(
            plain_html(
                f"You may manage this document, but not read it: the text of its {plural(record.chunks, 'passage')} is "
                "shown only to those whom its access list names.",
                "fn-note",
            )
        )
        return
    if not record.chunks:
        st.html(plain_html("It has no text that could be found.", "fn-facts"))
        return
    key = f"{_CHUNK_PAGE}_{record.doc_id}"
    page = application.knowledge.chunks(caller, record.doc_id, chosen_page(key))
    st.html("".join(_chunk_html(chunk) for chunk in page.chunks))
    show_pages(key, page.page, page.pages)


def _chunk_html(chunk: ChunkView) -> str:
    section = " › ".join(chunk.section)
    place = f"page {chunk.page}" if chunk.page is not None else ""
    head = (f"{chunk.number}", section, place, f"characters {chunk.start:,}–{chunk.end:,}")
    return f'<div class="fn-chunk">{plain_row(head, "fn-facts")}{plain_html(chunk.text, "fn-chunk-text")}</div>'


def _draw_copies(detail: DocumentDetail) -> None:
    related = [(record, "A near-copy of this one") for record in detail.copies]
    if detail.original is not None:
        related.insert(0, (detail.original, "The older document that this one nearly repeats"))
    if not related:
        return
    st.html(plain_html("Nearly the same words", "fn-section"))
    rows = tuple(
        Row(
            record.doc_id,
            (Cell(record.title or record.uri, record.uri), Cell(which)),
            f"?{urlencode({'tab': 'documents', 'doc': record.doc_id})}",
        )
        for record, which in related
    )
    table = Table("Nearly the same words", (Column("Document"), Column("Which")), rows)
    show_table(table, "copies_table", on_open=lambda doc_id: go("documents", doc=doc_id))


def _draw_history(detail: DocumentDetail, zone: str) -> None:
    if not detail.events:
        return
    st.html(plain_html("What is known of its history", "fn-section"))
    rows = tuple(
        Row(str(position), (Cell(moment(event.at, zone)), Cell(event.text)))
        for position, event in enumerate(detail.events)
    )
    show_table(Table("History", (Column("When"), Column("What")), rows), "history_table")
