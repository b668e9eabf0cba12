"""The commands that write: `footnote ingest`, `footnote documents`, `footnote index`."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from core.answers import Caller
from core.command_line import as_option, common_options, print_json
from core.documents import DocumentRecord, normal_principals
from core.errors import ConfigError, NotFound, UsageError
from core.settings import Settings
from index.catalogue import Catalogue
from index.permissions import GroupsFile, caller_for, caller_named, explain, may_read
from ingest.pipeline import IngestReport
from ingest.planning import Plan


@click.command()
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
@click.option("--watch", is_flag=True, help="Go on and ingest whatever changes.")
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
    watch: bool,
) -> None:
    """Bring files, folders or the configured sources into the knowledge base."""
    from ingest.run import make_plans, run_plans, watch_sources
    from ingest.writer_lock import writer_lock

    principals = _principals(access)
    if plan_only:
        plans = make_plans(settings, paths, source_name, principals)
        _show_plan(plans, as_json=as_json)
        return
    with writer_lock(settings.data_dir):
        plans = make_plans(settings, paths, source_name, principals)
        _confirm(plans, yes=yes)
        report = run_plans(settings, plans, allow_mass_delete=allow_mass_delete, quiet=as_json)
    _show_report(report, as_json=as_json)
    if watch:
        watch_sources(settings, paths, source_name, principals, allow_mass_delete=allow_mass_delete)
    if report.quarantined:
        raise SystemExit(1)


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
        note = f"  quarantined: {record.reason}. {record.detail}" if record.reason else ""
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
            click.echo(f"{name}: {', '.join(shown) if isinstance(shown, list) else shown}")
    if with_text:
        click.echo(f"\n{value['text']}")


@documents.command("forget")
@click.argument("id_or_uri")
@as_option
@common_options
def forget_document(settings: Settings, as_json: bool, id_or_uri: str, as_user: str | None) -> None:
    """Remove one document; it comes back when its source is ingested again."""
    from index.factory import open_workshop
    from ingest.writer_lock import writer_lock

    record = _readable(_catalogue(settings), id_or_uri, settings, as_user)
    with writer_lock(settings.data_dir):
        workshop = open_workshop(settings)
        workshop.publisher.begin()
        workshop.publisher.remove_words(workshop.catalogue.remove([record.doc_id]))
        workshop.publisher.publish_vectors()
        workshop.publisher.finish()
        workshop.catalogue.drop_unused_vectors()
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
    from ingest.writer_lock import writer_lock

    with writer_lock(settings.data_dir):
        _catalogue(settings)
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


def _record_json(record: DocumentRecord) -> dict[str, Any]:
    fields = asdict(record)
    fields["id"] = fields.pop("doc_id")
    fields["access"] = list(record.access)
    return {"id": fields.pop("id"), **fields}


def _confirm(plans: list[Plan], *, yes: bool) -> None:
    if yes:
        return
    removed = sum(len(plan.of("removed")) for plan in plans)
    changes = removed + sum(len(plan.of("added")) + len(plan.of("changed")) for plan in plans)
    if sys.stdin.isatty():
        for plan in plans:
            click.echo(f"{plan.source.name}: {plan.summary()}", err=True)
        if changes:
            click.confirm("Go on?", abort=True, err=True)
    elif removed:
        raise ConfigError(
            f"This run would remove {removed} documents. Run it with --yes to agree, or with --plan to see which."
        )


def _show_plan(plans: list[Plan], *, as_json: bool) -> None:
    steps = [
        {"uri": step.uri, "action": step.action}
        for plan in plans
        for step in plan.steps
        if step.action != "unchanged"
    ]
    if as_json:
        print_json({**asdict(_planned_report(plans)), "plan": steps})
        return
    signs = {"added": "+", "changed": "~", "removed": "-"}
    for step in steps:
        click.echo(f"{signs[step['action']]} {step['uri']}")
    for plan in plans:
        click.echo(f"{plan.source.name}: {plan.summary()}")


def _planned_report(plans: list[Plan]) -> IngestReport:
    report = IngestReport()
    for plan in plans:
        report.added += len(plan.of("added"))
        report.changed += len(plan.of("changed"))
        report.removed += len(plan.of("removed"))
        report.unchanged += len(plan.of("unchanged"))
        report.skipped += [{"uri": uri, "reason": reason} for uri, reason in plan.skipped]
    return report


def _show_report(report: IngestReport, *, as_json: bool) -> None:
    if as_json:
        print_json(asdict(report))
        return
    click.echo(
        f"{report.added} added, {report.changed} changed, {report.removed} removed, "
        f"{report.unchanged} unchanged; {report.chunks} chunks in {report.seconds:.1f} s."
    )
    for entry in report.quarantined:
        click.echo(f"  {entry['uri']}: {entry['reason']}. {entry['detail']} {entry['hint']}")
    if report.quarantined:
        click.echo(f"{len(report.quarantined)} files could not be read (above).")


def _show_values(value: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(value)
        return
    for name, shown in value.items():
        click.echo(f"{name}: {shown}")
