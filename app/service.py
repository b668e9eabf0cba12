"""The one object that faces talk to: ask, open, flag. Built by `app.bootstrap.open_service`.

Every method takes the caller and shows only what that caller may read; what is not there and what may not
be seen are the same NotFound.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from app.answering import Answering, AnswerReady, AskEvent, Stage, StageStarted, TextAdded
from app.conversation_log import ConversationLog, ConversationSummary
from app.feedback_log import FeedbackLog
from app.generation.completion_cache import CompletionCache
from app.replay import Replay, sources_then
from core.answers import Answer, Caller, Feedback, FeedbackCategory, FeedbackVerdict, Hit, Turn
from core.documents import DocumentRecord, Element
from core.errors import NotFound, UsageError
from index.catalogue import Catalogue
from index.explanation import Explanation, WhyNot, explain
from index.explanation import why_not as explain_absence
from index.filters import Filter, matching_documents
from index.permissions import may_read
from index.retriever import HybridRetriever

__all__ = [
    "AnswerReady",
    "AskEvent",
    "ConversationSummary",
    "DocumentView",
    "FootnoteService",
    "Stage",
    "StageStarted",
    "TextAdded",
]

_HEADING_CHARS = (10, 60)
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


class FeedbackExport(Protocol):
    """Where feedback goes beside the log; see `app.tracing.export`."""

    def flagged(self, feedback: Feedback, answer: Answer) -> None:
        """Take feedback with its answer; returns at once."""

    def close(self) -> None:
        """Send what waits, for two seconds at most."""


class FootnoteService:
    """Questions, documents and feedback of one knowledge base, for any caller."""

    def __init__(
        self,
        answering: Answering,
        retriever: HybridRetriever,
        log: ConversationLog,
        feedback: FeedbackLog,
        cache: CompletionCache,
        channel: str,
        export: FeedbackExport | None = None,
    ) -> None:
        self._answering = answering
        self._retriever = retriever
        self._log = log
        self._feedback = feedback
        self._cache = cache
        self._export = export
        self._channel = channel

    @property
    def catalogue(self) -> Catalogue:
        """The catalogue that answers are made from, for the other use cases of the same data folder."""
        return self._retriever.catalogue

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
    ) -> Iterator[AskEvent]:
        """Answer one question, telling how far it is; see `Answering.ask_stream`."""
        return self._answering.ask_stream(question, caller, conversation_id, history)

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
            self._answering.ask_stream(then.question, caller, None, history, is_kept=False)
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
        return matching_documents(self._retriever.catalogue.engine, filters)

    def conversations(self, caller: Caller) -> list[ConversationSummary]:
        """Return the caller's conversations, the latest first."""
        return self._log.list(caller)

    def turns(self, conversation_id: str, caller: Caller) -> list[Answer]:
        """Return all answers of one of the caller's own conversations, oldest first.

        Raises:
            NotFound: it is not the caller's.
        """
        return self._log.turns(conversation_id, caller)

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
            suits = _HEADING_CHARS[0] <= len(heading) <= _HEADING_CHARS[1] and " " in heading
            if suits and title not in questions:
                questions[title] = _as_question(heading, title)
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
            NotFound: the answer is not the caller's.
            UsageError: the span does not lie in the answer, or the comment is too long.
        """
        answer, trace = self._log.find(answer_id, caller)
        if (start is None) != (end is None):
            raise UsageError("Name both the start and the end of the words, or neither.")
        span = (start, end) if start is not None and end is not None else None
        given = self._feedback.add(
            answer, trace, caller, verdict, category, comment, span, self._channel
        )
        if self._export:
            self._export.flagged(given, answer)
        cache_key = trace.get("generation", {}).get("cache_key")
        if verdict == "bad" and cache_key:
            # The next one who asks gets a new answer, not the one that somebody found wrong.
            self._cache.purge(cache_key)
        return given

    def my_feedback(self, answer_id: str, caller: Caller) -> Feedback | None:
        """Return what the caller says of an answer now, None if nothing."""
        return self._feedback.live(answer_id, caller)


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


def _as_question(heading: str, title: str) -> str:
    """Word a heading as something to ask; one that is a question already stays."""
    if heading.endswith("?"):
        return heading
    return f"What does {title} say about {heading[0].lower()}{heading[1:]}?"
