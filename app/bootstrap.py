"""The composition root of the answering side: settings to a service and a caller."""

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from app.answer_slots import AnswerSlots
from app.answering import Answering, AnswerLimits
from app.application import Application
from app.arm_labels import Arm
from app.authorization import role_of
from app.conversation import standalone_query
from app.conversation_log import ConversationLog
from app.conversation_view import ConversationReader
from app.experiments.experiment import Experiment
from app.experiments.plan import Plan, plan_of, settings_of_variant
from app.experiments.shadow import ShadowRuns
from app.extractive import ExtractiveGenerator
from app.feedback_log import FeedbackLog
from app.generation.completion_cache import CompletionCache
from app.grounding.checker import ClaimChecker
from app.grounding.judge import JudgedChecker
from app.knowledge.desk import KnowledgeDesk
from app.model_wiring import Models, open_models
from app.notices import Notices
from app.people import People
from app.quality.desk import QualityDesk
from app.rate_limits import RateLimiter
from app.review.audit import AuditDesk
from app.review.cause_finder import CauseParts
from app.review.desk import ReviewDesk
from app.review.source_reports import SourceReports
from app.service import FootnoteService
from app.source_desk.desk import SourceDesk
from app.tracing.export import TraceExport, open_trace_export
from app.uploads.dropped import Beside
from app.uploads.session_documents import SessionDocuments
from app.writing import ModelWriter, QuotingWriter, Writer
from core.answers import Caller, Turn
from core.ports import Embedder, GroundingChecker, QueryRewriter
from core.settings import Settings, embedded_settings
from index.catalogue import Catalogue
from index.factory import open_catalogue, open_knowledge_base
from index.manifest import read_manifest
from index.permissions import GroupsFile, caller_for, caller_named
from index.retriever import HybridRetriever


@dataclass(frozen=True, slots=True)
class _Opened:
    """A service with the parts that another one beside it shares."""

    service: FootnoteService
    answering: Answering
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


def _open(settings: Settings, channel: str, *, create: bool, plan: Plan | None = None) -> _Opened:
    models: Models | None = None

    def open_rewriter(catalogue: Catalogue) -> QueryRewriter | None:
        nonlocal models
        models = open_models(settings, catalogue)
        return models.rewriter if models else None

    base = open_knowledge_base(settings, create=create, open_rewriter=open_rewriter)
    checker = _checker(settings, base.retriever.embedder, models)
    export = open_trace_export(settings)
    log = ConversationLog(base.catalogue.engine, settings.data_dir, channel)
    answering = _answering(base.retriever, _limits(settings), log, models, export, checker)
    service = _service(
        _compared(settings, plan, answering, base.retriever, log, export) if plan else answering,
        base.retriever,
        log,
        settings.generation.cache_hours,
        export,
    )
    return _Opened(service, answering, base.retriever, models, checker)


def _compared(
    settings: Settings,
    plan: Plan,
    answering: Answering,
    retriever: HybridRetriever,
    log: ConversationLog,
    export: TraceExport | None,
) -> Experiment:
    """Put a live comparison in front of what answers; the variant is opened when it is first needed."""
    engine, data_dir = retriever.catalogue.engine, settings.data_dir

    def log_of(arm: Arm) -> ConversationLog:
        return ConversationLog(engine, data_dir, log.channel, variant=arm.label)

    def open_arms() -> tuple[Answering, Answering]:
        tried = _open_variant(settings, plan, retriever, log_of(plan.tried), export)
        return answering.keeping_in(log_of(plan.current)), tried

    return Experiment(plan, engine, answering, open_arms, ShadowRuns(engine, data_dir, log))


def _open_variant(
    settings: Settings,
    plan: Plan,
    running: HybridRetriever,
    log: ConversationLog,
    export: TraceExport | None,
) -> Answering:
    """Open what answers with a variant: the same index, and the models of the running one wherever they fit."""
    chosen = settings_of_variant(settings)
    models: Models | None = None

    def open_rewriter(catalogue: Catalogue) -> QueryRewriter | None:
        nonlocal models
        models = open_models(chosen, catalogue)
        return models.rewriter if models else None

    has_same_models = chosen.retrieval.reranker == settings.retrieval.reranker
    base = open_knowledge_base(
        chosen, open_rewriter=open_rewriter, beside=running if has_same_models else None
    )
    if models is not None:
        # What the variant changes (a temperature) need not stand in the prompt: its completions are its own.
        own = f"{models.parts.specs}|{plan.tried.label}"
        models = replace(models, parts=replace(models.parts, specs=own))
    checker = _checker(chosen, base.retriever.embedder, models)
    return _answering(base.retriever, _limits(chosen), log, models, export, checker)


