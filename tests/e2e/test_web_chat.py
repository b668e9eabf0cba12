"""Conversations in the browser: asked again, edited, copied, shared, found, kept to a part of the documents."""

import json
import re
from pathlib import Path

import pytest

pytest.importorskip("playwright")

from conftest import Open
from playwright.sync_api import Page, expect
from web_browser import CHROMIUM, NO_CHROMIUM, PATIENCE_MS, Visit
from web_fake_base import fake_application, fake_caller

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason=NO_CHROMIUM),
]

LEAVE = "How many days of annual leave do I have?"
MEALS = "What is paid for meals?"


def button(page: Page, name: str):
    return page.get_by_role("button", name=name, exact=True)


def conversation_of(visit: Visit) -> str:
    found = re.search(r"[?&]c=(\w+)", visit.page.url)
    assert found, visit.page.url
    return found[1]


def open_menu(visit: Visit, title: str, action: str) -> None:
    row = visit.page.locator(".st-key-recent [class*='st-key-row_']").filter(has_text=title).first
    row.hover()
    row.get_by_role("button", name=f"Change “{title}”").click()
    visit.page.get_by_role("menuitem", name=action).or_(
        visit.page.get_by_role("option", name=action)
    ).first.click()


# --- one answer --------------------------------------------------------------------------------------


def test_an_answer_can_be_asked_for_again_and_the_earlier_one_stays_reachable(visit: Open) -> None:
    one = visit()
    one.ask(LEAVE)
    one.answered()
    button(one.page, "Answer again").click()
    expect(one.page.locator(".fn-small", has_text="Version 2 of 2")).to_be_visible()
    one.settle()
    expect(one.page.locator(".fn-question")).to_have_text([LEAVE])
    one.page.reload()
    expect(one.page.locator(".fn-small", has_text="Version 2 of 2")).to_be_visible()
    one.settle()
    button(one.page, "Earlier version").click()
    expect(one.page.locator(".fn-small", has_text="Version 1 of 2")).to_be_visible()
    expect(button(one.page, "Earlier version")).to_be_disabled()
    one.settle()
    button(one.page, "Later version").click()
    expect(one.page.locator(".fn-small", has_text="Version 2 of 2")).to_be_visible()


def test_the_last_question_is_edited_in_its_place_with_the_keyboard_alone(visit: Open) -> None:
    one = visit()
    one.ask(MEALS)
    one.answered()
    one.ask(LEAVE)
    one.answered(2)
    expect(button(one.page, "Edit")).to_have_count(1)
    button(one.page, "Edit").focus()
    one.page.keyboard.press("Enter")
    box = one.page.get_by_role("textbox", name="Your question")
    expect(box).to_have_value(LEAVE)
    box.focus()
    one.page.keyboard.press("Control+a")
    one.page.keyboard.type("Who gives orders?")
    one.page.keyboard.press("Control+Enter")
    expect(one.page.locator(".fn-question")).to_have_text([MEALS, "Who gives orders?"])
    expect(one.page.locator(".fn-small", has_text="Version 2 of 2")).to_be_visible()
    one.answered(2)
    button(one.page, "Earlier version").click()
    expect(one.page.locator(".fn-question")).to_have_text([MEALS, LEAVE])


def test_an_edit_can_be_left_without_asking(visit: Open) -> None:
    one = visit()
    one.ask(LEAVE)
    one.answered()
    button(one.page, "Edit").click()
    one.page.get_by_role("textbox", name="Your question").fill("something else")
    button(one.page, "Cancel").click()
    expect(one.page.locator(".fn-question")).to_have_text([LEAVE])
    expect(one.page.get_by_text("Version")).to_have_count(0)


@pytest.mark.parametrize("clipboard", ["allowed", "refused"])
def test_an_answer_is_copied_with_its_sources_and_that_is_said(visit: Open, clipboard: str) -> None:
    one = visit()
    one.context.grant_permissions(["clipboard-read", "clipboard-write"])
    one.ask(LEAVE)
    one.answered()
    if clipboard == "refused":
        one.page.evaluate(
            "() => { navigator.clipboard.writeText = () => Promise.reject(new Error('no')); }"
        )
    one.page.get_by_role("button", name="Copy with sources").click()
    expect(one.page.locator(".actions + .spoken").first).to_have_text("Copied")
    copied = one.page.evaluate("navigator.clipboard.readText()")
    assert "Everyone has 27 days of annual leave" in copied
    assert "Leave policy" in copied
    assert "policies/leave.md" in copied


