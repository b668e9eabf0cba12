"""First page and first answer in a browser, beside the smallest Streamlit chat script there is.

Usage: python -m benchmarks.web_page DATA_DIR [--runs 10]

Both servers are warm: one visit before the first that counts. Every visit is a browser context of its own with an
empty cache. In turn: the page (until one can type), then a question (until the first sign that it is being answered,
and until the whole answer stands and the script rests). The other page has no documents, no search and no checking:
its figures are what Streamlit itself takes.
"""

import argparse
import os
import shutil
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

QUESTION = "I lost my laptop. Whom do I call, and by when?"
IDLE = '[data-testid="stApp"][data-test-script-state="notRunning"]'
_MINIMAL = Path(__file__).with_name("minimal_chat.py")
# What shows that a question is being answered, and what shows the answer.
_OURS = (".fn-stage, .fn-live, .answer", ".answer .summary")
_PEER = (
    '[data-testid="stChatMessage"]',
    'text="This is the whole answer, and it is always the same one."',
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def served(command: list[str], port: int) -> Iterator[str]:
    address = f"http://127.0.0.1:{port}"
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=dict(os.environ)
    ) as process:
        try:
            for _ in range(600):
                try:
                    urllib.request.urlopen(f"{address}/_stcore/health", timeout=1).read()
                    break
                except OSError:
                    time.sleep(0.1)
            yield address
        finally:
            process.terminate()


def visit(browser: Browser, address: str, signs: tuple[str, str]) -> tuple[float, float, float]:
    """Return seconds to a page that takes a question, to the first sign of an answer, and to the answer."""
    context = browser.new_context()
    page = context.new_page()
    started = time.perf_counter()
    page.goto(address)
    page.get_by_test_id("stChatInputTextArea").wait_for()
    page.locator(IDLE).wait_for(state="attached")
    loaded = time.perf_counter() - started
    box = page.get_by_test_id("stChatInputTextArea")
    box.fill(QUESTION)
    started = time.perf_counter()
    box.press("Enter")
    page.locator(signs[0]).first.wait_for()
    first = time.perf_counter() - started
    page.locator(signs[1]).first.wait_for()
    page.locator(IDLE).wait_for(state="attached")
    answered = time.perf_counter() - started
    context.close()
    return loaded, first, answered


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data_dir", type=Path)
    parser.add_argument("--runs", type=int, default=10)
    given = parser.parse_args()
    ours_port, peer_port = free_port(), free_port()
    footnote = [sys.executable, "-c", "from app.cli import main; main()", "web"]
    footnote += ["--port", str(ours_port), "--data-dir", str(given.data_dir)]
    peer = [sys.executable, "-m", "streamlit", "run", str(_MINIMAL), "--server.headless=true"]
    peer += [f"--server.port={peer_port}", "--browser.gatherUsageStats=false"]
    with ExitStack() as stack:
        addresses = (
            stack.enter_context(served(footnote, ours_port)),
            stack.enter_context(served(peer, peer_port)),
        )
        browser = stack.enter_context(sync_playwright()).chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        for address, signs in zip(addresses, (_OURS, _PEER), strict=True):
            visit(browser, address, signs)
        ours, peers = [], []
        for _ in range(given.runs):
            ours.append(visit(browser, addresses[0], _OURS))
            peers.append(visit(browser, addresses[1], _PEER))
    for place, name in enumerate(("page takes a question", "first sign", "whole answer")):
        own = [run[place] for run in ours]
        other = [run[place] for run in peers]
        ratios = [mine / its for mine, its in zip(own, other, strict=True)]
        print(
            f"{name}: footnote {statistics.median(own):.2f} s ({min(own):.2f}-{max(own):.2f}), "
            f"minimal script {statistics.median(other):.2f} s ({min(other):.2f}-{max(other):.2f}), "
            f"ratio median {statistics.median(ratios):.2f}, n = {given.runs}"
        )


if __name__ == "__main__":
    main()
