"""What is wrong in an answer is flagged in two clicks, taken back in one, and still there after a reload."""

import sqlite3
from pathlib import Path

import pytest

pytest.importorskip("playwright")

from conftest import Open
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser, Locator, Page, expect
from web_browser import CHROMIUM, NO_CHROMIUM, Visit

# A claim that opens, a flag that is stored: nothing here is measured, so a slow machine may take its time.
expect.set_options(timeout=30_000)
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason=NO_CHROMIUM),
]

ASSETS = Path(__file__).parents[2] / "app" / "web" / "assets"
CAR = "Team leads have a company car."
FLAG_THESE = "Flag these words"
# Chooses words as the browser does it by mouse, finger or keyboard, wherever they stand in the answer's text.
CHOOSE = """
  (text, [first, last]) => {
    const nodes = [];
    const walker = document.createTreeWalker(text, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) nodes.push(walker.currentNode);
    const begin = nodes.find((node) => node.data.includes(first));
    const end = nodes.slice(nodes.indexOf(begin)).find((node) => node.data.includes(last));
    const shadow = text.getRootNode();
    const selection = shadow.getSelection ? shadow.getSelection() : getSelection();
    selection.removeAllRanges();
    const range = document.createRange();
    range.setStart(begin, begin.data.indexOf(first));
    range.setEnd(end, end.data.indexOf(last) + last.length);
    selection.addRange(range);
  }
"""


def asked(visit: Open, question: str = "markdown", **options: object) -> Visit:
    one: Visit = visit(**options)
    one.ask(question)
    one.answered()
    return one


def choose(page: Page, first: str, last: str = "") -> None:
    page.locator(".answer .text").first.evaluate(CHOOSE, [first, last or first])


def window(page: Page) -> Locator:
    return page.locator(".window:popover-open")


def rows(folder: Path, author: str) -> list[tuple[object, ...]]:
    with sqlite3.connect(folder / "full" / "footnote.db") as database:
        return database.execute(
            "SELECT category, selected_text, superseded_by FROM feedback WHERE author = ?"
            " ORDER BY created_at, feedback_id",
            (author,),
        ).fetchall()


def test_a_claim_is_flagged_with_two_clicks_and_stays_marked(visit: Open, folder: Path) -> None:
    one = asked(visit, user="two@x.org")
    one.page.get_by_text(CAR).last.click()
    window(one.page).get_by_role("button", name="Wrong fact").click()
    expect(window(one.page).get_by_role("status")).to_contain_text("Flag saved")
    assert rows(folder, "two@x.org") == [("wrong_fact", CAR, None)]
    one.page.reload()
    one.answered()
    expect(one.page.locator(".answer .flagged")).to_have_text(CAR)
    one.page.get_by_role("button", name="You flagged these words: wrong fact").click()
    expect(window(one.page)).to_contain_text("You flagged this: wrong fact (waiting for review)")


def test_chosen_words_are_flagged_with_two_clicks_through_markup(visit: Open, folder: Path) -> None:
    one = asked(visit, user="words@x.org")
    choose(one.page, "has ", "carried over 🏖️")
    one.page.get_by_role("button", name=FLAG_THESE).click()
    window(one.page).get_by_role("button", name="Outdated").click()
    expect(window(one.page).get_by_role("status")).to_contain_text("Flag saved")
    ((category, words, superseded),) = rows(folder, "words@x.org")
    assert (category, superseded) == ("outdated", None)
    assert words == (
        "has **27 days** of annual leave in a calendar year. Up to *five days* can be carried over 🏖️"
    )
    shown = one.page.locator(".answer .flagged").all_inner_texts()
    assert "".join(shown).startswith("has 27 days of annual leave")


