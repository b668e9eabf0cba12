"""The commands about the search indexes: `footnote index`."""

from typing import Any

import click

from core.command_line import common_options, print_json
from core.settings import Settings


@click.group()
def index() -> None:
    """Look at, check and rebuild the search indexes."""


@index.command("status")
@common_options
def index_status(settings: Settings, as_json: bool) -> None:
    """Show what is in the knowledge base and what built it."""
    from index.factory import open_catalogue
    from index.manifest import read_manifest

    catalogue = open_catalogue(settings)
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
    from index.factory import open_catalogue, open_workshop
    from index.publication import UNFINISHED
    from ingest.writer_lock import writer_lock

    with writer_lock(settings.data_dir):
        # A rebuild that is killed leaves no words: the next ingestion has to know.
        open_catalogue(settings).set_meta(UNFINISHED, "1")
        workshop = open_workshop(settings, discard_words=True)
        count = workshop.publisher.rebuild()
        workshop.publisher.finish()
    _show_values({"chunks": count}, as_json=as_json)


def _show_values(value: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(value)
        return
    for name, shown in value.items():
        click.echo(f"{name}: {shown}")