def _limits(settings: Settings) -> AnswerLimits:
    chosen = settings.retrieval
    return AnswerLimits(chosen.passages, chosen.passage_chars, settings.max_question_chars)


def _open_beside(settings: Settings, opened: _Opened, data_dir: Path) -> FootnoteService:
    """Build a service over dropped files with the models of the running one, and with nothing that it stores in.

    What a model is used for is counted where it always is; what it wrote is not kept for others.
    """
    own = embedded_settings(settings, data_dir)
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
    log = ConversationLog(retriever.catalogue.engine, data_dir, channel)
    answering = _answering(retriever, limits, log, models, export, checker)
    return _service(answering, retriever, log, cache_hours, export)


def _answering(
    retriever: HybridRetriever,
    limits: AnswerLimits,
    log: ConversationLog,
    models: Models | None,
    export: TraceExport | None,
    checker: GroundingChecker | None,
) -> Answering:
    quoting = QuotingWriter(ExtractiveGenerator(lambda: retriever.embedder, retriever))
    writer: Writer = quoting
    if models:
        writer = ModelWriter(models.parts, quoting)
    return Answering(
        retriever,
        writer,
        checker or ClaimChecker(retriever.embedder),
        models.condenser if models and models.condenser else _by_rules,
        log,
        limits,
        *((export.answered,) if export else ()),
    )


def _service(
    answering: Answering | Experiment,
    retriever: HybridRetriever,
    log: ConversationLog,
    cache_hours: float,
    export: TraceExport | None,
) -> FootnoteService:
    catalogue = retriever.catalogue
    engine, data_dir = catalogue.engine, log.data_dir
    return FootnoteService(
        answering,
        retriever,
        log,
        ConversationReader(catalogue),
        FeedbackLog(engine, data_dir),
        CompletionCache(engine, data_dir, cache_hours),
        log.channel,
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
    opened = _open(settings, channel, create=True, plan=plan_of(settings, channel))
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
        review=open_review_desk(settings, catalogue, lambda: service),
        quality=QualityDesk(catalogue, data_dir, lambda: service.retriever.embedder),
        uploads=SessionDocuments(settings, beside),
        signals=service.signals,
        notices=Notices(engine, data_dir),
        source_reports=SourceReports(engine, data_dir),
        audit=AuditDesk(catalogue, data_dir),
        slots=AnswerSlots(_answers_at_once(settings)),
    )


def open_review_desk(
    settings: Settings, catalogue: Catalogue, service: Callable[[], FootnoteService]
) -> ReviewDesk:
    """Build the review over a catalogue; the service is asked for when a flag's cause is looked for."""
    groups = _groups_file(settings.groups_file)

    @cache
    def open_parts() -> CauseParts:
        retriever = service().retriever
        return CauseParts(retriever.retrieve, ClaimChecker(retriever.embedder))

    return ReviewDesk(
        catalogue, settings.data_dir, groups_of=groups.groups_of, open_parts=open_parts
    )


def _answers_at_once(settings: Settings) -> int:
    # Quoting waits for nobody: more at once than there are processors only take turns.
    most = (os.cpu_count() or 1) if settings.llm == "extractive" else sys.maxsize
    return min(settings.web.concurrent_answers, most)


@dataclass(frozen=True, slots=True)
class Measured:
    """What an evaluation asks and looks at; what is answered is kept in `log`, which is none of the knowledge base's."""

    answering: Answering
    retriever: HybridRetriever
    log: ConversationLog
    models: Models | None = None


def open_measured(settings: Settings, scratch: Catalogue, *, is_cached: bool = False) -> Measured:
    """Build what answers with some settings and leaves no trace: conversations and budgets are those of `scratch`.

    Models write every answer anew unless `is_cached`.

    Raises:
        FootnoteError: there is no knowledge base, or the settings do not fit it.
    """
    models: Models | None = None

    def open_rewriter(catalogue: Catalogue) -> QueryRewriter | None:
        nonlocal models
        del catalogue  # what the models are used for is counted in the other one
        models = open_models(settings, scratch)
        return models.rewriter if models else None

    base = open_knowledge_base(settings, open_rewriter=open_rewriter)
    if models is not None:
        hours = settings.generation.cache_hours if is_cached else 0.0
        cache = CompletionCache(base.catalogue.engine, settings.data_dir, hours)
        models = replace(models, parts=replace(models.parts, cache=cache))
    log = ConversationLog(scratch.engine, scratch.data_dir, "eval")
    checker = _checker(settings, base.retriever.embedder, models)
    answering = _answering(base.retriever, _limits(settings), log, models, None, checker)
    return Measured(answering, base.retriever, log, models)


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