def test_words_are_chosen_and_flagged_with_the_keyboard_alone(visit: Open, folder: Path) -> None:
    one = asked(visit, user="keys@x.org")
    one.page.evaluate("() => document.activeElement.blur()")
    choose(one.page, "company car")
    expect(one.page.get_by_role("button", name=FLAG_THESE)).to_be_visible()
    one.page.keyboard.press("Tab")
    expect(one.page.get_by_role("button", name=FLAG_THESE)).to_be_focused()
    one.page.keyboard.press("Enter")
    expect(one.page.locator(".window")).to_be_focused()
    for _ in range(3):
        one.page.keyboard.press("Tab")
    expect(window(one.page).get_by_role("button", name="Wrong source")).to_be_focused()
    one.page.keyboard.press("Enter")
    expect(window(one.page).get_by_role("status")).to_contain_text("Flag saved")
    assert rows(folder, "keys@x.org") == [("wrong_source", "company car", None)]


def test_a_flag_is_taken_back_with_one_click(visit: Open, folder: Path) -> None:
    one = asked(visit, user="undo@x.org")
    one.page.get_by_text(CAR).last.click()
    window(one.page).get_by_role("button", name="Incomplete").click()
    window(one.page).get_by_role("button", name="Undo").click()
    expect(window(one.page).get_by_role("status")).to_have_text("Flag taken back")
    expect(one.page.locator(".answer .flagged")).to_have_count(0)
    assert rows(folder, "undo@x.org") == [("incomplete", CAR, "withdrawn")]


def test_details_say_what_is_right_and_where_it_stands(visit: Open, folder: Path) -> None:
    one = asked(visit, user="details@x.org")
    one.page.get_by_text(CAR).last.click()
    window(one.page).get_by_role("button", name="Wrong fact").click()
    window(one.page).get_by_role("button", name="Add details").click()
    dialog = one.page.get_by_role("dialog", name="Details of your flag")
    expect(dialog.get_by_text(CAR)).to_be_visible()
    dialog.get_by_label("What would be right?").fill("They have a bicycle.")
    dialog.get_by_label("Where does it stand?").fill("Car policy, page 2")
    dialog.get_by_text("Misleading").click()
    dialog.get_by_role("button", name="Save details").click()
    expect(dialog).to_have_count(0)
    with sqlite3.connect(folder / "full" / "footnote.db") as database:
        (stored,) = database.execute(
            "SELECT category, correction, correction_source, severity, selected_text FROM feedback"
            " WHERE author = 'details@x.org' AND superseded_by IS NULL"
        ).fetchall()
    assert stored == ("wrong_fact", "They have a bicycle.", "Car policy, page 2", "unwanted", CAR)


def test_the_whole_answer_is_flagged_with_two_clicks(visit: Open, folder: Path) -> None:
    one = asked(visit, "annual leave?", user="whole@x.org")
    one.page.get_by_role("button", name="Flag", exact=True).click()
    one.page.get_by_role("button", name="Should have known").click()
    expect(one.page.get_by_text("Flag saved: should have known")).to_be_visible()
    one.settle()
    assert rows(folder, "whole@x.org") == [("should_have_answered", "", None)]
    one.page.get_by_role("button", name="Undo").click()
    expect(one.page.get_by_text("Flag saved")).to_have_count(0)
    one.settle()
    assert rows(folder, "whole@x.org") == [("should_have_answered", "", "withdrawn")]


def test_a_thumb_down_can_say_why(visit: Open, folder: Path) -> None:
    one = asked(visit, "annual leave?", user="thumb@x.org")
    one.page.get_by_role("radio", name="Thumbs down").click()
    expect(one.page.get_by_text("Saved as not helpful")).to_be_visible()
    one.page.get_by_test_id("stButtonGroup").get_by_text("Outdated").click()
    expect(one.page.get_by_text("Flag saved: outdated")).to_be_visible()
    one.settle()
    assert [row[0] for row in rows(folder, "thumb@x.org")] == [None, "outdated"]