def test_the_copied_address_of_an_answer_brings_it_into_view(visit: Open) -> None:
    one = visit()
    one.context.grant_permissions(["clipboard-read", "clipboard-write"])
    for count, question in enumerate((LEAVE, "The list, please", "What is stale?", MEALS), 1):
        one.ask(question)
        one.answered(count)
    one.page.get_by_role("button", name="Copy the address of this answer").nth(1).click()
    expect(one.page.locator(".spoken", has_text="Copied")).to_have_count(1)
    address = one.page.evaluate("navigator.clipboard.readText()")
    assert "answer=" in address
    one.open(address.removeprefix(one.address))
    expect(one.page.locator(".fn-question").nth(1)).to_be_in_viewport()
    expect(one.page.locator(".fn-question").nth(3)).not_to_be_in_viewport()


def test_a_finished_answer_is_announced_once_and_its_words_are_not(visit: Open) -> None:
    one = visit()
    region = one.page.locator(".st-key-announcer").locator("[role=status]")
    expect(region).to_have_text("")
    one.ask(f"{LEAVE} slowly")
    expect(one.page.locator(".fn-live")).to_contain_text("Everyone")
    expect(region).to_have_text("")
    assert one.page.locator(".st-key-live").locator("[role=status], [aria-live]").count() == 0
    expect(region).to_have_text("Answer ready, 3 sources", timeout=PATIENCE_MS)
    one.ask("What is the airspeed of a swallow?")
    expect(region).to_have_text("No answer was found in the documents", timeout=PATIENCE_MS)


def test_what_could_be_asked_next_is_asked_with_one_click(visit: Open) -> None:
    one = visit()
    one.ask("What is in scope for leave?")
    one.answered()
    follow_ups = one.page.locator(".st-key-follow_ups button")
    expect(follow_ups.first).to_be_visible()
    words = follow_ups.first.inner_text().splitlines()[-1]
    follow_ups.first.click()
    one.answered(2)
    expect(one.page.locator(".fn-question").last).to_have_text(words)


# --- conversations -----------------------------------------------------------------------------------


def test_a_conversation_is_saved_as_markdown(visit: Open, tmp_path: Path) -> None:
    one = visit()
    one.ask(LEAVE)
    one.answered()
    one.ask(MEALS)
    one.answered(2)
    with one.page.expect_download() as started:
        button(one.page, "Save as Markdown").click()
    started.value.save_as(tmp_path / "saved.md")
    saved = (tmp_path / "saved.md").read_text(encoding="utf-8")
    for words in (LEAVE, MEALS, "Everyone has 27 days", "policies/leave.md"):
        assert words in saved


def test_conversations_are_found_by_their_words_and_opened(visit: Open) -> None:
    one = visit()
    for fruit in ("kiwi", "mango", "papaya", "quince", "cherry", "lemon"):
        one.open()
        one.ask(f"{LEAVE} Is it {fruit}?")
        one.answered()
    one.open()
    one.ask("What is paid for meals on a journey?")
    one.answered()
    rows = one.page.locator(".st-key-recent [class*='st-key-conversation_']")
    expect(rows).to_have_count(7)
    box = one.page.get_by_role("searchbox", name="Find a conversation").or_(
        one.page.get_by_role("textbox", name="Find a conversation")
    )
    box.fill("journey")
    expect(rows).to_have_count(1)
    box.fill("zebra")
    expect(one.page.get_by_text("No conversation has these words.")).to_be_visible()
    box.fill("quince")
    expect(rows).to_have_count(1)
    rows.get_by_role("button").click()
    expect(one.page.locator(".fn-question")).to_have_text([f"{LEAVE} Is it quince?"])


