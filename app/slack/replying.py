"""Answers one question of the inbox: who asks, where, the service's events, and the message that they grow in.

body ─▶ place ─▶ asker ─▶ events ─▶ stream
                   │ refused, limited, nothing shown yet       ─▶ an aside for this person alone
                   │ failed or stopped while the text grew     ─▶ the message says so
                   └ shown before by a process that died       ─▶ the same message goes on; a stored answer is
                                                                  shown and not asked for again

No error reaches a person but in a sentence that is meant for them.
"""

from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from typing import Any, Protocol, cast
from urllib.error import URLError

from slack_sdk.errors import SlackApiError

from app.chat_view import STAGE_WORDS
from app.service import AnswerReady, AskEvent, StageStarted, TextAdded
from app.slack.aside import Asides, problem_word
from app.slack.asking import MORE_IN_DM
from app.slack.inbox import MOST_ATTEMPTS
from app.slack.messages import SlackMessages
from app.slack.places import Asker, Incoming, Place, PlaceKind
from app.slack.sentences import may_pass, sentence_for
from app.slack.worker import Job, Outcome, log_incident
from core.answers import Answer, Caller
from core.errors import AccessDenied
from core.log import get_logger

_log = get_logger(__name__)

INTERRUPTED = "This answer was interrupted, so it is not finished and was not checked. Ask again."
_TEMPORARY = ("ratelimited", "rate_limited", "internal_error", "service_unavailable", "fatal_error")


class Stream(Protocol):
    """One answer as it appears; see `app.slack.answer_stream`."""

    def stage(self, words: str) -> None:
        """Say what is being done."""

    def grow(self, text: str) -> None:
        """Add text."""

    def finish(self, answer: Answer, is_private: bool) -> None:
        """Show the whole answer, with its sources."""

    def interrupted(self, sentence: str) -> None:
        """Say that there will be no more."""

    def leave(self) -> None:
        """Take the status away; there is no message."""

    def resume(self, ts: str) -> None:
        """Go on with a message of a process that died."""


class People(Protocol):
    """Who somebody is."""

    def of(self, slack_user: str, team: str = "") -> Asker:
        """Return who an account is; it never fails."""


class Kinds(Protocol):
    """What a place is."""

    def of(self, channel: str) -> PlaceKind:
        """Return the kind of a conversation."""


class Asking(Protocol):
    """The use case; see `app.slack.asking`."""

    def ask(self, incoming: Incoming, asker: Asker) -> Iterator[AskEvent]:
        """Answer one question, telling how far it is."""

    def caller_in(self, place: Place, asker: Asker) -> Caller:
        """Return the caller that a question of this person is answered for in this place."""

    def is_quiet_unless_cited(self, incoming: Incoming) -> bool:
        """Whether an answer without sources is kept to oneself."""

    def forget(self, answer: Answer, asker: Asker, place: Place) -> None:
        """Forget a question that nobody addressed, and its answer that nobody saw."""

    def has_more_in_private(self, incoming: Incoming, asker: Asker, answer: Answer) -> bool:
        """Whether this person's own documents have more to say."""


OpenStream = Callable[[Incoming, Callable[[str, int], None]], Stream]
Refusal = Callable[[Asker, str], str]
FindLost = Callable[[Incoming], str]
"""Finds the message that a process posted and died before it could note it; '' where there is none."""
FindAnswer = Callable[[str, Caller], tuple[Answer, dict[str, Any]]]


class _Stopped(Exception):
    """The process ends."""


