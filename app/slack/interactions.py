"""The listeners for everything that is no question: thumbs, the window, shortcuts, experts, Home; thin.

Every click is acknowledged first and worked on then; the window alone waits until what it says is stored.
"""

from collections.abc import Callable
from threading import Lock
from typing import Any

from slack_bolt import Ack, App
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from app.slack.aside import Asides, problem_word
from app.slack.blocks.answer import ESCALATE_ACTION, FEEDBACK_ACTION
from app.slack.blocks.flag_modal import CATEGORY, FLAG_VIEW
from app.slack.clicks import Click, click_of, part, text
from app.slack.escalation import Escalation
from app.slack.flagging import THANKS, Flagging
from app.slack.home import Home
from app.slack.manifest import FLAG_SHORTCUT
from app.slack.messages import SlackMessages
from app.slack.worker import log_incident
from core.errors import ConfigError, FootnoteError
from core.log import get_logger

_log = get_logger(__name__)

_MOST_REMEMBERED = 1_000
NOT_OPENED = "Slack did not open the window. Click again."


class Interactions:
    """What happens on each click; one object for all threads."""

    def __init__(
        self,
        client: WebClient,
        team: str,
        flagging: Flagging,
        escalation: Escalation,
        home: Home,
        messages: SlackMessages,
        asides: Asides,
    ) -> None:
        self._client = client
        self._team = team
        self._flagging = flagging
        self._escalation = escalation
        self._home = home
        self._messages = messages
        self._asides = asides
        # Where each person opened the window, for the confirmation: Slack does not say it when it is sent.
        self._opened: dict[tuple[str, str], Click] = {}
        self._lock = Lock()

    def thumb(self, body: dict[str, Any]) -> None:
        """Take a thumb; a thumb down opens the window."""
        click = click_of(body, self._team)

        def work() -> None:
            answer = self._flagging.thumb(click)
            if answer is None:
                self._tell(click, THANKS)
            else:
                self._open(click, answer.answer_id, self._flagging.window(answer))

        self._told_what_is_wrong(click, work)

    def flag(self, body: dict[str, Any]) -> None:
        """Open the window for the message that the shortcut was used on."""
        click = click_of(body, self._team)

        def work() -> None:
            answer = self._flagging.marked(click)
            window = self._flagging.window(answer, is_hallucination=True)
            self._open(click, answer.answer_id, window)

        self._told_what_is_wrong(click, work)

    def send(self, body: dict[str, Any], ack: Ack) -> None:
        """Store what the window says, and close it then, or say what is missing."""
        click, view = click_of(body, self._team), part(body, "view")
        try:
            sent = self._flagging.send(click, view)
        except Exception as error:  # noqa: BLE001 - it must not look as if it were stored
            ack(response_action="errors", errors={CATEGORY: _unexpected(error)})
            return
        if sent.errors:
            ack(response_action="errors", errors=dict(sent.errors))
            return
        ack()
        with self._lock:
            opened = self._opened.pop((click.slack_user, text(view, "private_metadata")), None)
        self._told_what_is_wrong(click, lambda: self._confirm(opened or click, sent.confirmation))

    def escalate(self, body: dict[str, Any]) -> None:
        """Ask the experts."""
        click = click_of(body, self._team)
        self._told_what_is_wrong(click, lambda: self._tell(click, self._escalation.ask(click)))

    def opened(self, event: dict[str, Any]) -> None:
        """Draw a person's Home, or offer questions under Messages."""
        user, team = text(event, "user"), text(event, "user_team")
        try:
            if event.get("tab") == "home":
                view = self._home.view(user, team)
                self._client.views_publish(user_id=user, view=view)
            elif prompts := self._home.prompts(user, team):
                self._client.assistant_threads_setSuggestedPrompts(
                    channel_id=text(event, "channel"), prompts=prompts
                )
        except SlackApiError as error:
            _log.warning("slack_call_failed", problem=problem_word(error))
        except Exception as error:  # noqa: BLE001 - Bolt would log it with what is in it
            log_incident(error)

    def _open(self, click: Click, answer_id: str, window: dict[str, Any]) -> None:
        try:
            self._client.views_open(trigger_id=click.trigger_id, view=window)
        except SlackApiError as error:
            _log.warning("slack_call_failed", problem=problem_word(error))
            self._tell(click, NOT_OPENED)
            return
        with self._lock:
            while len(self._opened) >= _MOST_REMEMBERED:
                del self._opened[next(iter(self._opened))]
            self._opened[click.slack_user, answer_id] = click

    def _confirm(self, click: Click, sentence: str) -> None:
        if click.channel:
            self._tell(click, sentence)
            return
        # The process that opened the window is gone: Slack takes a person's id for their direct messages.
        self._client.chat_postMessage(
            channel=click.slack_user, text=sentence, unfurl_links=False, unfurl_media=False
        )

    def _tell(self, click: Click, sentence: str) -> None:
        """Say something to whoever clicked. Where the bot may not be a member, only Slack's own address reaches them."""
        is_here = self._messages.answer_of(click.team, click.channel, click.ts) is not None
        self._asides.tell(click.aside(by_address=not is_here), sentence)

    def _told_what_is_wrong(self, click: Click, work: Callable[[], None]) -> None:
        try:
            try:
                work()
            except SlackApiError:
                raise
            except ConfigError as error:
                self._tell(click, _unexpected(error))
            except FootnoteError as error:
                self._tell(click, str(error))
            except Exception as error:  # noqa: BLE001 - whoever clicked is told a number, the log has the rest
                self._tell(click, _unexpected(error))
        except SlackApiError as error:
            _log.warning("slack_call_failed", problem=problem_word(error))
        except Exception as error:  # noqa: BLE001 - Bolt would log it with what is in it
            log_incident(error)


def register(app: App, interactions: Interactions) -> None:
    """Let a Bolt app hear clicks, windows, the shortcut on messages, and App Home."""

    def thumb(ack: Ack, body: dict[str, Any]) -> None:
        ack()
        interactions.thumb(body)

    def escalate(ack: Ack, body: dict[str, Any]) -> None:
        ack()
        interactions.escalate(body)

    def flag(ack: Ack, body: dict[str, Any]) -> None:
        ack()
        interactions.flag(body)

    def send(ack: Ack, body: dict[str, Any]) -> None:
        interactions.send(body, ack)

    def opened(event: dict[str, Any]) -> None:
        interactions.opened(event)

    app.action(FEEDBACK_ACTION)(thumb)
    app.action(ESCALATE_ACTION)(escalate)
    app.shortcut(FLAG_SHORTCUT)(flag)
    app.view(FLAG_VIEW)(send)
    app.event("app_home_opened")(opened)


def _unexpected(error: Exception) -> str:
    return (
        "Something went wrong on our side, and nothing was stored. Try again; if it stays, tell the people who run "
        f"Footnote this number: {log_incident(error)}."
    )
