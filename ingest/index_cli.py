"""The commands about the search indexes: `footnote index`."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from core.command_line import common_options, print_json, read_jsonl, settings_for
from core.errors import UsageError
from core.ports import Progress
from core.settings import Settings

if TYPE_CHECKING:
    from index.catalogue import Catalogue
    from index.comparison import Case, Comparison
    from index.generations import Generations
    from index.manifest import Manifest
    from index.reembedding import Reembedding

_WAIT_S = 600.0
"""How long what took hours waits for an ingestion to end; a rollback waits no longer than `_WAIT_SHORTLY_S`."""
_WAIT_SHORTLY_S = 30.0


@click.group()
def index() -> None:
    """Look at, check, rebuild, re-embed, move and back up the search indexes."""


@index.command("status")
@common_options
def index_status(settings: Settings, as_json: bool) -> None:
    """Show what is in the knowledge base, what built it, and what is built beside it."""
    from index.factory import open_catalogue
    from index.generations import Generations

    catalogue = open_catalogue(settings)
    records = catalogue.list_documents()
    generations = Generations(catalogue)
    manifest = generations.current
    value: dict[str, Any] = {
        "documents": sum(record.status == "active" for record in records),
        "quarantined": sum(record.status == "quarantined" for record in records),
        "chunks": sum(record.chunks for record in records),
        "generation": catalogue.generation(),
        "embedder": manifest.embedder if manifest else None,
        "chunker": manifest.chunker if manifest else None,
        "store": settings.store,
        "current": _shown(generations, manifest),
        "next": _shown(generations, generations.next),
        "previous": _shown(generations, generations.previous),
    }
    if value["next"] is not None:
        value["next"]["built"] = generations.is_built
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
    from ingest.writer_lock import run_lease

    with run_lease(settings):
        # A rebuild that is killed leaves no words: the next ingestion has to know.
        open_catalogue(settings).set_meta(UNFINISHED, "1")
        workshop = open_workshop(settings, without_words=True)
        count = workshop.publisher.rebuild()
        workshop.publisher.finish()
    _show_values({"chunks": count}, as_json=as_json)


@index.command("reembed")
@click.option("--model", required=True, help="Embedding model: a name or a folder.")
@click.option(
    "--compare",
    "cases",
    type=click.Path(path_type=Path),
    metavar="CASES",
    help="Ask both generations the questions of a JSONL case file, and show how they differ.",
)
@click.option("--switch", is_flag=True, help="Let readers search the new vectors at the end.")
@common_options
def reembed(
    settings: Settings, as_json: bool, model: str, cases: Path | None, switch: bool
) -> None:
    """Embed all texts with another model, beside the vectors that are searched meanwhile.

    Killed or stopped, it goes on from there when it is run again. Questions and ingestions go on.
    """
    from index.factory import open_catalogue, open_reembedding
    from index.generations import Generations

    if not model.strip():
        raise UsageError("--model is empty. Name an embedding model, or the folder that holds it.")
    started = time.monotonic()
    catalogue = open_catalogue(settings)
    asked = _cases(settings, catalogue, cases) if cases is not None else None
    generations = Generations(catalogue)
    with _progress_of_reembedding(settings, as_json=as_json) as progress:
        reembedding = open_reembedding(settings, model)
        reembedding.check(progress)
        reembedding.begin()
        embedded = reembedding.embed(progress)
        with _writing(settings, generations):
            reembedding.publish(progress)
        made = _compared(settings, reembedding.manifest, asked, progress) if asked else None
        if switch:
            _switch(settings, reembedding, generations, progress)
    share = generations.share(reembedding.manifest)
    value: dict[str, Any] = {
        "embedder": reembedding.manifest.embedder,
        "dim": reembedding.manifest.dim,
        "texts": share.texts,
        "embedded": embedded,
        "seconds": round(time.monotonic() - started, 3),
        "switched": switch,
    }
    if made is not None:
        value["comparison"] = made.as_json()
    _show_values(value, as_json=as_json)
    if switch:
        _say_what_readers_need(settings, reembedding.manifest)
    else:
        click.echo("Run `footnote index switch` to search by it.", err=True)


@index.command("switch")
@common_options
def switch_generation(settings: Settings, as_json: bool) -> None:
    """Search by the generation that `reembed` built, from the next question on."""
    from index.factory import open_catalogue, open_reembedding
    from index.generations import Generations
    from index.reembedding import check_built

    generations = Generations(open_catalogue(settings))
    manifest = check_built(generations)
    with _progress_of_reembedding(settings, as_json=as_json) as progress:
        reembedding = open_reembedding(settings, manifest.model_name)
        seconds = _switch(settings, reembedding, generations, progress)
    value = {"embedder": manifest.embedder, "seconds": seconds}
    _show_values(value, as_json=as_json)
    _say_what_readers_need(settings, manifest)


@index.command("rollback")
@common_options
def roll_back(settings: Settings, as_json: bool) -> None:
    """Search by the generation before the last switch again."""
    from index.factory import open_catalogue, open_publisher
    from index.generations import Generations
    from index.reembedding import publish_again
    from ingest.writer_lock import run_lease

    catalogue = open_catalogue(settings)
    generations = Generations(catalogue)
    with run_lease(settings, wait_s=_WAIT_SHORTLY_S):
        started = time.monotonic()
        manifest = generations.roll_back()
        seconds = round(time.monotonic() - started, 3)
        # Readers search it already. What it lacks of the time since is published as far as it has vectors.
        missing = publish_again(
            catalogue, lambda: open_publisher(settings, catalogue, manifest), manifest
        )
    value = {"embedder": manifest.embedder, "seconds": seconds, "texts_without_vector": missing}
    _show_values(value, as_json=as_json)
    if missing:
        click.echo(
            f"{missing} texts came since and have no vector of this model: until the next `footnote ingest` "
            "they are found by their words only.",
            err=True,
        )
    _say_what_readers_need(settings, manifest)


@index.command("move")
@click.option(
    "--to",
    "store",
    required=True,
    type=click.Choice(["faiss", "qdrant"]),
    help="The store to publish to; its settings must be there.",
)
@common_options
def move(settings: Settings, as_json: bool, store: str) -> None:
    """Publish the stored words and vectors to the other search store, without embedding."""
    from index.factory import discard_words, open_catalogue, open_writer
    from index.generations import Generations
    from index.moving import publish_into
    from ingest.writer_lock import run_lease

    if store == settings.store:
        raise UsageError(
            f"This knowledge base is searched in {store!r} already: name the other one."
        )
    catalogue = open_catalogue(settings)
    if store == "qdrant" and not (settings.qdrant.url or settings.qdrant.path):
        raise UsageError(
            "Where Qdrant is, is not set: set FOOTNOTE_QDRANT__URL to the server's address, then move again."
        )
    target = settings_for(settings, store=store)
    manifest = Generations(catalogue).current
    if manifest is None:
        raise UsageError(
            f"There is nothing to move in {str(settings.data_dir)!r} yet. Set FOOTNOTE_STORE={store} and run "
            "`footnote ingest FOLDER`."
        )
    with run_lease(settings):
        discard_words(target)
        moved = publish_into(
            catalogue, manifest, open_writer(target, manifest.dim, manifest.vectors)
        )
    setting = f"FOOTNOTE_STORE={store}"
    value = {
        "store": store,
        "chunks": moved.chunks,
        "words": moved.words,
        "vectors": moved.vectors,
        "texts_without_vector": moved.waiting,
        "setting": setting,
    }
    _show_values(value, as_json=as_json)
    click.echo(
        f"Set {setting} and start readers and ingestions again; until then they use {settings.store!r}, and what "
        "is ingested there meanwhile is published here by the first ingestion afterwards.",
        err=True,
    )


@index.command("backup")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@common_options
def backup(settings: Settings, as_json: bool, file: Path) -> None:
    """Write everything that cannot be made again to one file, while the knowledge base is in use."""
    from index.backup import write_backup

    contents = write_backup(settings.data_dir, file, settings.database_url.get_secret_value())
    prompts = {"prompts": len(contents["prompts"])}
    value = {"file": str(file), "bytes": file.stat().st_size, **contents, **prompts}
    _show_values(value, as_json=as_json)


@index.command("restore")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@common_options
def restore(settings: Settings, as_json: bool, file: Path) -> None:
    """Bring a backup into an empty data folder, and make its indexes, without embedding."""
    from index.backup import restore_backup
    from index.factory import open_catalogue, open_publisher
    from index.generations import Generations
    from index.publication import UNFINISHED
    from ingest.writer_lock import run_lease

    with run_lease(settings):
        contents = restore_backup(file, settings.data_dir, settings.database_url.get_secret_value())
        catalogue = open_catalogue(settings)
        manifest = Generations(catalogue).current
        if manifest is not None:
            catalogue.set_meta(UNFINISHED, "1")
            publisher = open_publisher(settings, catalogue, manifest)
            publisher.rebuild()
            publisher.finish()
    value = {
        "documents": len(catalogue.list_documents()),
        "chunks": catalogue.count_chunks(),
        "created_at": contents.get("created_at"),
    }
    _show_values(value, as_json=as_json)


# --- parts -------------------------------------------------------------------------------------------


@contextmanager
def _progress_of_reembedding(settings: Settings, *, as_json: bool) -> Iterator[Progress]:
    """Show how far it is, and keep a second one from embedding the same texts: ingestions have their own lock."""
    from ingest.progress import shown_progress
    from ingest.writer_lock import reembedding_lock

    with (
        reembedding_lock(settings) as lease,
        shown_progress(lease, enabled=not as_json) as progress,
    ):
        yield progress


@contextmanager
def _writing(settings: Settings, generations: "Generations") -> Iterator[None]:
    """Hold the writer's lock, and remove at the end the vectors of generations that are not kept any more."""
    from index.factory import drop_vectors
    from ingest.writer_lock import run_lease

    with run_lease(settings, wait_s=_WAIT_S):
        yield
        for manifest in generations.forgotten():
            drop_vectors(settings, manifest)
            generations.forget(manifest)


