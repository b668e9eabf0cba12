"""The one object that faces talk to: ask, open, flag. Built by `app.bootstrap.open_service`.

Every method takes the caller and shows only what that caller may read; what is not there and what may not
be seen are the same NotFound.
"""

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, cast

from app.answering import (
    Answering,
    AnswerReady,
    AskEvent,
    QuestionKept,
    Stage,
    StageStarted,
    TextAdded,
)
from app.conversation_log import ConversationLog
from app.conversation_view import (
    ConversationReader,
    ConversationSummary,
    ConversationView,
    TurnView,
)
from app.experiments.experiment import Experiment
from app.feedback_desk import FeedbackDesk, FeedbackExport
from app.feedback_log import FeedbackLog, Remark, span_of
from app.follow_ups import follow_up_questions
from app.generation.completion_cache import CompletionCache
from app.question_from_heading import as_question, suits
from app.replay import Replay, filters_then, sources_then
from app.scopes import ScopeChoice, Scopes
from app.signals import Asked, SignalLog
from app.unfinished_log import UnfinishedQuestion
from core.answers import Answer, Caller, Feedback, FeedbackCategory, FeedbackVerdict, Hit, Turn
from core.documents import DocumentRecord, Element
from core.errors import NotFound, UsageError
from index.catalogue import Catalogue
from index.explanation import Explanation, WhyNot, explain
from index.explanation import why_not as explain_absence
from index.filters import Filter
from index.permissions import may_read
from index.retriever import HybridRetriever

__all__ = [
    "AnswerReady",
    "AskEvent",
    "ConversationSummary",
    "ConversationView",
    "DocumentView",
    "FootnoteService",
    "QuestionKept",
    "ScopeChoice",
    "Scopes",
    "Stage",
    "StageStarted",
    "TextAdded",
    "TurnView",
    "UnfinishedQuestion",
]

_SECTIONS_LOOKED_AT = 400


@dataclass(frozen=True, slots=True)
class DocumentView:
    """A whole document as a reader opens it."""

    record: DocumentRecord
    text: str
    elements: tuple[Element, ...]


@dataclass(frozen=True, slots=True)
class ExplainedSearch:
    """Hits, how they were found, and why one document is not among them, if that was asked."""

    hits: list[Hit]
    explanation: Explanation
    why_not: WhyNot | None


