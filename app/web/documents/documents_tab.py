"""The tab of all documents: searched, filtered, sorted and paged by the database; or one document."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import cast, get_args
from urllib.parse import urlencode

import streamlit as st

from app.application import Application
from app.chat_view import plain_html, plain_label
from app.knowledge.document_list import Counts, DocumentQuery, Sort
from app.knowledge.readers import access_words
from app.web.documents import document_view
from app.web.documents.paging import chosen_page, first_page, show_pages
from app.web.documents.record_table import Cell, Column, Row, Table, show_table
from app.web.documents.session import detail, go
from app.web.documents.wording import ago, plural, reason_words
from core.answers import Caller
from core.documents import DocumentRecord

_COLUMNS = (
    Column("Document", sort="title"),
    Column("Who may read"),
    Column("Passages", "right", sort="chunks"),
    Column("Updated", sort="updated"),
)
_WORDS, _PAGE, _SORT = "documents_words", "documents_page_number", "documents_sort"
_STATUS = {"active": "Readable", "quarantined": "Unreadable"}


def draw(application: Application, caller: Caller) -> None:
    """Draw the tab."""
    if detail("doc"):
        document_view.draw(application, caller, detail("doc"))
        return
    desk = application.knowledge
    counts = desk.counts(caller)
    if not counts.total:
        st.html(
            plain_html(
                "There are no documents yet. The tab Sources says how to bring some in.", "fn-lead"
            )
        )
        return
    query = _asked(counts, desk.types(caller))
    page = desk.documents(caller, query)
    shown = f"{page.total:,} of " if page.total != counts.total else ""
    st.html(plain_html(f"{shown}{plural(counts.total, 'document')}", "fn-facts"))
    if not page.records:
        st.html(plain_html("No document fits. Take a filter away, or search for less.", "fn-lead"))
        return
    table = Table(
        "Documents",
        _COLUMNS,
        tuple(_row(record) for record in page.records),
        query.sort,
        query.descending,
    )
    show_table(
        table,
        "documents_table",
        on_open=lambda doc_id: go("documents", doc=doc_id),
        on_sort=_sort_by,
    )
    show_pages(_PAGE, page.page, page.pages)


def _asked(counts: Counts, types: Sequence[str]) -> DocumentQuery:
    with st.container(key="documents_filters"):
        words = st.text_input(
            "Search titles and addresses",
            key=_WORDS,
            type="search",
            placeholder="Search titles and addresses",
            label_visibility="collapsed",
            icon=":material/search:",
            max_chars=500,
            persist_state="session",
            on_change=_first_page,
        )
        with st.container(horizontal=True, key="documents_selects"):
            source = _choice("Source", "documents_source", sorted(counts.by_source))
            kind = _choice("Type", "documents_type", types)
            status = _choice("State", "documents_status", list(_STATUS), _STATUS)
            access = _choice("Who may read", "documents_access", counts.principals)
    sort, descending = st.session_state.get(_SORT, ("updated", True))
    return DocumentQuery(
        words=words or "",
        source=source,
        type=kind,
        status=status,
        access=access,
        sort=sort,
        descending=descending,
        page=chosen_page(_PAGE),
    )


def _choice(
    label: str, key: str, options: Sequence[str], words: Mapping[str, str] | None = None
) -> str:
    chosen = st.selectbox(
        label,
        ["", *options],
        format_func=lambda name: _option(name, words or {}),
        key=key,
        persist_state="session",
        on_change=_first_page,
        width=180,
    )
    return chosen or ""


def _option(name: str, words: Mapping[str, str]) -> str:
    return plain_label(words.get(name, name), 80) if name else "All"


def _first_page() -> None:
    first_page(_PAGE)


def _sort_by(column: str) -> None:
    if column not in get_args(Sort):
        return
    before = st.session_state.get(_SORT, ("updated", True))
    # A new column starts with what is looked for first: the newest, the longest, the first letter.
    descending = not before[1] if before[0] == column else column != "title"
    st.session_state[_SORT] = (cast("Sort", column), descending)
    _first_page()


def _row(record: DocumentRecord) -> Row:
    note = record.uri if record.title and record.title != record.uri else ""
    state = ""
    if record.status == "quarantined":
        state = f"Unreadable: {reason_words(record.reason).lower()}"
    elif record.duplicate_of:
        state = "Near-copy of another document"
    return Row(
        record.doc_id,
        (
            Cell(
                record.title or record.uri, " · ".join(filter(None, (note, record.source, state)))
            ),
            Cell(access_words(record.access)),
            Cell(f"{record.chunks:,}"),
            Cell(ago(record.updated_at, datetime.now(UTC)) or record.updated_at),
        ),
        f"?{urlencode({'tab': 'documents', 'doc': record.doc_id})}",
    )
