"""The review page in a real browser on the real server, over the sample documents and flags as people make them."""

import json
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

pytest.importorskip("playwright")

from cli_harness import invoke_json, samples_base, writable_copy
from playwright.sync_api import Browser, Locator, Page, expect
from review_seed import HOSTILE, RESTORE, Seeded, seed
from web_browser import CHROMIUM, IDLE, NO_CHROMIUM, PATIENCE_MS, Visit
from web_real import web_server

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason=NO_CHROMIUM),
]

Reviewer = Callable[..., Page]
CORRECTION = "Everyone has 30 days of paid annual leave."


@pytest.fixture
def flags(model_cache: Path, data_dir: Path) -> Seeded:
    writable_copy(samples_base(model_cache), data_dir)
    return seed(data_dir)


@pytest.fixture
def reviewer(
    browser: Browser, flags: Seeded, data_dir: Path, model_cache: Path
) -> Iterator[Reviewer]:
    """Open the review page as somebody; nothing may ask another machine, or show a dialog of the browser."""
    del flags
    visits: list[Visit] = []
    with ExitStack() as stack:

        def open_as(
            name: str = "rev@x.org",
            role: str = "reviewer",
            path: str = "/review",
            **options: object,
        ) -> Page:
            address = stack.enter_context(
                web_server(
                    data_dir,
                    WEB__USER=name,
                    WEB__ROLE=role,
                    MODEL_CACHE=str(model_cache),
                    OFFLINE="1",
                )
            )
            visit = Visit(browser, address, **options)
            visits.append(visit)
            visit.page.goto(address + path)
            expect(visit.page.locator(IDLE)).to_be_attached(timeout=PATIENCE_MS)
            expect.set_options(timeout=PATIENCE_MS)
            return visit.page

        yield open_as
        for visit in visits:
            visit.close()
    assert [visit.dialogs + visit.strays for visit in visits] == [[] for _ in visits]


def lines(page: Page) -> Locator:
    return page.locator(".queue > li")


def question(page: Page) -> Locator:
    return page.locator(".item h2")


def said(page: Page) -> Locator:
    return page.locator(".st-key-review_said [role=status]")


def settled(page: Page) -> None:
    expect(page.locator(IDLE)).to_be_attached(timeout=PATIENCE_MS)


def press(page: Page, key: str) -> None:
    settled(page)
    expect(page.locator(".keys[data-listening]")).to_be_attached()
    page.keyboard.press(key)


def state_of(feedback_id: str) -> str:
    return str(invoke_json("review", "show", feedback_id)["state"])


def test_a_queue_is_worked_off_with_the_keyboard(reviewer: Reviewer, flags: Seeded) -> None:
    page = reviewer()
    expect(lines(page)).to_have_count(5)
    expect(lines(page).first).to_contain_text("Urgent")
    press(page, "j")
    expect(question(page)).to_have_text("How many days of annual leave do I have?")
    expect(page).to_have_url(re.compile(f"flag={flags.leave}"))
    expect(page.locator(".answer mark")).to_have_text("27 days of paid annual leave")
    expect(page.locator(".evidence mark").first).to_contain_text("27 days of paid annual leave")
    expect(lines(page).first).to_contain_text("You have this")
    press(page, "e")
    expect(page.locator(".evidence")).to_be_focused()
    # Correct: what the person who flagged wrote stands there already, and keys in a field are letters.
    press(page, "c")
    field = page.get_by_label("What is the right answer?")
    expect(field).to_have_value(CORRECTION)
    expect(field).to_be_focused()
    field.press("End")
    page.keyboard.type(" ajr")
    expect(field).to_have_value(f"{CORRECTION} ajr")
    page.get_by_role("button", name="Accept with this correction").click()
    expect(said(page)).to_contain_text("Accepted with your correction.")
    expect(question(page)).to_have_text("How many days of annual leave do we have?")
    assert state_of(flags.leave) == "accepted"
    # Duplicate of nothing that waits: by its id.
    press(page, "d")
    page.get_by_label(re.compile("flag's id|by its id")).fill(flags.leave)
    page.get_by_role("button", name="Mark as a duplicate").click()
    expect(question(page)).to_have_text(RESTORE)
    assert state_of(flags.leave_again) == "duplicate"
    # Reject needs a note.
    press(page, "r")
    page.get_by_role("button", name="Reject", exact=True).click()
    expect(said(page)).to_contain_text("reads it")
    page.get_by_label(re.compile("Why is the answer right")).fill("All steps are there.")
    page.get_by_role("button", name="Reject", exact=True).click()
    expect(question(page)).to_contain_text("parking")
    assert state_of(flags.restore) == "rejected"
    # Undo brings it back, accept takes it; a key with a modifier is the browser's.
    press(page, "u")
    expect(question(page)).to_have_text(RESTORE)
    assert state_of(flags.restore) in ("new", "in_review")
    press(page, "Control+a")
    press(page, "a")
    expect(said(page)).to_contain_text("Accepted.")
    assert state_of(flags.restore) == "accepted"


