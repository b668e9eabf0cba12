"""Every claim of an answer carries its verdict, shows its evidence, and is drawn as the Markdown that it is."""

import json
import re

import pytest

pytest.importorskip("playwright")

from conftest import Open
from playwright.sync_api import Locator, Page, expect
from web_browser import CHROMIUM, NO_CHROMIUM, Visit

# A claim that opens, a flag that is stored: nothing here is measured, so a slow machine may take its time.
expect.set_options(timeout=30_000)
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason=NO_CHROMIUM),
]

SUPPORTED = "This statement is supported. Show why"
CONTRADICTED = "This statement is contradicted by its source. Show why"
FIRST = "Everyone has 27 days of annual leave in a calendar year."
# All of an answer's text as the page says it is shown: what has a place, in its order.
PLACES = """
  () => [...document.querySelectorAll("*")].map((host) => host.shadowRoot?.querySelector(".answer")?.answer)
    .filter(Boolean).map((answer) => answer.pieces.map(({ place, written }) => [place, written]))
"""


def asked(visit: Open, question: str = "markdown", **options: object) -> Visit:
    one: Visit = visit(**options)
    one.ask(question)
    one.answered()
    return one


def window(page: Page) -> Locator:
    return page.locator(".window")


def test_an_answer_is_drawn_as_markdown(visit: Open) -> None:
    page = asked(visit).page
    text = page.locator(".answer .text")
    expect(text.get_by_role("heading", name="Leave in short")).to_be_visible()
    expect(text.locator("strong")).to_have_text("27 days")
    expect(text.locator("em")).to_have_text("five days")
    expect(text.locator("p code, li code")).to_have_text("team lead")
    expect(text.locator("ol > li > ul > li")).to_have_text(
        ["by phone, or", 'by mail: "sick today"']
    )
    expect(text.locator("blockquote")).to_contain_text("Team leads have a company car.")
    expect(text.locator("th")).to_have_text(["Leave", "Days"])
    expect(text.locator("tbody tr").nth(2)).to_have_text("Wedding2")
    expect(text.locator("pre")).to_have_text("leave book --days 2\n")
    expect(text).to_contain_text("It costs $5 or $6, :red[not red], :material/home:, and 👩‍🚀 שלום")
    link = text.get_by_role("link", name="here")
    expect(link).to_have_attribute("href", "https://docs.example.org/leave")
    expect(link).to_have_attribute("target", "_blank")
    expect(link).to_have_attribute("rel", "noopener noreferrer")
    expect(text).to_contain_text("<b>x</b>.")


def test_every_drawn_character_knows_its_place_in_the_stored_text(visit: Open) -> None:
    from web_markdown_answer import TEXT

    page = asked(visit).page
    (pieces,) = page.evaluate(PLACES)
    assert len(pieces) > 20
    for place, written in pieces:
        assert TEXT[place : place + len(written)] == written


def test_a_claim_that_holds_is_quiet_and_shows_its_evidence(visit: Open) -> None:
    page = asked(visit).page
    claim = page.get_by_role("button", name=SUPPORTED).first
    expect(claim).to_have_text("✓")
    claim.click()
    shown = page.get_by_role("dialog", name="✓ Supported by")
    expect(shown).to_contain_text(f"“{FIRST}”")
    expect(shown).to_contain_text("Leave policy")
    expect(shown).to_contain_text("Annual leave · updated 12 March 2026")
    shown.get_by_role("link", name="Open source 1: Leave policy").click()
    expect(page.locator("mark")).to_have_text(FIRST)
    expect(window(page)).to_be_hidden()


def test_what_is_doubtful_is_said_before_the_text_and_the_worst_first(visit: Open) -> None:
    page = asked(visit).page
    summary = page.locator(".answer .summary")
    expect(summary).to_have_text(
        "1 of 5 statements is contradicted by its source, 1 not supported, 1 partly supported"
    )
    expect(page.locator(".doubts .verdict")).to_have_text(
        ["≠ contradicted by its source", "✕ not supported", "◐ partly supported"]
    )
    expect(page.locator(".doubts li").first).to_contain_text(
        "The answer says the second day; the source says the fourth day."
    )
    box, text = summary.bounding_box(), page.locator(".answer .text").bounding_box()
    assert box
    assert text
    assert box["y"] + box["height"] <= text["y"]
    page.locator(".doubts .verdict").first.click()
    expect(page.get_by_role("dialog", name="≠ Contradicted by its source")).to_be_visible()


def test_what_holds_is_summed_up_below_the_text_and_strong_notes_stand_above_it(
    visit: Open,
) -> None:
    page = asked(visit, "annual leave?").page
    expect(page.locator(".answer .summary")).to_have_text("2 of 2 statements supported")
    order = page.locator(".answer .body > *").evaluate_all(
        "(nodes) => nodes.map((node) => node.className)"
    )
    assert [name.split()[0] for name in order] == ["note", "text", "summary", "label", "cards"]


def test_a_claim_opens_and_closes_from_the_keyboard_and_gives_the_focus_back(visit: Open) -> None:
    page = asked(visit).page
    claim = page.get_by_role("button", name=CONTRADICTED)
    for key in ("Enter", "Space"):
        claim.focus()
        page.keyboard.press(key)
        expect(window(page)).to_be_focused()
        expect(claim).to_have_attribute("aria-expanded", "true")
        page.keyboard.press("Tab")
        expect(window(page).get_by_role("button", name="Close")).to_be_focused()
        page.keyboard.press("Escape")
        expect(window(page)).to_be_hidden()
        expect(claim).to_be_focused()
        expect(claim).to_have_attribute("aria-expanded", "false")


