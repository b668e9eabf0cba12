"""One source: what it is, what a run would change, running it, and its past runs."""

from datetime import UTC, datetime

import streamlit as st

from app.application import Application
from app.chat_view import plain_html, plain_row
from app.knowledge.desk import Overview
from app.knowledge.outcomes import outcome_of
from app.knowledge.readers import access_words
from app.knowledge.runs_desk import Activity
from app.knowledge.source_states import SourceState
from app.web.documents.outcome_box import draw_outcome
from app.web.documents.plan_view import draw_plan
from app.web.documents.run_list import draw_runs
from app.web.documents.session import acting, caller_now, go
from app.web.documents.wording import STATE_WORDS, actor_words, ago, plural, schedule_words
from app.web.problems import show_problem
from core.answers import Caller

_RUNS_SHOWN = 20


def draw(application: Application, caller: Caller, overview: Overview, name: str) -> None:
    """Draw the source."""
    st.button(
        "All sources",
        key="back_to_sources",
        icon=":material/arrow_back:",
        type="tertiary",
        on_click=go,
        args=("sources",),
    )
    source = next((entry for entry in overview.sources if entry.name == name), None)
    if overview.configuration.problem:
        show_problem(overview.configuration.problem)
    if source is None:
        show_problem("There is no source by this name (any more).")
        return
    with st.container(key="source_facts", gap="xxsmall"):
        _draw_facts(source, has_daemon=overview.daemon.is_alive)
    _draw_problem(source)
    _draw_buttons(application, source, overview.activity)
    _draw_last_run(overview.activity, name)
    draw_plan(application, overview.activity, name)
    draw_runs(application.knowledge.runs(caller, name, _RUNS_SHOWN), "source_runs")


def _draw_facts(source: SourceState, *, has_daemon: bool) -> None:
    now = datetime.now(UTC)
    st.html(plain_html(source.name, "fn-heading"))
    where = source.where if source.where != source.name else ""
    st.html(plain_row((source.type.replace("_", " "), where), "fn-facts"))
    unread = f"{source.quarantined:,} unreadable" if source.quarantined else ""
    last = f"last run {ago(source.last_run.started_at, now)}" if source.last_run else ""
    facts = (STATE_WORDS[source.state], plural(source.documents, "document"), unread, last)
    st.html(plain_row(facts, "fn-facts"))
    told = [schedule_words(source, has_daemon=has_daemon)]
    if source.next_run:
        told.append(f"next {ago(source.next_run, now)}")
    if source.is_configured:
        told.append(f"may be read by {access_words(source.access)}, where no rule says otherwise")
    st.html(plain_row(told, "fn-facts"))


def _draw_problem(source: SourceState) -> None:
    if source.state == "failing":
        since = ago(source.since, datetime.now(UTC)).removesuffix(" ago")
        show_problem(f"{f'Failing for {since}. ' if source.since else ''}{source.problem}")


def _draw_buttons(application: Application, source: SourceState, activity: Activity) -> None:
    if not source.is_configured:
        st.html(
            plain_html(
                "Its documents came from a path, which the sources file does not name: run `footnote ingest` with "
                "that path in a terminal, or add it to the sources file to run it from here.",
                "fn-facts",
            )
        )
        return
    is_writing = activity.lease is not None or (
        activity.run is not None and activity.run.is_running
    )
    is_planning = activity.plan is not None and activity.plan.is_running
    desk, name = application.knowledge, source.name
    with st.container(horizontal=True, key="source_buttons"):
        st.button(
            "See what would change",
            key="see_plan",
            icon=":material/difference:",
            disabled=is_planning,
            on_click=acting(lambda: desk.start_plan(caller_now(application), name)),
        )
        st.button(
            "Run now",
            key="run_now",
            icon=":material/play_arrow:",
            type="primary",
            disabled=is_writing,
            on_click=acting(lambda: desk.start_run(caller_now(application), name)),
        )


def _draw_last_run(activity: Activity, name: str) -> None:
    run = activity.run
    if run is None or run.is_running or run.command.source != name:
        return
    when = ago(run.command.started_at, datetime.now(UTC))
    draw_outcome(
        outcome_of(run), f"Started from this page by {actor_words(run.command.actor)} {when}"
    )
