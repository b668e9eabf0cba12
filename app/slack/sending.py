"""One call of Slack's Web API, and what its failure means for the message that it was about."""

import time
from collections.abc import Callable, Mapping
from http.client import HTTPException
from socket import gaierror
from typing import Any
from urllib.error import URLError

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from core.log import get_logger

_log = get_logger(__name__)

MOST_WAIT_S = 120.0
_FIRST_WAIT_S = 0.5
_MOST_TRIES = 5

Sleep = Callable[[float], None]


class SendingFailed(Exception):
    """A call did not do what it was for."""


class Refused(SendingFailed):
    """Slack does not do it; `code` is its word for why. Nothing has happened."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Limited(SendingFailed):
    """Slack wants to be asked again later. Nothing has happened."""

    def __init__(self, wait_s: float) -> None:
        super().__init__(f"in {wait_s:.0f} s")
        self.wait_s = wait_s


class Unclear(SendingFailed):
    """The connection was lost, or Slack had an error: it may have happened."""


class SlackUnreachable(ConnectionError):
    """Slack did not take something for as long as one waits; trying again later can help."""


class SlackCalls:
    """Calls methods for one answer, one after the other."""

    def __init__(self, client: WebClient, sleep: Sleep = time.sleep) -> None:
        self._client = client
        self._sleep = sleep

    def once(self, method: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Call a method that changes something.

        Raises:
            Refused, Limited: nothing has happened.
            Unclear: it may have happened.
        """
        try:
            found = self._client.api_call(method, json=dict(body)).data
        except SlackApiError as error:
            raise _meaning(error) from error
        except (SlackClientError, URLError, HTTPException, OSError, ValueError) as error:
            raise _loss(error) from error
        return found if isinstance(found, dict) else {}

    def in_time(self, method: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Call a method, waiting as long as Slack asks for, two minutes at most.

        Raises:
            Refused: nothing has happened.
            Unclear: it may have happened.
            SlackUnreachable: Slack asked to wait longer than that.
        """
        waited = 0.0
        while True:
            try:
                return self.once(method, body)
            except Limited as limit:
                waited += limit.wait_s
                if waited > MOST_WAIT_S:
                    raise SlackUnreachable from limit
                self._sleep(limit.wait_s)

    def repeated(self, method: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Call a method that says the same however often it is called, until it is clear that it has happened.

        Raises:
            Refused: it has not.
            SlackUnreachable: Slack does not answer.
        """
        for attempt in range(_MOST_TRIES):
            try:
                return self.in_time(method, body)
            except Unclear:
                self._sleep(_FIRST_WAIT_S * 2**attempt)
        raise SlackUnreachable

    def read(self, method: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        """Call a method that changes nothing.

        Raises:
            Refused: Slack does not tell.
            SlackUnreachable: Slack does not answer.
        """
        for attempt in range(_MOST_TRIES):
            try:
                found = self._client.api_call(method, params=dict(params)).data
                return found if isinstance(found, dict) else {}
            except SlackApiError as error:
                meaning = _meaning(error)
                if isinstance(meaning, Refused):
                    raise meaning from error
                wait = meaning.wait_s if isinstance(meaning, Limited) else 0.0
                self._sleep(max(wait, _FIRST_WAIT_S * 2**attempt))
            except (SlackClientError, URLError, HTTPException, OSError, ValueError):
                self._sleep(_FIRST_WAIT_S * 2**attempt)
        raise SlackUnreachable

    def patiently(self, method: str, body: Mapping[str, Any]) -> bool:
        """Call a method whose failure does not matter, but wait for it; return whether it worked."""
        try:
            self.in_time(method, body)
        except (SendingFailed, SlackUnreachable) as failure:
            _log.info("slack_call_given_up", method=method, why=str(failure))
            return False
        return True

    def attempt(self, method: str, body: Mapping[str, Any]) -> bool:
        """Call a method whose failure does not matter; return whether it worked."""
        try:
            self.once(method, body)
        except SendingFailed as failure:
            _log.info("slack_call_given_up", method=method, why=str(failure))
            return False
        return True


def _meaning(error: SlackApiError) -> SendingFailed:
    response = error.response
    status = getattr(response, "status_code", 0)
    data = getattr(response, "data", response)
    if isinstance(response, dict):
        status = int(response.get("status", 0))
    code = data.get("error", "") if isinstance(data, dict) else ""
    if status == 429 or code in ("ratelimited", "rate_limited"):
        return Limited(_asked_wait(getattr(response, "headers", None) or {}))
    if (
        status >= 500
        or not code
        or code in ("internal_error", "fatal_error", "service_unavailable")
    ):
        return Unclear(f"status {status}")
    return Refused(str(code))


def _loss(error: Exception) -> SendingFailed:
    reason = error.reason if isinstance(error, URLError) else error
    if isinstance(reason, ConnectionRefusedError | gaierror):
        return Limited(_FIRST_WAIT_S * 4)
    return Unclear(type(error).__name__)


def _asked_wait(headers: Mapping[str, Any]) -> float:
    for name, value in headers.items():
        if name.lower() == "retry-after":
            first = str(value[0] if isinstance(value, list) else value)
            return float(first) if first.isascii() and first.isdecimal() else 1.0
    return 1.0
