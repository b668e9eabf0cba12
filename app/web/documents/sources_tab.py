"""The tab of sources: all of them with their last run, and past runs; or one source, or one run."""

from datetime import UTC, datetime
from urllib.parse import urlencode

import streamlit as st

from app.application import Application
from app.chat_view import clipped, plain_html
from app.knowledge.desk import Overview
from app.knowledge.run_log import RunSummary
from app.knowledge.source_states import SourceState
from app.web.documents import run_view, source_view
from app.web.documents.record_table import Cell, Column, Row, Table, show_table
from app.web.documents.run_list import draw_runs
from app.web.documents.session import detail, go
from app.web.documents.wording import (
    STATE_TONES,
    STATE_WORDS,
    ago,
    plural,
    run_counts,
    schedule_words,
    took,
)
from app.web.problems import show_problem
from core.answers import Caller

_RUNS_SHOWN = 10
_NOTE_CHARS = 160
_COLUMNS = (
    Column("Source"),
    Column("Documents", "right"),
    Column("Last run"),
    Column("Next run"),
    Column("State"),
)


def draw(application: Application, caller: Caller) -> None:
    """Draw the tab."""
    if detail("run"):
        run_view.draw(application, caller, detail("run"))
        return
    with st.spinner("Looking at the sources", show_time=False):
        overview = application.knowledge.overview(caller)
    if detail("source"):
        source_view.draw(application, caller, overview, detail("source"))
        return
    configuration = overview.configuration
    if configuration.problem:
        show_problem(configuration.problem)
    if not overview.sources:
        if not configuration.problem:
            _draw_empty(configuration.path)
        return
    _draw_sources(overview)
    if configuration.is_missing:
        st.html(
            plain_html(
                "There is no sources file, so nothing can be run from here. `footnote ingest --init` writes one: "
                f"{configuration.path}",
                "fn-facts",
            )
        )
    draw_runs(application.knowledge.runs(caller, limit=_RUNS_SHOWN), "all_runs")


def _draw_empty(path: str) -> None:
    with st.container(key="documents_empty", border=True):
        st.html(plain_html("No documents yet", "fn-empty-title"))
        st.html(
            plain_html(
                "Name the folders, sites, repositories or mailboxes that Footnote answers from in a sources file. "
                "This writes one with examples, to edit:",
                "fn-empty-text",
            )
        )
        st.code("footnote ingest --init", language=None)
        st.html(
            plain_html(
                f"It is written to {path}. Or bring in one folder right away:", "fn-empty-text"
            )
        )
        st.code("footnote ingest FOLDER", language=None)


def _draw_sources(overview: Overview) -> None:
    now = datetime.now(UTC)
    has_daemon = overview.daemon.is_alive
    rows = tuple(_row(source, now, has_daemon=has_daemon) for source in overview.sources)
    table = Table("Sources", _COLUMNS, rows)
    show_table(table, "sources_table", on_open=lambda name: go("sources", source=name))


def _row(source: SourceState, now: datetime, *, has_daemon: bool) -> Row:
    where = source.where if source.where != source.name else ""
    place = " · ".join(filter(None, (source.type.replace("_", " "), where)))
    unread = f"{source.quarantined:,} unreadable" if source.quarantined else ""
    run = source.last_run
    return Row(
        source.name,
        (
            Cell(source.name, clipped(place, _NOTE_CHARS)),
            Cell(f"{source.documents:,}", unread),
            Cell(ago(run.started_at, now), _run_note(run)) if run else Cell("Never"),
            _next_run(source, now, has_daemon=has_daemon),
            Cell(STATE_WORDS[source.state], _state_note(source, now), STATE_TONES[source.state]),
        ),
        f"?{urlencode({'tab': 'sources', 'source': source.name})}",
    )


def _run_note(run: RunSummary) -> str:
    others = len(run.sources) - 1
    with_others = f"with {plural(others, 'other source')}" if others > 0 else ""
    return " · ".join(filter(None, (run_counts(run), took(run.seconds), with_others)))


def _next_run(source: SourceState, now: datetime, *, has_daemon: bool) -> Cell:
    if source.next_run:
        return Cell(ago(source.next_run, now), source.schedule)
    return Cell(schedule_words(source, has_daemon=has_daemon))


def _state_note(source: SourceState, now: datetime) -> str:
    if source.state != "failing":
        return ""
    since = f"for {ago(source.since, now).removesuffix(' ago')}" if source.since else ""
    return clipped(" · ".join(filter(None, (since, source.problem))), _NOTE_CHARS)
