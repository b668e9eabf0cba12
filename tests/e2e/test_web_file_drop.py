"""Files that are dropped into the page, in a browser, on the real server with the real ingestion."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from ports import free_port
from web_browser import CHROMIUM, NO_CHROMIUM, ROOT, Visit
from web_real import ingest, web_server

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason=NO_CHROMIUM),
]

HERE = Path(__file__).parent
TRAVEL = b"# Travel\n\nThe limit for hotels in Lisbon is 143 euros a night.\n"
HOTEL = "What is the limit for hotels in Lisbon?"
LONG_S = 60_000
_SERVE = """
import sys
from pathlib import Path
from app.web.server import serve
from app.web.wiring import shared_application, use_settings
from app.uploads import session_documents
from core.settings import load_settings
session_documents._AWAY_S = session_documents._SWEEP_S = 1.0
use_settings(load_settings())
shared_application()
serve(Path(sys.argv[1]), "127.0.0.1", int(sys.argv[2]))
"""


@pytest.fixture(scope="module")
def temporary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The server's own folder for temporary files."""
    return tmp_path_factory.mktemp("temporary")


@pytest.fixture(scope="module")
def address(
    tmp_path_factory: pytest.TempPathFactory, model_cache: Path, temporary: Path
) -> Iterator[str]:
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH")))),
        "PYTHONDONTWRITEBYTECODE": "1",
        "FOOTNOTE_DATA_DIR": str(tmp_path_factory.mktemp("data")),
        "FOOTNOTE_MODEL_CACHE": str(model_cache),
        "FOOTNOTE_OFFLINE": "1",
        "TMPDIR": str(temporary),
    }
    command = [sys.executable, "-c", _SERVE, str(HERE / "file_drop_app.py"), str(free_port())]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment
    ) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


@pytest.fixture
def visit(browser: Browser, address: str) -> Iterator[Callable[[], Visit]]:
    visits: list[Visit] = []

    def opened() -> Visit:
        one = Visit(browser, address)
        visits.append(one)
        one.page.goto(address)
        expect(one.page.get_by_test_id("stChatInput")).to_be_visible(timeout=LONG_S)
        one.settle()
        return one

    yield opened
    for one in visits:
        one.close()
    assert [one.dialogs + one.strays for one in visits] == [[] for _ in visits]


def drop(page: Page, name: str, content: bytes, question: str = "") -> None:
    """Attach a file to the question and send both."""
    with page.expect_file_chooser() as choosing:
        page.get_by_test_id("stChatInputFileUploadButton").click()
    choosing.value.set_files({"name": name, "mimeType": "text/plain", "buffer": content})
    chosen = page.get_by_test_id("stChatInput").get_by_role("button", name=f"Remove {name}")
    expect(chosen).to_be_visible(timeout=LONG_S)
    box = page.get_by_test_id("stChatInputTextArea")
    box.fill(question)
    box.press("Enter")


def attached_button(page: Page, verb: str) -> Locator:
    return page.locator(".st-key-attached").get_by_role("button", name=re.compile(f"^{verb} "))


def files_below(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.is_file() and path.name != "lock"]


def test_a_dropped_file_is_read_and_the_question_with_it_is_answered_from_it(
    visit: Callable[[], Visit], temporary: Path
) -> None:
    one, two = visit(), visit()
    drop(one.page, "Travel policy.md", TRAVEL, HOTEL)
    expect(one.page.locator(".the-answer")).to_contain_text("143 euros", timeout=LONG_S)
    expect(one.page.locator(".fn-attached")).to_have_text("Travel policy.md")
    expect(one.page.get_by_text("Only in this session")).to_be_visible()
    two.ask(HOTEL)
    expect(two.page.locator(".the-answer")).to_be_visible(timeout=LONG_S)
    expect(two.page.locator(".the-answer")).not_to_contain_text("143")
    expect(two.page.locator(".fn-attached")).to_have_count(0)
    one.page.get_by_role("radio", name="Ask all documents").click()
    one.settle()
    one.ask(HOTEL)
    # What stood there before stays until the run is over.
    expect(one.page.locator(".the-answer", has_text="143")).to_have_count(0, timeout=LONG_S)
    expect(one.page.locator(".the-answer")).to_contain_text("did not find an answer")
    attached_button(one.page, "Remove").click()
    expect(one.page.locator(".fn-attached")).to_have_count(0)
    assert "Travel_policy.md" not in files_below(temporary)