class Replying:
    """Answers jobs; one object for all threads."""

    def __init__(
        self,
        people: People,
        kinds: Kinds,
        asking: Asking,
        find_answer: FindAnswer,
        open_stream: OpenStream,
        find_lost: FindLost,
        messages: SlackMessages,
        asides: Asides,
        refusal: Refusal,
    ) -> None:
        self._people = people
        self._kinds = kinds
        self._asking = asking
        self._find_answer = find_answer
        self._open_stream = open_stream
        self._find_lost = find_lost
        self._messages = messages
        self._asides = asides
        self._refusal = refusal

    def __call__(self, job: Job) -> Outcome:
        """Answer one question; what happens to it is the outcome, whatever goes wrong."""
        try:
            incoming = self._incoming(job)
            self._look_for_lost(job, incoming)
            shown = _Shown(job, incoming, self._messages, self._open_stream)
            try:
                return self._answer(job, incoming, shown)
            except _Stopped:
                return self._say(shown, incoming, INTERRUPTED)
            except AccessDenied as error:
                return self._say_privately(shown, incoming, str(error))
            except (SlackApiError, OSError):
                raise
            except Exception as error:  # noqa: BLE001 - nobody is left without a word; the log has the rest
                if may_pass(error) and job.claimed.attempts < MOST_ATTEMPTS:
                    log_incident(error)
                    return "again"
                words = sentence_for(error)
                if incoming.is_overheard and not job.posted_ts:
                    return "ignored"  # who did not ask is told nothing
                return self._say(shown, incoming, words)
        except SlackApiError as error:
            word = problem_word(error)
            _log.warning("slack_call_failed", problem=word)
            is_over = word not in _TEMPORARY or job.claimed.attempts >= MOST_ATTEMPTS
            return "failed" if is_over else "again"
        except (URLError, OSError) as error:
            _log.warning("slack_not_reached", problem=type(error).__name__)
            return "failed" if job.claimed.is_last_resort else "again"

    def _incoming(self, job: Job) -> Incoming:
        body = job.claimed.body
        kind = job.claimed.kind
        place_kind: PlaceKind = "ephemeral"
        if kind not in ("command", "shortcut"):
            place_kind = "dm" if body["is_direct"] else self._kinds.of(body["channel"])
            if body.get("is_shared") and place_kind != "dm":
                # The question's own event knows it before what is believed for a minute does.
                place_kind = "external"
        place = Place(body["team"], body["channel"], body["thread_ts"], place_kind)
        return Incoming(
            job.claimed.inbox_id,
            kind,
            place,
            body["ts"],
            body["user"],
            body["user_team"],
            body["text"],
            body.get("response_url", ""),
        )

    def _look_for_lost(self, job: Job, incoming: Incoming) -> None:
        """Note the message of an attempt whose process died between Slack's taking it and our noting it."""
        is_again = job.claimed.attempts > 1 and not job.posted_ts
        if is_again and incoming.place.kind != "ephemeral":
            lost = self._find_lost(incoming)
            if lost:
                job.posted(lost)

    def _answer(self, job: Job, incoming: Incoming, shown: "_Shown") -> Outcome:
        place = incoming.place
        if place.kind == "ephemeral" and job.posted_ts:
            return "done"  # it was told before the process died
        if job.claimed.is_last_resort:
            return self._say(shown, incoming, INTERRUPTED)
        asker = self._people.of(incoming.slack_user, incoming.slack_team)
        if asker.is_refused:
            raise AccessDenied(self._refusal(asker, place.team))
        is_quiet = self._asking.is_quiet_unless_cited(incoming)
        if job.answer_id:
            # An earlier attempt stored it: it is shown, and nobody asks a model again.
            answer, _ = self._find_answer(job.answer_id, self._asking.caller_in(place, asker))
        else:
            answer = self._follow(job, incoming, asker, None if is_quiet else shown)
        if is_quiet and not answer.citations:
            self._asking.forget(answer, asker, place)
            return "ignored"
        if not job.is_mine():
            return "failed"  # another process took it over, and shows it
        shown.finish(answer)
        if self._asking.has_more_in_private(incoming, asker, answer):
            self._asides.tell(incoming, MORE_IN_DM)
        return "done"

    def _follow(self, job: Job, incoming: Incoming, asker: Asker, shown: "_Shown | None") -> Answer:
        """Show what comes until the answer is stored."""
        events = cast("Generator[AskEvent]", self._asking.ask(incoming, asker))
        with closing(events):
            for event in events:
                if isinstance(event, AnswerReady):
                    job.answered(event.answer.answer_id)
                    return event.answer
                if job.is_stopped:
                    raise _Stopped
                if shown is not None:
                    shown.show(event)
        raise _Stopped

    def _say(self, shown: "_Shown", incoming: Incoming, sentence: str) -> Outcome:
        """Say why there is no answer, or no more of it: in its message, else to the asker alone."""
        if not shown.interrupted(sentence):
            self._tell(shown, incoming, sentence)
        return "failed"

    def _say_privately(self, shown: "_Shown", incoming: Incoming, sentence: str) -> Outcome:
        """Say to the asker alone why there is no answer; a message that others read says no more than that it ended.

        Whoever did not put a question to the bot is told nothing.
        """
        was_shown = shown.interrupted(INTERRUPTED)
        if not incoming.is_addressed and not was_shown:
            return "ignored"
        if was_shown:
            self._asides.tell(incoming, sentence)
        else:
            self._tell(shown, incoming, sentence)
        return "failed"

    def _tell(self, shown: "_Shown", incoming: Incoming, sentence: str) -> None:
        """Say something to the asker alone, instead of an answer."""
        shown.job.posted(self._asides.tell(incoming, sentence))
        shown.leave()


class _Shown:
    """The messages of one answer, which are noted as they appear."""

    def __init__(
        self, job: Job, incoming: Incoming, messages: SlackMessages, open_stream: OpenStream
    ) -> None:
        self.job = job
        self._place = incoming.place
        self._messages = messages
        self._posted: list[tuple[str, int]] = []
        self._stream = open_stream(incoming, self._note)
        for ts in job.posted_ts:
            self._stream.resume(ts)

    def show(self, event: AskEvent) -> None:
        """Show how far it is."""
        if isinstance(event, StageStarted):
            self._stream.stage(STAGE_WORDS[event.stage])
        elif isinstance(event, TextAdded):
            self._stream.grow(event.text)

    def finish(self, answer: Answer) -> None:
        """Show the answer."""
        # Those that are there already: a click must find the answer as soon as its button can be seen.
        for ts, segment in self._posted:
            self._keep(ts, segment, answer.answer_id)
        self._stream.finish(answer, self._place.is_private)

    def interrupted(self, sentence: str) -> bool:
        """Say in the message that there will be no more; False where there is no message."""
        if not self.job.posted_ts:
            return False
        self._stream.interrupted(sentence)
        return True

    def leave(self) -> None:
        """Show nothing."""
        self._stream.leave()

    def _note(self, ts: str, segment: int) -> None:
        self._posted.append((ts, segment))
        self.job.posted(ts)
        if self.job.answer_id:
            self._keep(ts, segment, self.job.answer_id)

    def _keep(self, ts: str, segment: int, answer_id: str) -> None:
        self._messages.note(self._place, ts, answer_id, segment, self._place.audience)
