"""The Documents page on the real server, over a folder that was really ingested: what admins see and do."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from web_browser import CHROMIUM, IDLE, NO_CHROMIUM, launch
from web_real import footnote, web_server

pytestmark = [
    pytest.mark.browser,
    pytest.mark.e2e,
    pytest.mark.skipif(CHROMIUM is None, reason=NO_CHROMIUM),
]

PATIENCE_MS = 60_000
HOSTILE = "<img src=x onerror=alert(1)> **bold** \u202egpj.md"
SOURCES = """
handbook:
  path: ./handbook
  access: [everyone]
  rules:
    - match: private/**
      access: [group:people-team]
scans:
  path: ./scans
  access: [group:staff, "user:ann@x.org"]
"""


class Place:
    """A sources file with two folders and the data folder that was made of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data_dir = folder / "data"
        self.handbook = folder / "handbook"
        self.scans = folder / "scans"

    def fill(self) -> None:
        (self.handbook / "private").mkdir(parents=True)
        self.scans.mkdir()
        (self.folder / "sources.yaml").write_text(SOURCES)
        leave = "# Leave\n\nEveryone has thirty days of leave in a year.\n"
        (self.handbook / "leave.md").write_text(leave)
        (self.handbook / "travel.md").write_text("# Travel\n\nTrips are booked by the office.\n")
        (self.handbook / HOSTILE).write_text("# Odd\n\nThis file has a strange name.\n")
        salary = "# Bands\n\nThe highest band is worth zanzibar coins.\n"
        (self.handbook / "private" / "salaries.md").write_text(salary)
        (self.scans / "empty.txt").write_text("")

    def ingest(self, source: str) -> None:
        footnote("ingest", "--source", source, "--yes", "--json", data_dir=self.data_dir)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        running = launch(playwright)
        yield running
        running.close()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path)
    made.fill()
    made.ingest("handbook")
    made.ingest("scans")
    return made


@pytest.fixture
def address(place: Place) -> Iterator[str]:
    with web_server(place.data_dir) as running:
        yield running


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    context = browser.new_context()
    context.set_default_timeout(PATIENCE_MS)
    opened = context.new_page()
    opened.strays = []  # type: ignore[attr-defined]
    opened.on("dialog", lambda dialog: opened.strays.append(dialog.message))  # type: ignore[attr-defined]
    opened.on(
        "request",
        lambda request: (
            None
            if request.url.startswith((address, "data:", "blob:", address.replace("http", "ws")))
            else opened.strays.append(request.url)  # type: ignore[attr-defined]
        ),
    )
    yield opened
    assert opened.strays == []  # type: ignore[attr-defined]
    context.close()


def show(page: Page, address: str, query: str = "") -> None:
    page.goto(f"{address}/documents{query}")
    expect(page.get_by_role("heading", name="Documents", exact=True)).to_be_visible(
        timeout=PATIENCE_MS
    )
    settle(page)


def settle(page: Page) -> None:
    expect(page.locator(IDLE)).to_be_attached(timeout=PATIENCE_MS)


def test_sources_are_listed_with_their_last_run_and_open_by_a_click(
    page: Page, address: str
) -> None:
    show(page, address)
    handbook = page.get_by_role("row").filter(has_text="./handbook")
    expect(handbook).to_contain_text("4 added", timeout=PATIENCE_MS)
    expect(handbook).to_contain_text("OK")
    expect(page.get_by_role("row").filter(has_text="./scans")).to_contain_text("1 unreadable")
    handbook.get_by_role("link").click()
    expect(page.get_by_role("button", name="Run now")).to_be_visible(timeout=PATIENCE_MS)
    assert "source=handbook" in page.url
    page.go_back()
    expect(page.get_by_role("row").filter(has_text="./scans")).to_be_visible(timeout=PATIENCE_MS)


def test_a_plan_shows_what_a_run_would_change_and_the_run_does_it_with_progress(
    page: Page, address: str, place: Place
) -> None:
    (place.handbook / "remote.md").write_text("# Remote\n\nTwo days at home are fine.\n")
    (place.handbook / "travel.md").write_text("# Travel\n\nTrips are booked by everyone alone.\n")
    show(page, address, "?tab=sources&source=handbook")
    page.get_by_role("button", name="See what would change").click()
    plan = page.locator(".st-key-plan_report")
    expect(plan).to_contain_text("remote.md", timeout=PATIENCE_MS)
    expect(plan.get_by_role("row").filter(has_text="remote.md")).to_contain_text("Added")
    expect(plan.get_by_role("row").filter(has_text="travel.md")).to_contain_text("Changed")
    settle(page)
    page.get_by_role("button", name="Run now").click()
    expect(page.locator(".st-key-documents_live")).to_contain_text(
        "Running “handbook”", timeout=PATIENCE_MS
    )
    page.reload()  # it goes on
    outcome = page.locator(".st-key-outcome_good")
    expect(outcome).to_contain_text("1 added, 1 changed", timeout=PATIENCE_MS)
    expect(page.get_by_role("row").filter(has_text="1 added, 1 changed")).to_be_visible()
    expect(plan).to_have_count(0)  # it is done


def test_the_guard_against_mass_deletion_gives_way_only_to_a_second_word_with_the_number(
    page: Page, address: str, place: Place
) -> None:
    for path in (place.handbook / "leave.md", place.handbook / "travel.md"):
        path.unlink()
    (place.handbook / HOSTILE).unlink()
    (place.handbook / "private" / "salaries.md").unlink()
    show(page, address, "?tab=sources&source=handbook")
    page.get_by_role("button", name="Run now").click()
    expect(page.locator(".st-key-outcome_bad")).to_contain_text(
        "Stopped by the guard", timeout=PATIENCE_MS
    )
    settle(page)
    page.get_by_role("button", name="See what would change").click()
    ask = page.get_by_role("button", name="Remove 4 documents all the same…")
    expect(ask).to_be_visible(timeout=PATIENCE_MS)
    settle(page)
    ask.click()
    agree = page.get_by_test_id("stDialog").get_by_role("button", name="Remove 4 documents")
    expect(agree).to_be_visible()
    agree.click()
    expect(page.locator(".st-key-outcome_good")).to_contain_text("4 removed", timeout=PATIENCE_MS)


def test_a_file_that_could_not_be_read_is_explained_and_read_again_when_it_is_mended(
    page: Page, address: str, place: Place
) -> None:
    show(page, address, "?tab=quarantine")
    entry = page.get_by_role("row").filter(has_text="empty.txt")
    expect(entry).to_contain_text("There is no text in it", timeout=PATIENCE_MS)
    expect(entry).to_contain_text("Add text to it, or remove it.")
    (place.scans / "empty.txt").write_text("Now it says something about scanners.\n")
    page.get_by_role("button", name="Try again: scans").click()
    expect(page.get_by_text("Every file could be read.")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.locator(".st-key-outcome_good")).to_be_visible()


def test_documents_are_searched_sorted_and_opened_and_their_names_are_only_text(
    page: Page, address: str
) -> None:
    show(page, address, "?tab=documents")
    table = page.locator(".records")
    expect(table.get_by_role("link")).to_have_count(5, timeout=PATIENCE_MS)
    expect(table).to_contain_text("<img src=x onerror=alert(1)> **bold**")
    table.get_by_role("button", name="Document").click()
    expect(table.get_by_role("columnheader", name="Document")).to_have_attribute(
        "aria-sort", "ascending"
    )
    box = page.get_by_role("searchbox", name="Search titles and addresses")
    box.fill("leave")
    box.press("Enter")
    expect(table.get_by_role("link")).to_have_count(1, timeout=PATIENCE_MS)
    settle(page)
    table.get_by_role("link").click()
    expect(page.locator(".fn-chunk")).to_contain_text("thirty days", timeout=PATIENCE_MS)
    settle(page)
    person = page.get_by_role("textbox", name="May this person read it?")
    person.fill("bob@x.org")
    person.press("Enter")
    expect(page.locator(".fn-right")).to_contain_text("Allowed", timeout=PATIENCE_MS)


def test_a_document_that_the_admin_may_not_read_shows_its_rule_and_not_its_words(
    page: Page, address: str
) -> None:
    show(page, address, "?tab=documents")
    page.locator(".records").get_by_role("link", name="Bands").click()
    expect(page.get_by_text("The group people-team.")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_text("manage this document, but not read it")).to_be_visible()
    settle(page)
    person = page.get_by_role("textbox", name="May this person read it?")
    person.fill("bob@x.org")
    person.press("Enter")
    expect(page.locator(".fn-right")).to_contain_text("Denied", timeout=PATIENCE_MS)
    assert "zanzibar" not in page.content()


def test_the_search_debugger_says_what_was_found_how_and_why_not(page: Page, address: str) -> None:
    show(page, address, "?tab=search")
    page.get_by_role("textbox", name="Query").fill("days of leave zanzibar")
    page.get_by_role("textbox", name="Missed document").fill("private/salaries.md")
    page.get_by_role("button", name="Search", exact=True).last.click()
    hits = page.locator(".records").first
    expect(hits).to_contain_text("1. Leave", timeout=PATIENCE_MS)
    expect(hits).to_contain_text("#1")
    expect(hits).not_to_contain_text("coins")
    expect(page.get_by_text(re.compile("it is for the group people-team"))).to_be_visible()
    expect(page.get_by_text(re.compile(r"\d+ ms"))).to_be_visible()


def test_a_reader_cannot_open_the_page(browser: Browser, place: Place) -> None:
    with web_server(place.data_dir, WEB__ROLE="reader") as address:
        context = browser.new_context()
        page = context.new_page()
        page.goto(f"{address}/documents?tab=documents")
        expect(page.get_by_role("alert")).to_contain_text(
            "people with the role 'admin'", timeout=PATIENCE_MS
        )
        assert "leave.md" not in page.content()
        context.close()


def test_without_a_source_the_page_says_how_to_begin(browser: Browser, tmp_path: Path) -> None:
    with web_server(tmp_path / "data") as address:
        context = browser.new_context()
        page = context.new_page()
        show(page, address)
        expect(page.get_by_text("footnote ingest --init")).to_be_visible(timeout=PATIENCE_MS)
        context.close()


def test_a_sources_file_that_cannot_be_used_is_told_in_its_own_sentence(
    page: Page, address: str, place: Place
) -> None:
    (place.folder / "sources.yaml").write_text("handbook:\n  pfad: ./handbook\n")
    show(page, address)
    expect(page.get_by_role("alert")).to_contain_text("Source 'handbook'", timeout=PATIENCE_MS)
    expect(page.get_by_role("row").filter(has_text="handbook").first).to_be_visible()
