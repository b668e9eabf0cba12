"""The command `footnote eval drift`: exit code 1 when questions or answers are not what they were, for cron."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from app.chat_view import terminal_text
from app.quality.drift import FEWEST, DriftReport, drift_report
from app.quality.period import Period
from core.command_line import as_option, common_options, print_json
from core.settings import Settings
from evals.commands.caller import eval_caller
from index.factory import open_knowledge_base

_ALARM = 1


@click.command()
@click.option("--days", type=click.IntRange(1, 365), default=7, help="The last so many days …")
@click.option("--against", type=click.IntRange(1, 365), default=28, help="… beside those before.")
@as_option
@common_options
def drift(settings: Settings, as_json: bool, days: int, against: int, as_user: str | None) -> None:
    """Say whether questions or answers changed; exit code 1 if they did."""
    caller = eval_caller(settings, as_user)
    base = open_knowledge_base(settings)
    last = datetime.now(UTC).date()
    after = Period(last - timedelta(days=days - 1), last, "day")
    before = Period(after.first - timedelta(days=against), after.first - timedelta(days=1), "day")
    report = drift_report(base.catalogue.engine, base.retriever.embedder, before, after, caller)
    if as_json:
        print_json(drift_json(report))
    else:
        _print(report)
    if report.alarm:
        raise SystemExit(_ALARM)


def drift_json(report: DriftReport) -> dict[str, Any]:
    """Return a report as JSON values."""
    return {
        "alarm": report.alarm,
        "is_enough": report.is_enough,
        "before": {**_dates(report.before), "questions": report.questions_before},
        "after": {**_dates(report.after), "questions": report.questions_after},
        "features": [asdict(feature) for feature in report.features],
        "topics": [asdict(topic) for topic in report.topics],
    }


def _dates(period: Period) -> dict[str, str]:
    return {"first": period.first.isoformat(), "last": period.last.isoformat()}


def _print(report: DriftReport) -> None:
    lines = [
        f"{report.questions_after} questions since {report.after.first}, beside {report.questions_before} of "
        f"{report.before.first} to {report.before.last}"
    ]
    if not report.is_enough:
        lines.append(f"Too few to compare: each side needs {FEWEST}.")
    lines += [
        f"  {feature.feature:<15}{feature.value:>7.3f} of {feature.threshold:.3f}  "
        f"{'ALARM' if feature.alarm else 'as before'}"
        for feature in report.features
    ]
    if any(feature.alarm for feature in report.features if feature.feature == "topics"):
        for topic in report.topics:
            lines.append(f"  a topic grew from {topic.before:.0%} to {topic.after:.0%}")
            lines += [f"    {question}" for question in topic.questions]
    for line in lines:
        click.echo(terminal_text(line))
