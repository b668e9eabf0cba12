"""Drives the page in Chromium: waits on what Streamlit says of itself, never on the clock."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
NO_CHROMIUM = "Chromium is not installed (`apt-get install chromium`)"
IDLE = '[data-testid="stApp"][data-test-script-state="notRunning"]'


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def fake_server() -> Iterator[str]:
    """Run the page with the scripted service in a process of its own; yields its address."""
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    environment = os.environ | {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, str(HERE / "web_fake_server.py"), str(free_port())]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment
    ) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def launch(playwright: Playwright) -> Browser:
    quiet = ("background-networking", "component-update", "sync", "gpu")
    return playwright.chromium.launch(
        executable_path=CHROMIUM,
        args=["--no-sandbox", "--no-first-run", *(f"--disable-{name}" for name in quiet)],
    )


class Visit:
    """One person's browser context: every dialog and every request off this machine is kept."""

    def __init__(self, browser: Browser, address: str, scene: str = "full", **options: Any) -> None:
        user = options.pop("user", "ada@example.org")
        self.address = address
        self.context: BrowserContext = browser.new_context(**options)
        self.context.set_default_timeout(20_000)
        self.context.add_cookies(
            [
                {"name": "fake_scene", "value": scene, "url": address},
                {"name": "fake_user", "value": user, "url": address},
            ]
        )
        self.strays: list[str] = []
        self.dialogs: list[str] = []
        self.context.route("**/*", self._pass_local)
        self.page: Page = self.context.new_page()
        self.page.on("dialog", self._keep_dialog)

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
        expect(self.page.get_by_test_id("stChatInput")).to_be_visible()
        self.settle()
        return self.page

    def settle(self) -> None:
        expect(self.page.locator(IDLE)).to_be_attached(timeout=20_000)

    def ask(self, question: str) -> None:
        box = self.page.get_by_test_id("stChatInputTextArea")
        box.fill(question)
        box.press("Enter")

    def answered(self, count: int = 1) -> None:
        """Wait until so many answers are drawn and the script rests."""
        expect(self.page.locator(".answer")).to_have_count(count, timeout=20_000)
        expect(self.page.locator(".answer .text").nth(count - 1)).to_be_visible()
        self.settle()

    def close(self) -> None:
        self.context.close()
