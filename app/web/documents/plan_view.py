"""What a run of a source would change, and the one way around the guard against mass deletion."""

from datetime import UTC, datetime

import streamlit as st

from app.application import Application
from app.chat_view import plain_html, plain_row
from app.knowledge.outcomes import PlannedStep, PlanReport, duration, outcome_of
from app.knowledge.runs_desk import Activity
from app.web.documents.outcome_box import draw_outcome
from app.web.documents.paging import chosen_page, show_pages
from app.web.documents.record_table import Cell, Column, Row, Table, show_table
from app.web.documents.session import acting, caller_now
from app.web.documents.wording import ago, plural
from app.web.problems import show_problem

_PAGE = 25
_COLUMNS = (Column("Document"), Column("What would happen"))
_WORDS = {"added": "Added", "changed": "Changed", "moved": "Moved", "removed": "Removed"}
_TONES = {"added": "good", "changed": "calm", "moved": "quiet", "removed": "bad"}


def draw_plan(application: Application, activity: Activity, source: str) -> None:
    """Draw the last plan of a source; nothing where there is none, or while it is made."""
    plan = activity.plan
    if plan is None or plan.is_running or plan.command.source != source:
        return
    report = activity.planned()
    when = ago(plan.command.started_at, datetime.now(UTC))
    if report is None:
        draw_outcome(outcome_of(plan), f"Looked at {when}")
        return
    if activity.run is not None and activity.run.command.started_at > plan.command.started_at:
        return  # what it says has been done meanwhile
    st.html(plain_html("What a run would change", "fn-section"))
    with st.container(key="plan_report"):
        _draw_counts(report, when)
        for sentence in (*report.problems, *report.warnings):
            st.html(plain_html(sentence, "fn-note"))
        if report.refused:
            _draw_guard(application, report, source)
        if report.steps:
            _draw_steps(report.steps)


def _draw_counts(report: PlanReport, when: str) -> None:
    if not report.steps:
        text = f"Nothing would change: {plural(report.counts.get('unchanged', 0), 'document')} stay as they are."
        st.html(plain_html(text, "fn-lead"))
        st.html(plain_html(f"Looked at {when}", "fn-facts"))
        return
    counts = [(f"{report.counts[name]:,}", word) for name, word in _WORDS.items()]
    counts.append((f"{report.counts['unchanged']:,}", "Unchanged"))
    with st.container(key="plan_counts", horizontal=True, gap="medium"):
        for number, word in counts:
            with st.container(gap=None, width="content"):
                st.html(plain_html(number, "fn-number"))
                st.html(plain_html(word, "fn-facts"))
    told = (f"It would take about {duration(report.seconds)}", f"looked at {when}")
    st.html(plain_row(told, "fn-facts"))


def _draw_guard(application: Application, report: PlanReport, source: str) -> None:
    show_problem(report.refused)
    noun = plural(report.removed, "document")
    if st.button(
        f"Remove {noun} all the same…", key="ask_mass_delete", icon=":material/delete_sweep:"
    ):
        _confirm(application, report.removed, source)


@st.dialog("Remove so many documents?")
def _confirm(application: Application, removed: int, source: str) -> None:
    noun = plural(removed, "document")
    st.html(
        plain_html(
            f"A run would remove {noun} of “{source}” from the knowledge base: answers cannot cite them any more. "
            "They come back if the source has them again at a later run.",
            "fn-lead",
        )
    )
    desk = application.knowledge

    def run() -> None:
        desk.start_run(caller_now(application), source, agreed_removals=removed)

    with st.container(horizontal=True):
        agreed = st.button(
            f"Remove {noun}", key="agree_mass_delete", type="primary", on_click=acting(run)
        )
        # A click in a dialog draws the dialog alone: the page has to be drawn to close it.
        if st.button("Keep them", key="keep_documents") or agreed:
            st.rerun()


def _draw_steps(steps: tuple[PlannedStep, ...]) -> None:
    pages = max(1, -(-len(steps) // _PAGE))
    page = min(chosen_page("plan_page"), pages)
    first = (page - 1) * _PAGE
    rows = tuple(
        Row(
            f"{step.action}:{step.uri}",
            (
                Cell(step.uri, f"was {step.moved_from}" if step.moved_from else ""),
                Cell(_WORDS.get(step.action, step.action), "", _TONES.get(step.action, "quiet")),
            ),
        )
        for step in steps[first : first + _PAGE]
    )
    show_table(Table("What a run would change", _COLUMNS, rows), "plan_steps")
    show_pages("plan_page", page, pages)
