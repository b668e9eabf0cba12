"""Drives the page in Chromium: waits on what Streamlit says of itself, never on the clock."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from copy import copy
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect
from ports import free_port

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
NO_CHROMIUM = "Chromium is not installed (`apt-get install chromium`)"
PATIENCE_MS = 30_000
"""For what takes a slow machine long; nothing waits on the clock."""
IDLE = '[data-testid="stApp"][data-test-script-state="notRunning"]'


@contextmanager
def fake_server(folder: Path | None = None) -> Iterator[str]:
    """Run the page with scripted answers in a process of its own; yields its address.

    `folder` keeps a data folder for each scene, `full` and `empty`; without one they are gone at the end.
    """
    with ExitStack() as stack:
        kept = folder or Path(stack.enter_context(TemporaryDirectory(prefix="footnote-fake-")))
        path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
        environment = os.environ | {
            "PYTHONPATH": path,
            "PYTHONDONTWRITEBYTECODE": "1",
            "FAKE_FOLDER": str(kept),
        }
        command = [sys.executable, str(HERE / "web_fake_server.py"), str(free_port())]
        process = stack.enter_context(
            subprocess.Popen(
                command,
                stdout=subprocess.PIPE,
                stderr=None if os.environ.get("FAKE_LOUD") else subprocess.DEVNULL,
                text=True,
                env=environment,
            )
        )
        stack.callback(process.terminate)
        assert process.stdout is not None
        yield process.stdout.readline().strip()


def launch(playwright: Playwright) -> Browser:
    quiet = ("background-networking", "component-update", "sync", "gpu")
    return playwright.chromium.launch(
        executable_path=CHROMIUM,
        args=["--no-sandbox", "--no-first-run", *(f"--disable-{name}" for name in quiet)],
    )


class Visit:
    """One person's browser context: every dialog and every request off this machine is kept.

    `keep_socket` is given each connection of the page, so that a test can cut it.
    """

    def __init__(self, browser: Browser, address: str, scene: str = "full", **options: Any) -> None:
        self.user = options.pop("user", "ada@example.org")
        role = options.pop("role", "reader")
        keep_socket = options.pop("keep_socket", None)
        self.address = address
        self.context: BrowserContext = browser.new_context(**options)
        self.context.set_default_timeout(PATIENCE_MS)
        self.context.add_cookies(
            [
                {"name": "fake_scene", "value": scene, "url": address},
                {"name": "fake_user", "value": self.user, "url": address},
                {"name": "fake_role", "value": role, "url": address},
            ]
        )
        self.strays: list[str] = []
        self.dialogs: list[str] = []
        self.context.route("**/*", self._pass_local)
        self.page: Page = self.context.new_page()
        self.page.on("dialog", self._keep_dialog)
        if keep_socket:

            def connect(socket: Any) -> None:
                socket.connect_to_server()
                keep_socket(socket)

            self.page.route_web_socket("**/_stcore/stream", connect)

    def beside(self) -> "Visit":
        """Open the same address in a second tab of the same person."""
        other = copy(self)
        other.page = self.context.new_page()
        other.page.on("dialog", self._keep_dialog)
        other.page.goto(self.page.url)
        return other

    def _pass_local(self, route: Any) -> None:
        url = route.request.url
        if url.startswith((self.address, "data:", "blob:")):
            route.continue_()
        else:
            self.strays.append(url)
            route.abort()

    def _keep_dialog(self, dialog: Any) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()

    def open(self, path: str = "/") -> Page:
        self.page.goto(self.address + path)
        expect(self.page.get_by_test_id("stChatInput")).to_be_visible(timeout=PATIENCE_MS)
        self.settle()
        return self.page

    def settle(self) -> None:
        expect(self.page.locator(IDLE)).to_be_attached(timeout=PATIENCE_MS)

    def ask(self, question: str) -> None:
        box = self.page.get_by_test_id("stChatInputTextArea")
        expect(box).to_be_enabled(timeout=PATIENCE_MS)
        box.fill(question)
        box.press("Enter")

    def answered(self, count: int = 1) -> None:
        """Wait until so many answers are drawn and the script rests."""
        expect(self.page.locator(".answer")).to_have_count(count, timeout=PATIENCE_MS)
        expect(self.page.locator(".answer .text").nth(count - 1)).to_be_visible()
        self.settle()

    def close(self) -> None:
        self.context.close()