def test_claims_are_stops_of_the_tab_key(visit: Open) -> None:
    page = asked(visit).page
    page.get_by_role("button", name=SUPPORTED).first.focus()
    page.keyboard.press("Tab")
    expect(page.locator(".answer .text .chip").first).to_be_focused()
    page.keyboard.press("Tab")
    expect(
        page.get_by_role("button", name=re.compile("partly supported. Show why"))
    ).to_be_focused()


def test_a_claim_opens_by_the_mouse_that_rests_on_it_and_closes_when_it_leaves(
    visit: Open,
) -> None:
    page = asked(visit).page
    page.get_by_text("A doctor's note is needed from the second day on.").last.hover()
    expect(window(page)).to_be_visible()
    window(page).hover()
    expect(window(page)).to_be_visible()
    page.mouse.move(2, 2)
    expect(window(page)).to_be_hidden()


def test_a_tap_on_a_claim_opens_it_on_a_phone_inside_the_screen(visit: Open) -> None:
    size = {"width": 375, "height": 760}
    page = asked(visit, viewport=size, has_touch=True).page
    page.locator(".answer .text .claim", has_text="A doctor's note").tap()
    expect(window(page)).to_contain_text("the source says the fourth day")
    box = window(page).bounding_box()
    assert box
    assert 0 <= box["x"] <= 375 - box["width"]
    assert 0 <= box["y"] <= 760 - box["height"]
    window(page).get_by_role("button", name="Close").tap()
    expect(window(page)).to_be_hidden()
    page.locator(".answer .text blockquote .claim").tap()
    expect(window(page)).to_contain_text("No source is named for this statement.")


def test_only_one_window_is_open_in_a_conversation(visit: Open) -> None:
    one = asked(visit)
    one.ask("annual leave?")
    one.answered(2)
    one.page.locator(".answer").first.get_by_role("button", name=CONTRADICTED).click()
    one.page.locator(".answer").nth(1).get_by_role("button", name=SUPPORTED).first.click()
    expect(one.page.locator(".window:popover-open")).to_have_count(1)
    expect(one.page.get_by_role("dialog", name="✓ Supported by")).to_be_visible()


def test_a_window_stands_still_where_motion_is_unwanted(visit: Open) -> None:
    page = asked(visit, reduced_motion="reduce").page
    page.get_by_role("button", name=CONTRADICTED).click()
    assert window(page).evaluate("(node) => getComputedStyle(node).animationName") == "none"


def test_the_text_that_streams_looks_as_it_does_when_it_is_complete(visit: Open) -> None:
    one = visit()
    one.ask("markdown slowly")
    live = one.page.locator(".fn-live .text")
    expect(live.locator("h4")).to_have_text("Leave in short")
    expect(live.locator("strong")).to_have_text("27 days")
    expect(live.locator("ol > li > ul > li").first).to_have_text("by phone, or")
    expect(live.locator("td").first).to_contain_text("Moving house")
    # Found and looked at in one step: what is drawn anew in between has no looks any more.
    font = """(css) => {
      const hosts = [...document.querySelectorAll("*")];
      const node = hosts.map((host) => host.shadowRoot?.querySelector(css)).find(Boolean);
      const { fontSize, fontFamily, lineHeight } = node ? getComputedStyle(node) : {};
      return fontSize && [fontSize, fontFamily, lineHeight];
    }"""
    looks = one.page.wait_for_function(font, arg=".fn-live .text strong").json_value()
    one.answered()
    expect(one.page.locator(".fn-live")).to_have_count(0)
    whole = one.page.wait_for_function(font, arg=".answer .text strong").json_value()
    assert whole == looks


def test_words_that_were_chosen_stay_chosen_while_the_text_grows(visit: Open) -> None:
    one = visit()
    one.ask("markdown slowly")
    live = one.page.locator(".fn-live .text")
    expect(live.locator("strong")).to_have_text("27 days")
    grown = live.evaluate(
        """(text) => {
          const shadow = text.getRootNode();
          const range = document.createRange();
          range.selectNodeContents(text.querySelector("strong"));
          const selection = shadow.getSelection ? shadow.getSelection() : getSelection();
          selection.removeAllRanges();
          selection.addRange(range);
          text.querySelector("strong").isTheSame = true;
          return text.textContent.length;
        }"""
    )
    one.page.wait_for_function(
        """(before) => [...document.querySelectorAll("*")].some((host) => {
          const text = host.shadowRoot?.querySelector(".fn-live .text");
          return text && text.textContent.length > before + 40;
        })""",
        arg=grown,
    )
    chosen = live.evaluate(
        """(text) => {
          const shadow = text.getRootNode();
          const selection = shadow.getSelection ? shadow.getSelection() : getSelection();
          return [String(selection), text.querySelector("strong").isTheSame];
        }"""
    )
    assert chosen == ["27 days", True]


def test_signs_that_streamlit_gives_a_meaning_to_stay_text_live_and_replayed(visit: Open) -> None:
    one = visit()
    one.ask("hostile slowly")
    expect(one.page.locator(".fn-live")).to_contain_text(":red[red] :material/skull:")
    one.answered()
    expect(one.page.locator(".answer .text")).to_contain_text(
        ":red[red] :material/skull: :smile: $x^2$"
    )
    one.page.reload()
    one.answered()
    expect(one.page.locator(".answer .text")).to_contain_text(":red[red] :material/skull:")
    assert one.page.locator(".answer .text :is(img, svg, iframe, script, style)").count() == 0
    hrefs = one.page.locator(".answer .text a").evaluate_all(
        "(links) => links.map((link) => link.getAttribute('href'))"
    )
    assert all(href.startswith("?") for href in hrefs), json.dumps(hrefs)
