"""The first page: what a committee decides from. One line a question, with an interval and what it means."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from core.metric_words import interval, level
from core.metrics import MetricInfo, metric_info
from evals.report.data import ReportData
from evals.report.live_rows import Figure, cost_per_accepted, mean_of, quantile, share_of, time_of
from evals.report.markup import Content, Markup, joined, tag, untrusted

_PRIMARY = (
    "fact_match",
    "answer_f1",
    "str_em",
    "regex_match",
    "context_span_recall",
    "ndcg@10_chunk",
    "abstention_correct",
)
_GROUNDED = "groundedness_footnote_checker"
SHARE = MetricInfo("share", "", "", "up", "report", None, "share")
_MS = MetricInfo("ms", "", "", "down", "report", None, "ms")
_USD = MetricInfo("usd", "", "", "down", "report", None, "usd")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the page: what is asked, the figure, its interval as words, and what it means."""

    name: str
    figure: str
    span: str
    meaning: str


def committee_page(data: ReportData) -> Markup:
    """Return the page."""
    rows = [
        tag(
            "tr",
            tag("th", line.name, scope="row"),
            tag("td", line.figure, class_="figure"),
            tag("td", line.span, class_="span"),
            tag("td", line.meaning, class_="meaning"),
        )
        for line in lines_of(data)
    ]
    table = tag(
        "table",
        tag(
            "thead",
            tag(
                "tr",
                [
                    tag("th", name, scope="col")
                    for name in ("", "Figure", "95 % interval", "What it means")
                ],
            ),
        ),
        tag("tbody", rows),
        class_="ledger",
    )
    return tag("section", _verdict(data), table, id="summary")


def lines_of(data: ReportData) -> list[Line]:
    """Return the lines, those of measured runs first."""
    if not data.answers:
        before = len(data.answers_before)
        meaning = f"Nobody asked anything in these {data.period.days} days; {before:,} questions in those before."
        return [*_measured_lines(data), *_run_times(data), Line("Use", "none", "", meaning)]
    return [
        *_measured_lines(data),
        *_cost_lines(data),
        _latency(data),
        *_adoption(data),
        *_flag_lines(data),
    ]


def _verdict(data: ReportData) -> Markup:
    comparison = data.comparison
    if comparison is None:
        words = "Nothing was compared"
        why: Sequence[str] = (
            "One run alone says how the answers are, not whether a change is worth it. "
            "`footnote eval report --run B --against A` compares two."
            if data.run
            else "No evaluation has run yet. The figures below are of real use only.",
        )
        return _verdict_box("none", words, why, None)
    names = joined(
        untrusted(comparison.after.variant, 80),
        " against ",
        untrusted(comparison.before.variant, 80),
        f", {comparison.cases} cases",
    )
    spoken = {"ship": "Ship it", "hold": "Hold it back", "cannot tell": "These cases cannot tell"}
    found = comparison.verdict
    return _verdict_box(
        found.decision.replace(" ", "-"),
        spoken[found.decision],
        (*found.reasons, found.limits),
        names,
    )


def _verdict_box(tone: str, words: str, why: Sequence[str], names: Content) -> Markup:
    return tag(
        "div",
        tag("p", "Verdict", class_="label"),
        tag("p", words, class_="words"),
        tag("p", names, class_="quiet") if names is not None else None,
        tag("ul", [tag("li", sentence) for sentence in why if sentence]),
        class_=f"verdict {tone}",
    )


def _measured_lines(data: ReportData) -> list[Line]:
    if data.run is None:
        return [
            Line(
                "Quality",
                "not measured",
                "",
                "`footnote eval run` asks the test cases and measures the answers.",
            )
        ]
    summary = data.run.summary
    chosen = (
        data.comparison.primary.info.name
        if data.comparison and data.comparison.primary
        else next(
            (
                name
                for name in _PRIMARY
                if name in summary and summary[name].get("value") is not None
            ),
            "",
        )
    )
    lines = []
    for title, name in (
        ("Quality", chosen),
        ("Groundedness", _GROUNDED),
        ("Refusals", "abstention_correct"),
    ):
        entry = summary.get(name)
        if (
            entry
            and entry.get("value") is not None
            and not (title == "Refusals" and chosen == name)
        ):
            info = metric_info(name)
            low, high = cast("tuple[float, float] | None", entry.get("interval")) or (None, None)
            lines.append(
                Line(
                    title,
                    level(info, cast(float, entry["value"])),
                    interval(info, low, high),
                    f"{info.title}, over {entry.get('n')} test cases. {info.description}",
                )
            )
    return lines or [Line("Quality", "not measured", "", "The run has no metric of answers.")]


