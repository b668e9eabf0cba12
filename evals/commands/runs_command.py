"""The command `footnote eval runs`: past runs, what they were made of, and making one again."""

from dataclasses import replace
from types import MappingProxyType
from typing import Any

import click

from app.chat_view import terminal_text
from core.answers import Caller
from core.command_line import as_option, common_options, print_json
from core.errors import UsageError
from core.settings import Settings
from core.variants import Variant
from evals.cases.case import Case, case_of_line
from evals.commands.caller import eval_caller
from evals.commands.progress_bar import shown_progress
from evals.commands.run_command import print_run, run_json
from evals.comparing.scored_run import CaseSight
from evals.running.manifest import RunOptions, differences, manifest_of
from evals.running.run_log import RunLog, RunRecord
from evals.running.runner import RunRequest, settings_of
from evals.running.runner import run as run_cases
from index.factory import open_catalogue


@click.group("runs")
def runs() -> None:
    """List past runs, show them, and make them again."""


@runs.command("list")
@common_options
def list_runs(settings: Settings, as_json: bool) -> None:
    """List the runs, the newest first."""
    found = _log(settings).list()
    if as_json:
        print_json([_told(run) for run in found])
        return
    for run in found:
        state = "" if run.is_finished else "  unfinished"
        cases = run.manifest.get("dataset", {}).get("cases", "?")
        click.echo(
            f"{run.run_id}  {run.started_at[:16]}  {terminal_text(run.variant)}  "
            f"{terminal_text(run.dataset)} ({cases} cases){state}"
        )
    if not found:
        click.echo("There is no run yet. `footnote eval run --cases FILE` makes one.", err=True)


@runs.command("show")
@click.argument("run", metavar="RUN")
@common_options
def show_run(settings: Settings, as_json: bool, run: str) -> None:
    """Show what a run was made of and what came of it; RUN is an id, its beginning, `latest` or a variant."""
    record = _log(settings).read(run)
    if as_json:
        print_json(_told(record))
        return
    for name, value in record.manifest.items():
        click.echo(f"{name}: {terminal_text(str(value))}")
    for metric, entry in record.summary.items():
        click.echo(f"{metric}: {entry['value']} ({entry['n']} cases)")


@runs.command("rerun")
@click.argument("run", metavar="RUN")
@click.option("--anyway", is_flag=True, help="Also where something is not as it was.")
@as_option
@common_options
def rerun(settings: Settings, as_json: bool, run: str, anyway: bool, as_user: str | None) -> None:
    """Ask the same cases in the same way again; refuses where documents, prompts, model or code are not as they were."""
    caller = eval_caller(settings, as_user)
    log = _log(settings)
    before = log.read(run)
    request = _request(before, log, CaseSight(open_catalogue(settings), caller), caller)
    if not anyway:
        _check_same(settings, before, request)
    with shown_progress() as progress:
        outcome = run_cases(settings, request, progress)
    told = run_json(settings, outcome, request.cases)
    if as_json:
        print_json(told)
    else:
        print_run(told)


def _request(before: RunRecord, log: RunLog, sight: CaseSight, caller: Caller) -> RunRequest:
    """Return what makes a run again: its cases as they were asked, as far as the caller may see them."""
    manifest = before.manifest
    found: dict[str, Case] = {}
    for answer in log.answers(before.run_id):
        content = answer.content
        if not sight.may_see(content):
            continue
        found[answer.case_id] = replace(
            case_of_line(content["case"]),
            version=content.get("case_version", 1),
            split=content.get("split", "test"),
            origin=content.get("origin", "import"),
            cluster=content.get("cluster", ""),
            source_feedback_id=content.get("source_feedback_id", ""),
        )
    if not found:
        raise UsageError(f"The run {before.run_id!r} has no case that you may ask again.")
    changes = MappingProxyType(dict(manifest["variant"]["changes"]))
    options = RunOptions(
        manifest.get("repeats", 1),
        manifest.get("split", "all"),
        tuple(manifest.get("tags", ())),
        manifest.get("limit", 0),
        manifest.get("seed", 0),
        manifest.get("cache", False),
        manifest.get("closed_book", False),
    )
    variant = Variant(manifest["variant"]["name"], "", changes)
    return RunRequest(tuple(found.values()), before.dataset, variant, options, caller)


def _check_same(settings: Settings, before: RunRecord, request: RunRequest) -> None:
    if not before.is_finished:
        raise UsageError(
            f"The run {before.run_id!r} was stopped before its end, so not all of its cases are known. --anyway asks "
            "those that it got to."
        )
    own = settings_of(settings, request.variant)
    now = manifest_of(
        own,
        request.variant,
        request.dataset,
        request.cases,
        request.options,
        open_catalogue(own),
        request.caller,
    )
    changed = differences(before.manifest, now)
    if changed:
        raise UsageError(
            f"Not everything is as it was when {before.run_id!r} ran: {', '.join(changed)} changed since. --anyway runs "
            "it with what there is now."
        )


def _log(settings: Settings) -> RunLog:
    eval_caller(settings, None)
    return RunLog(open_catalogue(settings).engine, settings.data_dir)


def _told(run: RunRecord) -> dict[str, Any]:
    return {
        "run_id": run.run_id,
        "variant": run.variant,
        "dataset": run.dataset,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "finished": run.is_finished,
        "metrics": dict(run.summary),
        "manifest": dict(run.manifest),
    }
