"""One past run with its report."""

import streamlit as st

from app.application import Application
from app.chat_view import plain_html, plain_row
from app.knowledge.outcomes import counted
from app.knowledge.run_log import summary_of
from app.web.documents.record_table import Cell, Column, Row, Table, show_table
from app.web.documents.session import go
from app.web.documents.wording import STATUS_WORDS, moment, plural, reason_words, took
from app.web.problems import show_problem
from core.answers import Caller
from index.runs import PastRun

_SHOWN = 200
_COLUMNS = (Column("File"), Column("Reason"), Column("What to do"))


def draw(application: Application, caller: Caller, run_id: str) -> None:
    """Draw the run."""
    st.button(
        "All sources",
        key="back_to_sources",
        icon=":material/arrow_back:",
        type="tertiary",
        on_click=go,
        args=("sources",),
    )
    run = application.knowledge.run(caller, run_id)
    zone = st.context.timezone or ""
    st.html(plain_html(f"Run of {moment(run.started_at, zone)}", "fn-heading"))
    status = STATUS_WORDS.get(run.status, run.status)
    st.html(plain_row((status, took(summary_of(run).seconds), ", ".join(run.sources)), "fn-facts"))
    st.html(plain_html(_counts(run), "fn-lead"))
    for sentence in _problems(run):
        show_problem(sentence)
    for sentence in run.report.get("warnings", []):
        st.html(plain_html(sentence, "fn-note"))
    _draw_files(run)


def _counts(run: PastRun) -> str:
    report = run.report
    made = plural(int(report.get("chunks", 0)), "passage")
    parts = [counted(report)]
    if report.get("chunks"):
        parts.append(f"{made} made")
    if report.get("near_duplicates"):
        parts.append(
            f"{plural(report['near_duplicates'], 'near-copy').replace('copys', 'copies')} linked"
        )
    return "; ".join(parts) + "."


def _problems(run: PastRun) -> list[str]:
    report = run.report
    told = [report["error"]] if report.get("error") else []
    return told + [
        f"{entry['source']}: {entry['message']}" for entry in report.get("failed_sources", [])
    ]


def _draw_files(run: PastRun) -> None:
    quarantined = run.report.get("quarantined", [])
    if quarantined:
        st.html(plain_html("Files that could not be read", "fn-section"))
        rows = tuple(
            Row(
                entry["uri"],
                (
                    Cell(entry["uri"]),
                    Cell(reason_words(entry["reason"]), entry["detail"]),
                    Cell(entry.get("hint", "")),
                ),
            )
            for entry in quarantined[:_SHOWN]
        )
        show_table(Table("Files that could not be read", _COLUMNS, rows), "run_quarantined")
        if len(quarantined) > _SHOWN:
            st.html(plain_html(f"And {len(quarantined) - _SHOWN:,} more.", "fn-facts"))
    skipped = run.report.get("skipped", [])
    if skipped:
        st.html(plain_html("Left out on purpose", "fn-section"))
        rows = tuple(
            Row(entry["uri"], (Cell(entry["uri"]), Cell(entry["reason"])))
            for entry in skipped[:_SHOWN]
        )
        show_table(Table("Left out", (Column("File"), Column("Why")), rows), "run_skipped")
