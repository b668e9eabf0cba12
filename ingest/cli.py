"""The commands that write: `footnote ingest`, `footnote documents`, `footnote index`."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from core.answers import Caller
from core.command_line import as_option, common_options, print_json
from core.documents import DocumentRecord, normal_principals
from core.errors import ConfigError, NotFound, UsageError
from core.settings import Settings
from index.catalogue import Catalogue
from index.permissions import GroupsFile, caller_for, caller_named, explain, may_read
from ingest.progress import shown_progress
from ingest.quarantine import hint_for

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
    from ingest.history_view import run_json, run_lines
    from ingest.run_history import RunHistory

    runs = RunHistory(_catalogue(settings)).list()
    chosen = [run for run in runs if not errors or run.status not in ("done", "running")][:limit]
    if as_json:
        print_json([run_json(run) for run in chosen])
        return
    for run in chosen:
        for line in run_lines(run, with_errors=errors):
            click.echo(line)
    if not chosen:
        click.echo("No run failed." if errors else "There was no ingestion yet.", err=True)


class _WithHistory(click.Command):
    """`ingest` takes paths, and one word that is a command: `history` (the folder is `./history`)."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        if args[:1] == ["history"]:
            return history.make_context(f"{info_name} history", args[1:], parent=parent, **extra)
        return super().make_context(info_name, args, parent=parent, **extra)