def test_two_tabs_and_a_double_click_are_one_row_and_a_changed_mind_supersedes_it(
    visit: Open, folder: Path
) -> None:
    one = asked(visit, user="tabs@x.org")
    other = visit(f"/{one.page.url.split('/', 3)[3]}", user="tabs@x.org")
    other.answered()
    for tab in (one, other):
        tab.page.get_by_text(CAR).last.click()
    window(one.page).get_by_role("button", name="Wrong fact").dblclick()
    window(other.page).get_by_role("button", name="Wrong fact").click()
    for tab in (one, other):
        expect(window(tab.page).get_by_role("status")).to_contain_text("Flag saved")
    assert rows(folder, "tabs@x.org") == [("wrong_fact", CAR, None)]
    other.page.reload()
    other.answered()
    other.page.get_by_text(CAR).last.click()
    window(other.page).get_by_role("button", name="Outdated").click()
    expect(window(other.page).get_by_role("status")).to_contain_text("Flag saved")
    live = [row[0] for row in rows(folder, "tabs@x.org") if row[2] is None]
    assert live == ["outdated"]


def test_what_a_browser_makes_up_is_refused_in_a_sentence(visit: Open, folder: Path) -> None:
    one = asked(visit, user="forged@x.org")
    one.page.get_by_text(CAR).last.click()
    for forged, sentence in (
        ({"category": "evil"}, "no 'evil' to choose"),
        ({"start": 0, "end": 99999}, "has changed since this page was drawn"),
        ({"words": "other words"}, "has changed since this page was drawn"),
        ({"start": "0"}, "did not arrive whole"),
        ({"act": "undo", "id": "no-such"}, "no feedback 'no-such' of yours"),
    ):
        one.page.evaluate(
            """(forged) => {
              const host = [...document.querySelectorAll("*")].find((one) => one.shadowRoot?.querySelector(".answer"));
              const { answer } = host.shadowRoot.querySelector(".answer");
              answer.act({ act: "flag", category: "other", start: 0, end: 9, words: "Leave", ...forged });
            }""",
            forged,
        )
        expect(window(one.page).locator(".problem")).to_contain_text(sentence)
    assert rows(folder, "forged@x.org") == []


def test_hostile_words_can_be_flagged_and_are_only_ever_text(visit: Open, folder: Path) -> None:
    one = asked(visit, "hostile", user="hostile@x.org")
    choose(one.page, "<svg/onload", "<svg/onload")
    one.page.get_by_role("button", name=FLAG_THESE).click()
    window(one.page).get_by_role("button", name="Something else").click()
    window(one.page).get_by_role("button", name="Add details").click()
    dialog = one.page.get_by_role("dialog", name="Details of your flag")
    dialog.get_by_label("Comment").fill("<img src=https://evil.example/x onerror=alert(1)>")
    dialog.get_by_role("button", name="Save details").click()
    expect(dialog).to_have_count(0)
    one.page.goto(f"{one.address}/flags")
    expect(one.page.get_by_text("“<svg/onload”")).to_be_visible()
    assert [row[1] for row in rows(folder, "hostile@x.org")] == ["<svg/onload"] * 2


def test_own_flags_are_listed_with_their_state_and_lead_to_the_answer(visit: Open) -> None:
    one = asked(visit, user="list@x.org")
    one.page.get_by_text(CAR).last.click()
    window(one.page).get_by_role("button", name="Wrong fact").click()
    expect(window(one.page).get_by_role("status")).to_contain_text("Flag saved")
    one.page.goto(f"{one.address}/flags")
    expect(one.page.get_by_text("1 flag, 1 waiting for review")).to_be_visible()
    expect(one.page.get_by_text("A fact is wrong")).to_be_visible()
    expect(one.page.get_by_text("Waiting for review", exact=True)).to_be_visible()
    link = one.page.get_by_role("link", name="markdown")
    href = link.get_attribute("href")
    assert href
    one.page.goto(f"{one.address}/{href.removeprefix('./')}")
    one.answered()
    expect(one.page.locator(".answer .flagged")).to_have_text(CAR)
    one.page.goto(f"{one.address}/flags")
    one.page.get_by_role("button", name="Undo").click()
    expect(one.page.get_by_text("You have flagged nothing yet.")).to_be_visible()


def test_flags_of_others_are_nobody_elses(visit: Open) -> None:
    one = asked(visit, user="mine@x.org")
    one.page.get_by_text(CAR).last.click()
    window(one.page).get_by_role("button", name="Wrong fact").click()
    expect(window(one.page).get_by_role("status")).to_contain_text("Flag saved")
    other = visit(user="other@x.org")
    other.page.goto(f"{other.address}/flags")
    expect(other.page.get_by_text("You have flagged nothing yet.")).to_be_visible()


