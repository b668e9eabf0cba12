"""The composition root of the answering side: settings to a service and a caller."""

from collections.abc import Sequence
from pathlib import Path

from app.answering import Answering, AnswerLimits
from app.application import Application
from app.conversation import standalone_query
from app.conversation_log import ConversationLog
from app.extractive import ExtractiveGenerator
from app.feedback_desk import FeedbackDesk
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
from app.uploads import SessionDocuments
from app.writing import ModelWriter, QuotingWriter, Writer
from core.answers import Caller, Turn
from core.ports import Embedder, GroundingChecker, QueryRewriter
from core.settings import Settings
from index.catalogue import Catalogue
from index.factory import open_catalogue, open_knowledge_base
from index.permissions import GroupsFile, caller_for, caller_named
from index.retriever import HybridRetriever


def open_service(
    settings: Settings, channel: str = "streamlit", *, create: bool = False
) -> FootnoteService:
    """Build the service over a data folder; `channel` is noted with feedback.

    `create` makes an empty knowledge base where there is none: a page waits for the first ingestion.

    Raises:
        FootnoteError: there is no knowledge base, or the settings do not fit it.
    """
    models: Models | None = None

    def open_rewriter(catalogue: Catalogue) -> QueryRewriter | None:
        nonlocal models
        models = open_models(settings, catalogue)
        return models.rewriter if models else None

    base = open_knowledge_base(settings, create=create, open_rewriter=open_rewriter)
    limits = AnswerLimits(
        settings.retrieval.passages, settings.retrieval.passage_chars, settings.max_question_chars
    )
    return service_over(
        base.retriever,
        settings.data_dir,
        limits,
        channel,
        models,
        settings.generation.cache_hours,
        open_trace_export(settings),
        _checker(settings, base.retriever.embedder, models),
    )


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
    log = ConversationLog(engine, data_dir)
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
        FeedbackLog(engine, data_dir),
        CompletionCache(engine, data_dir, cache_hours),
        channel,
        export,
    )


def _by_rules(question: str, history: Sequence[Turn], caller: Caller) -> str:
    del caller  # no model is asked, so nothing is counted
    return standalone_query(question, history)


def open_application(settings: Settings) -> Application:
    """Build the web application over a data folder; an empty knowledge base is made where there is none.

    Raises:
        FootnoteError: the data folder or the settings cannot be used.
    """
    service = open_service(settings, create=True)
    return application_over(settings, service)


def application_over(settings: Settings, service: FootnoteService) -> Application:
    """Build what stands beside a service that is open already."""
    catalogue, data_dir = service.catalogue, settings.data_dir
    engine = catalogue.engine
    log = ConversationLog(engine, data_dir)
    feedback = FeedbackLog(engine, data_dir)
    return Application(
        settings=settings,
        service=service,
        feedback=FeedbackDesk(log, feedback),
        people=People(engine, data_dir),
        limits=RateLimiter(engine, data_dir),
        sources=SourceDesk(catalogue, data_dir),
        knowledge=KnowledgeDesk(catalogue, data_dir),
        review=ReviewDesk(catalogue, data_dir),
        quality=QualityDesk(catalogue, data_dir),
        uploads=SessionDocuments(settings),
    )


def open_feedback_log(settings: Settings) -> FeedbackLog:
    """Open the feedback alone, for what needs no search."""
    return FeedbackLog(open_catalogue(settings).engine, settings.data_dir)


def cli_caller(settings: Settings, as_user: str | None) -> Caller:
    """Return who a command acts for."""
    return caller_for(as_user, settings.cli_user, GroupsFile(settings.groups_file))


def web_caller(settings: Settings, email: str | None) -> Caller:
    """Return who a page answers for: the person who logged in, else FOOTNOTE_WEB__USER."""
    name = email or settings.web.user
    return caller_named(name, GroupsFile(settings.groups_file).groups_of(name) if name else ())
