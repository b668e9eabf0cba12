"""Wires ingestion: settings, paths and the sources file to plans, plans to a pipeline.

    Ingestion ── plan() ──▶ Planning(plans, failures) ── apply() ──▶ IngestReport

One Ingestion keeps what is costly to start (its Equipment: parser children, embedder) from run to run, for
`--watch`; the daemon's Ingestions share one.
"""

import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from core.errors import FootnoteError, MassDeletionRefused, UsageError
from core.log import get_logger
from core.ports import Progress
from core.settings import Settings, model_for
from index.catalogue import Catalogue
from index.embedders.model_files import find_model
from index.embedders.processors import available_processors
from index.factory import Workshop, open_catalogue, open_workshop
from index.manifest import Manifest, read_manifest
from index.originals import Originals, versions_in_use
from index.publication import UNFINISHED
from ingest.chunker import CHUNKER_VERSION
from ingest.parsing_pool import ChunkerSpec, ParsingPool, file_version
from ingest.pipeline import IngestReport, Pipeline, Reading, SourcePlan
from ingest.planning import check_deletions, make_plan
from ingest.run_history import RunHistory, estimate
from ingest.sandbox.limits import SandboxLimits
from ingest.sources.base import Source
from ingest.sources.config import SourcesFile
from ingest.sources.folder import FolderSource, source_of_path
from ingest.spool import Spool
from ingest.unpacking import Unpacker

_log = get_logger(__name__)

_PREFIX_MARGIN = 8
"""Tokens kept free beside a chunk and its prefix: the model's own marks and the line break between."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What a run is about: paths, or a source of the sources file, or all of them.

    `file` is a sources file that was read before; without it, the settings' one is read for each plan.
    """

    paths: tuple[Path, ...] = ()
    source_name: str | None = None
    access: tuple[str, ...] | None = None
    retry: bool = False
    allow_mass_delete: bool = False
    file: SourcesFile | None = None


@dataclass(frozen=True, slots=True)
class SourceFailure:
    """A source that could not be listed, and why."""

    name: str
    error: FootnoteError


@dataclass(frozen=True, slots=True)
class Planning:
    """What a run would do. A source that could not be listed does not keep the others from running."""

    plans: tuple[SourcePlan, ...]
    failures: tuple[SourceFailure, ...] = ()

    @property
    def changes(self) -> bool:
        """Whether applying it would change a document."""
        return any(plan.plan.changes for plan in self.plans)