def test_a_conversation_is_renamed(visit: Open) -> None:
    one = visit()
    one.ask(LEAVE)
    one.answered()
    open_menu(one, LEAVE, "Rename")
    dialog = one.page.get_by_role("dialog")
    dialog.get_by_role("textbox", name="Name").fill("**Days** <b>off</b>")
    dialog.get_by_role("button", name="Rename").click()
    expect(dialog).to_have_count(0)
    expect(one.page.locator(".fn-title")).to_have_text("**Days** <b>off</b>")
    one.settle()
    row = one.page.locator(".st-key-recent .stButton").first
    assert row.inner_text().replace("\u2060", "").strip() == "**Days** <b>off</b>"
    one.page.reload()
    expect(one.page.locator(".fn-title")).to_have_text("**Days** <b>off</b>")


def test_a_conversation_is_deleted_only_after_a_second_word(visit: Open) -> None:
    one = visit()
    one.ask(LEAVE)
    one.answered()
    address = one.page.url.removeprefix(one.address)
    open_menu(one, LEAVE, "Delete")
    dialog = one.page.get_by_role("dialog")
    expect(dialog.get_by_text("gone for good")).to_be_visible()
    dialog.get_by_role("button", name="Keep it").click()
    expect(dialog).to_have_count(0)
    one.answered()
    open_menu(one, LEAVE, "Delete")
    dialog.get_by_role("button", name="Delete", exact=True).click()
    expect(one.page.get_by_role("heading", name="Ask your documents")).to_be_visible()
    expect(one.page.locator(".st-key-recent")).to_have_count(0)
    one.open(address)
    expect(one.page.get_by_role("alert")).to_contain_text("There is no conversation of yours")


def test_back_and_forward_lead_through_conversations_and_sources(visit: Open) -> None:
    one = visit()
    one.ask(LEAVE)
    one.answered()
    # The browser shows a new address a moment after the page.
    expect(one.page).to_have_url(re.compile(r"\?c="))
    first = one.page.url
    one.page.get_by_role("link", name="Source 1: Leave policy").click()
    drawer = one.page.get_by_role("dialog")
    expect(drawer).to_be_visible()
    one.page.keyboard.press("Escape")
    expect(drawer).to_have_count(0)
    one.settle()
    button(one.page, "New conversation").click()
    expect(one.page.get_by_role("heading", name="Ask your documents")).to_be_visible()
    one.ask(MEALS)
    one.answered()
    expect(one.page).to_have_url(re.compile(r"\?c="))
    second = one.page.url
    assert second != first
    # Longer than an address may lag behind: what comes later is a person.
    one.page.wait_for_timeout(2000)
    for _ in range(2):
        one.page.go_back()
    expect(one.page.locator(".fn-question")).to_have_text([LEAVE])
    expect(one.page).to_have_url(first)
    one.settle()
    for _ in range(2):
        one.page.go_forward()
    expect(one.page.locator(".fn-question")).to_have_text([MEALS])
    expect(one.page).to_have_url(second)


def test_a_long_conversation_draws_its_last_twenty_turns(visit: Open, folder: Path) -> None:
    one = visit(user="patient@x.org")
    service = fake_application(folder, "full").service
    caller = fake_caller("patient@x.org")
    conversation = service.ask("annual leave, number 1", caller).conversation_id
    for number in range(2, 24):
        service.ask(f"annual leave, number {number}", caller, conversation)
    one.open(f"/?c={conversation}")
    one.answered(20)
    expect(one.page.locator(".fn-question").first).to_have_text("annual leave, number 4")
    button(one.page, "Show 3 earlier questions").click()
    one.answered(23)
    expect(one.page.locator(".fn-question").first).to_have_text("annual leave, number 1")


# --- shared ------------------------------------------------------------------------------------------


def share(visit: Visit) -> str:
    """Share the shown conversation; return its address."""
    one = visit
    button(one.page, "Share").click()
    one.page.get_by_text("Readable for people who have the address").click()
    expect(button(one.page, "Shared")).to_be_visible()
    expect(one.page.locator(".address")).to_have_text(re.compile(re.escape(conversation_of(one))))
    one.settle()
    return f"/?c={conversation_of(one)}"


