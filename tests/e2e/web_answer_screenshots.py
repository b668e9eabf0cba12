"""Saves a picture of every state of an answer, by a scripted writer: `python tests/e2e/web_answer_screenshots.py FOLDER [LOOK…]`."""

import sys
from pathlib import Path

from playwright.sync_api import Browser, expect, sync_playwright
from web_browser import PATIENCE_MS, Visit, fake_server, launch

WIDE = {"width": 1440, "height": 900}
PHONE = {"width": 375, "height": 780}
LOOKS = {
    "light": {"viewport": WIDE, "color_scheme": "light"},
    "dark": {"viewport": WIDE, "color_scheme": "dark"},
    "phone": {"viewport": PHONE, "color_scheme": "light"},
    "phone-dark": {"viewport": PHONE, "color_scheme": "dark"},
}

# Pictures of answers by what is asked of the scripted writer.
ANSWERS = {
    "list": "The list, please",
    "stale": "What is stale?",
    "orders": "Who gives orders?",
    "cut": "What was cut short?",
    "premise": "What is taken for granted?",
    "near-miss": "A near miss?",
    "contradicted": "What is contradicted?",
}


def states(visit: Visit):
    """Walk through the answers; yields a name whenever there is something to see."""
    page = visit.open()
    yield "landing"
    visit.ask("How many days of annual leave do I have?")
    visit.answered(1)
    yield "answer"
    page.locator(".chip").first.click()
    expect(page.get_by_test_id("stDialog").locator("mark")).to_be_visible()
    visit.settle()
    yield "passage"
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("stDialog")).to_have_count(0)
    visit.settle()
    visit.ask("What is paid for meals on a business trip?")
    visit.answered(2)
    yield "verdicts"
    for name, question in ANSWERS.items():
        visit.open()
        visit.ask(question)
        visit.answered(1)
        yield name
    visit.open()
    visit.ask("What is the airspeed of a swallow?")
    visit.answered(1)
    yield "abstention"
    visit.open()
    visit.ask("Please explode")
    expect(page.get_by_text("Something went wrong")).to_be_visible(timeout=PATIENCE_MS)
    visit.settle()
    yield "error"
    visit.open()
    visit.ask("hostile")
    visit.answered(1)
    yield "hostile"


def conversations(visit: Visit):
    """Walk through what is done with conversations; yields a name whenever there is something to see."""
    page = visit.open()
    yield "landing"
    visit.ask("What is paid for meals on a business trip?")
    visit.answered(1)
    visit.open()
    visit.ask("How many days of annual leave do I have?")
    visit.answered(1)
    page.get_by_role("button", name="Answer again").click()
    expect(page.get_by_text("Version 2 of 2")).to_be_visible(timeout=PATIENCE_MS)
    visit.settle()
    page.get_by_text("Version 2 of 2").scroll_into_view_if_needed()
    yield "versions"
    page.get_by_role("button", name="Edit").click()
    expect(page.get_by_role("textbox", name="Your question")).to_be_visible()
    visit.settle()
    yield "edit"
    page.get_by_role("button", name="Cancel").click()
    visit.settle()
    page.get_by_role("button", name="All documents").click()
    page.get_by_role("combobox", name="Source").click()
    page.get_by_role("option", name="handbook (3)").click()
    expect(page.get_by_role("button", name="3 of 4 documents")).to_be_visible()
    visit.settle()
    yield "scope"
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Share", exact=True).click()
    page.get_by_text("Readable for people who have the address").click()
    expect(page.locator(".address")).to_be_visible()
    visit.settle()
    yield "share"
    page.keyboard.press("Escape")
    visit.ask("annual leave very slowly")
    expect(page.locator(".fn-live")).to_contain_text("Everyone", timeout=PATIENCE_MS)
    yield "streaming"
    page.get_by_test_id("stChatInputStopButton").click()
    expect(page.get_by_role("button", name="Remove")).to_be_visible(timeout=PATIENCE_MS)
    visit.settle()
    yield "stopped"
    yield from _sidebar(visit)


def _sidebar(visit: Visit):
    page = visit.page
    if page.viewport_size and page.viewport_size["width"] < 640:
        page.get_by_test_id("stExpandSidebarButton").click()
    row = page.locator(".st-key-recent [class*='st-key-row_']").first
    row.hover()
    row.get_by_role("button", name="Change").click()
    expect(page.get_by_text("Rename")).to_be_visible()
    yield "menu"
    page.get_by_text("Delete").click()
    expect(page.get_by_role("dialog").get_by_text("gone for good")).to_be_visible()
    visit.settle()
    yield "delete"


def main(folder: Path, looks: list[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with fake_server() as address, sync_playwright() as playwright:
        browser = launch(playwright)
        for look in looks or LOOKS:
            for walk in (conversations, states):
                visit = Visit(browser, address, user=f"{walk.__name__}-{look}", **LOOKS[look])
                for state in walk(visit):
                    path = folder / f"{state}-{look}.png"
                    visit.page.screenshot(path=path, animations="disabled")
                    if state == "share":
                        _shared(browser, visit, look, folder)
                visit.close()
            empty = Visit(browser, address, scene="empty", **LOOKS[look])
            empty.open().screenshot(path=folder / f"empty-{look}.png", animations="disabled")
            empty.close()
        browser.close()


def _shared(browser: Browser, owner: Visit, look: str, folder: Path) -> None:
    """Save how somebody else sees the conversation, and what is said of one that nobody may see."""
    guest = Visit(browser, owner.address, user=f"guest-{look}", **LOOKS[look])
    guest.open(owner.page.url.removeprefix(owner.address))
    guest.answered(1)
    guest.page.screenshot(path=folder / f"shared-{look}.png", animations="disabled")
    guest.open("/?c=never")
    guest.page.screenshot(path=folder / f"not-found-{look}.png", animations="disabled")
    guest.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
