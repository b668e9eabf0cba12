"""The headers that go with every response: what a page may load, run and be shown in."""

import base64
import hashlib
import re
from functools import cache
from pathlib import Path

import streamlit as st
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = "Content-Security-Policy"
_INLINE_SCRIPT = re.compile(rb"<script>(.*?)</script>", re.DOTALL)
_UNUSED = (
    "accelerometer",
    "camera",
    "display-capture",
    "geolocation",
    "gyroscope",
    "magnetometer",
    "microphone",
    "midi",
    "payment",
    "usb",
)


@cache
def security_headers() -> dict[str, str]:
    """Return the headers by name.

    Scripts run from our own address only, beside the one inline script of Streamlit's page, by its hash: what
    a document smuggles into a page does not run, and nothing can be loaded from, or sent, elsewhere.
    """
    return {
        POLICY: _policy(),
        "Permissions-Policy": ", ".join(f"{name}=()" for name in _UNUSED),
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "SAMEORIGIN",
        "Referrer-Policy": "no-referrer",
    }


def _policy() -> str:
    return "; ".join(
        (
            "default-src 'self'",
            # blob: is how Streamlit loads the scripts of components, which are files of ours.
            f"script-src 'self' blob: {' '.join(_inline_hashes())}",
            "worker-src 'self' blob:",
            # Streamlit writes its styles while it runs; a style can load nothing that is not allowed here.
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self'",
            "media-src 'self' blob:",
            "frame-src 'self' blob:",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'self'",
        )
    )


def _inline_hashes() -> list[str]:
    """Return the hashes of the inline scripts in the page that Streamlit ships."""
    page = (Path(st.__file__).parent / "static" / "index.html").read_bytes()
    digests = (hashlib.sha256(script).digest() for script in _INLINE_SCRIPT.findall(page))
    return [f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests]


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
                headers = MutableHeaders(scope=message)
                for name, value in security_headers().items():
                    # A route may have a stricter policy of its own; browsers obey both.
                    headers.append(name, value) if name == POLICY else headers.update({name: value})
            await send(message)

        await self._app(scope, receive, send_with_headers)