def _switch(
    settings: Settings, reembedding: "Reembedding", generations: "Generations", progress: Progress
) -> float:
    """Switch, and return the seconds it took."""
    started = time.monotonic()
    with _writing(settings, generations):
        reembedding.switch(progress)
    return round(time.monotonic() - started, 3)


def _cases(settings: Settings, catalogue: "Catalogue", path: Path) -> "list[Case]":
    """Return the cases of a file, before hours of work: a line that cannot be used ends the command."""
    from index.comparison import make_case
    from index.permissions import GroupsFile, caller_for

    groups = GroupsFile(settings.groups_file)
    return [
        make_case(row, caller_for(_text(row.get("as")), "", groups), catalogue)
        for row in read_jsonl(path, ("id", "question"))
    ]


def _compared(
    settings: Settings, following: "Manifest", cases: "list[Case]", progress: Progress
) -> "Comparison":
    from index.comparison import compare
    from index.factory import open_generation_base
    from index.generations import Generations

    after = open_generation_base(settings, following)
    current = Generations(after.catalogue).current
    assert current is not None  # noqa: S101  # there was something to embed
    before = open_generation_base(settings, current)
    return compare(cases, before.retriever, after.retriever, progress)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _say_what_readers_need(settings: Settings, manifest: "Manifest") -> None:
    if "embedder" in settings.model_fields_set and settings.embedder != manifest.model_name:
        click.echo(
            f"FOOTNOTE_EMBEDDER is set to {settings.embedder!r}: unset it, or set it to {manifest.model_name!r}. "
            "Readers that run follow by themselves, new ones are refused.",
            err=True,
        )


def _shown(generations: "Generations", manifest: "Manifest | None") -> dict[str, Any] | None:
    if manifest is None:
        return None
    share = generations.share(manifest)
    part = round(share.embedded / share.texts, 4) if share.texts else 1.0
    return {
        "embedder": manifest.embedder,
        "texts": share.texts,
        "embedded": share.embedded,
        "share": part,
    }


def _show_values(value: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(value)
        return
    for name, shown in value.items():
        _show_value(name, shown)


def _show_value(name: str, shown: Any) -> None:
    if not isinstance(shown, dict):
        click.echo(f"{name}: {'none' if shown is None else shown}")
        return
    parts = ", ".join(f"{key} {part}" for key, part in shown.items() if not isinstance(part, dict))
    if parts:
        click.echo(f"{name}: {parts}")
    for key, part in shown.items():
        if isinstance(part, dict):
            _show_value(f"{name} {key}", part)
