"""Runs a plan: parse, chunk, make words searchable, embed, make meanings searchable.

    steps ──parse in children──▶ batches ──words──▶ catalogue (one commit a batch) ──▶ searchable by words
    texts without a vector ──embed──▶ catalogue ──▶ published vectors ──▶ document reported as ingested

A run that dies at any point loses at most the batch under way: what is in the catalogue stays, vectors are
kept by the hash of their text, and the next run goes on from there.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from core.log import get_logger
from core.ports import Embedder, Progress
from index.catalogue import Catalogue, FailedVersion, NewVersion
from index.publication import Publisher
from ingest.parsing_pool import ChunkerSpec, Outcome, ParsedFile, UnreadableFile, parse_files
from ingest.planning import Plan, Planned
from ingest.quarantine import hint_for

_log = get_logger(__name__)

_BATCH_DOCUMENTS = 64
_BATCH_SECONDS = 2.0
_EMBED_BATCH = 512
_PUBLISH_SHARE = 0.1
"""Publishing vectors during a run may take this share of the time; it writes them all anew."""


@dataclass(slots=True)
class IngestReport:
    """What a run did."""

    added: int = 0
    changed: int = 0
    removed: int = 0
    unchanged: int = 0
    quarantined: list[dict[str, str]] = field(default_factory=list)
    skipped: list[dict[str, str]] = field(default_factory=list)
    chunks: int = 0
    seconds: float = 0.0
    generation: int = 0


@dataclass(slots=True)
class _Waiting:
    """A document that is stored but has texts that still need a vector."""

    step: Planned
    version: str
    chunks: int
    texts: set[str]


class Pipeline:
    """Applies plans to one data folder; the caller holds the writer's lock."""

    def __init__(
        self,
        catalogue: Catalogue,
        publisher: Publisher,
        embedder: Embedder,
        spec: ChunkerSpec,
        workers: int,
        progress: Progress,
    ) -> None:
        self._catalogue = catalogue
        self._publisher = publisher
        self._embedder = embedder
        self._spec = spec
        self._workers = workers
        self._progress = progress
        self._waiting: list[_Waiting] = []
        self._changed = False

    def run(self, plans: Sequence[Plan]) -> IngestReport:
        """Apply the plans and return what was done."""
        started = time.monotonic()
        report = IngestReport()
        self._changed = self._publisher.begin()
        for plan in plans:
            self._apply(plan, report)
        _log.info("words_searchable", chunks=report.chunks)
        self._embed()
        self._publisher.finish()
        self._catalogue.drop_unused_vectors()
        report.generation = self._catalogue.generation()
        report.seconds = round(time.monotonic() - started, 3)
        return report

    def _apply(self, plan: Plan, report: IngestReport) -> None:
        report.unchanged += len(plan.of("unchanged"))
        report.skipped += [{"uri": uri, "reason": reason} for uri, reason in plan.skipped]
        self._catalogue.touch(
            (step.doc_id, step.item) for step in plan.touched if step.item is not None
        )
        removed = plan.of("removed")
        if removed:
            self._changed = True
            numbers = self._catalogue.remove([step.doc_id for step in removed])
            self._publisher.remove_words(numbers)
            report.removed += len(removed)
            for step in removed:
                _log.info("document_removed", doc_id=step.doc_id, uri=step.uri)
        steps = plan.of("added") + plan.of("changed")
        batch: list[Outcome] = []
        last_commit = time.monotonic()
        outcomes = parse_files(steps, self._spec, self._workers)
        for done, outcome in enumerate(outcomes, start=1):
            batch.append(outcome)
            waited = time.monotonic() - last_commit
            if len(batch) >= _BATCH_DOCUMENTS or waited >= _BATCH_SECONDS or done == len(steps):
                self._store(plan, batch, report)
                batch, last_commit = [], time.monotonic()
            self._progress("reading", done, len(steps))

    def _store(self, plan: Plan, batch: Sequence[Outcome], report: IngestReport) -> None:
        self._changed = True
        parsed = [outcome for outcome in batch if isinstance(outcome, ParsedFile)]
        failed = [outcome for outcome in batch if isinstance(outcome, UnreadableFile)]
        versions = self._numbered(plan, parsed)
        self._publisher.add_words(versions)
        replaced = self._catalogue.store(versions, [_failure(plan, outcome) for outcome in failed])
        self._publisher.remove_words(replaced)
        for version, outcome in zip(versions, parsed, strict=True):
            texts = {chunk.embedded_text for chunk in version.chunks}
            self._waiting.append(
                _Waiting(outcome.step, outcome.version, len(version.chunks), texts)
            )
            report.chunks += len(version.chunks)
            if outcome.step.action == "added":
                report.added += 1
            else:
                report.changed += 1
        for unreadable in failed:
            report.quarantined.append(_quarantined(unreadable))
            _log.warning("document_quarantined", uri=unreadable.step.uri, reason=unreadable.reason)

    def _numbered(self, plan: Plan, parsed: Sequence[ParsedFile]) -> list[NewVersion]:
        numbers = self._catalogue.reserve_chunk_numbers(sum(len(file.chunks) for file in parsed))
        versions = []
        next_number = numbers.start
        for file in parsed:
            assert file.step.item is not None  # noqa: S101
            last = next_number + len(file.chunks)
            versions.append(
                NewVersion(
                    doc_id=file.step.doc_id,
                    source=plan.source.name,
                    item=file.step.item,
                    version=file.version,
                    title=file.title,
                    text=file.text,
                    elements=file.elements,
                    chunks=file.chunks,
                    numbers=range(next_number, last),
                    updated_at=_iso(file.step.item.mtime_ns),
                )
            )
            next_number = last
        return versions

    def _embed(self) -> None:
        """Give every chunk of the catalogue a vector, also those that an earlier run left without."""
        missing = self._catalogue.missing_vectors(self._embedder.name)
        last_publish = time.monotonic()
        publish_seconds = 0.0
        for start in range(0, len(missing), _EMBED_BATCH):
            batch = missing[start : start + _EMBED_BATCH]
            matrix = self._embedder.embed_passages([text for _, text in batch])
            rows = [(key, matrix[i]) for i, (key, _) in enumerate(batch)]
            self._catalogue.put_vectors(self._embedder.name, rows)
            self._progress("embedding", start + len(batch), len(missing))
            if publish_seconds <= _PUBLISH_SHARE * (time.monotonic() - last_publish):
                begun = time.monotonic()
                self._publish({text for _, text in missing[start + _EMBED_BATCH :]})
                last_publish = time.monotonic()
                publish_seconds = last_publish - begun
        if self._changed or missing:
            self._publish(set())

    def _publish(self, remaining: set[str]) -> None:
        """Publish all vectors there are and report the documents that are complete now."""
        self._publisher.publish_vectors()
        still_waiting = []
        for waiting in self._waiting:
            if waiting.texts & remaining:
                still_waiting.append(waiting)
                continue
            _log.info(
                "document_ingested",
                doc_id=waiting.step.doc_id,
                uri=waiting.step.uri,
                version=waiting.version,
                chunks=waiting.chunks,
            )
        self._waiting = still_waiting


def _failure(plan: Plan, outcome: UnreadableFile) -> FailedVersion:
    item = outcome.step.item
    assert item is not None  # noqa: S101
    return FailedVersion(
        doc_id=outcome.step.doc_id,
        source=plan.source.name,
        item=item,
        version=outcome.version,
        reason=outcome.reason,
        detail=outcome.detail,
        updated_at=_iso(item.mtime_ns),
    )


def _quarantined(outcome: UnreadableFile) -> dict[str, str]:
    return {
        "uri": outcome.step.uri,
        "reason": outcome.reason,
        "detail": outcome.detail,
        "hint": hint_for(outcome.reason),
    }


def _iso(mtime_ns: int) -> str:
    return datetime.fromtimestamp(mtime_ns / 1e9, UTC).isoformat(timespec="seconds")
