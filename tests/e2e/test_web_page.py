"""Answers and sources on the page, in a real browser on a real server; conversations are in `test_web_chat`."""

import re
import urllib.request

import pytest

pytest.importorskip("playwright")

from conftest import Open
from playwright.sync_api import expect
from web_browser import CHROMIUM, NO_CHROMIUM

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason=NO_CHROMIUM),
]

FIRST = "Everyone has 27 days of annual leave in a calendar year."
LEAVE_QUESTION = "How many days of annual leave do I have?"


def test_an_answer_streams_and_its_source_opens_at_the_exact_words(visit: Open) -> None:
    one = visit()
    expect(one.page.get_by_text("4 documents ready to answer.")).to_be_visible()
    one.ask(f"{LEAVE_QUESTION} slowly")
    expect(one.page.locator(".fn-stage")).to_have_text("Writing the answer")
    expect(one.page.locator(".fn-live")).to_contain_text("Everyone has")
    one.answered()
    expect(one.page.locator(".summary")).to_have_text("2 of 2 statements supported")
    expect(one.page.get_by_text("The sources disagree")).to_be_visible()
    one.page.get_by_role("link", name="Source 1: Leave policy").click()
    drawer = one.page.get_by_role("dialog")
    expect(drawer.locator("mark")).to_have_text(FIRST)
    expect(drawer.locator("mark")).to_be_in_viewport()
    expect(drawer.get_by_role("region")).to_contain_text("Parents have 26 weeks of paid leave")
    expect(drawer.get_by_text("Source 1 of 3")).to_be_visible()
    expect(drawer.get_by_text("policies/leave.md · updated 12 March 2026")).to_be_visible()
    drawer.get_by_role("button", name="Next").click()
    expect(drawer.locator("mark")).to_contain_text("Days that are not taken by 31 December")
    drawer.get_by_role("button", name="Next").click()
    expect(drawer.locator("mark")).to_have_text(FIRST.replace("27", "25"))
    expect(drawer.get_by_role("button", name="Next")).to_be_disabled()


def test_a_citation_has_an_address_of_its_own(visit: Open) -> None:
    one = visit()
    one.ask(LEAVE_QUESTION)
    one.answered()
    href = one.page.locator(".chip").nth(1).get_attribute("href")
    one.open(f"/{href}")
    expect(one.page.get_by_role("dialog").locator("mark")).to_contain_text("carried over")
    one.page.keyboard.press("Escape")
    expect(one.page.get_by_role("dialog")).to_have_count(0)
    expect(one.page).not_to_have_url(re.compile("cite="))
    expect(one.page.locator(".answer")).to_have_count(1)


def test_a_source_opens_from_the_keyboard(visit: Open) -> None:
    one = visit()
    one.ask(LEAVE_QUESTION)
    one.answered()
    one.page.locator(".chip").first.focus()
    one.page.keyboard.press("Enter")
    expect(one.page.get_by_role("dialog").locator("mark")).to_have_text(FIRST)


def test_a_long_document_shows_a_window_that_widens(visit: Open) -> None:
    one = visit()
    one.ask("meals?")
    one.answered()
    one.page.locator(".chip").first.click()
    drawer = one.page.get_by_role("dialog")
    expect(drawer.locator("mark")).to_have_text(
        "Meals on a business trip are paid up to 45 euros a day."
    )
    expect(drawer.get_by_text("The last word is here.")).to_have_count(0)
    for _ in range(2):
        drawer.get_by_role("button", name="Show more of the document").click()
        one.settle()
    expect(drawer.get_by_role("region")).to_contain_text("The last word is here.")


def test_sources_of_one_place_share_a_card_and_each_opens_its_own_words(visit: Open) -> None:
    one = visit()
    one.ask("The list, please")
    one.answered()
    expect(one.page.locator(".card")).to_have_count(2)
    expect(one.page.locator(".card").first.locator(".number")).to_have_text(["1", "2", "3", "4"])
    drawer = one.page.get_by_role("dialog")
    for number, words in ((2, "| Wedding | 2 | team lead |"), (4, "Parents have 26 weeks")):
        one.page.locator(".text .chip").nth(number - 1).click()
        expect(drawer.locator("mark")).to_contain_text(words)
        one.page.keyboard.press("Escape")
        expect(drawer).to_have_count(0)
        one.settle()
    one.page.locator(".card .line").nth(2).focus()
    one.page.keyboard.press("Enter")
    expect(drawer.locator("mark")).to_contain_text("| Bereavement | 5 |")
    expect(drawer.get_by_text("Source 3 of 5")).to_be_visible()


