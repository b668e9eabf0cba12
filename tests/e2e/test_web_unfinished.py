"""Answers that are not finished: stopped, left, lost, failed, or being written in another tab."""

import re
import time
from pathlib import Path

import pytest

pytest.importorskip("playwright")

from conftest import Open
from playwright.sync_api import expect
from web_browser import CHROMIUM, IDLE, NO_CHROMIUM, PATIENCE_MS, Visit
from web_fake import writer_notes
from web_fake_base import fake_application, fake_caller

from app.service import FootnoteService, UnfinishedQuestion

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason=NO_CHROMIUM),
]

SLOW = "annual leave, very slowly"
WORDS = 34
"""Words of its answer."""
STOPPED = "Stopped. This answer is not finished"
PATIENCE_S = PATIENCE_MS / 1000


@pytest.fixture(scope="module")
def service(address: str, folder: Path) -> FootnoteService:
    """The same data folder, seen from another process."""
    return fake_application(folder, "full").service


def unfinished(service: FootnoteService, visit: Visit) -> tuple[UnfinishedQuestion, ...]:
    """Return what is not finished in the conversation that a page shows."""
    conversation = visit.page.url.partition("?c=")[2].partition("&")[0]
    return service.open_conversation(conversation, fake_caller(visit.user)).unfinished


def wait_for_state(service: FootnoteService, visit: Visit, state: str) -> UnfinishedQuestion:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        found = unfinished(service, visit)
        if [one.state for one in found] == [state]:
            return found[0]
        time.sleep(0.05)
    raise AssertionError(found)


def began(visit: Visit, question: str = SLOW) -> None:
    visit.ask(question)
    expect(visit.page.locator(".fn-live")).to_contain_text("Everyone", timeout=PATIENCE_MS)
    expect(visit.page).to_have_url(re.compile("c="), timeout=PATIENCE_MS)


def last_note(folder: Path) -> dict[str, object]:
    return writer_notes(folder / "full")[-1]


def test_stop_keeps_what_was_written_and_ends_the_writing(
    visit: Open, service: FootnoteService, folder: Path
) -> None:
    one = visit()
    began(one)
    before = len(writer_notes(folder / "full"))
    one.page.get_by_test_id("stChatInputStopButton").click()
    expect(one.page.get_by_text(STOPPED)).to_be_visible()
    kept = wait_for_state(service, one, "stopped")
    assert kept.text.startswith("Everyone")
    notes = writer_notes(folder / "full")[before:]
    assert [note["ended"] for note in notes] == ["closed"]
    assert int(str(notes[0]["written"])) < WORDS
    one.page.reload()
    expect(one.page.get_by_text(STOPPED)).to_be_visible()
    expect(one.page.locator(".fn-live")).to_have_text(kept.text)


def test_a_stopped_question_is_asked_again_in_its_place(
    visit: Open, service: FootnoteService
) -> None:
    one = visit()
    began(one, "annual leave, slowly")
    one.page.get_by_test_id("stChatInputStopButton").click()
    one.page.get_by_role("button", name="Ask again").click()
    one.answered()
    expect(one.page.get_by_text(STOPPED)).to_have_count(0)
    expect(one.page.locator(".fn-question")).to_have_text(["annual leave, slowly"])
    assert unfinished(service, one) == ()


def test_a_stopped_question_can_be_removed(visit: Open, service: FootnoteService) -> None:
    one = visit()
    one.ask("What is paid for meals?")
    one.answered()
    began(one)
    one.page.get_by_test_id("stChatInputStopButton").click()
    wait_for_state(service, one, "stopped")
    one.page.get_by_role("button", name="Remove").click()
    expect(one.page.locator(".fn-question")).to_have_text(["What is paid for meals?"])
    one.page.reload()
    one.answered()
    expect(one.page.locator(".fn-question")).to_have_text(["What is paid for meals?"])


def test_the_next_question_leaves_a_stopped_one_where_it_is(visit: Open) -> None:
    one = visit()
    began(one)
    one.page.get_by_test_id("stChatInputStopButton").click()
    expect(one.page.get_by_text(STOPPED)).to_be_visible()
    one.ask("What is paid for meals?")
    one.answered()
    expect(one.page.get_by_text(STOPPED)).to_be_visible()


