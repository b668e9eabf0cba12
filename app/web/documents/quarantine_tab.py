"""The tab of files that could not be read: why, what to do, and trying again."""

from datetime import UTC, datetime
from functools import partial
from urllib.parse import urlencode

import streamlit as st

from app.application import Application
from app.chat_view import plain_html, plain_label
from app.knowledge.desk import QuarantinedDocument, QuarantinePage
from app.safe_text import html_text
from app.web.documents.outcome_box import draw_outcome
from app.web.documents.paging import chosen_page, first_page, show_pages
from app.web.documents.record_table import Cell, Column, Row, Table, show_table
from app.web.documents.session import acting, caller_now, go
from app.web.documents.wording import REASON_HINTS, ago, plural, reason_words
from core.answers import Caller

_COLUMNS = (Column("File"), Column("Why"), Column("What to do"), Column("Since"))
_REASON, _PAGE = "quarantine_reason", "quarantine_page"


def draw(application: Application, caller: Caller) -> None:
    """Draw the tab."""
    desk = application.knowledge
    reason = st.session_state.get(_REASON) or ""
    found = desk.quarantine(caller, reason, chosen_page(_PAGE))
    _draw_last_retry(application, caller)
    if not found.by_reason:
        st.html(plain_html("Every file could be read.", "fn-lead"))
        return
    _draw_bars(found)
    if len(found.by_reason) > 1:
        st.selectbox(
            "Reason",
            ["", *(name for name, _ in found.by_reason)],
            format_func=lambda name: reason_words(name) if name else "All reasons",
            key=_REASON,
            persist_state="session",
            on_change=lambda: first_page(_PAGE),
            width=320,
        )
    rows = tuple(_row(entry) for entry in found.documents)
    show_table(
        Table("Files that could not be read", _COLUMNS, rows),
        "quarantine_table",
        on_open=lambda doc_id: go("documents", doc=doc_id),
    )
    show_pages(_PAGE, found.page, found.pages)
    _draw_retry(application, caller, found)


def _row(entry: QuarantinedDocument) -> Row:
    record, now = entry.record, datetime.now(UTC)
    answers = "its last good version still answers" if entry.still_answers else ""
    since = entry.last if entry.still_answers else entry.first or record.updated_at
    tried = f"last tried {ago(entry.last, now)}" if entry.last else ""
    return Row(
        record.doc_id,
        (
            Cell(record.uri, " · ".join(filter(None, (record.source, answers)))),
            Cell(reason_words(record.reason), record.detail),
            Cell(REASON_HINTS.get(record.reason, "")),
            Cell(ago(since, now), tried if entry.last != since else ""),
        ),
        f"?{urlencode({'tab': 'documents', 'doc': record.doc_id})}",
    )


def _draw_bars(found: QuarantinePage) -> None:
    """Draw how many files there are of each reason; the numbers stand beside the bars."""
    most = max(count for _, count in found.by_reason)
    total = sum(count for _, count in found.by_reason)
    bars = "".join(
        f'<div class="fn-bar"><span class="fn-bar-name">{html_text(reason_words(name))}</span>'
        f'<span class="fn-bar-track"><span class="fn-bar-fill" style="width:{max(2, round(100 * count / most))}%">'
        f'</span></span><span class="fn-bar-count">{count:,}</span></div>'
        for name, count in found.by_reason
    )
    st.html(plain_html(f"{plural(total, 'file')} could not be read", "fn-lead"))
    st.html(f'<div class="fn-bars">{bars}</div>')


def _draw_retry(application: Application, caller: Caller, found: QuarantinePage) -> None:
    desk = application.knowledge
    activity = desk.activity(caller)
    is_writing = activity.lease is not None or (
        activity.run is not None and activity.run.is_running
    )
    sources = sorted({entry.record.source for entry in found.documents if entry.can_retry})
    others = {entry.record.source for entry in found.documents if not entry.can_retry}

    def retry(source: str) -> None:
        desk.start_run(caller_now(application), source, retry=True)

    if sources:
        st.html(plain_html("Mended the files, or installed what was missing?", "fn-section"))
        with st.container(horizontal=True, key="retry_buttons"):
            for position, source in enumerate(sources):
                st.button(
                    _retry_label(source),
                    key=f"retry_{position}",
                    icon=":material/refresh:",
                    disabled=is_writing,
                    on_click=acting(partial(retry, source)),
                )
    if others:
        st.html(
            plain_html(
                "Files of sources that the sources file does not name are tried again with "
                "`footnote ingest PATH --retry`.",
                "fn-facts",
            )
        )


def _retry_label(source: str) -> str:
    return f"Try again: {plain_label(source, 60)}"


def _draw_last_retry(application: Application, caller: Caller) -> None:
    activity = application.knowledge.activity(caller)
    outcome = activity.outcome()
    if outcome is None or activity.run is None or activity.run.command.note != "retry":
        return
    command = activity.run.command
    draw_outcome(
        outcome, f"Tried “{command.source}” again {ago(command.started_at, datetime.now(UTC))}"
    )
