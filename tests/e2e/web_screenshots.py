"""Saves a picture of every state of the page: `python tests/e2e/web_screenshots.py FOLDER [NAME…]`."""

import sys
from pathlib import Path

from playwright.sync_api import expect, sync_playwright
from web_browser import Visit, fake_server, launch

WIDE = {"width": 1440, "height": 900}
PHONE = {"width": 375, "height": 780}
LOOKS = {
    "light": {"viewport": WIDE, "color_scheme": "light"},
    "dark": {"viewport": WIDE, "color_scheme": "dark"},
    "phone": {"viewport": PHONE, "color_scheme": "light"},
    "phone-dark": {"viewport": PHONE, "color_scheme": "dark"},
}

# Pictures of answers by what is asked of the scripted service; the last one has doubts.
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
    """Walk through the page; yields a name whenever there is something to see."""
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
    page.get_by_role("button", name="Flag a hallucination").click()
    expect(page.get_by_test_id("stDialog").get_by_role("radio").first).to_be_attached()
    visit.settle()
    yield "flag"
    page.get_by_test_id("stDialog").get_by_text("It is out of date").click()
    page.get_by_role("button", name="Send flag").click()
    expect(page.locator(".fn-said")).to_be_visible()
    visit.settle()
    yield "flagged"
    visit.ask("What is paid for meals on a business trip?")
    visit.answered(2)
    yield "verdicts"
    for name, question in ANSWERS.items():
        visit.open()
        visit.ask(question)
        visit.answered(1)
        yield name
    page.get_by_role("button", name="contradicted by its source: show why").click()
    expect(page.locator(".doubts > li").first).to_be_focused()
    yield "reasons"
    visit.open()
    visit.ask("What is the airspeed of a swallow?")
    visit.answered(1)
    yield "abstention"
    visit.open()
    visit.ask("Please explode")
    expect(page.get_by_text("Something went wrong")).to_be_visible()
    visit.settle()
    yield "error"
    visit.open()
    visit.ask("annual leave, slowly")
    expect(page.locator(".fn-live")).to_be_visible()
    yield "streaming"
    page.get_by_test_id("stChatInputStopButton").click()
    visit.settle()
    expect(page.get_by_role("button", name="Ask again")).to_be_visible()
    yield "stopped"
    visit.open()
    visit.ask("hostile")
    visit.answered(1)
    yield "hostile"


def main(folder: Path, looks: list[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with fake_server() as address, sync_playwright() as playwright:
        browser = launch(playwright)
        for look in looks or LOOKS:
            visit = Visit(browser, address, user=f"{look}@example.org", **LOOKS[look])
            for state in states(visit):
                visit.page.screenshot(path=folder / f"{state}-{look}.png", animations="disabled")
            visit.close()
            empty = Visit(browser, address, scene="empty", **LOOKS[look])
            empty.open().screenshot(path=folder / f"empty-{look}.png", animations="disabled")
            empty.close()
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
