"""The command `footnote eval canary`: exit code 1 when the model behind a name is another one, for cron."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from app.chat_view import terminal_text
from core.answers import Caller
from core.command_line import as_option, common_options, print_json
from core.errors import NotFound
from core.settings import Settings
from evals.cases.case import Case
from evals.cases.case_file import read_cases
from evals.cases.case_store import CaseStore
from evals.commands.caller import eval_caller
from evals.commands.progress_bar import shown_progress
from evals.watching.canary import DATASET, REPEATS, CanaryVerdict, canary_verdicts, run_canary
from index.factory import open_catalogue

_CHANGED = 1


@click.group()
def canary() -> None:
    """Notice a model that changed behind its name."""


@canary.command("run")
@click.option(
    "--cases",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help=f"Case file (default: the cases of the dataset {DATASET!r}).",
)
@click.option(
    "--repeats", type=click.IntRange(2, 20), default=REPEATS, help="Ask every case this often."
)
@as_option
@common_options
def run(
    settings: Settings, as_json: bool, cases: Path | None, repeats: int, as_user: str | None
) -> None:
    """Ask the same questions as last time; exit code 1 if the model changed."""
    caller = eval_caller(settings, as_user)
    chosen = _cases(settings, cases, caller)
    with shown_progress() as progress:
        verdict = run_canary(settings, chosen, caller, progress, repeats)
    if as_json:
        print_json(_plain(verdict))
    else:
        _print(verdict)
    if verdict.is_changed:
        raise SystemExit(_CHANGED)


@canary.command()
@as_option
@common_options
def status(settings: Settings, as_json: bool, as_user: str | None) -> None:
    """Show what the last runs said; exit code 1 if the newest one says that the model changed."""
    eval_caller(settings, as_user)
    verdicts = canary_verdicts(settings)
    if as_json:
        print_json([_plain(verdict) for verdict in verdicts])
    for verdict in () if as_json else verdicts:
        _print(verdict)
    if not verdicts and not as_json:
        click.echo("The suite has not run yet. Start it with `footnote eval canary run`.")
    if verdicts and verdicts[0].is_changed:
        raise SystemExit(_CHANGED)


def _cases(settings: Settings, file: Path | None, caller: Caller) -> list[Case]:
    if file is not None:
        return read_cases(file)
    found = CaseStore(open_catalogue(settings)).live(caller, DATASET)
    if not found:
        raise NotFound(
            f"The dataset {DATASET!r} has no cases. Give --cases FILE, or bring some in with "
            f"`footnote eval cases import FILE {DATASET}`."
        )
    return found


def _plain(verdict: CanaryVerdict) -> dict[str, Any]:
    return asdict(verdict)


def _print(verdict: CanaryVerdict) -> None:
    names = ", ".join(
        " ".join(filter(None, (name.model, name.fingerprint))) for name in verdict.names
    )
    click.echo(
        terminal_text(f"{verdict.at[:16].replace('T', ' ')}  {verdict.model}: {verdict.state}")
    )
    for reason in verdict.reasons:
        click.echo(terminal_text(f"  {reason}"))
    if names:
        click.echo(terminal_text(f"  replies came from {names}"))