def test_a_flag_becomes_a_test_case_that_can_be_edited_first(
    reviewer: Reviewer, flags: Seeded
) -> None:
    page = reviewer(path=f"/review?flag={flags.leave}")
    expect(question(page)).to_be_visible()
    press(page, "p")
    expect(page.get_by_role("textbox", name="Right answer")).to_have_value(CORRECTION)
    page.get_by_label(re.compile("Patterns that it must match")).fill("(a+)+")
    page.get_by_role("button", name="Store as a test case").click()
    expect(said(page)).to_contain_text("repeats a group")
    page.get_by_label(re.compile("Patterns that it must match")).fill("30 days")
    page.get_by_role("button", name="Store as a test case").click()
    expect(said(page)).to_contain_text("Stored as a test case.")
    (case,) = invoke_json("review", "cases")
    assert case["must_match"] == ["30 days"]
    assert case["evidence"][0]["uri"] == "handbook/leave-and-holidays.md"
    page.goto(page.url.split("?")[0] + f"?flag={flags.leave}")
    expect(page.get_by_role("button", name="See test case")).to_be_visible()


def test_of_two_reviewers_one_has_the_flag_and_the_other_sees_who(
    reviewer: Reviewer, flags: Seeded, data_dir: Path
) -> None:
    first, second = reviewer(), reviewer("other@x.org")
    press(first, "j")
    expect(lines(first).first).to_contain_text("You have this")
    second.goto(second.url.split("?")[0] + f"?flag={flags.leave}")
    expect(second.get_by_text(re.compile(r"^rev@x\.org is at this flag since"))).to_be_visible()
    expect(second.locator(".st-key-review_accept button")).to_be_disabled()
    expect(lines(second).first).to_contain_text("rev@x.org since")
    # The first one goes away for longer than the lease; the second one decides.
    with sqlite3.connect(data_dir / "footnote.db", timeout=60) as database:
        database.execute("UPDATE review_items SET locked_at = '2020-01-01T00:00:00.000+00:00'")
    database.close()
    second.reload()
    expect(second.locator(".st-key-review_accept button")).to_be_enabled()
    press(second, "a")
    expect(said(second)).to_contain_text("Accepted.")
    press(first, "a")
    expect(said(first)).to_contain_text("since you opened this flag")
    expect(first.get_by_text(re.compile("^Accepted by other@x"))).to_be_visible()
    shown = invoke_json("review", "show", flags.leave)
    assert [entry["reviewer"] for entry in shown["history"]] == ["other@x.org"]


def test_a_reader_is_told_that_the_page_is_for_others(reviewer: Reviewer, flags: Seeded) -> None:
    page = reviewer("ada@x.org", role="reader", path=f"/review?flag={flags.leave}")
    expect(page.get_by_role("alert")).to_contain_text("for people with the role 'reviewer'")
    assert page.locator(".queue, .item").count() == 0
    assert "annual leave" not in page.content()


def test_what_is_restricted_shows_nothing_of_it_and_hostile_words_stay_words(
    reviewer: Reviewer, flags: Seeded
) -> None:
    page = reviewer(path=f"/review?flag={flags.salary}")
    expect(page.get_by_role("alert")).to_contain_text("needs somebody who may read 4 documents")
    expect(lines(page).last).to_contain_text("Restricted: needs somebody who may read 4 documents")
    assert "salary" not in json.dumps(page.evaluate(_ALL_TEXT)).casefold()
    page.goto(page.url.split("?")[0] + f"?flag={flags.leave_again}")
    expect(page.locator(".flag.main .comment")).to_have_text(HOSTILE)
    page.goto(page.url.split("?")[0] + f"?flag={flags.leave}")
    expect(page.locator(".st-key-review_similar")).to_be_visible()
    assert page.locator("img[src='x'], a[href*=evil]").count() == 0


# Everything that is drawn, in the elements' own trees too.
_ALL_TEXT = """() => {
  const texts = [];
  const walk = (root) => root.querySelectorAll('*').forEach((node) => {
    texts.push(node.textContent || '');
    if (node.shadowRoot) walk(node.shadowRoot);
  });
  walk(document.body);
  return texts;
}"""


