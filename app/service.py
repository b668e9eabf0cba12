"""The one object that faces talk to: ask, open, flag. Built by `app.bootstrap.open_service`.

Every method takes the caller and shows only what that caller may read; what is not there and what may not
be seen are the same NotFound.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from core.answers import Answer, Caller, Feedback, FeedbackCategory, FeedbackVerdict, Hit
from core.documents import DocumentRecord, Element

Stage = Literal["searching", "reading", "writing", "checking"]


@dataclass(frozen=True, slots=True)
class StageStarted:
    """The answer entered a stage."""

    stage: Stage


@dataclass(frozen=True, slots=True)
class TextAdded:
    """More of the answer's text; the concatenation of all is the answer's text."""

    text: str


@dataclass(frozen=True, slots=True)
class AnswerReady:
    """The stored, checked answer; always the last event."""

    answer: Answer


AskEvent = StageStarted | TextAdded | AnswerReady


@dataclass(frozen=True, slots=True)
class DocumentView:
    """A whole document as a reader opens it."""

    record: DocumentRecord
    text: str
    elements: tuple[Element, ...]


@dataclass(frozen=True, slots=True)
class ConversationSummary:
    """A conversation in a list; `title` is the start of its first question."""

    conversation_id: str
    title: str
    updated_at: str
    turns: int


class FootnoteService:
    """Stub: the real one is being written; signatures are fixed."""

    def ask_stream(self, question: str, caller: Caller, conversation_id: str | None = None) -> Iterator[AskEvent]:
        """Answer one question, telling how far it is. Raises UsageError for an unusable question."""
        raise NotImplementedError

    def ask(self, question: str, caller: Caller, conversation_id: str | None = None) -> Answer:
        raise NotImplementedError

    def search(self, query: str, caller: Caller, top_k: int) -> list[Hit]:
        raise NotImplementedError

    def conversations(self, caller: Caller) -> list[ConversationSummary]:
        raise NotImplementedError

    def turns(self, conversation_id: str, caller: Caller) -> list[Answer]:
        """All answers of one of the caller's own conversations, oldest first. NotFound otherwise."""
        raise NotImplementedError

    def open_document(self, doc_id: str, caller: Caller) -> DocumentView:
        raise NotImplementedError

    def example_questions(self, caller: Caller, limit: int = 4) -> list[str]:
        """Questions that the caller's own documents answer, for an empty chat; [] when there are none."""
        raise NotImplementedError

    def readable_documents(self, caller: Caller) -> int:
        """How many active documents this caller may read (0 = empty state)."""
        raise NotImplementedError

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
        """Store what the caller says of one answer; a second time replaces the first (kept as history)."""
        raise NotImplementedError

    def my_feedback(self, answer_id: str, caller: Caller) -> Feedback | None:
        raise NotImplementedError
