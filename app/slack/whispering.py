"""Answers that only the asker sees: sent once, because Slack lets nobody change or look for such a message.

A response address comes first: it works where the bot is no member, five times in half an hour. Where it is not clear
whether Slack took one, it is sent again: twice to one person is better than never.
"""

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from slack_sdk import WebClient
from slack_sdk.webhook import WebhookClient

from app.slack.aside import is_slacks
from app.slack.places import Place
from app.slack.posting import NOT_DRAWN, Part
from app.slack.sending import Refused, SlackCalls
from core.log import get_logger

_log = get_logger(__name__)


class Whispering:
    """Sends messages to one person in one place."""

    def __init__(
        self, client: WebClient, calls: SlackCalls, place: Place, user: str, response_url: str
    ) -> None:
        self._client = client
        self._calls = calls
        self._place = place
        self._user = user
        self._response_url = response_url if is_slacks(response_url, client.base_url) else ""

    def send(self, parts: Sequence[Part]) -> list[str]:
        """Send messages in their order; return a name of each, its ts where Slack tells it.

        Raises:
            Refused: Slack does not take them here.
            SlackUnreachable: Slack does not answer.
        """
        return [self._responded(part) or self._posted(part) for part in parts]

    def _responded(self, part: Part) -> str:
        if not self._response_url:
            return ""
        body = {**part.body(), "response_type": "ephemeral", "replace_original": False}
        body |= {"unfurl_links": False, "unfurl_media": False}
        try:
            reply = WebhookClient(self._response_url, timeout=self._client.timeout).send_dict(body)
        except Exception as error:  # noqa: BLE001 - whatever it was, the other way is still there
            _log.info("slack_response_failed", kind=type(error).__name__)
            return ""
        return f"response-{uuid4().hex}" if reply.status_code == 200 else ""

    def _posted(self, part: Part) -> str:
        body: dict[str, Any] = {"channel": self._place.channel, "user": self._user}
        if self._place.thread_ts:
            body["thread_ts"] = self._place.thread_ts
        try:
            said = self._calls.repeated("chat.postEphemeral", {**body, **part.body()})
        except Refused as refusal:
            if refusal.code not in NOT_DRAWN or not part.blocks:
                raise
            said = self._calls.repeated("chat.postEphemeral", {**body, **part.plain().body()})
        return str(said.get("message_ts", ""))
