"""A list of past runs."""

from collections.abc import Sequence
from urllib.parse import urlencode

import streamlit as st

from app.chat_view import clipped, plain_html
from app.knowledge.run_log import RunSummary
from app.web.documents.record_table import Cell, Column, Row, Table, show_table
from app.web.documents.session import go
from app.web.documents.wording import STATUS_TONES, STATUS_WORDS, moment, run_counts, took

_NOTE_CHARS = 160
_COLUMNS = (Column("Started"), Column("Sources"), Column("What changed"), Column("State"))


def draw_runs(runs: Sequence[RunSummary], key: str) -> None:
    """Draw past runs; nothing where there are none."""
    if not runs:
        return
    st.html(plain_html("Past runs", "fn-section"))
    rows = tuple(_past(run) for run in runs)
    table = Table("Past runs", _COLUMNS, rows)
    show_table(table, key, on_open=lambda run_id: go("sources", run=run_id))


def _past(run: RunSummary) -> Row:
    first = clipped(", ".join(run.sources), _NOTE_CHARS) or "none"
    problem = run.error or next(iter(run.problems.values()), "")
    status = STATUS_WORDS.get(run.status, run.status)
    tone = STATUS_TONES.get(run.status, "quiet")
    return Row(
        run.run_id,
        (
            Cell(moment(run.started_at, st.context.timezone or ""), took(run.seconds)),
            Cell(first),
            Cell(run_counts(run)),
            Cell(status, clipped(problem, _NOTE_CHARS), tone),
        ),
        f"?{urlencode({'tab': 'sources', 'run': run.run_id})}",
    )
