"""For the owners of documents: those that a reviewer found wrong, at the words, with what would be right."""

import streamlit as st

from app.application import Application
from app.chat_view import day, plain_html, plain_row
from app.review.source_reports import SourceReport
from app.web.problems import guarded, sentence_for, show_problem
from app.web.shipped import ASSETS
from app.web.sources.passage_blocks import passage_blocks
from app.web.sources.passage_element import show_passage
from app.web.sources.passage_view import passage_view
from core.answers import Caller, Citation, DocumentRef

_PROBLEM = "reported_problem"


def show_reported(application: Application, caller: Caller) -> None:
    """Draw the reports that wait for the caller; nothing where there is none."""
    with guarded():
        reports = application.source_reports.mine(caller)
        if problem := st.session_state.pop(_PROBLEM, ""):
            show_problem(problem)
        if not reports:
            return
        st.html(plain_html("Documents that were reported to you", "fn-heading"))
        for report in reports:
            _show(application, caller, report)


def _show(application: Application, caller: Caller, report: SourceReport) -> None:
    key = f"{report.feedback_id}_{report.doc_id}"
    with st.container(key=f"reported_{key}", border=True):
        st.html(plain_html(report.title, "fn-flag-category"))
        if report.quote:
            st.html(plain_html(f"“{report.quote}”", "fn-flag-words"))
        if report.correction:
            st.html(plain_html(f"Would be right: {report.correction}", "fn-flag-note"))
        if report.note:
            st.html(plain_html(f"The reviewer says: {report.note}", "fn-flag-note"))
        if report.state == "changed":
            words = "The document has changed since. Close the report if it is right now."
            st.html(plain_html(words, "fn-small"))
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.html(plain_row([report.uri, day(report.created_at)], "fn-small"), width="stretch")
            if st.button(
                "Read the words", key=f"read_{key}", type="tertiary", icon=":material/description:"
            ):
                _open(application, caller, report)
            with st.popover("Close", key=f"close_{key}", type="tertiary"):
                _show_closing(application, caller, report, key)


def _show_closing(application: Application, caller: Caller, report: SourceReport, key: str) -> None:
    note_key = f"close_note_{key}"
    st.text_area(
        "What became of it? The reviewers read this.", key=note_key, height=80, max_chars=2000
    )

    def close() -> None:
        note = str(st.session_state.get(note_key) or "")
        try:
            application.source_reports.close(caller, report.feedback_id, report.doc_id, note)
        except Exception as error:  # noqa: BLE001 - shown when the page is drawn
            st.session_state[_PROBLEM] = sentence_for(error)

    st.button("Close the report", key=f"close_send_{key}", type="primary", on_click=close)


def _open(application: Application, caller: Caller, report: SourceReport) -> None:
    @st.dialog("Document", position="right", width="small")
    def drawer() -> None:
        with guarded():
            st.html(ASSETS / "sources.css")
            document = application.sources.open(report.doc_id, caller)
            record = document.record
            reference = DocumentRef(report.doc_id, report.uri, report.title, record.version)
            citation = Citation(0, reference, "", (), None, report.start, report.end, report.quote)
            passage = passage_view(document, citation)
            st.html(plain_html(record.title or record.uri, "fn-sheet-title"))
            if passage.found == "gone" and report.quote:
                st.html(plain_html("These words are not in the document any more.", "fn-aside"))
            blocks = passage_blocks(document, passage, record.uri, record.metadata)
            show_passage(blocks, key="reported_passage", target=report.feedback_id)

    drawer()
