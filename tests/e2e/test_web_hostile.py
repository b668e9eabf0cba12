"""Hostile texts on every page, live and replayed: nothing runs, and nothing is asked of another machine."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("playwright")

from hostile_corpus import FIND_HARM, HARMFUL, HOSTILE, WATCH, groups
from llm_server import LlmServer, llm_server, says
from playwright.sync_api import Browser, expect, sync_playwright
from web_browser import CHROMIUM, NO_CHROMIUM, Visit, launch
from web_real import ingest, web_server

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason=NO_CHROMIUM),
]

SIZE = 12
ANSWERS = [
    "\n\n".join((f"The kestrel report {number} says this [1].", *texts))
    for number, texts in enumerate(groups(SIZE))
]
_NO_NAME = re.compile(r"[/\x00]")


def write_documents(folder: Path) -> None:
    """Every text once as a file's name, as a title, as a heading and as a passage."""
    folder.mkdir()
    for number, text in enumerate(HOSTILE):
        name = _NO_NAME.sub("_", text).encode()[:120].decode(errors="ignore").replace("\n", " ")
        title = text.replace("\n", " ").replace('"', "'")
        content = (
            f'---\ntitle: "{title}"\ntags: ["{title}"]\n---\n\n# {text}\n\n'
            f"The kestrel report {number} was written by the falcon desk. {text}\n\n{text}\n"
        )
        content = re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f]", "", content)
        (folder / f"{number:02} {name}.md").write_text(content, encoding="utf-8")


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, LlmServer]]:
    root = tmp_path_factory.mktemp("hostile")
    write_documents(root / "documents")
    report = ingest(root / "documents", root / "data")
    assert report["added"] == len(HOSTILE), report
    with (
        llm_server(*(says(text) for text in ANSWERS)) as model,
        web_server(
            root / "data", LLM="openai-like:scripted", LLM_BASE_URL=model.openai_url
        ) as address,
    ):
        yield address, model


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture
def one(browser: Browser, hostile: tuple[str, LlmServer]) -> Iterator[Visit]:
    visit = Visit(browser, hostile[0])
    visit.context.add_init_script(WATCH)
    yield visit
    harm = visit.page.evaluate(FIND_HARM, HARMFUL)
    visit.close()
    assert (visit.dialogs, visit.strays, harm) == ([], [], [])


def assert_harmless(one: Visit) -> None:
    assert one.page.evaluate(FIND_HARM, HARMFUL) == []
    assert (one.dialogs, one.strays) == ([], [])


def test_the_watch_sees_harm_when_there_is_some(one: Visit) -> None:
    one.open()
    one.page.evaluate("document.body.insertAdjacentHTML('beforeend', '<i id=h onerror=1>x</i>')")
    assert one.page.evaluate(FIND_HARM, HARMFUL)
    one.page.evaluate("document.getElementById('h').remove()")
    one.page.evaluate("pwned(0)")
    assert one.page.evaluate(FIND_HARM, HARMFUL) == ["pwned 0"]
    one.page.evaluate("window.__harm = []")


@pytest.mark.parametrize("number", range(len(ANSWERS)))
def test_questions_answers_and_sources_are_only_text_live_and_replayed(
    one: Visit, number: int
) -> None:
    one.open()
    one.ask(f"What does the kestrel report {number} say? " + " ".join(groups(SIZE)[number])[:3000])
    one.answered()
    assert_harmless(one)
    one.page.reload()
    one.answered()
    assert_harmless(one)
    one.page.locator(".card").first.click()
    expect(one.page.get_by_role("dialog").locator("mark").first).to_be_visible()
    assert_harmless(one)
