"""What the bot listens to. A question is stored before it is acknowledged; nothing else happens before that.

verified request ─▶ is it a question? ─▶ one insert ─▶ 200            ─▶ the workers answer
                            └─ no ─▶ the listeners: clicks, modals, App Home

Slack repeats an event until it is acknowledged, and never after that: what was not stored by then would be lost.
"""

import json
import re
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from http.client import HTTPException
from typing import Any

from slack_bolt import Ack, App, BoltResponse, Respond
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from sqlalchemy import Engine, exists, select

from app.slack.arrivals import Arrivals, InThread
from app.slack.aside import Asides, problem_word
from app.slack.inbox import Arrival, SlackInbox
from app.slack.manifest import ASK_SHORTCUT
from app.slack.places import Incoming, Place
from app.slack.worker import AnswerWorkers, log_incident
from core.errors import FootnoteError
from core.log import get_logger
from index.schema import answers, slack_messages, slack_threads

_log = get_logger(__name__)

WAITING = "Waiting for a free place"
LOOKING = "Looking in the documents. Only you see the answer."
NO_WORDS = "This message has no words to ask about. Only you see this."
EMPTY_COMMAND = "Write your question behind the command. Only you see the answer."
NOT_STORED = "Footnote could not take your question. Try again in a minute."
_ANY = re.compile(".*", re.DOTALL)


def keep_questions(
    app: App, arrivals: Arrivals, inbox: SlackInbox, wake: Callable[[Arrival], None]
) -> None:
    """Let every question be stored before anything else sees it, and be acknowledged then."""

    def keep(body: dict[str, Any], next: Callable[[], BoltResponse]) -> BoltResponse | None:
        try:
            arrival = arrivals.of(body)
            if arrival is None:
                return next()
            is_new = inbox.keep(arrival)
        except FootnoteError as error:
            # Slack sends an event again; a command is told to its user as failed.
            _log.error("slack_question_not_stored", problem=type(error).__name__)
            return _not_stored(body)
        except Exception as error:  # noqa: BLE001 - Bolt would log it with the question in its text
            log_incident(error)
            return _not_stored(body)
        if is_new:
            wake(arrival)
        return _ephemeral(LOOKING) if arrival.kind == "command" else BoltResponse(status=200)

    app.use(keep)


def waking(workers: AnswerWorkers, client: WebClient, pool: Executor) -> Callable[[Arrival], None]:
    """Return what tells the workers of a question, and its asker that it waits where all of them are busy."""
    asides = Asides(client)

    def say_it_waits(place: Mapping[str, Any]) -> None:
        try:
            client.assistant_threads_setStatus(
                channel_id=place["channel"], thread_ts=place["thread_ts"], status=WAITING
            )
        except SlackApiError as error:
            _log.info("slack_status_not_set", problem=problem_word(error))
        except (OSError, HTTPException) as error:
            _log.info("slack_status_not_set", problem=type(error).__name__)

    def say_it_is_looked_up(asked: Mapping[str, Any]) -> None:
        place = Place(asked["team"], asked["channel"], "", "ephemeral")
        who = (asked["user"], asked["user_team"])
        try:
            asides.tell(
                Incoming("", "shortcut", place, "", *who, "", asked["response_url"]), LOOKING
            )
        except SlackApiError as error:
            _log.info("slack_status_not_set", problem=problem_word(error))
        except (OSError, HTTPException) as error:
            _log.info("slack_status_not_set", problem=type(error).__name__)

    def wake(arrival: Arrival) -> None:
        is_told = arrival.kind in ("mention", "direct")
        # After the acknowledgement: this thread must not wait for Slack.
        if is_told and workers.is_full():
            pool.submit(say_it_waits, arrival.body)
        elif arrival.kind == "shortcut":
            # Its acknowledgement has no words, as a command's has.
            pool.submit(say_it_is_looked_up, arrival.body)
        workers.wake()

    return wake


def acknowledge_the_rest(app: App) -> None:
    """Acknowledge what no listener is for: talk that is not for the bot, buttons that are links, older messages."""

    def nothing() -> None:
        return

    def taken(ack: Ack) -> None:
        ack()

    def empty(ack: Ack) -> None:
        ack(text=EMPTY_COMMAND, response_type="ephemeral")

    def without_words(ack: Ack, respond: Respond) -> None:
        ack()
        respond(text=NO_WORDS, response_type="ephemeral")

    def failed(error: Exception) -> BoltResponse:
        log_incident(error)
        return BoltResponse(status=500)

    app.event(_ANY)(nothing)
    app.command(_ANY)(empty)
    app.action(_ANY)(taken)
    app.shortcut(ASK_SHORTCUT)(without_words)
    app.shortcut(_ANY)(taken)
    app.view(_ANY)(taken)
    app.view_closed(_ANY)(taken)
    app.error(failed)


def threads_of(engine: Engine) -> InThread:
    """Return what says whether the bot answers in a thread: not where all that it found was kept to itself."""
    c, shown = slack_threads.c, slack_messages.c
    is_answered = exists().where(answers.c.conversation_id == c.conversation_id)
    is_shown = exists().where(
        answers.c.conversation_id == c.conversation_id,
        shown.answer_id == answers.c.answer_id,
        shown.team == c.team,
        shown.channel == c.channel,
    )

    def in_thread(team: str, channel: str, thread_ts: str) -> bool:
        is_it = (c.team == team) & (c.channel == channel) & (c.thread_ts == thread_ts)
        query = select(c.owner).where(is_it, is_shown | ~is_answered).limit(1)
        with engine.connect() as connection:
            return connection.execute(query).first() is not None

    return in_thread


def _not_stored(body: Mapping[str, Any]) -> BoltResponse:
    return _ephemeral(NOT_STORED) if "command" in body else BoltResponse(status=503)


def _ephemeral(text: str) -> BoltResponse:
    said = json.dumps({"response_type": "ephemeral", "text": text})
    return BoltResponse(status=200, body=said, headers={"content-type": "application/json"})
