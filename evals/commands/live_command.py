"""The command `footnote eval live`: a variant that some readers get, beside the settings as they are."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from app.chat_view import terminal_text
from app.quality.arms import ArmDifference, ArmFigures, LiveComparison, read_live
from app.quality.period import Period
from app.quality.shadows import ShadowComparison, read_shadows
from core.command_line import as_option, common_options, print_json
from core.settings import Settings
from evals.commands.caller import eval_caller
from index.factory import open_catalogue


@click.command()
@click.option(
    "--experiment", default="", metavar="NAME", help="Only this comparison (default: all)."
)
@click.option("--days", type=click.IntRange(1, 3650), default=30, help="The last so many days.")
@as_option
@common_options
def live(
    settings: Settings, as_json: bool, experiment: str, days: int, as_user: str | None
) -> None:
    """Compare variants on real questions: what their readers got, said and did."""
    eval_caller(settings, as_user)
    engine = open_catalogue(settings).engine
    last = datetime.now(UTC).date()
    period = Period(last - timedelta(days=days - 1), last, "day")
    comparisons = read_live(engine, period, experiment)
    shadows = read_shadows(engine, period, experiment)
    if as_json:
        print_json(
            {
                "days": days,
                "comparisons": [_plain(each) for each in comparisons],
                "shadows": [asdict(each) for each in shadows],
            }
        )
        return
    for comparison in comparisons:
        _print(comparison)
    for shadow in shadows:
        _print_shadow(shadow)
    if not comparisons and not shadows:
        click.echo(
            f"No answers of a live comparison in the last {days} days. FOOTNOTE_EXPERIMENT__NAME starts one."
        )


def _plain(found: LiveComparison) -> dict[str, Any]:
    return {
        "experiment": found.experiment,
        "variant": found.variant,
        "first": found.period.first.isoformat(),
        "last": found.period.last.isoformat(),
        "in_both": found.in_both,
        "current": _arm(found.current),
        "tried": _arm(found.tried),
        "differences": [asdict(each) for each in found.differences],
    }


def _arm(found: ArmFigures) -> dict[str, Any]:
    return {
        "users": found.users,
        "answers": found.answers,
        "metrics": {
            value.metric: {
                "value": value.value,
                "n": value.n,
                "interval": None if value.low is None else [value.low, value.high],
            }
            for value in found.values
        },
    }


def _print(found: LiveComparison) -> None:
    current, tried = found.current, found.tried
    lines = [
        f"{found.experiment}: {found.variant} beside current, {found.period.first} to {found.period.last}",
        f"  {'':<18}{f'{current.users} readers':>14}{f'{tried.users} readers':>14}",
        f"  {'':<18}{f'{current.answers} answers':>14}{f'{tried.answers} answers':>14}",
    ]
    lines += [
        f"  {each.metric:<18}{_amount(each.metric, before.value):>14}{_amount(each.metric, after.value):>14}"
        f"  {_span(each):<26}{_said(each)}"
        for each, before, after in zip(found.differences, current.values, tried.values, strict=True)
    ]
    if found.in_both:
        lines.append(f"  {found.in_both} readers have conversations on both sides.")
    for line in lines:
        click.echo(terminal_text(line))


def _amount(metric: str, value: float | None) -> str:
    if value is None:
        return "-"
    if metric.endswith("_ms"):
        return f"{value:,.0f} ms"
    return f"${value:.4f}" if metric == "cost_usd" else f"{value:.1%}"


def _span(each: ArmDifference) -> str:
    if each.low is None or each.high is None:
        return ""
    if each.metric.endswith("_ms") or each.metric == "cost_usd":
        digits = 0 if each.metric.endswith("_ms") else 4
        return f"[{each.low:+,.{digits}f}, {each.high:+,.{digits}f}]"
    return f"[{100 * each.low:+.1f}, {100 * each.high:+.1f}] points"


def _said(each: ArmDifference) -> str:
    if each.more_users is None:
        return each.verdict
    return f"{each.verdict}: needs about {each.more_users:,} more readers"


def _print_shadow(found: ShadowComparison) -> None:
    click.echo(
        terminal_text(
            f"{found.experiment}: {found.variant} and current answered the same {found.questions} questions of "
            f"{found.users} readers; their words agree by {found.agreement:.0%} (token F1)"
        )
    )
    for value in found.values:
        span = "" if value.low is None else f"  [{value.low:+.3f}, {value.high:+.3f}]"
        click.echo(
            f"  {value.metric:<32}{value.current:>10.3f}{value.tried:>10.3f}{span}  (n = {value.n})"
        )
