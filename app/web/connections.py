"""Stands in front of Streamlit: who may connect, and for how long.

Streamlit asks who somebody is when a connection opens, and then runs what the page left behind: callbacks of
buttons and fragments run without the script's first lines. Therefore every message of a connection is asked
about again here, before Streamlit sees it. A login that ended closes the connection, and the browser loads the
page again: it begins with nothing, and gets the page to log in.
"""

import secrets
from urllib.parse import urlsplit

from anyio import to_thread
from google.protobuf.message import DecodeError
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.web.server.starlette.starlette_websocket import is_host_allowed

from app.application import Application
from app.web.login_way import is_own_address
from app.web.oidc import is_login_configured
from app.web.request_identity import (
    VISITOR_COOKIE,
    caller_of_request,
    is_local,
    visitor_name,
)
from app.web.routes import HEALTH, normal_base_path

_POLICY_VIOLATION = 1008
_YEAR_S = 365 * 24 * 3600
# What Streamlit serves to whoever knows the address: results of one session.
_CONTENT = ("/media/", "/_stcore/upload_file")


class KnownCallers:
    """Lets through to Streamlit what a caller who counts asks for."""

    def __init__(self, app: ASGIApp, application: Application) -> None:
        self._app = app
        self._application = application
        self._has_login = is_login_configured(application.settings.oidc)
        self._base = normal_base_path(application.settings.web.base_path)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what may pass."""
        if scope["type"] == "websocket" and self._has_login:
            await self._connection(scope, receive, send)
        elif scope["type"] == "http":
            await self._request(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _connection(self, scope: Scope, receive: Receive, send: Send) -> None:
        was_known = await self._is_known(scope)

        async def receive_from_known() -> Message:
            nonlocal was_known
            message = await receive()
            if message["type"] != "websocket.receive":
                return message
            is_known = await self._is_known(scope)
            if was_known and not is_known:
                await send({"type": "websocket.send", "bytes": _load_again(self._base, message)})
                await send({"type": "websocket.close", "code": _POLICY_VIOLATION})
                return {"type": "websocket.disconnect", "code": _POLICY_VIOLATION}
            # Whoever was never let in sees the page to log in, which needs its messages.
            was_known = was_known or is_known
            return message

        opened = scope if was_known else _without_session(scope)
        await self._app(opened, receive_from_known, send)

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"].removeprefix(self._base)
        request = HTTPConnection(scope)
        if path != HEALTH and not is_host_allowed(request.headers.get("host")):
            answer = PlainTextResponse("Footnote is not served under this name.", 403)
            await answer(scope, receive, send)
        elif path.startswith(_CONTENT):
            await self._content(scope, receive, send)
        else:
            await self._app(scope, receive, self._giving_cookies(request, send))

    async def _content(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not await self._is_known(scope):
            await PlainTextResponse("Log in first.", 403)(scope, receive, send)
            return

        async def send_unstored(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["Cache-Control"] = "no-store"
            await send(message)

        await self._app(scope, receive, send_unstored)

    async def _is_known(self, scope: Scope) -> bool:
        """Whether somebody may go on; what cannot be told, because the catalogue is away, is no."""
        try:
            return await to_thread.run_sync(self._caller_exists, scope)
        except Exception:  # noqa: BLE001 - the page that opens next says what is wrong
            return False

    def _caller_exists(self, scope: Scope) -> bool:
        return caller_of_request(self._application, HTTPConnection(scope)) is not None

    def _giving_cookies(self, request: HTTPConnection, send: Send) -> Send:
        """Return a `send` that makes a browser without login a guest of its own, with its first page."""
        is_page = "text/html" in request.headers.get("accept", "")
        if (
            not is_page
            or self._has_login
            or visitor_name(request.cookies)
            or is_local(request.headers)
        ):
            return send

        async def send_with_cookie(message: Message) -> None:
            # 304 too: the page itself may still be in the browser when its cookies are gone.
            if message["type"] == "http.response.start" and message["status"] in (200, 304):
                MutableHeaders(scope=message).append("set-cookie", self._visitor_cookie(request))
            await send(message)

        return send_with_cookie

    def _visitor_cookie(self, request: HTTPConnection) -> str:
        is_secure = "https" in (request.url.scheme, request.headers.get("x-forwarded-proto"))
        return (
            f"{VISITOR_COOKIE}={secrets.token_hex(16)}; Path={self._base or '/'}; Max-Age={_YEAR_S}; "
            f"HttpOnly; SameSite=Lax{'; Secure' if is_secure else ''}"
        )


def _load_again(base: str, message: Message) -> bytes:
    """Return what makes a browser load the page again that sent a message, at the same address."""
    from streamlit.proto.BackMsg_pb2 import BackMsg
    from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

    sent = BackMsg()
    try:
        sent.ParseFromString(message.get("bytes") or b"")
        page = urlsplit(sent.rerun_script.context_info.url)
    except (DecodeError, ValueError):
        page = urlsplit("")
    address = page.path + (f"?{page.query}" if page.query else "")
    order = ForwardMsg()
    order.auth_redirect.url = address if is_own_address(address) else f"{base}/"
    return bytes(order.SerializeToString())


def _without_session(scope: Scope) -> Scope:
    """Return a connection that asks for no earlier session: what that one drew belongs to a login."""

    def shortened(name: bytes, value: bytes) -> bytes:
        return b",".join(value.split(b",")[:2]) if name == b"sec-websocket-protocol" else value

    headers = [(name, shortened(name.lower(), value)) for name, value in scope["headers"]]
    return {**scope, "headers": headers}