def test_what_cannot_be_read_is_said_and_can_be_dismissed(visit: Callable[[], Visit]) -> None:
    one = visit()
    drop(one.page, "setup.exe", b"MZ\x00\x01\x00", HOTEL)
    expect(one.page.get_by_role("alert")).to_contain_text(
        "“setup.exe” is of a kind that cannot be read", timeout=LONG_S
    )
    expect(one.page.locator(".the-answer")).to_have_count(0)
    attached_button(one.page, "Dismiss").click()
    expect(one.page.get_by_role("alert")).to_have_count(0)


def test_a_file_name_is_shown_as_it_is_written(visit: Callable[[], Visit]) -> None:
    one = visit()
    drop(one.page, "**b** <img src=x onerror=alert(1)> :red[x] $a$.md", TRAVEL)
    expect(one.page.locator(".fn-attached")).to_have_text(
        "**b** <img src=x onerror=alert(1)> :red[x] $a$.md", timeout=LONG_S
    )
    # A label says exactly this text with joiners between, which nobody sees or hears.
    words = attached_button(one.page, "Remove").get_by_test_id("stMarkdownContainer")
    label = words.inner_text().replace("\u2060", "")
    assert label == "Remove **b** <img src=x onerror=alert(1)> :red[x] $a$.md"


def test_a_reload_leaves_the_file_behind_and_it_is_deleted(
    visit: Callable[[], Visit], temporary: Path
) -> None:
    one = visit()
    drop(one.page, "unique-name.md", TRAVEL)
    expect(one.page.locator(".fn-attached")).to_be_visible(timeout=LONG_S)
    assert "unique-name.md" in files_below(temporary)
    one.page.reload()
    one.settle()
    expect(one.page.locator(".fn-attached")).to_have_count(0)
    deadline = time.monotonic() + 60
    while "unique-name.md" in files_below(temporary) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert "unique-name.md" not in files_below(temporary)


def test_in_the_chat_a_dropped_file_is_asked_and_opened_at_its_words(
    browser: Browser, tmp_path: Path, model_cache: Path
) -> None:
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "lunch.md").write_text("# Lunch\n\nLunch in the canteen costs 9 euros.\n")
    data_dir = tmp_path / "data"
    settings = {"MODEL_CACHE": str(model_cache), "OFFLINE": "1"}
    ingest(folder, data_dir, **settings)
    with web_server(data_dir, **settings) as address:
        one = Visit(browser, address)
        one.page.goto(address)
        expect(one.page.get_by_test_id("stChatInput")).to_be_visible(timeout=LONG_S)
        drop(one.page, "Travel policy.md", TRAVEL, HOTEL)
        answer = one.page.locator(".answer").first
        expect(answer).to_contain_text("143 euros", timeout=LONG_S)
        expect(one.page.locator(".fn-attached")).to_have_text("Travel policy.md", timeout=LONG_S)
        one.page.get_by_role("link", name=re.compile("^Source 1: Travel")).first.click()
        mark = one.page.get_by_role("dialog").locator("mark").first
        expect(mark).to_contain_text("143 euros a night", timeout=LONG_S)
        one.close()
        assert one.dialogs + one.strays == []
    stored = b"".join(path.read_bytes() for path in data_dir.rglob("*") if path.is_file())
    assert b"143 euros" not in stored
    assert b"hotels in Lisbon" not in stored
