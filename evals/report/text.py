"""The report as a short text for a weekly message, in Markdown that shows every text as it stands."""

import re

from app.privacy.redaction import redact_for_record
from core.hidden_characters import visible
from evals.report.committee import Line, lines_of
from evals.report.data import ReportData

_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|~!&])")
_SHOWN = 5
_LONGEST = 140


def report_markdown(data: ReportData) -> str:
    """Return the text."""
    period = f"{data.period.first.isoformat()} to {data.period.last.isoformat()}"
    parts = [f"# Footnote, {period}", ""]
    if data.comparison:
        verdict = data.comparison.verdict
        parts.append(
            f"**Verdict: {verdict.decision}.** {' '.join(_escaped(reason) for reason in verdict.reasons)}"
        )
        parts += [_escaped(verdict.limits), ""]
    parts += [
        f"- **{line.name}**: {_escaped(_with_interval(line))} – {_escaped(line.meaning)}"
        for line in lines_of(data)
    ]
    parts += ["", "## Asked, and not in the documents", ""]
    gaps = data.gaps.gaps if data.gaps else ()
    parts += [
        f"- {_said(gap.label)} ({_times(gap.asked)}, {_people(gap.people)})"
        for gap in gaps[:_SHOWN]
    ]
    parts += [] if gaps else ["Nothing that may be shown."]
    parts += ["", "## Flagged", ""]
    rows = data.flag_rows.rows
    parts += [
        f"- {_said(row.question)} – {_escaped(row.category)}, {row.state}" for row in rows[:_SHOWN]
    ]
    parts += [] if rows else ["Nothing."]
    if data.drift and data.drift.alarm:
        moved = ", ".join(feature.feature for feature in data.drift.features if feature.alarm)
        parts += ["", f"**Something moved:** {moved}."]
    return "\n".join(parts) + "\n"


def _with_interval(line: Line) -> str:
    # A count stands for itself, and the page says so in the interval's column.
    return f"{line.figure} {line.span}" if line.span.startswith("[") else line.figure


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count:,} times"


def _people(count: int) -> str:
    return "1 person" if count == 1 else f"{count:,} people"


def _said(text: str) -> str:
    shown = " ".join(redact_for_record(visible(text)).split())
    return _escaped(shown if len(shown) <= _LONGEST else shown[: _LONGEST - 1] + "…")


def _escaped(text: str) -> str:
    return _MARKUP.sub(r"\\\1", text)
