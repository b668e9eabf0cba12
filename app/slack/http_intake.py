"""Takes signed requests of Slack over HTTP: one path, a small body, and nothing of an unsigned request goes further.

    POST /slack/events   size ▶ headers ▶ signature ▶ Bolt, on a thread of its own pool
    GET  /healthz        whether the process takes requests; says nothing of Slack

Bolt checks the signature too, but writes the signature and the whole body of a forged request to its log, and answers a
timestamp that is no number with an error of its own.
"""

import asyncio
import hashlib
import hmac
import re
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

from slack_bolt import App, BoltRequest, BoltResponse
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from app.slack.manifest import EVENTS_PATH
from app.slack.worker import log_incident
from core.log import get_logger

_log = get_logger(__name__)

HEALTH_PATH = "/healthz"
MOST_BYTES = 1_000_000
WINDOW_S = 300
READING_S = 10.0
"""How long a body may take to come; Slack itself gives up after three seconds."""
_STAMP = re.compile(r"[0-9]{1,12}")
_SIGNATURE = re.compile(r"v0=[0-9a-f]{64}")


class SlackIntake:
    """The server's side of HTTP mode."""

    def __init__(
        self,
        app: App,
        signing_secret: str,
        pool: ThreadPoolExecutor,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._app = app
        self._secret = signing_secret.encode()
        self._pool = pool
        self._clock = clock
        self.is_open = True

    def starlette(self) -> Starlette:
        """Return the application to serve."""
        routes = [
            Route(EVENTS_PATH, self._events, methods=["POST"]),
            Route(HEALTH_PATH, self._health, methods=["GET"]),
        ]
        return Starlette(routes=routes)

    async def _health(self, request: Request) -> Response:
        del request
        return PlainTextResponse("ok" if self.is_open else "stopping", 200 if self.is_open else 503)

    async def _events(self, request: Request) -> Response:
        if not self.is_open:
            # Slack sends it again, to the process that takes over.
            return PlainTextResponse("", 503)
        try:
            async with asyncio.timeout(READING_S):
                body = await _read(request)
        except ClientDisconnect:
            return PlainTextResponse("", 400)
        except TimeoutError:
            return PlainTextResponse("", 408, {"connection": "close"})
        if body is None:
            return PlainTextResponse("", 413)
        if not self._is_signed(request.headers, body):
            _log.warning("slack_request_refused", bytes=len(body))
            return PlainTextResponse("", 401)
        headers = {name: [value] for name, value in request.headers.items()}
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, self._dispatch, body, headers)

    def _dispatch(self, body: bytes, headers: dict[str, list[str]]) -> Response:
        try:
            request = BoltRequest(body=body.decode(), headers=dict(headers))
        except Exception as error:  # noqa: BLE001 - Bolt looks into the payload without asking what is there
            # Signed, but nothing that Bolt can read: JSON that is no object, bytes that are no text.
            _log.warning("slack_request_not_read", problem=type(error).__name__)
            return PlainTextResponse("", 400)
        try:
            return _answer(self._app.dispatch(request))
        except Exception as error:  # noqa: BLE001 - the server would log it with what is in it
            log_incident(error)
            return PlainTextResponse("", 500)

    def _is_signed(self, headers: Mapping[str, str], body: bytes) -> bool:
        stamp = headers.get("x-slack-request-timestamp", "")
        signature = headers.get("x-slack-signature", "")
        if not (_STAMP.fullmatch(stamp) and _SIGNATURE.fullmatch(signature)):
            return False
        if abs(self._clock() - int(stamp)) > WINDOW_S:
            return False
        signed = b"v0:" + stamp.encode() + b":" + body
        made = "v0=" + hmac.new(self._secret, signed, hashlib.sha256).hexdigest()
        return hmac.compare_digest(made, signature)


async def _read(request: Request) -> bytes | None:
    """Return the body, None where it is too large; a larger one is not read to its end."""
    told = request.headers.get("content-length", "")
    if told.isdecimal() and int(told) > MOST_BYTES:
        return None
    pieces, size = [], 0
    async for piece in request.stream():
        size += len(piece)
        if size > MOST_BYTES:
            return None
        pieces.append(piece)
    return b"".join(pieces)


def _answer(made: BoltResponse) -> Response:
    kind = made.first_headers().get("content-type", "")
    response: Response = PlainTextResponse(made.body or "", made.status)
    if kind.startswith("application/json"):
        response = JSONResponse(None, made.status)
        response.body = (made.body or "").encode()
        response.headers["content-length"] = str(len(response.body))
    if made.status == 200:
        # It is stored, or needs no answer: sending it again would change nothing.
        response.headers["x-slack-no-retry"] = "1"
    return response
