"""What admins see and do with documents and sources: every method asks first whether the caller is one.

Names, states and access lists of all documents are for admins; words of a document only for those who may read it.
"""

from dataclasses import dataclass
from threading import Lock

from app.authorization import authorize
from app.knowledge.background import StartedCommand
from app.knowledge.configured import Configuration, ConfiguredSources
from app.knowledge.daemon_status import DaemonStatus, daemon_status
from app.knowledge.document_detail import ChunkPage, DocumentDetail, chunk_page, detail_of
from app.knowledge.document_list import (
    Counts,
    DocumentPage,
    DocumentQuery,
    counts,
    list_page,
    types,
)
from app.knowledge.readers import Readers, ReadingRight
from app.knowledge.run_log import RunLog, RunSummary
from app.knowledge.runs_desk import Activity, SourceRuns
from app.knowledge.search_probe import Probe, ProbeResult, run_probe
from app.knowledge.source_states import Failure, SourceState, source_states
from core.answers import Caller
from core.documents import DocumentRecord
from core.errors import AccessDenied, NotFound
from core.settings import Settings
from index.catalogue import Catalogue
from index.permissions import may_read
from index.retriever import HybridRetriever
from index.runs import PastRun, find_run


@dataclass(frozen=True, slots=True)
class Overview:
    """All sources, where their configuration stands, and what goes on."""

    configuration: Configuration
    sources: tuple[SourceState, ...]
    daemon: DaemonStatus
    activity: Activity
    documents: int


@dataclass(frozen=True, slots=True)
class QuarantinedDocument:
    """A file that could not be read; `first` and `last` are the times of runs that tried, '' where not known.

    `still_answers` says that its last good version does. `can_retry` is False where its source is not configured.
    """

    record: DocumentRecord
    first: str
    last: str
    still_answers: bool
    can_retry: bool


@dataclass(frozen=True, slots=True)
class QuarantinePage:
    """One page of them, and how many there are of each reason in all."""

    documents: tuple[QuarantinedDocument, ...]
    by_reason: tuple[tuple[str, int], ...]
    total: int
    page: int
    pages: int


