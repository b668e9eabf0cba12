"""The command that brings documents in: `footnote ingest`, its history and its sources."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from core.command_line import common_options, print_json
from core.documents import normal_principals
from core.errors import ConfigError, UsageError
from core.settings import Settings
from ingest.progress import shown_progress

if TYPE_CHECKING:
    from ingest.pipeline import IngestReport
    from ingest.run import Ingestion, Planning, Selection


@click.command("history")
@click.option(
    "--errors", is_flag=True, help="Only runs in which something failed, with every reason."
)
@click.option("-n", "limit", default=20, show_default=True, help="How many runs, newest first.")
@common_options
def history(settings: Settings, as_json: bool, errors: bool, limit: int) -> None:
    """Show past ingestions: what they did, how long they took, and what failed."""
    from index.factory import open_catalogue
    from ingest.history_view import run_json, run_lines
    from ingest.run_history import RunHistory

    runs = RunHistory(open_catalogue(settings)).list()
    chosen = [run for run in runs if not errors or run.status not in ("done", "running")][:limit]
    if as_json:
        print_json([run_json(run) for run in chosen])
        return
    for run in chosen:
        for line in run_lines(run, with_errors=errors):
            click.echo(line)
    if not chosen:
        click.echo("No run failed." if errors else "There was no ingestion yet.", err=True)


@click.command("sources")
@common_options
def list_sources(settings: Settings, as_json: bool) -> None:
    """List the sources of the sources file: what they are, where, who may read, and when they run."""
    from ingest.sources.config import SourcesFile
    from ingest.sources.overview import configured_sources

    found = configured_sources(SourcesFile(settings.sources_file))
    if as_json:
        print_json([asdict(entry) for entry in found])
        return
    for entry in found:
        schedule = entry.schedule or "when asked"
        readers = ", ".join(entry.access) or "only admins"
        click.echo(f"{entry.name}  {entry.type} {entry.where}  {schedule}  {readers}")


class _WithSubcommands(click.Command):
    """`ingest` takes paths, and two words that are commands: `history` and `sources` (a folder is `./history`)."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        for command in (history, list_sources):
            if args[:1] == [command.name]:
                name = f"{info_name} {command.name}"
                return command.make_context(name, args[1:], parent=parent, **extra)
        return super().make_context(info_name, args, parent=parent, **extra)


@click.command(cls=_WithSubcommands)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--source", "source_name", metavar="NAME", help="Run one source of the sources file.")
@click.option("--plan", "plan_only", is_flag=True, help="Show what would happen; change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--allow-mass-delete", is_flag=True, help="Let a run remove many documents.")
@click.option(
    "--access",
    "access",
    multiple=True,
    metavar="PRINCIPAL",
    help="Who may read: everyone, group:NAME or user:EMAIL. Repeat for several.",
)
@click.option(
    "--retry", is_flag=True, help="Read quarantined documents again, also unchanged ones."
)
@click.option(
    "--wait", "wait_s", default=0.0, metavar="SECONDS", help="Wait for another ingestion to end."
)
@click.option("--watch", is_flag=True, help="Go on and ingest whatever changes.")
@click.option("--daemon", is_flag=True, help="Run every source by its schedule, until stopped.")
@click.option("--init", "write_file", is_flag=True, help="Write a commented sources file.")
@common_options
def ingest(
    settings: Settings,
    as_json: bool,
    paths: tuple[Path, ...],
    source_name: str | None,
    plan_only: bool,
    yes: bool,
    allow_mass_delete: bool,
    access: tuple[str, ...],
    retry: bool,
    wait_s: float,
    watch: bool,
    daemon: bool,
    write_file: bool,
) -> None:
    """Bring files, folders or the configured sources into the knowledge base.

    `footnote ingest history [--errors]` shows what past runs did, `footnote ingest sources` which sources there are.
    """
    from ingest.run import Ingestion, Selection
    from ingest.writer_lock import run_lease

    if write_file:
        _write_sources_file(settings, as_json=as_json)
        return
    selection = Selection(paths, source_name, _principals(access), retry, allow_mass_delete)
    if daemon:
        from ingest.daemon import run_daemon

        run_daemon(settings, selection)
        return
    with Ingestion(settings) as ingestion:
        if plan_only:
            _show_plan(ingestion, selection, as_json=as_json)
            return
        with run_lease(settings, wait_s=wait_s) as lease:
            lease.doing = "looking what changed"
            planning = ingestion.plan(selection)
            _confirm(planning, yes=yes)
            with shown_progress(lease, enabled=not as_json) as progress:
                report = ingestion.apply(
                    planning, allow_mass_delete=allow_mass_delete, progress=progress
                )
        _show_report(report, as_json=as_json)
        if watch:
            from ingest.watch import watch_sources

            watch_sources(settings, ingestion, selection)
    if not report.is_clean:
        raise SystemExit(1)


