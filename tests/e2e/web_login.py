"""A login provider on this machine, and `footnote web` that sends people to it."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Page, Route, expect
from ports import free_port
from web_browser import IDLE, ROOT

PATIENCE_MS = 30_000
START_S = 120.0
SECRET = "s" * 40


class Provider:
    """A real OpenID Connect provider in a process of its own; whoever it is told of can log in."""

    def __init__(self, address: str) -> None:
        self.address = address

    def add(self, sub: str, **claims: Any) -> None:
        request = urllib.request.Request(
            f"{self.address}/users/{sub}",
            json.dumps(claims).encode(),
            {"Content-Type": "application/json"},
            method="PUT",
        )
        urllib.request.urlopen(request, timeout=20).close()


@contextmanager
def provider(token_s: int = 3600) -> Iterator[Provider]:
    address = f"http://localhost:{(port := free_port())}"
    command = [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", str(port)]
    with subprocess.Popen(
        [*command, "--token-max-age", str(token_s)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            wait_for(f"{address}/.well-known/openid-configuration", process)
            yield Provider(address)
        finally:
            process.terminate()


def wait_for(address: str, process: "subprocess.Popen[bytes]", patience_s: float = START_S) -> None:
    """Return when the address of a process answers."""
    deadline = time.monotonic() + patience_s
    while True:
        try:
            urllib.request.urlopen(address, timeout=20).close()
        except OSError:
            if time.monotonic() > deadline or process.poll() is not None:
                raise
            time.sleep(0.1)
        else:
            return


@contextmanager
def footnote_web(
    data_dir: Path, settings: Mapping[str, str], host: str = "127.0.0.1", base: str = ""
) -> Iterator[str]:
    """Run `footnote web` on a free port; `{port}` in a setting is that port. Yields its address."""
    port = free_port()
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    given = {f"FOOTNOTE_{name}": value.format(port=port) for name, value in settings.items()}
    own = {"FOOTNOTE_DATA_DIR": str(data_dir), "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
    program = "from app.cli import main; main()"
    command = [sys.executable, "-c", program, "web", "--host", host, "--port", str(port)]
    with (
        (data_dir.parent / f"web-{port}.log").open("w") as errors,
        subprocess.Popen(
            command,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            env={**os.environ, **own, **given},
            cwd=data_dir.parent,
        ) as process,
    ):
        try:
            wait_for(f"http://127.0.0.1:{port}{base}/healthz", process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def login_settings(provider: Provider, base: str = "") -> dict[str, str]:
    """The settings that send people to a provider, without the prefix FOOTNOTE_."""
    return {
        "OIDC__METADATA_URL": f"{provider.address}/.well-known/openid-configuration",
        "OIDC__CLIENT_ID": "footnote",
        "OIDC__CLIENT_SECRET": "not-a-secret",
        "OIDC__REDIRECT_URL": f"http://127.0.0.1:{{port}}{base}/oauth2callback",
        "OIDC__PROVIDER_NAME": "Brightwater",
        "COOKIE_SECRET": SECRET,
    }


class Visitor:
    """One person's browser: only this machine is reached, and what our pages ask of others is kept."""

    def __init__(self, browser: Browser, **options: Any) -> None:
        self.strays: list[str] = []
        self.context: BrowserContext = browser.new_context(**options)
        self.context.set_default_timeout(PATIENCE_MS)
        self.context.route("**/*", self._pass_local)

    def _pass_local(self, route: Route) -> None:
        url = urlsplit(route.request.url)
        if url.hostname in ("127.0.0.1", "localhost"):
            route.continue_()
            return
        # The provider's own pages load a style sheet from elsewhere; they are not ours.
        if urlsplit(route.request.frame.url).hostname == "127.0.0.1":
            self.strays.append(route.request.url)
        route.abort()


def new_context(browser: Browser, **options: Any) -> BrowserContext:
    return Visitor(browser, **options).context


def log_in(page: Page, sub: str) -> None:
    """Press the button of the page to log in, and be that person at the provider."""
    page.get_by_role("button", name="Log in with Brightwater").click()
    page.get_by_placeholder("sub").fill(sub)
    page.get_by_role("button", name="Authorize").click()


def settle(page: Page) -> None:
    expect(page.locator(IDLE)).to_be_attached(timeout=PATIENCE_MS)