def _run_times(data: ReportData) -> list[Line]:
    """Return what the test cases' answers took, for want of real ones."""
    entry = data.run.summary.get("latency_ms") if data.run else None
    if not entry or entry.get("value") is None:
        return []
    low, high = cast("tuple[float, float] | None", entry.get("interval")) or (None, None)
    value = cast(float, entry["value"])
    words = f"on average, over {entry.get('n')} test cases."
    return [Line("Waiting time", level(_MS, value), interval(_MS, low, high), words)]


def _cost_lines(data: ReportData) -> list[Line]:
    rows = data.answers
    each = mean_of(rows, [row.cost_usd for row in rows]) if rows else None
    accepted = cost_per_accepted(rows)
    total = sum(row.cost_usd for row in rows)
    answered = sum(row.is_accepted for row in rows)
    if not total and rows:
        nothing = "Answers were quoted from the documents or came from a model without a price: nothing was paid."
        return [Line("Cost of an answer", "$0", "", nothing)]
    return [
        _line(
            "Cost of an answer",
            _USD,
            each,
            f"{level(_USD, total)} in {data.period.days} days for {len(rows):,} questions.",
        ),
        _line(
            "Cost of an accepted answer",
            _USD,
            accepted,
            f"The same money over the {answered:,} that answered and that nobody says are wrong.",
        ),
    ]


def _latency(data: ReportData) -> Line:
    half, most = time_of(data.answers, 0.5), time_of(data.answers, 0.95)
    meaning = (
        f"Half of the answers took less; 95 of 100 took less than {level(_MS, most.value)}."
        if most
        else ""
    )
    return _line("Waiting time", _MS, half, meaning)


def _adoption(data: ReportData) -> list[Line]:
    rows, before = data.answers, data.answers_before
    people, people_before = len({row.owner for row in rows}), len({row.owner for row in before})
    answered = share_of(sum(row.status == "answered" for row in rows), len(rows))
    return [
        Line(
            "People",
            f"{people:,}",
            "a count",
            f"asked at least once; {people_before:,} in the {data.period.days} days before.",
        ),
        Line(
            "Questions",
            f"{len(rows):,}",
            "a count",
            f"{len(before):,} in the {data.period.days} days before.",
        ),
        _line(
            "Answered",
            SHARE,
            answered,
            "of all questions; the others were not in the documents, or failed.",
        ),
    ]


def _flag_lines(data: ReportData) -> list[Line]:
    rows = data.answers
    flagged = share_of(sum(row.is_flagged for row in rows), len(rows))
    states: dict[str, int] = {}
    for count in data.flags.counts:
        states[count.state] = states.get(count.state, 0) + count.count
    became = ", ".join(
        f"{number} {state}" for state, number in sorted(states.items(), key=lambda pair: -pair[1])
    )
    audit = data.audit
    judged = audit.right + audit.wrong
    found = share_of(audit.wrong, judged)
    lines = [
        _line(
            "Flagged",
            SHARE,
            flagged,
            f"of all answers. What became of the flags: {became or 'there are none'}.",
        )
    ]
    meaning = (
        f"of {judged} answers that were drawn at random, reviewers found {audit.wrong} wrong: what flags alone do not show."
        if judged
        else "No answer was drawn at random and judged, so nobody knows what flags leave out (Review, Audit)."
    )
    lines.append(_line("Wrong in the audit", SHARE, found, meaning))
    waited = quantile(data.hours, 0.5)
    open_flags = sum(number for state, number in states.items() if state in ("open", "triaged"))
    span = (
        f"[{_hours(waited.low)}, {_hours(waited.high)}]"
        if waited and waited.low is not None
        else ""
    )
    lines.append(
        Line(
            "Time to a decision",
            _hours(waited.value) if waited else "–",
            span,
            f"from a flag to what a reviewer decides, for half of them; {open_flags} still wait.",
        )
    )
    return lines


def _line(name: str, info: MetricInfo, found: Figure | None, meaning: str) -> Line:
    if found is None:
        return Line(name, "–", "", meaning or "Nothing to measure in this period.")
    span = interval(info, found.low, found.high) or f"too few ({found.n})"
    return Line(name, level(info, found.value), span, meaning)


def _hours(hours: float | None) -> str:
    if hours is None:
        return "–"
    if hours < 1:
        return f"{hours * 60:.0f} min"
    return f"{hours:.1f} h" if hours < 48 else f"{hours / 24:.1f} days"