def _write_sources_file(settings: Settings, *, as_json: bool) -> None:
    from ingest.sources.config_template import write_template

    write_template(settings.sources_file)
    if as_json:
        print_json({"written": str(settings.sources_file)})
    else:
        click.echo(
            f"Wrote {settings.sources_file}. Edit it, then run `footnote ingest --plan` to see what it would do."
        )


def _principals(access: tuple[str, ...]) -> tuple[str, ...] | None:
    if not access:
        return None
    try:
        return normal_principals(access)
    except ValueError as error:
        raise UsageError(f"--access: {error}.") from error


def _confirm(planning: "Planning", *, yes: bool) -> None:
    if yes:
        return
    plans = [entry.plan for entry in planning.plans]
    removed = sum(len(plan.of("removed")) for plan in plans)
    if sys.stdin.isatty():
        for plan in plans:
            click.echo(f"{plan.source.name}: {plan.summary()}", err=True)
        if planning.changes:
            click.confirm("Go on?", abort=True, err=True)
    elif removed:
        raise ConfigError(
            f"This run would remove {removed} document{'' if removed == 1 else 's'}. Run it with --yes to agree, or with --plan to see which."
        )


def _show_plan(ingestion: "Ingestion", selection: "Selection", *, as_json: bool) -> None:
    from ingest.run import planned_report

    planning = ingestion.plan(selection)
    seconds = ingestion.estimated_seconds(planning)
    steps = [
        step for entry in planning.plans for step in entry.plan.steps if step.action != "unchanged"
    ]
    if as_json:
        rows = [
            {"uri": step.uri, "action": step.action}
            | ({"from": step.moved_from} if step.moved_from else {})
            for step in steps
        ]
        report = asdict(planned_report(planning))
        refused = ingestion.refusals(planning)
        print_json({**report, "estimated_seconds": seconds, "refused": refused, "plan": rows})
        return
    signs = {"added": "+", "changed": "~", "moved": ">", "removed": "-"}
    for step in steps:
        origin = f"  (was {step.moved_from})" if step.moved_from else ""
        click.echo(f"{signs[step.action]} {step.uri}{origin}")
    for entry in planning.plans:
        plan = entry.plan
        click.echo(f"{plan.source.name}: {plan.summary()}")
        for sentence in (*plan.warnings, *filter(None, [plan.problem])):
            click.echo(f"  {sentence}", err=True)
    for failure in planning.failures:
        click.echo(f"{failure.name}: {failure.error}", err=True)
    for refusal in ingestion.refusals(planning):
        click.echo(refusal["message"], err=True)
    if steps:
        click.echo(f"This would take about {_duration(seconds)}.")


def _files(count: int) -> str:
    return f"{count} file{'' if count == 1 else 's'}"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 90 else f"{minutes / 60:.1f} h"


def _show_report(report: "IngestReport", *, as_json: bool) -> None:
    if as_json:
        print_json(asdict(report))
        return
    moved = f"{report.moved} moved, " if report.moved else ""
    click.echo(
        f"{report.added} added, {report.changed} changed, {moved}{report.removed} removed, "
        f"{report.unchanged} unchanged; {report.chunks} chunks in {report.seconds:.1f} s."
    )
    for entry in report.quarantined:
        click.echo(f"  {entry['uri']}: {entry['reason']}. {entry['detail']} {entry['hint']}")
    if report.quarantined:
        click.echo(f"{_files(len(report.quarantined))} could not be read (above).")
    before = report.still_quarantined - len(report.quarantined)
    if before > 0:
        click.echo(
            f"{_files(before)} more could not be read before and did not change: "
            "`footnote documents list --status quarantined`."
        )
    if report.near_duplicates:
        click.echo(f"Nearly the same words as an older document: {report.near_duplicates}.")
    for warning in report.warnings:
        click.echo(f"Note: {warning}", err=True)
    for failure in report.failed_sources:
        click.echo(f"{failure['source']}: {failure['message']}", err=True)