def test_a_flag_while_an_answer_streams_does_not_end_it(visit: Open, folder: Path) -> None:
    one = asked(visit, user="stream@x.org")
    one.ask("annual leave, slowly")
    expect(one.page.locator(".fn-live")).to_contain_text("Everyone")
    one.page.locator(".answer").first.get_by_text(CAR).last.click()
    window(one.page).get_by_role("button", name="Wrong fact").click()
    one.answered(2)
    expect(one.page.locator(".answer .flagged")).to_have_text(CAR)
    assert rows(folder, "stream@x.org") == [("wrong_fact", CAR, None)]


MIXED = st.text(
    st.one_of(
        st.sampled_from("a é\u0301\u05e9\u202e👩🏖\ufe0f\u200d🚀𝒳\n"), st.characters(exclude_categories=["Cs"])
    ),
    max_size=30,
)  # fmt: skip


def test_units_and_code_points_are_counted_alike_by_browser_and_server(browser: Browser) -> None:
    page = browser.new_page()
    source = (ASSETS / "answer_blocks.js").read_text() + (ASSETS / "answer_flags.js").read_text()
    page.evaluate(
        f"() => {{ {source}; Object.assign(window, {{ unitsToPoints, markedSpan, trimmed }}); }}"
    )

    @given(MIXED, st.data())
    @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
    def counted_alike(text: str, data: st.DataObject) -> None:
        units = len(text.encode("utf-16-le")) // 2
        at = data.draw(st.integers(0, len(text)))
        unit = len(text[:at].encode("utf-16-le")) // 2
        assert page.evaluate("([text, unit]) => unitsToPoints(text, unit)", [text, unit]) == at
        assert page.evaluate("([text, unit]) => unitsToPoints(text, unit)", [text, units]) == len(
            text
        )
        # A place inside a pair of units is that of the pair's beginning.
        inside = page.evaluate(
            "([text, unit]) => unitsToPoints(text, unit)", [text, max(unit - 1, 0)]
        )
        assert inside == max(at - 1, 0) or unit == 0

    @given(st.lists(MIXED.filter(bool), min_size=1, max_size=4), st.integers(0, 50), st.data())
    @settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
    def marked_alike(texts: list[str], gap: int, data: st.DataObject) -> None:
        places, place = [], 0
        for text in texts:
            places.append(place + gap)
            place += gap + len(text)
        first = data.draw(st.integers(0, len(texts) - 1))
        last = data.draw(st.integers(first, len(texts) - 1))
        begin = data.draw(st.integers(0, len(texts[first]) - 1))
        lowest = begin + 1 if first == last else 1
        end = data.draw(st.integers(lowest, len(texts[last])))
        units = [
            len(text[:at].encode("utf-16-le")) // 2
            for text, at in ((texts[first], begin), (texts[last], end))
        ]
        span = page.evaluate(
            """([texts, places, first, last, [from, to]]) => {
              const nodes = texts.map((text) => document.createTextNode(text));
              document.body.replaceChildren(...nodes);
              const range = document.createRange();
              range.setStart(nodes[first], from);
              range.setEnd(nodes[last], to);
              return markedSpan(range, nodes.map((node, n) => ({ node, place: places[n], written: texts[n] })));
            }""",
            [texts, places, first, last, units],
        )
        start, stop = places[first] + begin, places[last] + end
        chosen = [
            texts[n][begin if n == first else 0 : end if n == last else None]
            for n in range(first, last + 1)
        ]
        words = "".join(chosen)
        if span is None:
            assert not words.strip() or not words.strip("\ufeff").strip()
            return
        # What the ends lose is blank, and as many characters as the words lose.
        lost = span["start"] - start, stop - span["end"]
        assert min(lost) >= 0
        assert span["words"] == words[lost[0] : len(words) - lost[1]]
        assert not words[: lost[0]].strip("\ufeff").strip()

    counted_alike()
    marked_alike()
    page.close()
