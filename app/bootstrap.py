"""The composition root of the answering side: settings to a service and a caller."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from app.answer_slots import AnswerSlots
from app.answering import Answering, AnswerLimits
from app.application import Application
from app.authorization import role_of
from app.conversation import standalone_query
from app.conversation_log import ConversationLog
from app.conversation_view import ConversationReader
from app.extractive import ExtractiveGenerator
from app.feedback_log import FeedbackLog
from app.generation.completion_cache import CompletionCache
from app.grounding.checker import ClaimChecker
from app.grounding.judge import JudgedChecker
from app.knowledge.desk import KnowledgeDesk
from app.model_wiring import Models, open_models
from app.people import People
from app.quality.desk import QualityDesk
from app.rate_limits import RateLimiter
from app.review.desk import ReviewDesk
from app.service import FootnoteService
from app.source_desk.desk import SourceDesk
from app.tracing.export import TraceExport, open_trace_export
from app.uploads.dropped import Beside
from app.uploads.session_documents import SessionDocuments
from app.writing import ModelWriter, QuotingWriter, Writer
from core.answers import Caller, Turn
from core.ports import Embedder, GroundingChecker, QueryRewriter
from core.settings import Settings
from index.catalogue import Catalogue
from index.factory import open_catalogue, open_knowledge_base
from index.manifest import read_manifest
from index.permissions import GroupsFile, caller_for, caller_named
from index.retriever import HybridRetriever


@dataclass(frozen=True, slots=True)
class _Opened:
    """A service with the parts that another one beside it shares."""

    service: FootnoteService
    retriever: HybridRetriever
    models: Models | None
    checker: GroundingChecker


def open_service(
    settings: Settings, channel: str = "streamlit", *, create: bool = False
) -> FootnoteService:
    """Build the service over a data folder; `channel` is noted with feedback.

    `create` makes an empty knowledge base where there is none: a page waits for the first ingestion.

    Raises:
        FootnoteError: there is no knowledge base, or the settings do not fit it.
    """
    return _open(settings, channel, create=create).service


def _open(settings: Settings, channel: str, *, create: bool) -> _Opened:
    models: Models | None = None

    def open_rewriter(catalogue: Catalogue) -> QueryRewriter | None:
        nonlocal models
        models = open_models(settings, catalogue)
        return models.rewriter if models else None

    base = open_knowledge_base(settings, create=create, open_rewriter=open_rewriter)
    checker = _checker(settings, base.retriever.embedder, models)
    service = service_over(
        base.retriever,
        settings.data_dir,
        _limits(settings),
        channel,
        models,
        settings.generation.cache_hours,
        open_trace_export(settings),
        checker,
    )
    return _Opened(service, base.retriever, models, checker)


def _limits(settings: Settings) -> AnswerLimits:
    chosen = settings.retrieval
    return AnswerLimits(chosen.passages, chosen.passage_chars, settings.max_question_chars)


def _open_beside(settings: Settings, opened: _Opened, data_dir: Path) -> FootnoteService:
    """Build a service over dropped files with the models of the running one, and with nothing that it stores in.

    What a model is used for is counted where it always is; what it wrote is not kept for others.
    """
    own = settings.model_copy(update={"data_dir": data_dir, "store": "faiss"})
    models = opened.models
    base = open_knowledge_base(
        own,
        open_rewriter=lambda _: models.rewriter if models else None,
        beside=opened.retriever,
    )
    if models is not None:
        unkept = CompletionCache(base.catalogue.engine, data_dir, 0.0)
        models = replace(models, parts=replace(models.parts, cache=unkept))
    limits = _limits(settings)
    return service_over(base.retriever, data_dir, limits, "session", models, checker=opened.checker)


def _beside(settings: Settings, opened: _Opened) -> Beside:
    def model() -> str:
        manifest = read_manifest(opened.service.catalogue.get_meta("manifest"))
        return manifest.model_name if manifest else settings.embedder

    return Beside(model, lambda data_dir: _open_beside(settings, opened, data_dir))


def _checker(settings: Settings, embedder: Embedder, models: Models | None) -> GroundingChecker:
    checker: GroundingChecker = ClaimChecker(embedder)
    if settings.grounding.nli_model is not None:
        from app.grounding.nli_backend import NliChecker

        checker = NliChecker(checker, settings.grounding.nli_model.expanduser())
    if models and models.judge:
        checker = JudgedChecker(checker, models.judge)
    return checker


def service_over(
    retriever: HybridRetriever,
    data_dir: Path,
    limits: AnswerLimits,
    channel: str,
    models: Models | None = None,
    cache_hours: float = 0.0,
    export: TraceExport | None = None,
    checker: GroundingChecker | None = None,
) -> FootnoteService:
    """Build the service over a retriever that is open already; without models its answers quote."""
    engine = retriever.catalogue.engine
    log = ConversationLog(engine, data_dir, channel)
    quoting = QuotingWriter(ExtractiveGenerator(lambda: retriever.embedder, retriever))
    writer: Writer = quoting
    if models:
        writer = ModelWriter(models.parts, quoting)
    answering = Answering(
        retriever,
        writer,
        checker or ClaimChecker(retriever.embedder),
        models.condenser if models and models.condenser else _by_rules,
        log,
        limits,
        *((export.answered,) if export else ()),
    )
    return FootnoteService(
        answering,
        retriever,
        log,
        ConversationReader(retriever.catalogue),
        FeedbackLog(engine, data_dir),
        CompletionCache(engine, data_dir, cache_hours),
        channel,
        export,
    )


def _by_rules(question: str, history: Sequence[Turn], caller: Caller) -> str:
    del caller  # no model is asked, so nothing is counted
    return standalone_query(question, history)


def open_application(settings: Settings, channel: str = "streamlit") -> Application:
    """Build the web application over a data folder; an empty knowledge base is made where there is none.

    `channel` is noted with answers and feedback: the Slack bot builds the same with its own name.

    Raises:
        FootnoteError: the data folder or the settings cannot be used.
    """
    opened = _open(settings, channel, create=True)
    return application_over(settings, opened.service, _beside(settings, opened))


def application_over(
    settings: Settings, service: FootnoteService, beside: Beside | None = None
) -> Application:
    """Build what stands around a service that is open already; without `beside`, no document can be dropped."""
    catalogue, data_dir = service.catalogue, settings.data_dir
    engine = catalogue.engine
    log = ConversationLog(engine, data_dir)
    return Application(
        settings=settings,
        service=service,
        feedback=service.feedback_desk,
        people=People(engine, data_dir),
        limits=RateLimiter(
            engine,
            data_dir,
            settings.web.questions_per_minute,
            settings.web.questions_per_day,
        ),
        sources=SourceDesk(catalogue, log),
        knowledge=KnowledgeDesk(settings, catalogue, service.retriever),
        review=ReviewDesk(catalogue, data_dir),
        quality=QualityDesk(catalogue, data_dir, lambda: service.retriever.embedder),
        uploads=SessionDocuments(settings, beside),
        slots=AnswerSlots(settings.web.concurrent_answers),
    )


def open_feedback_log(settings: Settings) -> FeedbackLog:
    """Open the feedback alone, for what needs no search."""
    return FeedbackLog(open_catalogue(settings).engine, settings.data_dir)


def cli_caller(settings: Settings, as_user: str | None) -> Caller:
    """Return who a command acts for."""
    return caller_for(as_user, settings.cli_user, GroupsFile(settings.groups_file))


def web_caller(settings: Settings, email: str | None, groups: Iterable[str] = ()) -> Caller:
    """Return who a page answers for: the person who logged in, else FOOTNOTE_WEB__USER.

    `groups` are those that the identity provider named; the groups file adds to them.
    """
    name = email or settings.web.user
    listed = _groups_file(settings.groups_file).groups_of(name) if name else ()
    caller = caller_named(name, {*groups, *listed})
    roles = settings.roles
    return replace(caller, role=role_of(caller.principals, roles.admins, roles.reviewers))


@cache
def _groups_file(path: Path | None) -> GroupsFile:
    # Pages ask on every run, and a large file takes long to read.
    return GroupsFile(path)