def test_a_closed_tab_stops_its_answer(visit: Open, service: FootnoteService, folder: Path) -> None:
    one = visit()
    began(one)
    before = len(writer_notes(folder / "full"))
    address = one.page.url
    one.page.close()
    one.page = one.context.new_page()
    one.page.goto(address)
    wait_for_state(service, one, "stopped")
    assert [note["ended"] for note in writer_notes(folder / "full")[before:]] == ["closed"]
    expect(one.page.get_by_text(STOPPED)).to_be_visible(timeout=PATIENCE_MS)
    expect(one.page.locator(".fn-live")).to_contain_text("Everyone")


def test_a_reload_in_the_middle_keeps_the_question_for_who_asked_alone(visit: Open) -> None:
    one = visit()
    began(one)
    address = one.page.url.removeprefix(one.address)
    one.page.reload()
    expect(one.page.locator(".fn-question")).to_have_text([SLOW])
    expect(one.page.get_by_text(STOPPED)).to_be_visible(timeout=PATIENCE_MS)
    stranger = visit(address, user="stranger@x.org")
    expect(stranger.page.get_by_role("alert")).to_contain_text("no conversation")
    expect(stranger.page.locator(".fn-question")).to_have_count(0)


def test_another_tab_shows_the_growing_answer_and_then_the_whole_one(visit: Open) -> None:
    one = visit()
    began(one)
    other = one.context.new_page()
    other.goto(one.page.url)
    expect(other.get_by_text("Being answered in another tab")).to_be_visible(timeout=PATIENCE_MS)
    expect(other.locator(".fn-question")).to_have_text([SLOW])
    expect(other.locator(".fn-live")).to_contain_text("27 days", timeout=PATIENCE_MS)
    one.answered()
    expect(other.locator(".answer")).to_contain_text("five days", timeout=PATIENCE_MS)
    expect(other.get_by_text("Being answered in another tab")).to_have_count(0)
    other.close()


def test_two_tabs_of_one_conversation_ask_at_once_and_both_are_answered(visit: Open) -> None:
    one = visit()
    one.ask("What is paid for meals?")
    one.answered()
    two = one.beside()
    two.answered()
    one.ask("annual leave, slowly, from the first tab")
    expect(one.page.locator(".fn-live")).to_contain_text("Everyone")
    two.ask("annual leave, slowly, from the second tab")
    one.answered(2)
    two.answered(3)
    one.page.reload()
    one.answered(3)
    expect(one.page.locator(".fn-question")).to_have_text(
        [
            "What is paid for meals?",
            "annual leave, slowly, from the first tab",
            "annual leave, slowly, from the second tab",
        ]
    )
    two.page.close()


def test_looking_around_does_not_stop_an_answer(visit: Open) -> None:
    one = visit()
    one.ask("What is paid for meals?")
    one.answered()
    began(one, "annual leave, slowly")
    one.page.get_by_role("button", name="All documents").click()
    expect(one.page.get_by_role("combobox", name="Source")).to_be_visible()
    one.page.keyboard.press("Escape")
    one.page.get_by_test_id("stFeedbackButton").first.click()
    one.answered(2)
    expect(one.page.get_by_text(STOPPED)).to_have_count(0)


def test_a_lost_connection_keeps_the_question_and_finds_back(
    visit: Open, service: FootnoteService
) -> None:
    sockets: list[object] = []
    one = visit(keep_socket=sockets.append)
    began(one)
    sockets[-1].close()  # type: ignore[attr-defined]
    expect(one.page.locator(IDLE)).to_be_attached(timeout=PATIENCE_MS)
    expect(one.page.locator(".fn-question")).to_have_text([SLOW])
    one.page.reload()
    expect(one.page.get_by_role("button", name="Ask again")).to_be_visible(timeout=PATIENCE_MS)
    one.ask("What is paid for meals?")
    one.answered()


def test_a_fault_is_one_sentence_beside_its_question_also_after_a_reload(
    visit: Open, service: FootnoteService
) -> None:
    one = visit()
    one.ask("Please explode")
    problem = one.page.get_by_role("alert")
    expect(problem).to_contain_text("tell the people who run Footnote this number:")
    wait_for_state(service, one, "failed")
    for _ in range(2):
        expect(one.page.locator(".fn-question")).to_have_text(["Please explode"])
        expect(one.page.get_by_text("hunter2")).to_have_count(0)
        expect(one.page.get_by_role("button", name="Ask again")).to_be_visible()
        one.page.reload()
    expect(problem).to_contain_text("Something went wrong")
