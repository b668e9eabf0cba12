"""The composition root of the answering side: settings to a service and a caller."""

from app.answering import Answering, AnswerLimits
from app.conversation_log import ConversationLog
from app.extractive import MODEL_NAME, ExtractiveGenerator
from app.feedback_log import FeedbackLog
from app.service import FootnoteService
from core.answers import Caller
from core.errors import ConfigError
from core.settings import Settings
from index.factory import open_catalogue, open_knowledge_base
from index.permissions import GroupsFile, caller_for, caller_named


def open_service(
    settings: Settings, channel: str = "streamlit", *, create: bool = False
) -> FootnoteService:
    """Build the service over a data folder; `channel` is noted with feedback.

    `create` makes an empty knowledge base where there is none: a page waits for the first ingestion.

    Raises:
        FootnoteError: there is no knowledge base, or the settings do not fit it.
    """
    if settings.llm != MODEL_NAME:
        raise ConfigError(
            f"FOOTNOTE_LLM is set to {settings.llm!r}; this version answers with {MODEL_NAME!r} only. "
            "Unset it."
        )
    base = open_knowledge_base(settings, create=create)
    retriever = base.retriever
    engine = base.catalogue.engine
    log = ConversationLog(engine, settings.data_dir)
    limits = AnswerLimits(
        settings.retrieval.passages, settings.retrieval.passage_chars, settings.max_question_chars
    )
    generator = ExtractiveGenerator(lambda: retriever.embedder, retriever)
    answering = Answering(retriever, generator, log, limits)
    feedback = FeedbackLog(engine, settings.data_dir)
    return FootnoteService(answering, retriever, log, feedback, channel)


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
