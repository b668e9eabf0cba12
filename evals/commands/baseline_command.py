"""The command `footnote eval baseline`."""

import click

from core.command_line import as_option, common_options, print_json
from core.settings import Settings
from evals.commands.caller import eval_caller
from evals.gating.baseline import read_baseline, set_baseline
from evals.running.run_log import RunLog, RunRecord
from index.factory import open_catalogue


@click.group()
def baseline() -> None:
    """Mark the run that the gate compares with."""


@baseline.command("set")
@click.argument("run")
@as_option
@common_options
def set_run(settings: Settings, as_json: bool, run: str, as_user: str | None) -> None:
    """Mark a finished run, by its id, the beginning of it, or `latest`."""
    eval_caller(settings, as_user)
    catalogue = open_catalogue(settings)
    record = set_baseline(catalogue, RunLog(catalogue.engine, settings.data_dir), run)
    _tell(record, as_json=as_json)


@baseline.command("show")
@as_option
@common_options
def show(settings: Settings, as_json: bool, as_user: str | None) -> None:
    """Say which run is marked."""
    eval_caller(settings, as_user)
    catalogue = open_catalogue(settings)
    record = read_baseline(catalogue, RunLog(catalogue.engine, settings.data_dir))
    if record is None and not as_json:
        click.echo("No run is marked. `footnote eval baseline set RUN` marks one.")
        return
    _tell(record, as_json=as_json)


def _tell(record: RunRecord | None, *, as_json: bool) -> None:
    if as_json:
        print_json(
            {"run_id": record.run_id, "variant": record.variant, "dataset": record.dataset}
            if record
            else None
        )
    elif record is not None:
        click.echo(
            f"The baseline is {record.run_id} ({record.variant}, {record.dataset}, {record.started_at[:16]})."
        )