class Equipment:
    """What is costly to start, started when first asked for: parser children, embedder; a context manager.

    Any thread may ask; whoever uses the workshop holds the writer's lease.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._parts = ExitStack()
        self._starting = threading.Lock()
        self._pool: ParsingPool | None = None
        self._pool_model = ""
        self._workshop: Workshop | None = None
        self.originals = Originals(settings.data_dir)

    def __enter__(self) -> "Equipment":
        return self

    def __exit__(self, *exception: object) -> None:
        self._parts.close()

    def parsers(self) -> ParsingPool:
        """Return the parser children.

        Raises:
            ConfigError: the embedding model, whose tokenizer they use, is not there.
        """
        with self._starting:
            # Chunks are cut for the window of the model that embeds them, which another process may have changed.
            model = _model_of(self._settings)
            if self._pool is None or model != self._pool_model:
                pool = _parsing_pool(self._settings, model, self.originals)
                self._pool = self._parts.enter_context(pool)
                self._pool_model = model
            return self._pool

    def workshop(self) -> Workshop:
        """Return the writing side of the knowledge base.

        Raises:
            FootnoteError: it cannot be written, or the settings do not fit it.
        """
        with self._starting:
            # Another process may have switched to another model since the last run.
            if self._workshop is None or not self._workshop.is_current():
                self._workshop = open_workshop(self._settings)
            return self._workshop

    def forget_workshop(self) -> None:
        """Let go of the word index after a run that failed; its lock would keep every other process out."""
        with self._starting:
            self._workshop = None


class Ingestion:
    """Plans and applies runs on one data folder; a context manager. Not for several threads at once.

    `equipment` is shared with other Ingestions of this data folder; without it, this one has its own.
    """

    def __init__(self, settings: Settings, equipment: Equipment | None = None) -> None:
        self._settings = settings
        self._catalogue = open_catalogue(settings, create=True)
        self._parts = ExitStack()
        self._equipment = equipment or self._parts.enter_context(Equipment(settings))
        self._spool: Spool | None = None

    def __enter__(self) -> "Ingestion":
        return self

    def __exit__(self, *exception: object) -> None:
        self._drop_spool()
        self._parts.close()

    @property
    def history(self) -> RunHistory:
        """The past runs of this data folder."""
        return RunHistory(self._catalogue)

    @property
    def catalogue(self) -> Catalogue:
        """The catalogue of this data folder."""
        return self._catalogue

    @property
    def spooled(self) -> int:
        """How many files the plan under way has written to its spool: a sign of life while it lists."""
        spool = self._spool  # another thread asks while this one may drop it
        return spool.written if spool is not None else 0

    def plan(self, selection: Selection) -> Planning:
        """Return what has to be done; changes nothing. Files that it spools last until the next plan.

        Raises:
            FootnoteError: a path or the sources file cannot be used, or no source could be listed.
        """
        self._drop_spool()
        self._spool = Spool(self._settings.data_dir)
        plans: list[SourcePlan] = []
        failures: list[SourceFailure] = []
        for source in self._sources(selection):
            try:
                plans.append(self._plan(source, selection, self._spool))
            except FootnoteError as error:
                failures.append(SourceFailure(source.name, error))
                _log.warning("source_failed", source=source.name, message=str(error))
        if failures and not plans:
            raise failures[0].error
        return Planning(tuple(plans), tuple(failures))

    def estimated_seconds(self, planning: Planning) -> float:
        """Return how long applying would take, by the pace of earlier runs."""
        count = sum(len(entry.plan.of("added", "changed", "moved")) for entry in planning.plans)
        return round(estimate(self.history.list(), count), 1)

    def refusals(self, planning: Planning) -> list[dict[str, str | int]]:
        """Return the sources that the guard would stop, with how many documents the run would remove."""
        refused: list[dict[str, str | int]] = []
        for entry in planning.plans:
            try:
                check_deletions(entry.plan, self._settings.ingest.max_delete_share)
            except MassDeletionRefused as error:
                removed = len(entry.plan.of("removed"))
                refused.append(
                    {"source": entry.plan.source.name, "removed": removed, "message": str(error)}
                )
        return refused

    def apply(
        self,
        planning: Planning,
        *,
        allow_mass_delete: bool,
        progress: Progress,
        reading: Reading | None = None,
    ) -> IngestReport:
        """Do what was planned; the caller holds the writer's lease. `reading` has files that are parsed already.

        Raises:
            MassDeletionRefused: of every source; nothing was changed.
            FootnoteError: only whole documents were changed.
        """
        started = time.monotonic()
        run_id = self.history.start([plan.plan.source.name for plan in planning.plans])
        try:
            planning = self._guarded(planning, allow_mass_delete=allow_mass_delete)
            report = _report_of(planning)
            if self.has_work(planning):
                self._run(planning, report, progress, reading)
            else:
                self._note_unchanged(planning, report)
            self._tidy_originals(planning, report)
        except BaseException as error:
            self._equipment.forget_workshop()
            if isinstance(error, FootnoteError):
                self.history.fail(run_id, str(error))
            raise
        report.generation = self._catalogue.generation()
        report.still_quarantined = self._catalogue.count_quarantined()
        report.seconds = round(time.monotonic() - started, 3)
        self.history.finish(run_id, report)
        return report

    def folders(self, selection: Selection) -> list[Path]:
        """Return the folders of this machine that a selection reads."""
        return [
            source.root for source in self._sources(selection) if isinstance(source, FolderSource)
        ]

    def _sources(self, selection: Selection) -> list[Source]:
        if selection.paths and selection.source_name:
            raise UsageError("Name paths or --source, not both.")
        if selection.paths:
            known = self._catalogue.sources()
            return [source_of_path(path, selection.access, known) for path in selection.paths]
        file = selection.file or SourcesFile(self._settings.sources_file)
        names = list(file.configs) if selection.source_name is None else [selection.source_name]
        return [file.build(name, self._settings.data_dir, selection.access) for name in names]

    def _plan(self, source: Source, selection: Selection, spool: Spool) -> SourcePlan:
        known = self._catalogue.known_documents(source.name)
        # Whether documents have a say in who reads them was changed: their words were not heard, or count no more.
        read_all = source.asks_documents != self._asked_documents(source)
        remembered = {uri: entry.seen_stamp for uri, entry in known.items()}
        unpacker = Unpacker(
            source=source,
            pool=self._equipment.parsers(),
            spool=spool,
            known=known,
            remembered=self._catalogue.containers(source.name),
            retry=selection.retry,
            read_all=read_all,
        )
        unpacked = unpacker.unpack(source.list(remembered, spool))
        default = self._catalogue.get_meta(_access_key(source)) or ""
        max_bytes = _max_bytes(self._settings)
        plan = make_plan(
            source,
            unpacked.listing,
            known,
            tuple(default.split("\n")) if default else (),
            lambda item: file_version(item, max_bytes),
            retry=selection.retry,
            read_all=read_all,
            keep_missing=not selection.allow_mass_delete,
        )
        return SourcePlan(plan, unpacked.containers, unpacked.gone)

    def _asked_documents(self, source: Source) -> bool:
        return self._catalogue.get_meta(_asks_key(source)) == "1"

    def _guarded(self, planning: Planning, *, allow_mass_delete: bool) -> Planning:
        """Leave out the sources that the guard stops."""
        if allow_mass_delete:
            return planning
        allowed: list[SourcePlan] = []
        failures = list(planning.failures)
        for plan in planning.plans:
            try:
                check_deletions(plan.plan, self._settings.ingest.max_delete_share)
                allowed.append(plan)
            except FootnoteError as error:
                failures.append(SourceFailure(plan.plan.source.name, error))
        if failures and not allowed:
            raise failures[-1].error
        return replace(planning, plans=tuple(allowed), failures=tuple(failures))

    def has_work(self, planning: Planning) -> bool:
        """Whether there is anything to apply: a change, or what a killed run left (texts without a vector)."""
        return planning.changes or self._catalogue.get_meta(UNFINISHED) == "1"

    def _tidy_originals(self, planning: Planning, report: IngestReport) -> None:
        """Remove the originals that no document has any more, and say what could not be kept."""
        keeping = self._settings.ingest.keep_originals
        originals = self._equipment.originals
        if keeping != "all" or self.has_work(planning):
            originals.sweep(versions_in_use(self._catalogue.engine), keeping)
        for why, count in originals.take_failures().items():
            noun = "original is" if count == 1 else "originals are"
            report.warnings.append(
                f"{count} {noun} not kept ({why}): such documents are shown as text, and cannot be downloaded."
            )

    def _note_unchanged(self, planning: Planning, report: IngestReport) -> None:
        for plan in planning.plans:
            report.unchanged += len(plan.plan.steps)
            self._catalogue.touch(
                (step.doc_id, step.item) for step in plan.plan.touched if step.item is not None
            )
            if plan.containers or plan.gone_containers:
                self._catalogue.store_containers(
                    plan.plan.source.name, plan.containers, plan.gone_containers
                )

    def _run(
        self,
        planning: Planning,
        report: IngestReport,
        progress: Progress,
        reading: Reading | None,
    ) -> None:
        workshop = self._equipment.workshop()
        catalogue, embedder = workshop.catalogue, workshop.embedder
        if catalogue.get_meta("manifest") is None:
            settings = self._settings
            manifest = Manifest(
                embedder.name,
                embedder.dim,
                CHUNKER_VERSION,
                settings.chunk.max_tokens,
                settings.embedder,
            )
            catalogue.set_meta("manifest", manifest.to_json())
        for plan in planning.plans:
            source = plan.plan.source
            if source.access is not None and not source.only:
                catalogue.set_meta(_access_key(source), "\n".join(source.access))
        reading = reading or self._equipment.parsers()
        pipeline = Pipeline(
            catalogue, workshop.publisher, embedder, reading, progress, self._equipment.originals
        )
        pipeline.run(planning.plans, report)
        for plan in planning.plans:
            source = plan.plan.source
            if plan.is_last and not source.only:
                asked = "1" if source.asks_documents else "0"
                catalogue.set_meta(_asks_key(source), asked)

    def _drop_spool(self) -> None:
        if self._spool is not None:
            self._spool.close()
            self._spool = None


def _model_of(settings: Settings) -> str:
    stored = open_catalogue(settings, create=True).get_meta("manifest")
    manifest = read_manifest(stored)
    return model_for(settings, manifest.model_name if manifest else "")


def _parsing_pool(
    settings: Settings, model: str = "", originals: Originals | None = None
) -> ParsingPool:
    files = find_model(
        model or settings.embedder, settings.model_cache.expanduser(), offline=settings.offline
    )
    room = files.max_tokens - settings.chunk.prefix_tokens - _PREFIX_MARGIN
    spec = ChunkerSpec(
        tokenizer_path=str(files.folder / "tokenizer.json"),
        max_tokens=min(settings.chunk.max_tokens, room),
        prefix_tokens=settings.chunk.prefix_tokens,
    )
    limits = SandboxLimits(
        memory_mb=settings.ingest.parser_memory_mb,
        cpu_s=settings.ingest.parser_seconds,
        wall_s=1.5 * settings.ingest.parser_seconds,
    )
    workers = settings.ingest.workers or available_processors()
    keeping = settings.ingest.keep_originals
    return ParsingPool(spec, workers, limits, _max_bytes(settings), originals, keeping)


def _max_bytes(settings: Settings) -> int:
    return settings.ingest.max_file_mb * 1_000_000


def _report_of(planning: Planning) -> IngestReport:
    report = IngestReport()
    for failure in planning.failures:
        report.failed_sources.append({"source": failure.name, "message": str(failure.error)})
    for entry in planning.plans:
        plan = entry.plan
        report.skipped += [{"uri": uri, "reason": reason} for uri, reason in plan.skipped]
        report.warnings += plan.warnings
        if plan.problem:
            kept = (
                f" {plan.withheld} documents that were not found are kept." if plan.withheld else ""
            )
            message = f"{plan.problem}{kept}"
            report.failed_sources.append({"source": plan.source.name, "message": message})
    return report


def planned_report(planning: Planning) -> IngestReport:
    """Return the report of a run that would go as planned."""
    report = _report_of(planning)
    for entry in planning.plans:
        report.added += len(entry.plan.of("added"))
        report.changed += len(entry.plan.of("changed"))
        report.moved += len(entry.plan.of("moved"))
        report.removed += len(entry.plan.of("removed"))
        report.unchanged += len(entry.plan.of("unchanged"))
    return report


def _access_key(source: Source) -> str:
    return f"access:{source.name}"


def _asks_key(source: Source) -> str:
    return f"asks_documents:{source.name}"
