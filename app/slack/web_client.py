"""Opens the client for Slack's Web API, which repeats a failed call only where that cannot do anything twice.

    no connection at all, 429    any method: nothing has happened
    connection lost, 5xx         methods that say the same thing however often they are called
    otherwise                    the error is the caller's: a message may be there, and posting again would be twice

Waits are jittered and bounded: a thread that writes an answer must not sleep for minutes.
"""

import random
import time
from collections.abc import Callable
from http.client import RemoteDisconnected
from socket import gaierror
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

from slack_sdk import WebClient
from slack_sdk.http_retry.handler import RetryHandler
from slack_sdk.http_retry.request import HttpRequest
from slack_sdk.http_retry.response import HttpResponse
from slack_sdk.http_retry.state import RetryState

from core.errors import ConfigError
from core.loopback import is_loopback
from core.settings import Settings, SlackSettings

REPEATABLE = frozenset(
    {
        "apps.connections.open",
        "assistant.threads.setStatus",
        "assistant.threads.setSuggestedPrompts",
        "auth.test",
        "chat.update",
        "conversations.info",
        "conversations.replies",
        "users.info",
        "views.publish",
    }
)
"""Methods that can be called twice without anything happening twice."""

TIMEOUT_S = 15
MOST_REPEATS = 3
LONGEST_WAIT_S = 30.0
_FIRST_WAIT_S = 0.25
_SERVER_ERRORS = range(500, 600)


def refuse_offline(settings: Settings) -> None:
    """Say that nothing may leave this machine, where that is so and Slack is not on it.

    Raises:
        ConfigError: FOOTNOTE_OFFLINE is set.
    """
    host = urlsplit(settings.slack.api_base_url).hostname
    if settings.offline and not is_loopback(host):
        raise ConfigError(
            f"FOOTNOTE_OFFLINE lets nothing leave this machine, and Slack is at {host!r}. Set FOOTNOTE_OFFLINE=0 for the "
            "bot."
        )


def open_client(settings: SlackSettings, *, repeats: bool = True) -> WebClient:
    """Return the bot's client; without `repeats` for what decides by itself what a failed call means.

    Raises:
        ConfigError: there is no token.
    """
    if settings.bot_token is None:
        raise ConfigError(
            "The Slack bot has no token. Set FOOTNOTE_SLACK__BOT_TOKEN; `footnote slack --init` says where it is found."
        )
    base_url = settings.api_base_url.rstrip("/") + "/"
    return WebClient(
        token=settings.bot_token.get_secret_value(),
        base_url=base_url,
        timeout=TIMEOUT_S,
        retry_handlers=[SafeRepeats()] if repeats else [],
    )


class SafeRepeats(RetryHandler):
    """Repeats what may be repeated, some times, after a jittered wait."""

    def __init__(
        self, most: int = MOST_REPEATS, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        super().__init__(max_retry_count=most)
        self._sleep = sleep

    def _can_retry(
        self,
        *,
        state: RetryState,
        request: HttpRequest,
        response: HttpResponse | None = None,
        error: Exception | None = None,
    ) -> bool:
        del state
        if response is not None:
            if response.status_code == 429:
                return _asked_wait(response) <= LONGEST_WAIT_S
            return response.status_code in _SERVER_ERRORS and _is_repeatable(request)
        if error is None or isinstance(error, HTTPError):
            return False
        if _never_connected(error):
            return True
        return _is_repeatable(request) and isinstance(
            error, URLError | ConnectionError | RemoteDisconnected | TimeoutError
        )

    def prepare_for_next_attempt(
        self,
        *,
        state: RetryState,
        request: HttpRequest,
        response: HttpResponse | None = None,
        error: Exception | None = None,
    ) -> None:
        """Wait as long as Slack asks, or a little longer each time."""
        del request, error
        state.next_attempt_requested = True
        wait = _FIRST_WAIT_S * 2**state.current_attempt
        if response is not None and response.status_code == 429:
            wait = _asked_wait(response)
        self._sleep(wait + random.random() * max(wait, _FIRST_WAIT_S) / 2)  # noqa: S311 - jitter
        state.increment_current_attempt()


def _is_repeatable(request: HttpRequest) -> bool:
    return request.url.partition("?")[0].rpartition("/")[2] in REPEATABLE


def _never_connected(error: Exception) -> bool:
    """Whether an error came before anything was sent."""
    reason = error.reason if isinstance(error, URLError) else error
    return isinstance(reason, ConnectionRefusedError | gaierror)


def _asked_wait(response: HttpResponse) -> float:
    for name, values in response.headers.items():
        if name.lower() == "retry-after" and values:
            first = values if isinstance(values, str) else values[0]
            return float(first) if first.isascii() and first.isdecimal() else 1.0
    return 1.0
