"""The index of a variant that cuts, embeds or stores documents in another way: made from the stored texts, and kept.

    catalogue's documents ──chunk──▶ DATA_DIR/variants/<hash>: a knowledge base of its own, with the same documents
                                     ids, texts and access lists; a second time only what changed is cut and embedded

No file is read again: what the parsers made of it is in the catalogue. Readers of the knowledge base see nothing of it.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from core.documents import DocumentRecord, ParsedDocument, SourceItem
from core.hidden_characters import visible
from core.ports import Progress
from core.settings import Settings, model_for
from core.variants import Variant
from index.analysis import path_context
from index.catalogue import Catalogue
from index.embedders.model_files import find_model
from index.factory import open_catalogue, open_workshop
from index.manifest import Manifest, read_manifest
from index.publication import UNFINISHED
from ingest.chunker import CHUNKER_VERSION, StructureChunker
from ingest.parsing_pool import Outcome, ParsedFile
from ingest.pipeline import IngestReport, Pipeline, SourcePlan
from ingest.planning import Action, Plan, Planned
from ingest.sources.base import Listing, Source
from ingest.spool import Spool
from ingest.tokenizer_file import TokenizerFile
from ingest.writer_lock import writer_lock

FOLDER = "variants"
_WAIT_S = 3600.0
_PREFIX_MARGIN = 8
"""As ingestion keeps free beside a chunk and its prefix."""


def open_variant_index(settings: Settings, variant: Variant, progress: Progress) -> Settings:
    """Return the settings that open a variant's own index, which is made or brought up to date first.

    Raises:
        FootnoteError: the model or the store cannot be opened.
    """
    catalogue = open_catalogue(settings)
    own = _own_settings(settings, variant, catalogue)
    with writer_lock(own.data_dir, wait_s=_WAIT_S):
        _bring_up_to_date(own, catalogue, progress)
    return own


def _own_settings(settings: Settings, variant: Variant, catalogue: Catalogue) -> Settings:
    changed = variant.applied_to(settings)
    manifest = read_manifest(catalogue.get_meta("manifest"))
    model = model_for(changed, manifest.model_name if manifest else "")
    made_by = {"changes": variant.index_changes(settings), "model": model, "by": CHUNKER_VERSION}
    name = hashlib.sha256(json.dumps(made_by, sort_keys=True).encode()).hexdigest()[:12]
    qdrant = changed.qdrant.model_copy(
        update={"collection": f"{changed.qdrant.collection}-variant-{name}"}
    )
    return changed.model_copy(
        update={
            "data_dir": settings.data_dir / FOLDER / name,
            "database_url": Settings.model_fields["database_url"].default,
            "embedder": model,
            "qdrant": qdrant,
        }
    )


def _bring_up_to_date(own: Settings, catalogue: Catalogue, progress: Progress) -> None:
    wanted = {record.doc_id: record for record in catalogue.list_documents() if record.chunks}
    workshop = open_workshop(own)
    if workshop.catalogue.get_meta("manifest") is None:
        embedder = workshop.embedder
        manifest = Manifest(
            embedder.name, embedder.dim, CHUNKER_VERSION, own.chunk.max_tokens, own.embedder
        )
        workshop.catalogue.set_meta("manifest", manifest.to_json())
    plans = _plans(
        wanted, {record.doc_id: record for record in workshop.catalogue.list_documents()}
    )
    unfinished = workshop.catalogue.get_meta(UNFINISHED) == "1"
    if not plans and not unfinished:
        return
    reading = _StoredTexts(catalogue, own, wanted)
    pipeline = Pipeline(
        workshop.catalogue, workshop.publisher, workshop.embedder, reading, progress
    )
    pipeline.run([SourcePlan(plan) for plan in plans], IngestReport())


def _plans(wanted: Mapping[str, DocumentRecord], there: Mapping[str, DocumentRecord]) -> list[Plan]:
    steps: dict[str, list[Planned]] = {}
    for doc_id, record in wanted.items():
        before = there.get(doc_id)
        if before is not None and _told(before) == _told(record):
            continue
        action: Action = "added" if before is None else "changed"
        item = SourceItem(record.uri, record.version, record.access, updated_at=record.updated_at)
        steps.setdefault(record.source, []).append(Planned(doc_id, record.uri, action, item))
    for doc_id, record in there.items():
        if doc_id not in wanted:
            gone = Planned(doc_id, record.uri, "removed", None)
            steps.setdefault(record.source, []).append(gone)
    return [
        Plan(_StoredSource(name), tuple(found), (), (), len(there), len(wanted))
        for name, found in sorted(steps.items())
    ]


def _told(record: DocumentRecord) -> tuple[object, ...]:
    return record.uri, record.title, record.version, record.access, record.updated_at


class _StoredSource:
    """A source that is only a name: everything of it is in the catalogue already."""

    access: tuple[str, ...] | None = None
    only = ""
    asks_documents = False

    def __init__(self, name: str) -> None:
        self.name = name

    def list(self, remembered: Mapping[str, str], spool: Spool) -> Listing:
        raise NotImplementedError

    def fetch(self, item: SourceItem, max_bytes: int) -> bytes:
        raise NotImplementedError


class _StoredTexts:
    """Cuts the texts of a catalogue as other settings have it."""

    def __init__(
        self, catalogue: Catalogue, settings: Settings, records: Mapping[str, DocumentRecord]
    ) -> None:
        files = find_model(
            settings.embedder, settings.model_cache.expanduser(), offline=settings.offline
        )
        room = files.max_tokens - settings.chunk.prefix_tokens - _PREFIX_MARGIN
        self._chunker = StructureChunker(
            TokenizerFile(str(Path(files.folder) / "tokenizer.json")),
            min(settings.chunk.max_tokens, room),
            settings.chunk.prefix_tokens,
        )
        self._catalogue = catalogue
        self._records = records
        self._signatures = catalogue.signatures()

    def parse_all(self, steps: Sequence[Planned], source: Source) -> Iterator[Outcome]:
        """Yield every document once, in the order of the steps."""
        del source
        for step in steps:
            record = self._records[step.doc_id]
            text, elements = self._catalogue.document_text(step.doc_id)
            document = ParsedDocument(record.title, text, elements, record.metadata)
            context = path_context(visible(record.uri), record.title)
            yield ParsedFile(
                step,
                record.version,
                record.title,
                text,
                elements,
                tuple(self._chunker.chunk(document, step.doc_id, record.version, context)),
                dict(record.metadata),
                self._signatures.get(step.doc_id, b""),
                None,
            )
