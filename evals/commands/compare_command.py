"""The command `footnote eval compare`."""

import click

from app.chat_view import clipped, terminal_text
from core.command_line import as_option, common_options, print_json
from core.errors import UsageError
from core.metric_words import change, change_span, level
from core.settings import Settings
from evals.commands.caller import eval_caller
from evals.comparing.compared_runs import RunComparison, compare_stored, comparison_json
from evals.running.run_log import RunLog
from index.factory import open_catalogue

_SHOWN_TURNED = 10
_SHOWN_CHARS = 110


@click.command()
@click.argument("runs", nargs=-1, required=True)
@click.option(
    "--primary",
    metavar="METRIC",
    help="The metric that decides (default: the first of a fixed order).",
)
@click.option(
    "--slices",
    "with_slices",
    is_flag=True,
    help="Show the primary metric by tag, source, language.",
)
@as_option
@common_options
def compare(
    settings: Settings,
    as_json: bool,
    runs: tuple[str, ...],
    primary: str | None,
    with_slices: bool,
    as_user: str | None,
) -> None:
    """Say how much runs differ from the first one, what that is worth, and whether to ship.

    RUNS are ids of runs, their beginnings, or names of variants, which mean the last finished run of each.
    """
    if len(runs) < 2:
        raise UsageError("Give two runs or more: the first is what the others are compared with.")
    caller = eval_caller(settings, as_user)
    catalogue = open_catalogue(settings)
    log = RunLog(catalogue.engine, settings.data_dir)
    comparisons, cheapest = compare_stored(log, catalogue, caller, runs, primary)
    if as_json:
        whole = comparison_json(comparisons[0])
        if len(comparisons) > 1:
            whole["others"] = [comparison_json(each) for each in comparisons[1:]]
            whole["cheapest"] = cheapest
        print_json(whole)
        return
    for comparison in comparisons:
        _print(comparison, with_slices=with_slices)
    if cheapest:
        click.echo(terminal_text(cheapest))


def _print(found: RunComparison, *, with_slices: bool) -> None:
    lines = [
        f"{found.before.variant} ({found.before.run_id}) → {found.after.variant} ({found.after.run_id}), {found.cases} cases",
        *(f"  note: {remark}" for remark in found.remarks),
        "",
        f"{'metric':<38}{'before':>10}{'after':>10}  {'difference, 95 %':<36}{'p (Holm)':>9}  ",
    ]
    for each in found.metrics:
        paired = each.paired
        span = f" {change_span(each.info, paired.low, paired.high)}"
        p_value = "" if each.p_adjusted is None else f"{each.p_adjusted:.3f}"
        turned = f"  {each.turned.lost} lost, {each.turned.gained} won" if each.turned else ""
        lines.append(
            f"{clipped(each.info.title, 37):<38}{level(each.info, paired.before):>10}{level(each.info, paired.after):>10}  "
            f"{change(each.info, paired.difference) + span:<36}{p_value:>9}  "
            f"{each.standing if each.standing != 'reported' else ''}{turned}"
        )
    lines += [""] + [
        f"{'won ' if each.is_won else 'lost'}  {each.case_id}: {clipped(' '.join(each.question.split()), _SHOWN_CHARS)}"
        for each in found.turned[:_SHOWN_TURNED]
    ]
    if len(found.turned) > _SHOWN_TURNED:
        lines.append(
            f"… and {len(found.turned) - _SHOWN_TURNED} more cases that turned; --json has them all."
        )
    if with_slices and found.primary:
        lines += ["", f"{found.primary.info.title} by part"]
        lines += [
            f"  {each.kind} {each.name}: {change(found.primary.info, each.paired.difference)} (n = {each.paired.n})"
            for each in found.slices
        ]
    lines += [
        "",
        f"Verdict: {found.verdict.decision}",
        *(f"  {reason}" for reason in found.verdict.reasons),
    ]
    lines.append(f"  {found.verdict.limits}" if found.verdict.limits else "")
    for line in lines:
        click.echo(terminal_text(line))
