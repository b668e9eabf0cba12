"""Saves pictures of every page of the real application: `python tests/e2e/web_screenshots.py FOLDER [LOOK…]`.

A look is `light`, `dark`, `phone` or `phone-dark`; without one, all. FOOTNOTE_ADDRESS names a server that runs already.
Answers as only a language model writes them are pictured by `web_answer_screenshots.py`.
"""

import os
import re
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from playwright.sync_api import expect, sync_playwright
from web_browser import PATIENCE_MS, Visit, launch
from web_filled import LEAVE, LISBON, fill, settings_of
from web_real import web_server

WIDE = {"width": 1440, "height": 900}
PHONE = {"width": 375, "height": 780}
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"viewport": WIDE, "color_scheme": "light"},
    "dark": {"viewport": WIDE, "color_scheme": "dark"},
    "phone": {"viewport": PHONE, "color_scheme": "light"},
    "phone-dark": {"viewport": PHONE, "color_scheme": "dark"},
}
TALLEST_PX = 2400
SALARY = "What is the salary band for level 4 engineers?"
RESTORE = "How do I restore the database?"
States = Iterator[str]


def chat(visit: Visit) -> States:
    """Ask, open sources of three formats, flag, look at what stands beside a conversation."""
    page = visit.open()
    yield "chat-landing"
    visit.ask(LEAVE)
    visit.answered(1)
    yield "chat-answer"
    _open_source(visit)
    yield "source-text"
    _close(visit)
    page.get_by_role("button", name="Share", exact=True).click()
    expect(page.get_by_text("Readable for people who have the address")).to_be_visible()
    visit.settle()
    yield "chat-share"
    page.keyboard.press("Escape")
    page.get_by_role("button", name="All documents").click()
    expect(page.get_by_role("combobox", name="Source")).to_be_visible()
    visit.settle()
    yield "chat-scope"
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Flag", exact=True).last.click()
    expect(page.get_by_role("button", name="Should have known")).to_be_visible()
    yield "chat-flag"
    page.keyboard.press("Escape")
    for name, question in {"table": SALARY, "pdf": RESTORE}.items():
        visit.open()
        visit.ask(question)
        visit.answered(1)
        yield f"chat-{name}"
        _open_source(visit)
        yield f"source-{name}"
        _close(visit)
    visit.open()
    visit.ask(LISBON)
    visit.answered(1)
    yield "chat-abstention"
    visit.open("/?c=never")
    yield "chat-not-found"
    if _is_phone(visit):
        page.get_by_test_id("stExpandSidebarButton").click()
        expect(page.get_by_role("link", name="Review")).to_be_visible()
        visit.settle()
        yield "sidebar"


def pages(visit: Visit) -> States:
    """Open the other pages and what they open in turn."""
    yield _at(visit, "flags")
    yield _at(visit, "review")
    page = visit.page
    page.locator(".queue > li button").first.click()
    expect(page.get_by_role("button", name="Accept", exact=False).first).to_be_visible()
    visit.settle()
    yield "review-flag"
    yield _at(visit, "quality")
    for name in ("Document gaps", "Speed and cost", "Trust", "Evaluation"):
        page.get_by_role("tab", name=name).click()
        expect(page.get_by_role("tab", name=name, selected=True)).to_be_visible()
        expect(page.get_by_role("tabpanel").get_by_role("heading").first).to_be_visible()
        visit.settle()
        page.wait_for_load_state("networkidle")
        yield f"quality-{name.split()[0].lower()}"
    for tab in ("sources", "quarantine", "documents", "search"):
        yield _at(visit, "documents", f"?tab={tab}")
    yield _at(visit, "documents", "?tab=sources&source=handbook")
    _at(visit, "documents", "?tab=documents")
    page.locator(".records").get_by_role("link", name="Leave and holidays").click()
    expect(page.get_by_role("textbox", name="May this person read it?")).to_be_visible()
    visit.settle()
    yield "documents-document"
    _at(visit, "documents", "?tab=search")
    page.get_by_role("textbox", name="Query").fill("days of annual leave")
    page.get_by_role("button", name="Search", exact=True).last.click()
    expect(page.locator(".records").first).to_be_visible(timeout=PATIENCE_MS)
    visit.settle()
    yield "documents-found"
    yield _at(visit, "people")


def _at(visit: Visit, path: str, query: str = "") -> str:
    page = visit.page
    page.goto(f"{visit.address}/{path}{query}")
    expect(page.get_by_role("heading", level=1).first).to_be_visible(timeout=PATIENCE_MS)
    visit.settle()
    page.wait_for_load_state("networkidle")
    return "-".join([path, *re.findall(r"=(\w+)", query)])


def _open_source(visit: Visit) -> None:
    visit.page.locator(".chip").first.click()
    expect(visit.page.get_by_test_id("stDialog")).to_be_visible(timeout=PATIENCE_MS)
    visit.settle()
    visit.page.wait_for_load_state("networkidle")


def _close(visit: Visit) -> None:
    visit.page.keyboard.press("Escape")
    expect(visit.page.get_by_test_id("stDialog")).to_have_count(0)
    visit.settle()


def _is_phone(visit: Visit) -> bool:
    return bool(visit.page.evaluate("innerWidth < 640"))


def _take(visit: Visit, path: Path) -> None:
    """Save the whole page: what scrolls is its main part, so the window is made as tall as that."""
    page, size = visit.page, visit.page.viewport_size
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0, timeout=PATIENCE_MS)
    assert size is not None
    rest = page.evaluate(
        "(m => m ? m.scrollHeight - m.clientHeight : 0)(document.querySelector('[data-testid=stMain]'))"
    )
    tall = path.name.startswith(("review", "quality", "documents", "people", "flags"))
    if tall and rest > 0:
        page.set_viewport_size({**size, "height": min(size["height"] + rest, TALLEST_PX)})
        page.wait_for_timeout(400)  # plots are drawn again; a picture may come a little early
        expect(page.get_by_test_id("stSkeleton")).to_have_count(0, timeout=PATIENCE_MS)
    page.screenshot(path=path, animations="disabled")
    page.set_viewport_size(size)


def main(folder: Path, looks: list[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        address = os.environ.get("FOOTNOTE_ADDRESS", "")
        if not address:
            place = Path(stack.enter_context(TemporaryDirectory(prefix="footnote-pictures-")))
            data_dir = fill(place)
            address = stack.enter_context(web_server(data_dir, **settings_of(data_dir)))
        browser = launch(stack.enter_context(sync_playwright()))
        stack.callback(browser.close)
        wanted = os.environ.get("FOOTNOTE_WALKS", "chat,pages").split(",")
        for look in looks or LOOKS:
            for walk in [walk for walk in (chat, pages) if walk.__name__ in wanted]:
                visit = Visit(browser, address, **LOOKS[look])
                for state in walk(visit):
                    _take(visit, folder / f"{state}-{look}.png")
                visit.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
