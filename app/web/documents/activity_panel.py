"""What goes on now: the plan or run that was started here, or whoever else writes, with its progress every second."""

from datetime import UTC, datetime

import streamlit as st

from app.application import Application
from app.chat_view import plain_html, plain_row
from app.knowledge.outcomes import duration
from app.knowledge.runs_desk import Activity
from app.web.documents.session import caller_now
from app.web.documents.wording import actor_words, ago, stage_words
from app.web.problems import guarded
from core.answers import Caller

_EVERY_S = 1.0


def draw_activity(application: Application, caller: Caller) -> None:
    """Draw it while something goes on, else nothing."""
    activity = application.knowledge.activity(caller)
    with st.container(key="documents_activity"):
        if activity.is_busy:
            _live(application, activity.key)


@st.fragment(run_every=_EVERY_S)
def _live(application: Application, key: tuple[str, bool, str, bool]) -> None:
    with guarded():
        # Asked anew each second: somebody who is shut out meanwhile sees no more of it.
        activity = application.knowledge.activity(caller_now(application))
        if activity.key != key or not activity.is_busy:
            st.rerun()
        _draw(activity)


def _draw(activity: Activity) -> None:
    now = datetime.now(UTC)
    with st.container(key="documents_live", border=True, gap="xsmall"):
        st.html(plain_html(_headline(activity), "fn-live-title"))
        lease = activity.lease
        run = activity.run
        if lease is not None:
            progress = lease.progress()
            share = progress.done / progress.total if progress.total else 0.0
            st.progress(min(max(share, 0.0), 1.0))
            counted = f"{progress.done:,} of {progress.total:,}" if progress.total else ""
            left = progress.seconds_left
            st.html(
                plain_row(
                    (
                        stage_words(progress.stage),
                        counted,
                        f"about {duration(left)} left" if left is not None else "",
                    ),
                    "fn-facts",
                )
            )
            if lease.is_silent:
                st.html(plain_html(lease.sentence(), "fn-facts"))
        started = run.command if run is not None and run.is_running else None
        if started is None and activity.plan is not None and activity.plan.is_running:
            started = activity.plan.command
        if started is not None:
            whose = f"started by {actor_words(started.actor)} {ago(started.started_at, now)}"
            st.html(plain_row((whose, "goes on if you close this page"), "fn-facts"))


def _headline(activity: Activity) -> str:
    run, plan = activity.run, activity.plan
    if run is not None and run.is_running:
        return f"Running “{run.command.source}”"
    if activity.lease is not None:
        return "Another process is writing to the knowledge base"
    if plan is not None and plan.is_running:
        return f"Looking what would change in “{plan.command.source}”"
    return "Nothing is running"