def test_a_private_conversation_does_not_exist_for_others(visit: Open) -> None:
    ada, bob = visit(user="ada@x.org"), visit(user="bob@x.org")
    ada.ask(LEAVE)
    ada.answered()
    address = ada.page.url.removeprefix(ada.address)
    said = []
    for path in (address, "/?c=never"):
        bob.open(path)
        expect(bob.page.get_by_role("alert")).to_be_visible()
        words = bob.page.get_by_role("alert").inner_text()
        said.append(re.sub(r"'[\w-]+'", "'…'", words))
        expect(bob.page.locator(".answer, .fn-question")).to_have_count(0)
    assert said[0] == said[1]


def test_a_shared_conversation_is_read_by_others_until_it_is_not_shared_any_more(
    visit: Open,
) -> None:
    ada, bob = visit(user="ada@x.org"), visit(user="bob@x.org")
    ada.ask(LEAVE)
    ada.answered()
    address = share(ada)
    bob.open(address)
    bob.answered()
    expect(bob.page.get_by_text("Somebody shared this conversation with you.")).to_be_visible()
    for name in ("Edit", "Answer again", "Share"):
        expect(button(bob.page, name)).to_have_count(0)
    bob.page.get_by_role("link", name="Source 1: Leave policy").click()
    expect(bob.page.get_by_role("dialog").locator("mark")).to_contain_text("Everyone has 27 days")
    cited = bob.page.url.removeprefix(bob.address)
    assert "cite=1" in cited
    bob.open(cited)
    expect(bob.page.get_by_role("dialog").locator("mark")).to_contain_text("Everyone has 27 days")
    bob.open(address)
    bob.ask(MEALS)
    # The shared conversation has an answer too: what was asked is awaited first.
    expect(bob.page.locator(".fn-question")).to_have_text([MEALS])
    bob.answered()
    assert conversation_of(bob) != conversation_of(ada)
    ada.page.keyboard.press("Escape")
    button(ada.page, "Shared").click()
    ada.page.get_by_text("Readable for people who have the address").click()
    expect(button(ada.page, "Share")).to_be_visible()
    bob.open(address)
    expect(bob.page.get_by_role("alert")).to_contain_text("There is no conversation of yours")


def test_what_a_reader_may_not_see_of_a_shared_conversation_is_left_out(visit: Open) -> None:
    hr, bob = visit(user="hr@example.org"), visit(user="bob@x.org")
    hr.ask(LEAVE)
    hr.answered()
    hr.ask("Which pay bands are in scope?")
    hr.answered(2)
    expect(hr.page.locator(".answer").last).to_contain_text("Pay bands")
    bob.open(share(hr))
    bob.answered()
    expect(bob.page.get_by_text("This question and its answer are left out")).to_be_visible()
    expect(bob.page.get_by_text(re.compile("pay", re.I))).to_have_count(0)


# --- scope -------------------------------------------------------------------------------------------


def choose(visit: Visit, label: str, option: str) -> None:
    visit.page.get_by_role("combobox", name=label).click()
    visit.page.get_by_role("option", name=option).click()


def test_questions_are_kept_to_the_chosen_part_of_the_documents(visit: Open) -> None:
    one = visit()
    button(one.page, "All documents").click()
    choose(one, "Source", "finance (1)")
    expect(button(one.page, "1 of 4 documents")).to_be_visible()
    one.page.keyboard.press("Escape")
    one.ask("What is in scope for leave and meals?")
    one.answered()
    expect(one.page.locator(".answer .text")).to_have_text("Read: Expenses.")
    expect(button(one.page, "1 of 4 documents")).to_be_visible()
    one.ask("What else is in scope for leave and meals?")
    one.answered(2)
    expect(one.page.locator(".answer .text").nth(1)).to_have_text("Read: Expenses.")
    one.settle()
    button(one.page, "New conversation").click()
    expect(button(one.page, "All documents")).to_be_visible()
    one.page.locator(".st-key-recent [class*='st-key-conversation_'] button").first.click()
    one.answered(2)
    expect(button(one.page, "1 of 4 documents")).to_be_visible()
    one.page.locator("[class*='st-key-scope_chip_'] button:visible").click()
    expect(button(one.page, "All documents")).to_be_visible()
    one.ask("And all that is in scope for leave and meals?")
    one.answered(3)
    expect(one.page.locator(".answer .text").nth(2)).to_contain_text("Leave policy")


