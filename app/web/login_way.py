"""The way to the login provider and back, made friendlier than Streamlit leaves it.

Streamlit forgets which page somebody came for, answers in bare words when the provider is away, and says
nothing when a login failed.
"""

import re
from urllib.parse import parse_qs, quote, unquote

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME

from app.web.oidc import CALLBACK

RETURN_COOKIE = "footnote_return"
_LOGIN = "/auth/login"
_RETURN_S = 600
_MAX_ADDRESS_CHARS = 500
# A path of ours with what may stand in an address: never another machine's.
_OURS = re.compile(r"/(?![/\\])[A-Za-z0-9_\-./?=&%]*")


class LoginWay:
    """Watches the requests around a login; `base_path` begins with `/` or is empty."""

    def __init__(self, app: ASGIApp, base_path: str) -> None:
        self._app = app
        self._base = base_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and mend what comes back."""
        path = scope["path"].removeprefix(self._base) if scope["type"] == "http" else ""
        if path == _LOGIN:
            await self._app(scope, receive, self._leaving(scope, receive, send))
        elif path == CALLBACK:
            await self._app(scope, receive, self._returning(scope, send))
        elif scope["type"] == "http" and scope["method"] == "GET":
            await self._app(scope, receive, self._arriving(scope, send))
        else:
            await self._app(scope, receive, send)

    def _arriving(self, scope: Scope, send: Send) -> Send:
        """Remember which page somebody without a login came for."""
        query = scope["query_string"].decode("latin-1")
        wanted = scope["path"] + (f"?{query}" if query else "")
        request = HTTPConnection(scope)
        is_page = "text/html" in request.headers.get("accept", "")
        is_plain = wanted.rstrip("/") == self._base or "login=" in query
        if (
            not is_page
            or is_plain
            or not is_own_address(wanted)
            or USER_COOKIE_NAME in request.cookies
        ):
            return send

        async def send_remembering(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] in (200, 304):
                cookie = self._return_cookie(quote(wanted, safe=""), _RETURN_S)
                MutableHeaders(scope=message).append("set-cookie", cookie)
            await send(message)

        return send_remembering

    def _leaving(self, scope: Scope, receive: Receive, send: Send) -> Send:
        """Turn Streamlit's answer when the provider is away into a page with a sentence."""
        is_away = False

        async def send_kindly(message: Message) -> None:
            nonlocal is_away
            if message["type"] == "http.response.start" and message["status"] >= 400:
                is_away = True
                away = RedirectResponse(f"{self._base}/?login=unreachable", 303)
                await away(scope, receive, send)
            elif not is_away:
                await send(message)

        return send_kindly

    def _returning(self, scope: Scope, send: Send) -> Send:
        """Lead to the page that was wanted, or to a sentence that says what went wrong."""
        query = parse_qs(scope["query_string"].decode("latin-1"))
        cookies = HTTPConnection(scope).cookies

        async def send_onwards(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if headers.get("location"):
                    headers["location"] = self._onwards(headers, query, cookies)
                    headers.append("set-cookie", self._return_cookie("", 0))
            await send(message)

        return send_onwards

    def _onwards(
        self, headers: Headers, query: dict[str, list[str]], cookies: dict[str, str]
    ) -> str:
        if _has_login(headers):
            wanted = unquote(cookies.get(RETURN_COOKIE, ""))
            is_ours = is_own_address(wanted) and wanted.startswith(f"{self._base}/")
            return wanted if is_ours else f"{self._base}/"
        # The provider sends people here after logging out, too; then there is nothing in the address.
        return f"{self._base}/?login={'failed' if 'code' in query or 'error' in query else 'ended'}"

    def _return_cookie(self, value: str, seconds: int) -> str:
        path = self._base or "/"
        return f"{RETURN_COOKIE}={value}; Path={path}; Max-Age={seconds}; HttpOnly; SameSite=Lax"


def is_own_address(address: str) -> bool:
    """Return whether an address is a path of this server, of which a browser makes nothing else."""
    return len(address) <= _MAX_ADDRESS_CHARS and bool(_OURS.fullmatch(address))


def _has_login(headers: Headers) -> bool:
    start = f"{USER_COOKIE_NAME}="
    return any(
        cookie.startswith(start) and not cookie.startswith((f"{start};", f'{start}"";'))
        for cookie in headers.getlist("set-cookie")
    )