def test_flags_that_say_the_same_are_decided_together(reviewer: Reviewer, flags: Seeded) -> None:
    page = reviewer(path=f"/review?flag={flags.leave}")
    box = page.locator(".st-key-review_similar").get_by_role("checkbox")
    expect(box).to_have_count(1)
    page.locator(".st-key-review_similar label").filter(has_text="do we have").click()
    settled(page)
    page.get_by_role("button", name="Duplicates of this flag").click()
    expect(said(page)).to_contain_text("1 flag decided.")
    shown = invoke_json("review", "show", flags.leave_again)
    assert shown["standing"]["labels"]["dup_of"] == flags.leave


def test_filters_leave_what_fits_and_say_when_nothing_does(reviewer: Reviewer) -> None:
    page = reviewer()
    search = page.get_by_role("textbox", name="Search questions and comments")
    search.fill("parking")
    search.press("Enter")
    expect(lines(page)).to_have_count(1)
    search.fill("nothing like it")
    search.press("Enter")
    expect(page.get_by_text("Nothing fits")).to_be_visible()
    search.fill("")
    search.press("Enter")
    page.get_by_role("radio", name=re.compile("^Rejected 0")).click()
    expect(page.get_by_text("Nothing waits")).to_be_visible()


def test_on_a_phone_the_queue_makes_way_for_the_flag(reviewer: Reviewer) -> None:
    page = reviewer(viewport={"width": 375, "height": 800}, has_touch=True, is_mobile=True)
    lines(page).first.get_by_role("button").tap()
    expect(question(page)).to_be_visible()
    expect(page.locator(".queue")).to_be_hidden()
    wide = page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth")
    assert wide <= 375
    page.get_by_role("button", name="Back to the list").tap()
    expect(page.locator(".queue")).to_be_visible()


def test_help_lists_the_keys_and_escape_closes_one_thing_at_a_time(reviewer: Reviewer) -> None:
    page = reviewer()
    press(page, "j")
    expect(question(page)).to_be_visible()
    press(page, "r")
    note = page.get_by_label(re.compile("Why is the answer right"))
    expect(note).to_be_focused()
    page.keyboard.press("Escape")
    expect(note).not_to_be_focused()
    expect(note).to_be_visible()
    press(page, "?")
    expect(page.get_by_text("undo the last decision")).to_be_visible()
    press(page, "Escape")
    expect(page.get_by_text("undo the last decision")).to_have_count(0)
    press(page, "Escape")
    expect(note).to_have_count(0)
    press(page, "Escape")
    expect(page.get_by_text("Choose a flag")).to_be_visible()


def test_a_suggested_cause_is_taken_with_the_decision_and_who_flagged_is_told_once(
    reviewer: Reviewer, flags: Seeded
) -> None:
    page = reviewer()
    press(page, "j")
    cause = page.locator(".cause")
    expect(cause).to_contain_text("Suggested cause")
    expect(cause).to_contain_text("The document itself is wrong")
    cause.locator("summary").click()
    expect(cause.locator(".cell.supported").first).to_be_visible()
    press(page, "t")
    page.get_by_label("Who should decide it?").fill("other@x.org")
    page.get_by_role("button", name="Triage", exact=True).last.click()
    expect(said(page)).to_contain_text("Triaged.")
    assert state_of(flags.leave) == "triaged"
    page.goto(f"{page.url.split('?')[0]}?flag={flags.leave}")
    expect(page.locator(".st-key-review_state_place")).to_contain_text("other@x.org should decide")
    press(page, "a")
    expect(said(page)).to_have_text("Accepted.")
    shown = invoke_json("review", "show", flags.leave)
    assert shown["labels"]["root_cause"] == "source_wrong"
    (report, *_) = invoke_json("review", "owners")
    assert (report["feedback_id"], report["state"]) == (flags.leave, "open")
    reader = reviewer("ada@x.org", "reader", "/")
    told = reader.locator(".st-key-notices")
    expect(told).to_contain_text("was right")
    told.get_by_role("button", name="Dismiss").click()
    expect(told).to_have_count(0)
    reader.reload()
    settled(reader)
    expect(told).to_have_count(0)


def test_answers_of_the_audit_sample_are_labelled_by_one_key(
    reviewer: Reviewer, data_dir: Path
) -> None:
    with sqlite3.connect(data_dir / "footnote.db") as base:
        base.execute("UPDATE answers SET created_at = '2026-03-04T10:00:00.000+00:00'")
    invoke_json("review", "audit", "draw", "--week", "2026-W10", "--count", "50")
    page = reviewer()
    page.get_by_text("Audit sample", exact=True).click()
    settled(page)
    page.locator("h1").click()
    press(page, "j")
    expect(page.locator(".item h2")).to_be_visible()
    press(page, "2")
    expect(said(page)).to_have_text("Wrong.")
    expect(page.locator(".st-key-audit_figures")).to_contain_text("1 of 5 labelled")
    expect(page.locator(".queue")).to_contain_text("Restricted")
    assert invoke_json("review", "audit", "figures")["wrong"]["hits"] == 1