def test_a_scope_without_documents_is_explained(visit: Open) -> None:
    one = visit()
    button(one.page, "All documents").click()
    choose(one, "Source", "finance (1)")
    choose(one, "Kind of file", "md (2)")
    expect(one.page.get_by_text("No document that you may read fits all of these")).to_be_visible()
    expect(button(one.page, "0 of 4 documents")).to_be_visible()
    button(one.page, "Look everywhere").click()
    expect(button(one.page, "All documents")).to_be_visible()


# --- limits ------------------------------------------------------------------------------------------


def test_who_asks_too_often_is_told_so_beside_the_question_and_keeps_the_words(
    visit: Open,
) -> None:
    one = visit(scene="limited")
    for count in (1, 2):
        one.ask(LEAVE)
        one.answered(count)
    one.ask("One question too many?")
    expect(one.page.get_by_role("alert")).to_contain_text("You asked 2 questions today")
    expect(one.page.locator(".fn-question").last).to_have_text("One question too many?")
    expect(one.page.get_by_test_id("stChatInputTextArea")).to_have_value("One question too many?")
    expect(one.page.locator(".answer")).to_have_count(2)


def test_who_waits_for_a_free_place_sees_it_at_once_and_is_answered_then(visit: Open) -> None:
    first, second = visit(scene="narrow", user="a@x.org"), visit(scene="narrow", user="b@x.org")
    first.ask(f"{LEAVE} very slowly")
    expect(first.page.locator(".fn-live")).to_contain_text("Everyone")
    second.ask(MEALS)
    expect(second.page.locator(".fn-stage")).to_have_text(
        "Waiting for a free place: 1 answer is before yours"
    )
    first.page.get_by_test_id("stChatInputStopButton").click()
    second.answered()


# --- narrow pages and long words ---------------------------------------------------------------------


def fits(visit: Visit) -> bool:
    return bool(
        visit.page.evaluate(
            "document.documentElement.scrollWidth <= innerWidth + 1 && "
            "[...document.querySelectorAll('[data-testid=stMain]')]"
            ".every(e => e.scrollWidth <= e.clientWidth + 1)"
        )
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_state_of_a_conversation_scrolls_a_phone_sideways(visit: Open, scheme: str) -> None:
    one = visit(viewport={"width": 375, "height": 780}, color_scheme=scheme)
    one.ask("long words " + "x" * 400)
    one.answered()
    expect(one.page.locator(".answer")).to_contain_text("לכל העובדים")
    assert fits(one)
    button(one.page, "Edit").click()
    expect(one.page.get_by_role("textbox", name="Your question")).to_be_visible()
    assert fits(one)
    button(one.page, "Cancel").click()
    one.settle()
    button(one.page, "Answer again").click()
    expect(one.page.locator(".fn-small", has_text="Version 2 of 2")).to_be_visible()
    one.settle()
    assert fits(one)
    share(one)
    assert fits(one)
    one.page.keyboard.press("Escape")
    button(one.page, "All documents").click()
    choose(one, "Source", "handbook (3)")
    expect(button(one.page, "3 of 4 documents")).to_be_visible()
    assert fits(one)
    one.page.keyboard.press("Escape")
    one.ask("annual leave very slowly")
    expect(one.page.locator(".fn-live")).to_contain_text("Everyone")
    assert fits(one)
    one.page.get_by_test_id("stChatInputStopButton").click()
    expect(button(one.page, "Remove")).to_be_visible()
    assert fits(one)


def test_a_language_from_the_right_starts_at_the_right(visit: Open) -> None:
    one = visit()
    one.ask("כמה ימי חופשה יש לי? long words")
    one.answered()
    direction = "e => getComputedStyle(e).direction"
    assert one.page.locator(".fn-question").evaluate(direction) == "rtl"
    assert json.loads(one.page.evaluate("JSON.stringify(document.title)")) == "Footnote"
