"""The report as one HTML file: nothing in it is fetched, run or followed.

A content security policy in its head forbids everything but the styles that it brings, so that even a fault in the
escaping would execute nothing.
"""

import json
from pathlib import Path

from evals.report.committee import committee_page
from evals.report.data import ReportData
from evals.report.flags import flag_section
from evals.report.gaps import drift_section, gap_section
from evals.report.markup import Markup, joined, tag, untrusted
from evals.report.parts import nothing, section
from evals.report.quality import quality_section
from evals.report.usage import usage_section

_SECTIONS = (
    ("summary", "Summary"),
    ("quality", "Quality"),
    ("use", "Use"),
    ("flags", "Flags"),
    ("gaps", "Gaps"),
    ("drift", "Drift"),
    ("manifest", "Manifest"),
)


def report_html(data: ReportData) -> str:
    """Return the file's text."""
    style = (Path(__file__).parent / "report.css").read_text(encoding="utf-8")
    policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("title", f"Footnote: report of {data.made_at:%Y-%m-%d}"),
        Markup(f"<style>{style}</style>"),
    )
    body = tag("body", _header(data), tag("main", _sections(data)), _footer(data))
    return f"<!doctype html>\n{tag('html', head, body, lang='en').text}\n"


def _sections(data: ReportData) -> Markup:
    return joined(
        committee_page(data),
        quality_section(data),
        usage_section(data),
        flag_section(data),
        gap_section(data),
        drift_section(data),
        _manifest(data),
    )


def _header(data: ReportData) -> Markup:
    links = [tag("a", name, href=f"#{anchor}") for anchor, name in _SECTIONS]
    period = f"{data.period.first.isoformat()} to {data.period.last.isoformat()}"
    return tag(
        "header",
        tag("p", "Footnote", tag("sup", "1"), class_="brand"),
        tag("h1", "How good the answers are"),
        tag(
            "p",
            f"{period} ({data.period.days} days), made {data.made_at:%Y-%m-%d %H:%M} UTC for ",
            untrusted(data.caller, 80),
            class_="quiet",
        ),
        tag("nav", links, aria_label="Sections"),
    )


def _manifest(data: ReportData) -> Markup:
    lead = "What it takes to make the same run again: code, prompts, models, index, cases and seed."
    runs = []
    if data.comparison:
        runs.append(("Before", data.comparison.before))
    if data.run:
        runs.append(("After" if data.comparison else "The run", data.run.run.record))
    if not runs:
        return section("manifest", "Manifest", lead, nothing("There is no run."))
    blocks = [
        joined(
            tag("h3", f"{name}: ", tag("code", record.run_id)),
            tag(
                "pre",
                json.dumps(dict(record.manifest), indent=2, ensure_ascii=False, sort_keys=True),
            ),
        )
        for name, record in runs
    ]
    return section("manifest", "Manifest", lead, *blocks)


def _footer(data: ReportData) -> Markup:
    notes = [tag("li", note) for note in data.notes]
    return tag(
        "footer",
        tag("ul", notes) if notes else None,
        tag(
            "p",
            "Intervals are of 95 % and draw whole source documents (test cases) or whole people (live answers). Personal data "
            "in questions is masked. What the reader of this report may not see is not in it.",
        ),
    )
