"""The command `footnote eval gate`: exit code 0 lets a build go on, 1 stops it, with the reasons."""

from pathlib import Path
from typing import NoReturn

import click

from app.chat_view import terminal_text
from core.command_line import as_option, common_options, print_json
from core.errors import NotFound
from core.settings import Settings
from core.variants import CURRENT
from evals.commands.caller import eval_caller
from evals.gating.gate import GateReport
from evals.gating.judging import Gating, Told
from index.factory import open_catalogue


@click.command()
@click.option(
    "--run",
    "run_name",
    metavar="RUN",
    help="Judge this stored run instead of asking the cases now.",
)
@click.option(
    "--baseline",
    metavar="RUN",
    default="",
    help="Compare with this run (default: `eval baseline set`).",
)
@click.option(
    "--cases", "cases_name", metavar="FILE|DATASET", help="Cases beside those of accepted flags."
)
@click.option("--variant", default=CURRENT, show_default=True, help="The variant that is asked.")
@click.option(
    "--junit",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write the decision as JUnit XML too.",
)
@click.option("--dry-run", is_flag=True, help="Change no flag, whatever comes out.")
@click.option(
    "--self-test", "is_self_test", is_flag=True, help="Prove on built-in runs that the gate blocks."
)
@as_option
@common_options
def gate(
    settings: Settings,
    as_json: bool,
    run_name: str | None,
    baseline: str,
    cases_name: str | None,
    variant: str,
    junit: Path | None,
    dry_run: bool,
    is_self_test: bool,
    as_user: str | None,
) -> None:
    """Fail if answers got worse: a broken invariant, a flag that comes back, a metric beyond its margin."""
    if is_self_test:
        _self_test(as_json=as_json)
        return
    caller = eval_caller(settings, as_user)
    gating = Gating(settings, open_catalogue(settings), caller)
    expected: list[str] = []
    if run_name is None:
        from evals.gating.gate_run import named_cases, run_for_gate

        cases = gating.flag_cases()
        if cases_name:
            cases += named_cases(gating.catalogue, caller, cases_name)
        expected = sorted({case.case_id for case in cases})
        try:
            outcome = run_for_gate(settings, cases, caller, _progress, variant)
        except NotFound as error:
            _stop(f"Nothing was tested, so nothing can be let through. {error}", as_json=as_json)
        run_name = outcome.record.run_id
    report = gating.judge(run_name, baseline, expected)
    told = Told() if dry_run else gating.tell(report)
    if junit is not None:
        from evals.gating.junit import write_junit

        write_junit(report, junit)
    _print(report, told, as_json=as_json)
    if not report.is_passed:
        raise SystemExit(1)


def gate_json(report: GateReport, told: Told) -> dict[str, object]:
    """Return the decision as JSON; fields are added, never renamed."""
    return {
        "passed": report.is_passed,
        "reasons": list(report.reasons),
        "run_id": report.run_id,
        "variant": report.variant,
        "baseline": report.baseline or None,
        "checks": [
            {
                "rule": check.rule,
                "passed": check.is_passed,
                "looked_at": check.looked_at,
                "problems": list(check.problems),
            }
            for check in report.checks
        ],
        "remarks": list(report.remarks),
        "flags": {
            "passed": list(report.flags_passed),
            "failed": list(report.flags_failed),
            "verified": list(told.verified),
            "reopened": list(told.reopened),
        },
    }


def _print(report: GateReport, told: Told, *, as_json: bool) -> None:
    if as_json:
        print_json(gate_json(report, told))
        return
    for check in report.checks:
        click.echo(
            terminal_text(
                f"{'pass ' if check.is_passed else 'BLOCK'}  {check.rule}: {check.looked_at}"
            )
        )
        for problem in check.problems:
            click.echo(terminal_text(f"       {problem}"))
    for remark in report.remarks:
        click.echo(terminal_text(f"note   {remark}"))
    if told.verified:
        click.echo(f"Verified: {', '.join(told.verified)}. Who flagged them is told.")
    if told.reopened:
        click.echo(f"Open again: {', '.join(told.reopened)}.")
    click.echo(
        f"The gate {'passes' if report.is_passed else 'BLOCKS'} ({report.run_id}, {report.variant})."
    )


def _self_test(*, as_json: bool) -> None:
    from evals.gating.self_test import self_test

    problems = self_test()
    if as_json:
        print_json({"works": not problems, "problems": problems})
    else:
        for problem in problems or [
            "The gate works: it blocks three bad runs and lets the clean one through."
        ]:
            click.echo(problem)
    if problems:
        raise SystemExit(1)


def _stop(reason: str, *, as_json: bool) -> NoReturn:
    if as_json:
        print_json(
            {"passed": False, "reasons": [reason], "run_id": None, "checks": [], "remarks": []}
        )
    else:
        click.echo(f"BLOCK  {terminal_text(reason)}")
    raise SystemExit(1)


def _progress(stage: str, done: int, total: int) -> None:
    if done == total or done % 20 == 0:
        click.echo(f"{stage}: {done} of {total}", err=True)
