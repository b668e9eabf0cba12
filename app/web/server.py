"""Serves the web application: Streamlit's own server, in this process, with safe options and headers."""

import errno
import gc
import logging
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st
from starlette.middleware import Middleware
from starlette.routing import Route

from app.web.connections import KnownCallers
from app.web.headers import SecurityHeaders
from app.web.login_way import LoginWay
from app.web.oidc import LOOPBACK_HOSTS, streamlit_secrets
from app.web.problems import sentence_for, show_problem
from app.web.routes import normal_base_path, routes, under_base_path
from app.web.theme import theme_options
from core.errors import ConfigError
from core.settings import Settings, WebSettings

if TYPE_CHECKING:
    from app.application import Application

PORTS_TRIED = 20
_SWITCH_S = 0.0005
"""Python's own is 5 ms; with 20 busy threads a message to a browser waits that long 20 times."""


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

    host = host or settings.web.host
    settings = settings.model_copy(update={"web": settings.web.model_copy(update={"host": host})})
    use_settings(settings)
    secrets = streamlit_secrets(settings)
    application = shared_application()
    # What is there now stays: collections need not look at it again.
    gc.collect()
    gc.freeze()
    # Twenty answers at once must not keep the one thread that sends to browsers waiting for its turn.
    sys.setswitchinterval(_SWITCH_S)
    free = choose_port(host, port or settings.web.port, exact=port is not None)
    serve(Path(__file__).with_name("main.py"), host, free, application, secrets)


def serve(
    script: Path,
    host: str,
    port: int,
    application: "Application | None" = None,
    secrets: dict[str, Any] | None = None,
) -> None:
    """Serve one Streamlit script until stopped; with an application, its routes and who may ask them, too."""
    web = application.settings.web if application else WebSettings()
    base = normal_base_path(web.base_path)
    shown = "127.0.0.1" if host == "0.0.0.0" else host  # noqa: S104
    middleware = [Middleware(SecurityHeaders)]
    own: list[Route] = []
    if application:
        middleware += [
            Middleware(LoginWay, base_path=base),
            Middleware(KnownCallers, application=application),
        ]
        own = under_base_path(routes(application), base)
    app = st.App(
        script,
        secrets=secrets or None,
        routes=own,
        middleware=middleware,
        on_script_error=_show_script_error,
        lifespan=_announce(f"http://{f'[{shown}]' if ':' in shown else shown}:{port}{base}"),
    )
    app.run(config=server_options(host, port, web))


def server_options(host: str, port: int, web: WebSettings | None = None) -> dict[str, Any]:
    """Return the options that Streamlit runs with; none is left to a file in the working directory."""
    web = web or WebSettings()
    # A page elsewhere may give this machine's address to its own name: then the name gives it away.
    local_names = LOOPBACK_HOSTS if host in LOOPBACK_HOSTS else ()
    return {
        "server.address": host,
        "server.port": port,
        "server.baseUrlPath": web.base_path.strip("/"),
        "server.allowedHosts": list(web.allowed_hosts or local_names),
        "server.headless": True,
        "server.fileWatcherType": "none",
        "server.enableCORS": True,
        "server.enableXsrfProtection": True,
        "server.enableStaticServing": False,
        "server.enableAgentApi": False,
        "server.scriptHealthCheckEnabled": False,
        # A full collection after every run took 72 % of the time that 20 people at once left for anything.
        "runner.postScriptGC": False,
        "server.trustedUserHeaders": {},
        "server.maxUploadSize": web.upload_mb,
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
