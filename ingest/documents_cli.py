"""The commands about single documents: `footnote documents`."""

from dataclasses import asdict
from typing import Any

import click

from core.answers import Caller
from core.command_line import as_option, common_options, print_json
from core.documents import DocumentRecord
from core.errors import NotFound, UsageError
from core.settings import Settings
from index.catalogue import Catalogue
from index.permissions import GroupsFile, caller_for, caller_named, explain, may_read
from ingest.quarantine import hint_for


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
    from index.originals import Originals, versions_in_use
    from ingest.unpacking import containers_of
    from ingest.writer_lock import run_lease

    record = _readable(_catalogue(settings), id_or_uri, settings, as_user)
    with run_lease(settings):
        workshop = open_workshop(settings)
        workshop.publisher.begin()
        workshop.publisher.remove_words(workshop.catalogue.remove([record.doc_id]))
        workshop.publisher.publish_vectors()
        workshop.catalogue.drop_unused_vectors()
        workshop.publisher.finish()
        Originals(settings.data_dir).sweep(versions_in_use(workshop.catalogue.engine))
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


def _catalogue(settings: Settings) -> Catalogue:
    from index.factory import open_catalogue

    return open_catalogue(settings)


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
