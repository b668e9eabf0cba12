"""Hostile texts on every page, live and replayed: nothing runs, and nothing is asked of another machine."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("playwright")

from hostile_corpus import FIND_HARM, HARMFUL, HOSTILE, WATCH, groups
from hostile_site import (
    END,
    LIVE,
    SIZE,
    SOURCE,
    TITLE,
    USER,
    HostileSite,
    hostile_site,
    question,
)
from markdown_it import MarkdownIt
from playwright.sync_api import Browser, Locator, Page, expect
from web_browser import CHROMIUM, NO_CHROMIUM, PATIENCE_MS, Visit

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason=NO_CHROMIUM),
]

SHOWN_PARTS = (":material/skull: :red[red] :blue-background[blue] :rainbow[r]", "$x^2$ $$")
"""As they stand in the questions and answers of the group below."""
MATHS = 4
REMARK = " ".join((TITLE, *HOSTILE[::6]))[:1500]
NOTE = " ".join((TITLE, *HOSTILE[1::6]))[:1500]
PLANTED = """
() => {
  window.__refused = [];
  document.addEventListener("securitypolicyviolation", (event) => window.__refused.push(event.effectiveDirective));
  const box = document.createElement("div");
  box.id = "planted";
  box.innerHTML = "<img src='https://evil.example/pixel.png'><b onclick='pwned(90)'>x</b>";
  const script = document.createElement("script");
  script.textContent = "pwned(91)";
  box.append(script);
  document.body.append(box);
  box.querySelector("b").click();
}
"""
MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
_JOINER = "\u2060"
_TITLES = re.compile(r"(?:[\w ]+ · )?Footnote")


class HostileVisit(Visit):
    """A visit that looks for harm."""

    def look(self, path: str) -> Page:
        """Open a page that is no conversation."""
        self.page.goto(f"{self.address}/{path}")
        expect(self.page.get_by_test_id("stMain").locator("h1")).to_be_visible(timeout=PATIENCE_MS)
        self.settle()
        return self.page

    def assert_harmless(self) -> None:
        """Nothing ran, nothing hostile became an element, and nothing was asked of another machine."""
        assert self.page.evaluate(FIND_HARM, HARMFUL) == []
        assert (self.dialogs, self.strays) == ([], [])
        assert _TITLES.fullmatch(self.page.title())
        assert self.page.locator("[data-testid=stException], .katex").count() == 0

    def ask_for(self, number: int) -> None:
        """Ask for a part of the corpus in a conversation of its own."""
        self.open()
        self.ask(question(number))
        self.answered()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostileSite]:
    with hostile_site(tmp_path_factory.mktemp("hostile")) as site:
        yield site


@pytest.fixture
def visit(browser: Browser, site: HostileSite) -> Iterator[Callable[..., HostileVisit]]:
    visits: list[HostileVisit] = []

    def opened(**options: Any) -> HostileVisit:
        one = HostileVisit(browser, site.address, **options)
        one.context.add_init_script(WATCH)
        visits.append(one)
        return one

    yield opened
    for one in visits:
        one.close()


@pytest.fixture
def one(visit: Callable[..., HostileVisit]) -> Iterator[HostileVisit]:
    one = visit()
    expect.set_options(timeout=PATIENCE_MS)
    yield one
    one.assert_harmless()


def button(page: Page | Locator, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


def label(words: Locator) -> str:
    """The words of a button, without the joiners that keep Streamlit from reading them."""
    return words.inner_text().replace(_JOINER, "").strip()


# --- the watch -----------------------------------------------------------------------------------------


def test_the_watch_sees_harm_where_nothing_holds_it_back(
    visit: Callable[..., HostileVisit],
) -> None:
    one = visit(bypass_csp=True)
    one.open()
    one.assert_harmless()
    with one.page.expect_event("requestfailed"):
        one.page.evaluate(PLANTED)
    assert one.strays == ["https://evil.example/pixel.png"]
    found = one.page.evaluate(FIND_HARM, HARMFUL)
    assert {"pwned 90", "pwned 91"} <= set(found)
    assert any("pixel.png" in element for element in found)


def test_the_policy_of_the_server_holds_back_what_got_into_the_page(one: HostileVisit) -> None:
    one.open()
    one.page.evaluate(PLANTED)
    one.page.wait_for_function("() => window.__refused.length >= 3")
    refused = one.page.evaluate("window.__refused")
    assert set(refused) == {"img-src", "script-src-attr", "script-src-elem"}
    one.page.evaluate("document.getElementById('planted').remove()")
    one.assert_harmless()


# --- conversations -------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", range(len(groups(SIZE))))
def test_questions_answers_and_sources_are_only_text_live_and_replayed(
    one: HostileVisit, number: int
) -> None:
    one.ask_for(number)
    one.assert_harmless()
    page = one.page
    assert page.locator(".fn-question").text_content() == question(number)
    expect(page.locator(".card").first).to_be_visible()
    if number == MATHS:
        for words in SHOWN_PARTS:
            expect(page.locator(".answer .text")).to_contain_text(words)
    titles = page.locator(".card").all_inner_texts()
    assert any(TITLE in shown or shown.split("\n")[0] in HOSTILE for shown in titles), titles
    page.locator(".card").first.click()
    drawer = page.get_by_role("dialog")
    sources = page.locator(".fn-step")
    expect(sources).to_be_visible()
    _, first, _, last = sources.inner_text().split()
    count = int(last)
    for place in range(int(first) - 1, 0, -1):
        page.locator(".st-key-source_previous button").click()
        expect(sources).to_have_text(f"Source {place} of {count}")
        one.settle()
    for place in range(1, count + 1):
        expect(sources).to_have_text(f"Source {place} of {count}")
        expect(drawer.locator("mark").first).to_be_visible()
        one.settle()
        one.assert_harmless()
        if place < count:
            page.locator(".st-key-source_next button").click()
    drawer.get_by_text("Why this source").click()
    page.reload()
    one.answered()
    expect(drawer.locator("mark").first).to_be_visible()
    one.assert_harmless()


@pytest.mark.parametrize("number", [0, 2, 4])
def test_an_answer_that_grows_is_only_text_and_so_is_what_is_left_when_it_is_stopped(
    one: HostileVisit, number: int
) -> None:
    one.open()
    one.ask(f"{question(number)} {LIVE}")
    page = one.page
    expect(page.locator(".fn-live")).to_contain_text(END)
    one.assert_harmless()
    page.get_by_test_id("stChatInputStopButton").click()
    expect(button(page, "Remove")).to_be_visible()
    one.assert_harmless()
    page.reload()
    expect(page.get_by_text(END).first).to_be_visible()
    one.settle()
    one.assert_harmless()


def test_what_is_copied_and_saved_loads_nothing_where_markdown_is_drawn(
    one: HostileVisit, tmp_path: Path
) -> None:
    one.context.grant_permissions(["clipboard-read", "clipboard-write"])
    one.ask_for(2)
    page = one.page
    for number in (3, MATHS):
        one.ask(question(number))
        one.answered(number - 1)
    texts = []
    for place in range(3):
        page.get_by_role("button", name="Copy with sources").nth(place).click()
        expect(page.locator(".actions + .spoken").nth(place)).to_have_text("Copied")
        copied = page.evaluate("navigator.clipboard.readText()")
        texts.append(copied)
    with page.expect_download() as started:
        button(page, "Save as Markdown").click()
    started.value.save_as(tmp_path / "saved.md")
    texts.append((tmp_path / "saved.md").read_text(encoding="utf-8"))
    for text in texts:
        assert "kestrel report" in text
        drawn = one.context.new_page()
        drawn.set_content(MARKDOWN.render(text))
        assert drawn.evaluate(FIND_HARM, f"{HARMFUL}, img, script, style, iframe, svg") == []
        assert drawn.locator("a").count() == 0
        drawn.close()


def test_conversations_are_named_found_and_shared_under_any_name(one: HostileVisit) -> None:
    one.ask_for(0)
    page = one.page
    head = page.locator(".fn-title")
    for name in (" ".join(HOSTILE[:4])[:80], HOSTILE[34], f"{TITLE} kept"):
        row = page.locator(".st-key-recent [class*='st-key-row_'][class*='_open']")
        row.hover()
        row.locator("[class*='st-key-menu_'] button").click()
        page.get_by_role("menuitem", name="Rename").or_(
            page.get_by_role("option", name="Rename")
        ).first.click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_role("textbox", name="Name").fill(name)
        button(dialog, "Rename").click()
        expect(dialog).to_have_count(0)
        expect(head).to_have_text(name)
        one.settle()
        one.assert_harmless()
    row = page.locator(".st-key-recent [class*='_open'] [class*='st-key-conversation_']")
    assert label(row) == f"{TITLE} kept"
    button(page, "Share").click()
    page.get_by_text("Readable for people who have the address").click()
    expect(page.locator(".address")).to_be_visible()
    one.settle()
    one.assert_harmless()
    button(page, "Shared").click()
    box = page.get_by_role("searchbox", name="Find a conversation")
    if box.count():
        box.fill(f"{TITLE} kept")
        expect(page.locator(".st-key-recent [class*='st-key-conversation_']")).to_have_count(1)


def test_the_parts_of_the_documents_are_named_as_they_are(one: HostileVisit) -> None:
    one.open()
    page = one.page
    button(page, "All documents").click()
    tags = page.get_by_role("combobox", name="Tags")
    tags.click()
    expect(page.get_by_role("option").first).to_be_visible()
    one.assert_harmless()
    page.get_by_role("option").first.click()
    expect(page.locator("[class*='st-key-scope_chip_'] button:visible").first).to_be_visible()
    one.settle()


def test_names_of_dropped_files_are_only_text(one: HostileVisit) -> None:
    one.open()
    page = one.page
    names = [
        f"{text}.md" for text in (f"**b** {TITLE}".replace("/", ""), HOSTILE[2], HOSTILE[34][:9])
    ]
    files = [
        {"name": name, "mimeType": "text/markdown", "buffer": b"# Hotels\n\nThey cost 143 euros.\n"}
        for name in names
    ]
    broken = {"name": f"{HOSTILE[2]}.exe", "mimeType": "text/plain", "buffer": b"MZ\x00\x01"}
    with page.expect_file_chooser() as choosing:
        page.get_by_test_id("stChatInputFileUploadButton").click()
    choosing.value.set_files([*files, broken])
    attached = page.get_by_test_id("stChatInput").get_by_role("button", name=re.compile("^Remove "))
    expect(attached).to_have_count(4)
    one.assert_harmless()
    box = page.get_by_test_id("stChatInputTextArea")
    box.fill("What do hotels cost?")
    box.press("Enter")
    # Each is read by a command of its own, one after the other.
    expect(page.locator(".fn-attached")).to_have_text(names, timeout=4 * PATIENCE_MS)
    expect(page.get_by_role("alert").filter(has_text=HOSTILE[2])).to_be_visible()
    one.settle()
    one.assert_harmless()


# --- flags and reviews ---------------------------------------------------------------------------------


def test_flags_comments_and_notes_are_only_text_for_those_who_flag_and_those_who_review(
    one: HostileVisit,
) -> None:
    one.ask_for(MATHS)
    page = one.page
    page.locator(".answer .text").get_by_text("The kestrel report").first.click()
    window = page.locator(".window:popover-open")
    expect(window).to_be_visible()
    one.assert_harmless()
    window.get_by_role("button", name="Wrong fact").click()
    window.get_by_role("button", name="Add details").click()
    dialog = page.get_by_role("dialog", name="Details of your flag")
    for field in ("What would be right?", "Where does it stand?", "Comment"):
        dialog.get_by_label(field).fill(REMARK[:500])
    button(dialog, "Save details").click()
    expect(dialog).to_have_count(0)
    one.look("flags")
    expect(page.get_by_text("A fact is wrong")).to_be_visible()
    one.assert_harmless()
    _review(one)
    one.look("flags")
    expect(page.get_by_text("Rejected").first).to_be_visible()
    one.assert_harmless()


def _review(one: HostileVisit) -> None:
    page = one.look("review")
    entry = page.locator(".queue .question").first
    expect(entry).to_contain_text(TITLE)
    one.assert_harmless()
    entry.click()
    expect(page.locator(".flag.main .comment")).to_have_text(REMARK[:500].strip())
    one.settle()
    page.locator(".item details").evaluate_all("all => all.forEach((one) => { one.open = true; })")
    one.assert_harmless()
    for name, fills in (("correct", 0), ("duplicate", 0), ("promote", 0), ("reject", 1)):
        page.locator(f".st-key-review_{name} button").click()
        form = page.locator(f".st-key-review_form_{name}")
        expect(form).to_be_visible()
        one.settle()
        one.assert_harmless()
        if fills:
            form.get_by_role("textbox").first.fill(NOTE)
            button(form, "Reject").click()
    expect(page.locator(".st-key-review_said")).to_contain_text("Rejected")
    page.get_by_role("radio", name=re.compile("^Rejected")).click()
    entry.click()
    expect(page.locator(".item")).to_contain_text(NOTE[:200])
    one.settle()
    one.assert_harmless()


# --- pages of admins -----------------------------------------------------------------------------------


def _through_pages(one: HostileVisit) -> None:
    """Look at every page of a table."""
    pages = one.page.get_by_test_id("stPagination").get_by_role("button", name=re.compile("ext"))
    while True:
        expect(one.page.locator(".records tbody tr, .records [role=row]").first).to_be_visible()
        one.settle()
        one.assert_harmless()
        if not pages.count() or pages.first.is_disabled():
            return
        first = one.page.locator(".records").inner_text()
        pages.first.click()
        expect(one.page.locator(".records")).not_to_have_text(first)


def test_the_pages_of_documents_show_names_titles_and_passages_as_they_are(
    one: HostileVisit, site: HostileSite
) -> None:
    page = one.look("documents")
    expect(page.locator(".records").first).to_contain_text(SOURCE)
    one.assert_harmless()
    page.locator(".records").first.get_by_role("link").first.click()
    expect(page.locator(".st-key-source_facts")).to_contain_text(SOURCE)
    one.settle()
    one.assert_harmless()
    one.look("documents?tab=quarantine")
    _through_pages(one)
    one.look("documents?tab=documents")
    _through_pages(one)
    box = page.get_by_role("searchbox", name="Search titles and addresses")
    box.fill(TITLE)
    box.press("Enter")
    table = page.locator(".records")
    expect(table.get_by_role("link")).to_have_count(len(groups(SIZE)))
    expect(table.get_by_role("link").filter(has_text=f"{TITLE} ")).to_have_count(len(groups(SIZE)))
    for address in [link.get_attribute("href") for link in table.get_by_role("link").all()]:
        one.look(f"documents{address}")
        expect(page.locator(".fn-chunk").first).to_be_visible()
        page.locator("summary").filter(has_text="What it says of itself").click()
        one.settle()
        one.assert_harmless()
    person = page.get_by_role("textbox", name="May this person read it?")
    person.fill(USER)
    person.press("Enter")
    expect(page.locator(".fn-right, [role=alert]").first).to_be_visible()


def test_the_search_debugger_takes_any_query(one: HostileVisit) -> None:
    page = one.look("documents?tab=search")
    for number in range(len(groups(SIZE))):
        page.get_by_role("textbox", name="Query").fill(question(number)[:2000])
        page.get_by_role("textbox", name="Missed document").fill(HOSTILE[number])
        button(page, "Search").last.click()
        expect(page.locator(".records").first).to_contain_text(f"report {number}")
        one.settle()
        one.assert_harmless()
    for field in ("as", "filter"):
        page.locator(f".st-key-probe_{field} input").fill(HOSTILE[2])
    button(page, "Search").last.click()
    expect(page.get_by_role("alert").first).to_be_visible()
    one.settle()


def test_the_quality_page_shows_questions_and_names_of_runs_as_they_are(one: HostileVisit) -> None:
    page = one.look("quality")
    one.assert_harmless()
    for name in ("Document gaps", "Speed and cost", "Trust", "Evaluation"):
        page.get_by_role("tab", name=name).click()
        expect(page.get_by_role("tab", name=name)).to_have_attribute("aria-selected", "true")
        one.settle()
        if name == "Document gaps":
            expect(page.locator(".fn-gap-label").first).to_be_visible()
        if name == "Evaluation":
            expect(page.locator("svg.marks").first).to_be_visible()
        page.locator("details").evaluate_all("all => all.forEach((one) => { one.open = true; })")
        one.assert_harmless()


def test_names_that_the_identity_provider_gives_are_only_text(one: HostileVisit) -> None:
    page = one.look("people")
    expect(page.locator(".st-key-identity")).to_contain_text(USER)
    one.assert_harmless()
    page.get_by_role("textbox", name="Search people").fill(HOSTILE[2])
    page.get_by_role("textbox", name="Search people").press("Enter")
    expect(page.locator(".st-key-people_rows .fn-person")).to_have_text([HOSTILE[2]])
    one.settle()
    button(page, "Deactivate").click()
    expect(page.locator(".fn-ask")).to_contain_text(HOSTILE[2])
    one.assert_harmless()
    button(page, "Yes, deactivate").click()
    expect(page.locator(".fn-outcome")).to_contain_text(HOSTILE[2])