@click.command(cls=_WithHistory)
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

    `footnote ingest history [--errors]` shows what past runs did.
    """
    from ingest.run import Ingestion, Selection
    from ingest.writer_lock import writer_lock

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
        with writer_lock(settings.data_dir, wait_s=wait_s) as lease:
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


@click.group()
def documents() -> None:
    """List, show and remove documents, and explain who may read them."""


@documents.command("list")
@click.option("--status", type=click.Choice(["active", "quarantined"]), help="Only these.")
@as_option
@common_options
def list_documents(
    settings: Settings, as_json: bool, status: str | None, as_user: str | None
) -> None:
    """List the documents that the caller may read."""
    caller = _caller(settings, as_user)
    records = [
        record
        for record in _catalogue(settings).list_documents()
        if may_read(caller, record.access) and status in (None, record.status)
    ]
    if as_json:
        print_json([_record_json(record) for record in records])
        return
    for record in records:
        note = f"  {_note(record)}" if record.reason or record.duplicate_of else ""
        click.echo(f"{record.doc_id}  {record.chunks:5d}  {record.uri}{note}")
    click.echo(f"{len(records)} documents", err=True)


@documents.command("show")
@click.argument("id_or_uri")
@click.option("--text", "with_text", is_flag=True, help="Print the canonical text too.")
@as_option
@common_options
def show_document(
    settings: Settings, as_json: bool, id_or_uri: str, with_text: bool, as_user: str | None
) -> None:
    """Show one document by its id or URI."""
    catalogue = _catalogue(settings)
    record = _readable(catalogue, id_or_uri, settings, as_user)
    value = _record_json(record)
    if with_text:
        value["text"] = catalogue.document_text(record.doc_id)[0]
    if as_json:
        print_json(value)
        return
    for name, shown in value.items():
        if name != "text":
            click.echo(f"{name}: {_shown(shown)}")
    if with_text:
        click.echo(f"\n{value['text']}")


def _shown(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, dict):
        return "; ".join(f"{name} {entry}" for name, entry in value.items())
    return str(value)


@documents.command("forget")
@click.argument("id_or_uri")
@as_option
@common_options
def forget_document(settings: Settings, as_json: bool, id_or_uri: str, as_user: str | None) -> None:
    """Remove one document; it comes back when its source is ingested again."""
    from index.factory import open_workshop
    from ingest.unpacking import containers_of
    from ingest.writer_lock import writer_lock

    record = _readable(_catalogue(settings), id_or_uri, settings, as_user)
    with writer_lock(settings.data_dir):
        workshop = open_workshop(settings)
        workshop.publisher.begin()
        workshop.publisher.remove_words(workshop.catalogue.remove([record.doc_id]))
        workshop.publisher.publish_vectors()
        workshop.catalogue.drop_unused_vectors()
        workshop.publisher.finish()
        # An archive that did not change is not opened: forgotten too, it is, and the member comes back.
        workshop.catalogue.store_containers(record.source, (), containers_of(record.uri))
    if as_json:
        print_json({"id": record.doc_id, "uri": record.uri, "forgotten": True})
    else:
        click.echo(f"Removed {record.uri}.")


@documents.command("explain-access")
@click.argument("user")
@click.argument("id_or_uri")
@common_options
def explain_access(settings: Settings, as_json: bool, user: str, id_or_uri: str) -> None:
    """Say whether a user may read a document, and why."""
    record = _one(_catalogue(settings).find_documents(id_or_uri), id_or_uri)
    caller = caller_named(user, GroupsFile(settings.groups_file).groups_of(user))
    allowed, because = may_read(caller, record.access), explain(caller, record.access)
    if as_json:
        print_json({"allowed": allowed, "because": because})
    else:
        click.echo(f"{'Allowed' if allowed else 'Denied'}: {because}")


@click.group()
def index() -> None:
    """Look at, check and rebuild the search indexes."""


@index.command("status")
@common_options
def index_status(settings: Settings, as_json: bool) -> None:
    """Show what is in the knowledge base and what built it."""
    from index.manifest import read_manifest

    catalogue = _catalogue(settings)
    records = catalogue.list_documents()
    manifest = read_manifest(catalogue.get_meta("manifest"))
    value: dict[str, Any] = {
        "documents": sum(record.status == "active" for record in records),
        "quarantined": sum(record.status == "quarantined" for record in records),
        "chunks": sum(record.chunks for record in records),
        "generation": catalogue.generation(),
        "embedder": manifest.embedder if manifest else None,
        "chunker": manifest.chunker if manifest else None,
    }
    _show_values(value, as_json=as_json)


@index.command("verify")
@common_options
def verify_index(settings: Settings, as_json: bool) -> None:
    """Compare the indexes with the catalogue; exit 1 when they differ."""
    from ingest.verification import verify

    value = verify(settings)
    _show_values(value, as_json=as_json)
    if not value["ok"]:
        raise SystemExit(1)


@index.command("rebuild")
@common_options
def rebuild_index(settings: Settings, as_json: bool) -> None:
    """Make the indexes again from the catalogue, without embedding again."""
    from index.factory import open_workshop
    from index.publication import UNFINISHED
    from ingest.writer_lock import writer_lock

    with writer_lock(settings.data_dir):
        # A rebuild that is killed leaves no words: the next ingestion has to know.
        _catalogue(settings).set_meta(UNFINISHED, "1")
        workshop = open_workshop(settings, discard_words=True)
        count = workshop.publisher.rebuild()
        workshop.publisher.finish()
    _show_values({"chunks": count}, as_json=as_json)


def _catalogue(settings: Settings) -> Catalogue:
    from index.factory import open_catalogue

    return open_catalogue(settings)


def _principals(access: tuple[str, ...]) -> tuple[str, ...] | None:
    if not access:
        return None
    try:
        return normal_principals(access)
    except ValueError as error:
        raise UsageError(f"--access: {error}.") from error


def _caller(settings: Settings, as_user: str | None) -> Caller:
    return caller_for(as_user, settings.cli_user, GroupsFile(settings.groups_file))


def _readable(
    catalogue: Catalogue, id_or_uri: str, settings: Settings, as_user: str | None
) -> DocumentRecord:
    caller = _caller(settings, as_user)
    found = [
        record for record in catalogue.find_documents(id_or_uri) if may_read(caller, record.access)
    ]
    return _one(found, id_or_uri)


def _one(found: list[DocumentRecord], id_or_uri: str) -> DocumentRecord:
    if not found:
        raise NotFound(
            f"There is no document {id_or_uri!r} that you may see. "
            "`footnote documents list` shows ids and URIs."
        )
    if len(found) > 1:
        ids = ", ".join(record.doc_id for record in found)
        raise UsageError(f"{id_or_uri!r} is in several sources; name one by its id: {ids}.")
    return found[0]


def _note(record: DocumentRecord) -> str:
    if record.status == "quarantined":
        kept = " Its last good version still answers." if record.chunks else ""
        return f"quarantined: {record.reason}. {record.detail} {hint_for(record.reason)}{kept}"
    return f"nearly the same words as {record.duplicate_of}"


def _record_json(record: DocumentRecord) -> dict[str, Any]:
    fields = asdict(record)
    fields["id"] = fields.pop("doc_id")
    fields["access"] = list(record.access)
    fields["metadata"] = dict(record.metadata)
    if record.status == "quarantined":
        fields["hint"] = hint_for(record.reason)
    return {"id": fields.pop("id"), **fields}


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
        print_json({**report, "estimated_seconds": seconds, "plan": rows})
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


def _show_values(value: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(value)
        return
    for name, shown in value.items():
        click.echo(f"{name}: {shown}")
