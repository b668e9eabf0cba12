"""Tells one person something that nobody else reads: in a direct message, or as an ephemeral message."""

from collections.abc import Collection
from urllib.parse import urlsplit

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.webhook import WebhookClient

from app.slack.markup import mrkdwn
from app.slack.places import Incoming
from core.log import get_logger

_log = get_logger(__name__)

_SLACKS_HOST = "hooks.slack.com"
_TIMEOUT_S = 15


class Asides:
    """Says sentences to whoever asked; links to the listed hosts stay links."""

    def __init__(self, client: WebClient, hosts: Collection[str] = ()) -> None:
        self._client = client
        self._hosts = hosts

    def tell(self, incoming: Incoming, sentence: str) -> str:
        """Say something where only the asker reads it; return the message's ts, or what stands for it."""
        text = mrkdwn(sentence, self._hosts)
        place = incoming.place
        if place.kind == "dm":
            said = self._client.chat_postMessage(
                channel=place.channel,
                thread_ts=place.thread_ts or None,
                text=text,
                unfurl_links=False,
                unfurl_media=False,
            )
            return str(said["ts"])
        if incoming.response_url and self._respond(incoming.response_url, text):
            return "response"
        said = self._client.chat_postEphemeral(
            channel=place.channel,
            user=incoming.slack_user,
            thread_ts=place.thread_ts or None,
            text=text,
        )
        return str(said["message_ts"])

    def _respond(self, address: str, text: str) -> bool:
        """Answer a command or shortcut by its own address, which works where the bot is no member."""
        if not is_slacks(address, self._client.base_url):
            return False
        answered = WebhookClient(address, timeout=_TIMEOUT_S).send(
            text=text, response_type="ephemeral", unfurl_links=False, unfurl_media=False
        )
        return answered.status_code == 200


def is_slacks(address: str, base_url: str) -> bool:
    """Whether an address to respond to is one of Slack's, or of the server that stands in for it."""
    try:
        parts, base = urlsplit(address), urlsplit(base_url)
        if (parts.scheme, parts.netloc) == (base.scheme, base.netloc):
            return True
        return parts.scheme == "https" and parts.netloc == _SLACKS_HOST
    except ValueError:
        return False


def problem_word(error: SlackApiError) -> str:
    """Return Slack's word for what went wrong; for the log, which must not have the reply."""
    word = error.response.get("error") if error.response is not None else None
    return str(word)[:60] if isinstance(word, str) else "unknown"