@pytest.mark.parametrize(
    ("question", "titles"),
    [
        (
            "What is stale?",
            ["This may be out of date", "The sources disagree", "Reduced service"],
        ),
        ("Who gives orders?", ["A document tries to give orders"]),
        ("What is taken for granted?", ["The question takes something for granted"]),
        ("A near miss?", ["Perhaps not what you asked"]),
    ],
)
def test_what_limits_an_answer_is_said_above_its_sources(
    visit: Open, question: str, titles: list[str]
) -> None:
    one = visit()
    one.ask(question)
    one.answered()
    expect(one.page.locator(".note strong")).to_have_text(titles)
    note, card = (one.page.locator(name).first.bounding_box() for name in (".note", ".card"))
    assert note is not None
    assert card is not None
    assert note["y"] < card["y"]


def test_an_answer_that_broke_off_says_so_and_can_be_asked_again(visit: Open) -> None:
    one = visit()
    one.ask("What was cut short?")
    one.answered()
    expect(one.page.locator(".note strong")).to_have_text("The answer broke off")
    one.page.get_by_role("button", name="Answer again").click()
    expect(one.page.get_by_text("Version 2 of 2")).to_be_visible()
    expect(one.page.locator(".fn-question")).to_have_text(["What was cut short?"])


def test_a_conversation_survives_a_reload_and_can_be_left_and_found_again(visit: Open) -> None:
    one = visit()
    one.ask(LEAVE_QUESTION)
    one.answered()
    one.ask("meals?")
    one.answered(2)
    one.page.reload()
    one.answered(2)
    one.page.get_by_role("button", name="New conversation").click()
    expect(one.page.get_by_role("heading", name="Ask your documents")).to_be_visible()
    expect(one.page.locator(".answer")).to_have_count(0)
    one.page.locator(".st-key-recent .stButton").get_by_role("button").click()
    one.answered(2)


def test_an_example_question_is_asked_with_one_click(visit: Open) -> None:
    one = visit()
    example = "What does Leave policy say about annual leave?"
    one.page.get_by_role("button", name=example).click()
    one.answered()
    expect(one.page.locator(".fn-question")).to_have_text(example)


def test_a_new_conversation_leaves_a_stopped_question_behind(visit: Open) -> None:
    one = visit()
    one.ask("annual leave, slowly")
    expect(one.page.locator(".fn-live")).to_contain_text("Everyone")
    one.page.get_by_test_id("stChatInputStopButton").click()
    expect(one.page.get_by_text("Stopped. This answer is not finished")).to_be_visible()
    one.page.get_by_role("button", name="New conversation").click()
    expect(one.page.get_by_role("heading", name="Ask your documents")).to_be_visible()
    expect(one.page.locator(".fn-question, .fn-live")).to_have_count(0)


def test_an_abstention_is_calm_and_shows_what_the_documents_do_say(visit: Open) -> None:
    one = visit()
    one.ask("What is the airspeed of a swallow?")
    one.answered()
    expect(one.page.locator(".heading")).to_have_text("Not found in the documents")
    expect(one.page.locator(".label")).to_have_text("What the documents do say")
    one.page.locator(".card").first.click()
    expect(one.page.get_by_role("dialog").locator("mark")).to_have_text(
        "Trips are booked through the travel desk."
    )


def test_no_documents_says_how_to_bring_them_in(visit: Open) -> None:
    one = visit(scene="empty")
    expect(one.page.get_by_role("heading", name="No documents yet")).to_be_visible()
    expect(one.page.get_by_text("footnote ingest ./documents")).to_be_visible()
    expect(one.page.get_by_test_id("stChatInputTextArea")).to_be_disabled()


def test_a_question_that_is_too_long_is_told_so(visit: Open) -> None:
    one = visit()
    one.ask("why " * 12_500)
    expect(one.page.get_by_role("alert")).to_contain_text(
        "characters; at most 4,000 can be asked at once"
    )
    one.ask(LEAVE_QUESTION)
    one.answered()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_never_scrolls_sideways(visit: Open, scheme: str) -> None:
    one = visit(viewport={"width": 375, "height": 780}, color_scheme=scheme)

    def fits() -> bool:
        return bool(one.page.evaluate("document.documentElement.scrollWidth <= 376"))

    assert fits()
    one.ask(LEAVE_QUESTION)
    one.answered()
    assert fits()
    one.page.locator(".card").first.click()
    drawer = one.page.get_by_role("dialog")
    expect(drawer.locator("mark")).to_be_visible()
    # After its slide from the right the drawer covers the whole width.
    one.page.wait_for_function(
        # A function: the page's policy forbids to evaluate an expression.
        """() => {
          const {x, width} = document.querySelector("[role=dialog]").getBoundingClientRect();
          return x === 0 && width === 375;
        }"""
    )
    assert fits()


def test_every_response_carries_the_security_headers(address: str) -> None:
    for path in ("/", "/_stcore/health"):
        with urllib.request.urlopen(address + path) as response:
            assert "img-src 'self' data: blob:" in response.headers["Content-Security-Policy"]
            assert response.headers["X-Content-Type-Options"] == "nosniff"
            assert response.headers["Referrer-Policy"] == "no-referrer"
