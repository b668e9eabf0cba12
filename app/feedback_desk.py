"""What people say of answers, and take back: every face's use case for feedback."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from app.answer_markup import shown_text
from app.authorization import Action, authorize, may
from app.conversation_log import ConversationLog
from app.feedback_log import FeedbackLog, Remark, StoredFlag
from app.generation.completion_cache import CompletionCache
from core.answers import Answer, Caller, Feedback, FeedbackCategory, FeedbackSource
from core.errors import AccessDenied, UsageError

_MOST_FLAGS = 200
_MAY_SPEAK_AS: dict[FeedbackSource, Action] = {"reviewer": "review", "auto": "manage_documents"}
_STATE_WORDS = {
    "new": "waiting for review",
    "in_review": "being reviewed",
    "triaged": "being reviewed",
    "accepted": "accepted",
    "rejected": "rejected",
    "duplicate": "duplicate",
    "fixed": "fixed",
    "verified": "fixed and tested",
}


class FeedbackExport(Protocol):
    """Where feedback goes beside the log; see `app.tracing.export`."""

    def flagged(self, feedback: Feedback, answer: Answer) -> None:
        """Take feedback with its answer; returns at once."""

    def close(self) -> None:
        """Send what waits, for two seconds at most."""


@dataclass(frozen=True, slots=True)
class Flag:
    """One of the caller's own flags in a list; `words` are "" where the whole answer was meant.

    `about` names a source that was meant, in plain words. `state` is what became of it, `note` what the reviewer
    wrote; `can_undo` is true until somebody has reviewed it.
    """

    feedback_id: str
    answer_id: str
    conversation_id: str
    question: str
    category: FeedbackCategory
    words: str
    about: str
    status: str
    state: str
    note: str
    created_at: str
    can_undo: bool


class FeedbackDesk:
    """Takes feedback of any caller on answers that this caller can see."""

    def __init__(
        self,
        log: ConversationLog,
        feedback: FeedbackLog,
        cache: CompletionCache,
        channel: str,
        export: FeedbackExport | None = None,
    ) -> None:
        self._log = log
        self._feedback = feedback
        self._cache = cache
        self._channel = channel
        self._export = export

    def add(
        self, answer_id: str, caller: Caller, remark: Remark, words: str | None = None
    ) -> Feedback:
        """Store what the caller says of one answer; what it takes the place of is superseded.

        `words` are those that the reader saw and chose, where a page knows them: they have to be the ones that
        the span marks.

        Raises:
            NotFound: the caller may not see the answer.
            AccessDenied: the caller may not speak as `remark.source`.
            UsageError: the span does not lie in the answer or marks other words, or a text is too long.
        """
        authorize(caller, "ask")
        if remark.source != "end_user" and not may(caller, _MAY_SPEAK_AS[remark.source]):
            raise AccessDenied(f"Only others than {caller.name} can speak as {remark.source!r}.")
        answer, trace = self._log.find(answer_id, caller)
        if words is not None and not _marks(answer, remark.span, words):
            raise UsageError(
                "These words are not in the answer as it is stored: it has changed since this page was drawn. "
                "Reload the page and flag them again."
            )
        given = self._feedback.add(answer, trace, caller, remark, self._channel)
        if self._export:
            self._export.flagged(given, answer)
        cache_key = trace.get("generation", {}).get("cache_key")
        if remark.verdict == "bad" and cache_key:
            # The next one who asks gets a new answer, not the one that somebody found wrong.
            self._cache.purge(cache_key)
        return given

    def withdraw(self, feedback_id: str, caller: Caller) -> None:
        """Take one's own feedback back; a second time changes nothing.

        Raises:
            NotFound: it is not the caller's.
            UsageError: somebody has reviewed it already.
        """
        authorize(caller, "ask")
        self._feedback.withdraw(feedback_id, caller)

    def find(self, feedback_id: str, caller: Caller) -> Feedback:
        """Return one's own feedback, to add details to it.

        Raises:
            NotFound: it is not the caller's, or was taken back.
        """
        authorize(caller, "ask")
        return self._feedback.find(feedback_id, caller)

    def mine(self, answer_id: str, caller: Caller) -> Sequence[Feedback]:
        """Return everything that the caller says of an answer now, the oldest first."""
        authorize(caller, "ask")
        return self._feedback.all_live(answer_id, caller)

    def my_flags(self, caller: Caller) -> list[Flag]:
        """Return the caller's own flags with what became of them, the newest first; 200 at most."""
        authorize(caller, "ask")
        return [_flag(stored) for stored in self._feedback.flags(caller, _MOST_FLAGS)]


def _marks(answer: Answer, span: tuple[int, int] | None, words: str) -> bool:
    """Whether the words are those of the span; how a browser breaks lines does not count."""
    if span is None:
        return not words
    return "".join(shown_text(answer.text, *span).split()) == "".join(words.split())


def _flag(stored: StoredFlag) -> Flag:
    given = stored.feedback
    return Flag(
        feedback_id=given.feedback_id,
        answer_id=given.answer_id,
        conversation_id=stored.conversation_id,
        question=stored.question,
        category=given.category or "other",
        words=_shown_words(stored),
        about=_about(given),
        status=given.status,
        state=state_words(given.status),
        note=" ".join(stored.note.split()) if given.status != "new" else "",
        created_at=given.created_at,
        can_undo=given.status == "new",
    )


def _about(given: Feedback) -> str:
    if given.target == "citation":
        return f"source [{given.target_ref}]"
    return "a passage that was found" if given.target == "passage" else ""


def _shown_words(stored: StoredFlag) -> str:
    start, end = stored.feedback.start, stored.feedback.end
    return "" if start is None or end is None else shown_text(stored.text, start, end)


def state_words(status: str) -> str:
    """Return what became of a flag in plain words."""
    return _STATE_WORDS.get(status, status)
