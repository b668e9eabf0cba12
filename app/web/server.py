"""Serves the web application: Streamlit's own server, in this process, with safe options and headers."""

import errno
import logging
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.web.problems import sentence_for, show_problem
from app.web.theme import theme_options
from core.errors import ConfigError
from core.settings import Settings

PORTS_TRIED = 20
# No script-src: Streamlit's own page needs inline scripts. What documents could do is load things from
# elsewhere, and that every directive below forbids.
_POLICY = "; ".join(
    (
        "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:",
        "connect-src 'self'",
        "img-src 'self' data: blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'self'",
    )
)
SECURITY_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def run(settings: Settings, host: str | None = None, port: int | None = None) -> None:
    """Serve until stopped; the address is printed once it answers.

    Args:
        settings: what the service is opened with.
        host: address to listen on; None takes the setting.
        port: port that must be used; None takes the setting's, or the next free one.

    Raises:
        ConfigError: the port is taken, or no free one is near.
        FootnoteError: the service cannot be opened.
    """
    # Here and not above: `serve` shows any page, the tests' too, without the composition root.
    from app.web.wiring import shared_application, use_settings

    use_settings(settings)
    shared_application()
    host = host or settings.web.host
    free = choose_port(host, port or settings.web.port, exact=port is not None)
    serve(Path(__file__).with_name("main.py"), host, free)


def serve(script: Path, host: str, port: int) -> None:
    """Serve one Streamlit script until stopped."""
    options = server_options(host, port)
    app = st.App(
        script,
        middleware=[Middleware(SecurityHeaders)],
        on_script_error=_show_script_error,
        lifespan=_announce(f"http://{'127.0.0.1' if host == '0.0.0.0' else host}:{port}"),  # noqa: S104
    )
    app.run(config=options)


def server_options(host: str, port: int) -> dict[str, str | int | bool]:
    """Return the options that Streamlit runs with; none is left to a file in the working directory."""
    return {
        "server.address": host,
        "server.port": port,
        "server.headless": True,
        "server.fileWatcherType": "none",
        "server.enableCORS": True,
        "server.enableXsrfProtection": True,
        "server.maxUploadSize": 1,
        "browser.gatherUsageStats": False,
        "client.showErrorDetails": "none",
        "client.toolbarMode": "viewer",
        "logger.hideWelcomeMessage": True,
        **theme_options(),
    }


def choose_port(host: str, wanted: int, *, exact: bool) -> int:
    """Return the wanted port, or the next free one unless exactly this one is asked for.

    Raises:
        ConfigError: the port is taken, or no free one is near.
    """
    if _is_free(host, wanted):
        return wanted
    if exact:
        raise ConfigError(f"Port {wanted} of {host!r} is taken. Choose another one with --port.")
    for port in range(wanted + 1, min(wanted + PORTS_TRIED, 65_536)):
        if _is_free(host, port):
            sys.stderr.write(f"Port {wanted} is taken, so the next free one is used: {port}.\n")
            return port
    raise ConfigError(
        f"Port {wanted} of {host!r} and those after it are taken. Choose a free one with --port."
    )


def _is_free(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                return False
            raise ConfigError(
                f"Cannot listen on {host!r}: {error.strerror}. Choose an address of this machine with --host."
            ) from error
    return True


def _show_script_error(error: Exception) -> bool:
    """Show our sentence: Streamlit's own box offers to send the error to a search engine."""
    show_problem(sentence_for(error))
    return True


def _announce(
    address: str,
) -> Callable[[st.App], AbstractAsyncContextManager[dict[str, Any] | None]]:
    @asynccontextmanager
    async def lifespan(_: st.App) -> AsyncIterator[None]:
        # The socket is already listening here: a browser that comes now is answered.
        logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
        sys.stdout.write(f"{address}\n")
        sys.stdout.flush()
        yield

    return lifespan


class SecurityHeaders:
    """Adds the security headers to every HTTP response; plain ASGI, so that streams stay streams."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and add to what comes back."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(SECURITY_HEADERS)
            await send(message)

        await self._app(scope, receive, send_with_headers)
