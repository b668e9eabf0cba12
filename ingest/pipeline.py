"""Runs a plan: parse, chunk, make words searchable, embed, make meanings searchable.

    steps ──parse in children──▶ batches ──words──▶ catalogue (one commit a batch) ──▶ searchable by words
    texts without a vector ──embed──▶ catalogue ──▶ published vectors ──▶ document reported as ingested

A run that dies at any point loses at most the batch under way: what is in the catalogue stays, vectors are
kept by the hash of their text, and the next run goes on from there.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from core.documents import normal_principals
from core.log import get_logger
from core.ports import Embedder, Progress
from index.catalogue import Catalogue, FailedVersion, KnownContainer, NewVersion
from index.originals import Originals
from index.publication import Publisher
from ingest.content_marks import Marks, warnings_of
from ingest.near_duplicates import older_copies
from ingest.parsing_pool import Outcome, ParsedFile, SameFile, UnreadableFile
from ingest.planning import Plan, Planned
from ingest.quarantine import hint_for
from ingest.sources.access import NOBODY
from ingest.sources.base import Source

_log = get_logger(__name__)

_BATCH_DOCUMENTS = 64
_BATCH_CHARS = 8_000_000
_BATCH_SECONDS = 2.0
_EMBED_BATCH = 512
_PUBLISH_SHARE = 0.1
"""Publishing vectors during a run may take this share of the time: each publication syncs a dozen files."""


@dataclass(slots=True)
class IngestReport:
    """What a run did. `failed_sources` could not be listed, or were stopped by the guard."""

    added: int = 0
    changed: int = 0
    removed: int = 0
    unchanged: int = 0
    moved: int = 0
    quarantined: list[dict[str, str]] = field(default_factory=list)
    still_quarantined: int = 0
    skipped: list[dict[str, str]] = field(default_factory=list)
    near_duplicates: int = 0
    failed_sources: list[dict[str, str]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    chunks: int = 0
    seconds: float = 0.0
    reading_seconds: float = 0.0
    embedding_seconds: float = 0.0
    generation: int = 0

    @property
    def is_clean(self) -> bool:
        """Whether every source and every document of the run could be read."""
        return not self.quarantined and not self.failed_sources


@dataclass(frozen=True, slots=True)
class SourcePlan:
    """A plan, and the containers to remember when all of it is stored.

    `is_last` is False for a part of a plan of which more is to come.
    """

    plan: Plan
    containers: tuple[KnownContainer, ...] = ()
    gone_containers: tuple[str, ...] = ()
    is_last: bool = True


class Reading(Protocol):
    """Where a run's parsed files come from."""

    def parse_all(self, steps: Sequence[Planned], source: Source) -> Iterator[Outcome]:
        """Yield the outcome of every file once, in the order of the steps."""


class _Waiting:
    """Documents with texts that still have no vector; `left` counts these texts."""

    def __init__(self, hashes: dict[str, set[str]]) -> None:
        self.left = {doc_id: len(keys) for doc_id, keys in hashes.items()}
        self._documents: dict[str, list[str]] = {}
        for doc_id, keys in hashes.items():
            for key in keys:
                self._documents.setdefault(key, []).append(doc_id)

    def take(self, embedded: Sequence[str]) -> list[str]:
        """Return the documents that are complete once these texts have their vectors."""
        complete = []
        for key in embedded:
            for doc_id in self._documents.pop(key, ()):
                self.left[doc_id] -= 1
                if not self.left[doc_id]:
                    complete.append(doc_id)
        return complete


