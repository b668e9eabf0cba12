"""A folder, its knowledge base and a reader that stays open, for tests of what an ingestion leaves behind."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from cli_harness import ADMIN

from core.answers import Caller
from core.documents import DocumentRecord
from core.settings import Settings
from index.catalogue import Catalogue
from index.factory import KnowledgeBase, open_knowledge_base
from ingest.pipeline import IngestReport
from ingest.planning import Plan
from ingest.run import Ingestion, Planning, Selection
from ingest.writer_lock import writer_lock


@dataclass(frozen=True, slots=True)
class Kept:
    """What a document that only moved keeps."""

    doc_id: str
    version: str
    chunk_ids: tuple[str, ...]


class Desk:
    """Runs ingestions of a folder; `embedded` counts the texts that the last one embedded."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        self.folder = folder
        self.settings = settings
        self.embedded = 0
        self._ingestion = Ingestion(settings)
        self._base: KnowledgeBase | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ingestion.__exit__(kind, error, trace)

    @property
    def catalogue(self) -> Catalogue:
        """The catalogue that the runs write."""
        return self._ingestion.catalogue

    @property
    def ingestion(self) -> Ingestion:
        """What runs."""
        return self._ingestion

    def plan(self, path: Path | None = None, *, retry: bool = False) -> Plan:
        """Plan the folder, or a path in it."""
        selection = Selection((path or self.folder,), retry=retry)
        (planned,) = self._ingestion.plan(selection).plans
        return planned.plan

    def ingest(
        self,
        path: Path | None = None,
        access: tuple[str, ...] | None = None,
        *,
        retry: bool = False,
        allow_mass_delete: bool = True,
    ) -> IngestReport:
        """Ingest the folder, or a path in it; without the deletion guard unless it is asked for."""
        selection = Selection(
            (path or self.folder,),
            access=access,
            retry=retry,
            allow_mass_delete=allow_mass_delete,
        )
        return self.run(selection)

    def run(
        self, selection: Selection, between: Callable[[Planning], None] = lambda planning: None
    ) -> IngestReport:
        """Plan and apply; `between` sees the plan before it is applied."""
        self.embedded = 0

        def note(stage: str, done: int, total: int) -> None:
            if stage == "embedding":
                self.embedded = done

        with writer_lock(self.settings.data_dir):
            planning = self._ingestion.plan(selection)
            between(planning)
            report = self._ingestion.apply(
                planning, allow_mass_delete=selection.allow_mass_delete, progress=note
            )
        if self._base is None:
            self._base = open_knowledge_base(self.settings)
        return report

    @property
    def reader(self) -> KnowledgeBase:
        """The reader that stays open from the first run on."""
        assert self._base is not None
        return self._base

    def found(self, word: str, caller: Caller = ADMIN) -> set[str]:
        """Return the documents that a search finds by a word, in the reader that stays open."""
        assert self._base is not None
        hits = self._base.retriever.retrieve(word, caller, 100)
        return {hit.document.uri for hit in hits if word in hit.text}

    def record(self, uri: str) -> DocumentRecord:
        """Return one document."""
        (record,) = self.catalogue.find_documents(uri)
        return record

    def status(self, uri: str) -> tuple[str, str]:
        """Return a document's status and the reason of it."""
        record = self.record(uri)
        return record.status, record.reason

    def uris(self) -> set[str]:
        """Return the URIs of all documents."""
        return {record.uri for record in self.catalogue.list_documents()}

    def kept(self, uri: str) -> Kept:
        """Return what a document keeps when it only moves."""
        record = self.record(uri)
        chunks = [
            row.chunk
            for row in self.catalogue.all_chunk_rows()
            if row.chunk.doc_id == record.doc_id
        ]
        ids = tuple(chunk.chunk_id for chunk in sorted(chunks, key=lambda chunk: chunk.ordinal))
        return Kept(record.doc_id, record.version, ids)


@contextmanager
def same_stamp(path: Path) -> Iterator[None]:
    """Let a file change without a new size or time: whoever looks at its stamp sees no change."""
    before = path.stat()
    yield
    content = path.read_bytes()
    path.write_bytes(content[: before.st_size].ljust(before.st_size, b"\0"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