class FootnoteService:
    """Questions, documents and feedback of one knowledge base, for any caller."""

    def __init__(
        self,
        answering: Answering | Experiment,
        retriever: HybridRetriever,
        log: ConversationLog,
        reader: ConversationReader,
        feedback: FeedbackLog,
        cache: CompletionCache,
        channel: str,
        export: FeedbackExport | None = None,
        signals: SignalLog | None = None,
    ) -> None:
        self._answering = answering
        self._retriever = retriever
        self._log = log
        self._reader = reader
        self._scoping = answering.scoping
        self._export = export
        self._channel = channel
        self.signals = signals or SignalLog(retriever.catalogue.engine, log.data_dir)
        self.feedback_desk = FeedbackDesk(log, feedback, cache, channel, export)

    @property
    def catalogue(self) -> Catalogue:
        """The catalogue that answers are made from, for the other use cases of the same data folder."""
        return self._retriever.catalogue

    @property
    def retriever(self) -> HybridRetriever:
        """What finds passages, for the search debugger."""
        return self._retriever

    def close(self) -> None:
        """Send what waits to be exported; for the end of a process."""
        if self._export:
            self._export.close()

    def warm_up(self) -> None:
        """Load in the background what the first answer would have to wait for; returns at once."""
        self._answering.warm_up()

    def ask_stream(
        self,
        question: str,
        caller: Caller,
        conversation_id: str | None = None,
        history: Sequence[Turn] = (),
        *,
        filters: Sequence[Filter] = (),
        replaces: str | None = None,
    ) -> Iterator[AskEvent]:
        """Answer one question, telling how far it is; see `Answering.ask_stream`.

        The iterator is a generator: closing it stops the work, and keeps the question as stopped.
        """
        events = self._answering.ask_stream(
            question, caller, conversation_id, history, filters=filters, replaces=replaces
        )
        return self._noting(events, Asked(conversation_id or "", question), caller, replaces)

    def _noting(
        self, events: Iterator[AskEvent], asked: Asked, caller: Caller, replaces: str | None
    ) -> Iterator[AskEvent]:
        """Pass events on, and note what asking says of the answer before, and that somebody did not wait."""
        question_id = ""
        with closing(cast(Generator[AskEvent], events)):
            try:
                for event in events:
                    if isinstance(event, QuestionKept):
                        question_id = event.question_id
                        if asked.conversation_id:
                            self.signals.asked_next(
                                caller, asked, replaces=replaces, channel=self._channel
                            )
                    elif isinstance(event, AnswerReady):
                        question_id = ""  # whoever goes on now has the answer
                    yield event
            except GeneratorExit:
                if question_id:
                    self.signals.stopped(caller, question_id, self._channel)
                raise

    def ask(
        self,
        question: str,
        caller: Caller,
        conversation_id: str | None = None,
        history: Sequence[Turn] = (),
    ) -> Answer:
        """Answer one question.

        Raises:
            UsageError: the question is empty or too long.
            NotFound: the conversation is not the caller's.
        """
        return _answer_of(self.ask_stream(question, caller, conversation_id, history))

    def replay(self, answer_id: str, caller: Caller) -> Replay:
        """Ask the question of one of the caller's own answers again, as it was asked then; stores nothing.

        Raises:
            NotFound: the answer is not the caller's.
        """
        then, trace = self._log.find(answer_id, caller)
        history = [Turn(turn["q"], turn["a"]) for turn in trace.get("history", [])]
        now = _answer_of(
            self._answering.ask_stream(
                then.question, caller, None, history, filters=filters_then(trace), is_kept=False
            )
        )
        return Replay(then, now, sources_then(trace, self._retriever.catalogue, caller))

    def search(
        self, query: str, caller: Caller, top_k: int, filters: Sequence[Filter] = ()
    ) -> list[Hit]:
        """Return the best hits among what the caller may read, in documents that pass every filter.

        Raises:
            UsageError: the query is empty.
        """
        return self._retriever.retrieve(_query(query), caller, top_k, self._documents(filters))

    def explained_search(
        self,
        query: str,
        caller: Caller,
        top_k: int,
        filters: Sequence[Filter] = (),
        why_not: str | None = None,
        *,
        count_hidden: bool = False,
    ) -> ExplainedSearch:
        """Like `search`, and say how the query was understood, and why a document was not found.

        Raises:
            UsageError: the query is empty.
        """
        doc_ids = self._documents(filters)
        prepared = self._retriever.prepare(_query(query), caller)
        ranking = self._retriever.ranking_of(prepared, caller, top_k, doc_ids)
        hits = self._retriever.hits_of(ranking, caller, top_k)
        reason = None
        if why_not is not None:
            reason = explain_absence(self._retriever, prepared, caller, why_not, hits, doc_ids)
        return ExplainedSearch(
            hits, explain(ranking, self._retriever, count_hidden=count_hidden), reason
        )

    def _documents(self, filters: Sequence[Filter]) -> frozenset[str] | None:
        if not filters:
            return None
        return self._scoping.documents(filters)

    def scopes(self, caller: Caller) -> Scopes:
        """Return the parts of the documents that a question can be kept to, among what the caller may read."""
        return self._scoping.choices(caller)

    def count_in_scope(self, filters: Sequence[Filter], caller: Caller) -> int:
        """Return how many documents that the caller may read pass every filter.

        Raises:
            UsageError: there are more than 100 filters.
        """
        return self._scoping.count(filters, caller)

    def conversations(
        self, caller: Caller, query: str = "", limit: int = 50
    ) -> list[ConversationSummary]:
        """Return the caller's conversations, the latest first; those that have all words of `query`."""
        return self._reader.listed(caller, query, limit)

    def open_conversation(self, conversation_id: str, caller: Caller) -> ConversationView:
        """Return one of the caller's own conversations, or a shared one as far as the caller may read it.

        Raises:
            NotFound: it is not there, or not for this caller.
        """
        return self._reader.open(conversation_id, caller)

    def turns(self, conversation_id: str, caller: Caller) -> list[Answer]:
        """Return the answers that are shown of one of the caller's own conversations, oldest first.

        Raises:
            NotFound: it is not the caller's.
        """
        return self._log.turns(conversation_id, caller)

    def rename_conversation(self, conversation_id: str, caller: Caller, title: str) -> None:
        """Give one of the caller's own conversations another title.

        Raises:
            NotFound: it is not the caller's.
            UsageError: the title is empty or has more than 120 characters.
        """
        self._log.rename(conversation_id, caller, title)

    def delete_conversation(self, conversation_id: str, caller: Caller) -> None:
        """Remove one of the caller's own conversations with its answers, for good; feedback keeps its snapshot.

        Raises:
            NotFound: it is not the caller's.
        """
        self._log.delete(conversation_id, caller)

    def share_conversation(self, conversation_id: str, caller: Caller, *, is_shared: bool) -> None:
        """Let others open one of the caller's own conversations by its address, or do not any more.

        Raises:
            NotFound: it is not the caller's.
        """
        self._log.share(conversation_id, caller, is_shared=is_shared)

    def forget_question(self, question_id: str, caller: Caller) -> None:
        """Remove one of the caller's unfinished questions, and its conversation if that has nothing else.

        Raises:
            NotFound: it is not there any more, or not the caller's.
        """
        self._log.forget(question_id, caller)

    def find_answer(self, answer_id: str, caller: Caller) -> tuple[Answer, dict[str, Any]]:
        """Return an answer that the caller may open with its trace; see `ConversationLog.find`.

        Raises:
            NotFound: it is not there, or not for this caller.
        """
        return self._log.find(answer_id, caller)

    def follow_ups(self, answer: Answer, caller: Caller, limit: int = 3) -> list[str]:
        """Return questions that go on from an answer and that readable documents answer; [] where none is near."""
        return follow_up_questions(answer, caller, limit, self.catalogue, self._log)

    def open_document(self, doc_id: str, caller: Caller) -> DocumentView:
        """Return a whole document.

        Raises:
            NotFound: it is not there, or the caller may not read it.
        """
        catalogue = self._retriever.catalogue
        record = catalogue.records([doc_id]).get(doc_id)
        if record is not None and may_read(caller, record.access):
            text, elements = catalogue.document_text(doc_id)
            return DocumentView(record, text, elements)
        raise NotFound("This document is not there, or you may not read it.")

    def example_questions(self, caller: Caller, limit: int = 4) -> list[str]:
        """Return questions that the caller's own documents answer; [] when there are none.

        They are made from headings: a short one that names a subject, one a document.
        """
        questions: dict[str, str] = {}
        catalogue = self._retriever.catalogue
        lists = [
            access for access, _ in catalogue.documents_by_access() if may_read(caller, access)
        ]
        for title, section in catalogue.section_paths(_SECTIONS_LOOKED_AT, lists):
            heading = section[-1].strip()
            if suits(heading) and title not in questions:
                questions[title] = as_question(heading, title)
            if len(questions) == limit:
                break
        return list(questions.values())

    def readable_documents(self, caller: Caller) -> int:
        """Return how many active documents this caller may read."""
        return self._retriever.readable_documents(caller)

    def add_feedback(
        self,
        answer_id: str,
        caller: Caller,
        verdict: FeedbackVerdict,
        category: FeedbackCategory | None = None,
        comment: str = "",
        start: int | None = None,
        end: int | None = None,
    ) -> Feedback:
        """Store what the caller says of one answer; a second time replaces the first.

        Raises:
            NotFound: the caller may not see the answer.
            UsageError: the span does not lie in the answer, or the comment is too long.
        """
        remark = Remark(verdict, category, comment, span_of(start, end))
        return self.feedback_desk.add(answer_id, caller, remark)

    def my_feedback(self, answer_id: str, caller: Caller) -> Feedback | None:
        """Return the newest that the caller says of an answer now, None if nothing."""
        said = self.feedback_desk.mine(answer_id, caller)
        return said[-1] if said else None


def _answer_of(events: Iterator[AskEvent]) -> Answer:
    for event in events:
        if isinstance(event, AnswerReady):
            return event.answer
    raise AssertionError("ask_stream ends with AnswerReady")


def _query(query: str) -> str:
    if not query.strip():
        raise UsageError("The query is empty. Type what you are looking for.")
    # An argument that was no UTF-8 arrives with halves of characters, which nothing can store.
    return query.encode("utf-8", "replace").decode()