class Pipeline:
    """Applies plans to one data folder; the caller holds the writer's lease."""

    def __init__(
        self,
        catalogue: Catalogue,
        publisher: Publisher,
        embedder: Embedder,
        reading: Reading,
        progress: Progress,
        originals: Originals | None = None,
    ) -> None:
        self._catalogue = catalogue
        self._originals = originals
        self._publisher = publisher
        self._embedder = embedder
        self._reading = reading
        self._progress = progress
        self._complete: list[str] = []
        self._closed: list[str] = []
        self._marked: list[tuple[str, Marks]] = []
        self._changed = False

    def run(self, plans: Sequence[SourcePlan], report: IngestReport) -> None:
        """Apply the plans and write into the report what was done."""
        started = time.monotonic()
        self._changed = self._publisher.begin()
        for plan in plans:
            self._apply(plan.plan, report)
            self._warn_of_closed(plan.plan, report)
            report.warnings += warnings_of(plan.plan.source.name, self._marked)
            self._marked = []
            self._catalogue.store_containers(
                plan.plan.source.name, plan.containers, plan.gone_containers
            )
        _log.info("words_searchable", chunks=report.chunks)
        report.reading_seconds = round(time.monotonic() - started, 3)
        report.embedding_seconds = round(self._embed(), 3)
        if self._changed:
            report.near_duplicates = self._link_duplicates()
        self._catalogue.drop_unused_vectors()  # before the end, so that a run that is killed here is repeated
        self._publisher.finish()

    def _apply(self, plan: Plan, report: IngestReport) -> None:
        report.unchanged += len(plan.of("unchanged"))
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
        steps = plan.of("added", "changed", "moved")
        batch: list[Outcome] = []
        chars = 0
        last_commit = time.monotonic()
        for done, outcome in enumerate(self._reading.parse_all(steps, plan.source), start=1):
            batch.append(outcome)
            chars += len(outcome.text) if isinstance(outcome, ParsedFile) else 0
            waited = time.monotonic() - last_commit
            is_full = len(batch) >= _BATCH_DOCUMENTS or chars >= _BATCH_CHARS
            if is_full or waited >= _BATCH_SECONDS or done == len(steps):
                self._store(plan, batch, report)
                batch, chars, last_commit = [], 0, time.monotonic()
            self._progress("reading", done, len(steps))

    def _store(self, plan: Plan, batch: Sequence[Outcome], report: IngestReport) -> None:
        parsed = [outcome for outcome in batch if isinstance(outcome, ParsedFile)]
        failed = [outcome for outcome in batch if isinstance(outcome, UnreadableFile)]
        same = [outcome.step for outcome in batch if isinstance(outcome, SameFile)]
        self._catalogue.touch((step.doc_id, step.item) for step in same if step.item is not None)
        report.unchanged += len(same)
        if self._originals is not None:
            kept = [step.same_version or "" for step in same] + [
                outcome.version for outcome in parsed
            ]
            self._originals.keep(kept)
        if not parsed and not failed:
            return
        self._changed = True
        versions = self._numbered(plan, parsed)
        self._publisher.add_words(versions)
        replaced = self._catalogue.store(versions, [_failure(plan, outcome) for outcome in failed])
        self._publisher.remove_words(replaced)
        for version, outcome in zip(versions, parsed, strict=True):
            _log.debug("document_read", uri=outcome.step.uri, read_ms=outcome.read_ms)
            self._note_marks(outcome)
            self._complete.append(version.doc_id)
            report.chunks += len(version.chunks)
            _count(report, outcome.step)
        for unreadable in failed:
            report.quarantined.append(_quarantined(unreadable))
            _log.warning(
                "document_quarantined",
                uri=unreadable.step.uri,
                reason=unreadable.reason,
                read_ms=unreadable.read_ms,
            )

    def _note_marks(self, file: ParsedFile) -> None:
        """Keep what a document hides or says to a model, for the report; counts alone go into the log."""
        marks = file.marks
        if marks.hidden or marks.alarming:
            _log.info(
                "document_marked",
                uri=file.step.uri,
                hidden=dict(marks.hidden),
                suspicious=marks.suspicious,
                in_name=marks.in_name,
            )
        if marks.alarming:
            self._marked.append((file.step.uri, marks))

    def _numbered(self, plan: Plan, parsed: Sequence[ParsedFile]) -> list[NewVersion]:
        numbers = self._catalogue.reserve_chunk_numbers(sum(len(file.chunks) for file in parsed))
        versions = []
        next_number = numbers.start
        for file in parsed:
            item = file.step.item
            assert item is not None  # noqa: S101
            last = next_number + len(file.chunks)
            access = _access(file)
            if not access:
                self._closed.append(item.uri)
            versions.append(
                NewVersion(
                    doc_id=file.step.doc_id,
                    source=plan.source.name,
                    item=item,
                    version=file.version,
                    title=file.title,
                    text=file.text,
                    elements=file.elements,
                    chunks=file.chunks,
                    numbers=range(next_number, last),
                    updated_at=item.updated_at or file.metadata.get("modified") or _now(),
                    access=access,
                    metadata=file.metadata,
                    signature=file.signature,
                )
            )
            next_number = last
        return versions

    def _warn_of_closed(self, plan: Plan, report: IngestReport) -> None:
        if self._closed:
            count = len(self._closed)
            shown = ", ".join(repr(uri) for uri in self._closed[:3])
            more = " and others" if count > 3 else ""
            report.warnings.append(
                f"Only admins may read {count} document{'' if count == 1 else 's'} of {plan.source.name!r}, for "
                f"want of usable access information: {shown}{more}."
            )
            self._closed = []

    def _embed(self) -> float:
        """Give every chunk of the catalogue a vector, also those that an earlier run left without.

        Chunks that are known to have one are not looked at: a run that changes one document among many is short.

        Returns the seconds that the model took.
        """
        model = self._embedder.name
        first = self._publisher.embedded_below
        missing = self._catalogue.missing_vectors(model, first)
        waiting = _Waiting(self._catalogue.waiting_documents(model, first) if missing else {})
        self._complete = [doc_id for doc_id in self._complete if doc_id not in waiting.left]
        last_publish = time.monotonic()
        publish_seconds = model_seconds = 0.0
        for start in range(0, len(missing), _EMBED_BATCH):
            batch = missing[start : start + _EMBED_BATCH]
            texts = self._catalogue.texts_to_embed(batch)
            begun = time.monotonic()
            matrix = self._embedder.embed_passages(texts)
            model_seconds += time.monotonic() - begun
            self._catalogue.put_vectors(model, [(key, matrix[i]) for i, key in enumerate(batch)])
            self._progress("embedding", start + len(batch), len(missing))
            self._complete += waiting.take(batch)
            if publish_seconds <= _PUBLISH_SHARE * (time.monotonic() - last_publish):
                begun = time.monotonic()
                self._publish()
                last_publish = time.monotonic()
                publish_seconds = last_publish - begun
        if self._changed or missing:
            self._publish()
        return model_seconds

    def _publish(self) -> None:
        """Publish the vectors that are new and report the documents that are complete now."""
        self._publisher.publish_vectors()
        for document in self._catalogue.ingested(self._complete):
            _log.info(
                "document_ingested",
                doc_id=document.doc_id,
                uri=document.uri,
                version=document.version,
                chunks=document.chunks,
            )
        self._complete = []

    def _link_duplicates(self) -> int:
        signed = self._catalogue.signed_documents()
        copies = older_copies(
            {doc_id: signature for doc_id, (signature, _) in signed.items()},
            {doc_id: age for doc_id, (_, age) in signed.items()},
        )
        self._catalogue.link_duplicates(copies)
        return len(copies)


def _count(report: IngestReport, step: Planned) -> None:
    if step.action == "added":
        report.added += 1
    elif step.action == "moved":
        report.moved += 1
    else:
        report.changed += 1


def _access(file: ParsedFile) -> tuple[str, ...]:
    """Return who may read a document: its own word where the source asks for it, else the source's."""
    item = file.step.item
    assert item is not None  # noqa: S101
    if file.declared_access is None:
        return item.access
    try:
        return normal_principals(file.declared_access)
    except ValueError:
        return NOBODY


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
        updated_at=item.updated_at or _now(),
    )


def _quarantined(outcome: UnreadableFile) -> dict[str, str]:
    return {
        "uri": outcome.step.uri,
        "reason": outcome.reason,
        "detail": outcome.detail,
        "hint": hint_for(outcome.reason),
    }


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