class KnowledgeDesk:
    """The documents and runs of one data folder. All methods raise AccessDenied for whoever is no admin."""

    def __init__(
        self, settings: Settings, catalogue: Catalogue, retriever: HybridRetriever
    ) -> None:
        self._data_dir = settings.data_dir
        self._catalogue = catalogue
        self._retriever = retriever
        self._configured = ConfiguredSources(settings)
        self._runs = SourceRuns(settings, catalogue, self._configured)
        self._log = RunLog(catalogue.engine)
        self._readers = Readers(catalogue.engine, settings.groups_file)
        self._counted: tuple[int, Counts] | None = None
        self._types: tuple[int, tuple[str, ...]] | None = None
        self._counting = Lock()

    # --- sources and runs ------------------------------------------------------------------------------

    def overview(self, caller: Caller) -> Overview:
        """Return every source that is configured or that documents came from."""
        authorize(caller, "manage_documents")
        configuration = self._configured.read()
        activity, counted = self._runs.activity(), self._counts()
        daemon = daemon_status(self._data_dir)
        states = source_states(
            configuration,
            counted.by_source,
            self._log.summaries(),
            daemon,
            _running(activity),
            _failure(activity),
        )
        return Overview(configuration, tuple(states), daemon, activity, counted.total)

    def activity(self, caller: Caller) -> Activity:
        """Return what goes on now: cheap, for asking every second."""
        authorize(caller, "manage_documents")
        return self._runs.activity()

    def runs(self, caller: Caller, source: str = "", limit: int = 20) -> list[RunSummary]:
        """Return past runs, newest first: all, or those of one source."""
        authorize(caller, "manage_documents")
        found = self._log.summaries()
        return [run for run in found if not source or run.concerns(source)][:limit]

    def run(self, caller: Caller, run_id: str) -> PastRun:
        """Return one run with its report.

        Raises:
            NotFound: there is none by that id (any more).
        """
        authorize(caller, "manage_documents")
        found = find_run(self._catalogue.engine, run_id)
        if found is None:
            raise NotFound("This run is not there any more; the last 500 are kept.")
        return found

    def start_plan(self, caller: Caller, source: str) -> StartedCommand:
        """Start to look at what a run would change; see `SourceRuns.plan`."""
        authorize(caller, "manage_documents")
        return self._runs.plan(caller, source)

    def start_run(
        self,
        caller: Caller,
        source: str,
        *,
        retry: bool = False,
        agreed_removals: int | None = None,
    ) -> StartedCommand:
        """Start a run; see `SourceRuns.run`. It is noted who did."""
        authorize(caller, "manage_documents")
        return self._runs.run(caller, source, retry=retry, agreed_removals=agreed_removals)

    # --- documents -------------------------------------------------------------------------------------

    def quarantine(self, caller: Caller, reason: str = "", page: int = 1) -> QuarantinePage:
        """Return files that could not be read, of one reason or all."""
        authorize(caller, "manage_documents")
        query = DocumentQuery(status="quarantined", reason=reason, page=page)
        found = list_page(self._catalogue, query)
        self._log.summaries()
        names = self._configured.read().names
        entries = []
        for record in found.records:
            first, last = self._log.failures_of(record.source, record.uri)
            entries.append(
                QuarantinedDocument(record, first, last, record.chunks > 0, record.source in names)
            )
        reasons = tuple(self._counts().by_reason.items())
        return QuarantinePage(tuple(entries), reasons, found.total, found.page, found.pages)

    def documents(self, caller: Caller, query: DocumentQuery) -> DocumentPage:
        """Return one page of all documents."""
        authorize(caller, "manage_documents")
        return list_page(self._catalogue, query)

    def counts(self, caller: Caller) -> Counts:
        """Return how many documents there are, by what they can be filtered by."""
        authorize(caller, "manage_documents")
        return self._counts()

    def types(self, caller: Caller) -> tuple[str, ...]:
        """Return the file endings that documents have, the most frequent first."""
        authorize(caller, "manage_documents")
        generation = self._catalogue.generation()
        with self._counting:
            if self._types is None or self._types[0] != generation:
                self._types = (generation, types(self._catalogue.engine))
            return self._types[1]

    def document(self, caller: Caller, doc_id: str) -> DocumentDetail:
        """Return one document; its words and what it says of itself only if the caller may read it.

        Raises:
            NotFound: there is none.
        """
        authorize(caller, "manage_documents")
        return detail_of(self._catalogue, self._record(doc_id), caller)

    def chunks(self, caller: Caller, doc_id: str, page: int = 1) -> ChunkPage:
        """Return chunks of a document with their text.

        Raises:
            NotFound: there is no such document.
            AccessDenied: the caller may manage it, but not read it.
        """
        authorize(caller, "manage_documents")
        record = self._record(doc_id)
        if not may_read(caller, record.access):
            raise AccessDenied(
                "You may manage this document, but not read it: its text is shown only to those whom its access list "
                "names."
            )
        return chunk_page(self._catalogue, record, page)

    def who_may_read(self, caller: Caller, doc_id: str, email: str) -> ReadingRight:
        """Return whether a person may read a document, and why.

        Raises:
            NotFound: there is no such document.
            UsageError: no email was given.
        """
        authorize(caller, "manage_documents")
        return self._readers.right(email, self._record(doc_id).access)

    def probe(self, caller: Caller, probe: Probe) -> ProbeResult:
        """Search and say how: only what both the caller and the person it is done for may read.

        Raises:
            UsageError: the query is empty, or a filter cannot be used.
        """
        authorize(caller, "manage_documents")
        reader = self._readers.named(probe.as_user) if probe.as_user.strip() else caller
        return run_probe(self._retriever, probe, caller, reader)

    # --- parts -----------------------------------------------------------------------------------------

    def _record(self, doc_id: str) -> DocumentRecord:
        found = self._catalogue.records([doc_id]).get(doc_id)
        if found is None:
            raise NotFound("This document is not there (any more).")
        return found

    def _counts(self) -> Counts:
        # Every change of a document is a new generation.
        generation = self._catalogue.generation()
        with self._counting:
            if self._counted is None or self._counted[0] != generation:
                self._counted = (generation, counts(self._catalogue.engine))
            return self._counted[1]


def _running(activity: Activity) -> frozenset[str]:
    run = activity.run
    return frozenset({run.command.source} if run is not None and run.is_running else ())


def _failure(activity: Activity) -> Failure | None:
    outcome, run = activity.outcome(), activity.run
    if outcome is None or run is None or not outcome.kind:
        return None
    return Failure(run.command.source, run.command.started_at, outcome.text)
