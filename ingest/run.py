"""Wires an ingestion run: settings and paths to plans, plans to a pipeline."""

import time
from collections.abc import Sequence
from pathlib import Path

from core.errors import FootnoteError, UsageError
from core.log import get_logger
from core.settings import Settings
from index.embedders.processors import available_processors
from index.factory import open_catalogue, open_workshop
from index.manifest import Manifest
from ingest.chunker import CHUNKER_VERSION
from ingest.parsing_pool import ChunkerSpec, file_version
from ingest.pipeline import IngestReport, Pipeline
from ingest.planning import Plan, check_deletions, make_plan
from ingest.progress import shown_progress
from ingest.sources import FolderSource, configured_sources, list_source, source_of_path
from ingest.writer_lock import writer_lock

_log = get_logger(__name__)

_WATCH_SECONDS = 2.0


def make_plans(
    settings: Settings,
    paths: Sequence[Path],
    source_name: str | None,
    access: tuple[str, ...] | None,
) -> list[Plan]:
    """Return one plan for each source of the run; changes nothing but a data folder's schema.

    Raises:
        FootnoteError: a path or a configuration cannot be used.
    """
    catalogue = open_catalogue(settings, create=True)
    plans = []
    for source in _sources(settings, paths, source_name, access, catalogue.sources()):
        default = catalogue.get_meta(_access_key(source)) or ""
        plans.append(
            make_plan(
                source,
                list_source(source),
                catalogue.known_documents(source.name),
                tuple(default.split("\n")) if default else (),
                file_version,
            )
        )
    return plans


def run_plans(
    settings: Settings, plans: Sequence[Plan], *, allow_mass_delete: bool, quiet: bool
) -> IngestReport:
    """Apply plans; the caller holds the writer's lock.

    Raises:
        FootnoteError: nothing, or only whole documents, were changed.
    """
    if not allow_mass_delete:
        for plan in plans:
            check_deletions(plan, settings.ingest.max_delete_share)
    workshop = open_workshop(settings)
    embedder, catalogue = workshop.embedder, workshop.catalogue
    if catalogue.get_meta("manifest") is None:
        manifest = Manifest(embedder.name, embedder.dim, CHUNKER_VERSION, settings.chunk.max_tokens)
        catalogue.set_meta("manifest", manifest.to_json())
    for plan in plans:
        if plan.source.access is not None and not plan.source.only:
            catalogue.set_meta(_access_key(plan.source), "\n".join(plan.source.access))
    spec = ChunkerSpec(
        tokenizer_path=embedder.tokenizer_path,
        max_tokens=min(settings.chunk.max_tokens, embedder.max_tokens - 40),
        prefix_tokens=settings.chunk.prefix_tokens,
        max_bytes=settings.ingest.max_file_mb * 1_000_000,
    )
    workers = settings.ingest.workers or available_processors()
    with shown_progress(enabled=not quiet) as progress:
        pipeline = Pipeline(catalogue, workshop.publisher, embedder, spec, workers, progress)
        return pipeline.run(plans)


def watch_sources(
    settings: Settings,
    paths: Sequence[Path],
    source_name: str | None,
    access: tuple[str, ...] | None,
    *,
    allow_mass_delete: bool,
) -> None:
    """Ingest whatever changes until interrupted; an error is logged and the watch goes on."""
    while True:
        time.sleep(_WATCH_SECONDS)
        try:
            with writer_lock(settings.data_dir):
                plans = make_plans(settings, paths, source_name, access)
                changed = any(step.action != "unchanged" for plan in plans for step in plan.steps)
                if changed:
                    run_plans(settings, plans, allow_mass_delete=allow_mass_delete, quiet=True)
        except FootnoteError as error:
            _log.warning("watch_failed", message=str(error))


def _sources(
    settings: Settings,
    paths: Sequence[Path],
    source_name: str | None,
    access: tuple[str, ...] | None,
    known: list[str],
) -> list[FolderSource]:
    if paths and source_name:
        raise UsageError("Name paths or --source, not both.")
    if paths:
        return [source_of_path(path, access, known) for path in paths]
    configured = configured_sources(settings.sources_file, access)
    if source_name is None:
        return list(configured.values())
    if source_name not in configured:
        raise UsageError(
            f"There is no source {source_name!r} in {str(settings.sources_file)!r}; "
            f"it has {', '.join(sorted(configured))}."
        )
    return [configured[source_name]]


def _access_key(source: FolderSource) -> str:
    return f"access:{source.name}"
