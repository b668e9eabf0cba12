"""Every page and state is fit for everybody: axe-core finds nothing serious, and the keyboard reaches every action."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

pytest.importorskip("playwright")

from cli_harness import samples_base, writable_copy
from conftest import Open
from playwright.sync_api import Browser, expect
from quality_rows import Rows
from review_seed import seed
from web_axe import Inspection
from web_browser import CHROMIUM, NO_CHROMIUM, PATIENCE_MS, Visit
from web_keyboard import Keyboard
from web_login import Visitor, footnote_web, login_settings, provider
from web_real import footnote, web_server
from web_sources_documents import made_documents

from app.people import People
from index.catalogue import Catalogue
from index.database import open_database

expect.set_options(timeout=PATIENCE_MS)
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason=NO_CHROMIUM),
]

LEAVE = "How many days of annual leave do I have?"
WINDOW = ".window:popover-open"
PHONE = {"width": 375, "height": 780}
WIDE = {"width": 1280, "height": 900}


@pytest.fixture(scope="module")
def worked(model_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder with documents of several formats, flags, an unreadable file, runs and people."""
    folder = tmp_path_factory.mktemp("worked")
    data_dir, scans = folder / "data", folder / "scans"
    writable_copy(samples_base(model_cache), data_dir)
    scans.mkdir()
    (folder / "sources.yaml").write_text("scans:\n  path: ./scans\n  access: [everyone]\n")
    (scans / "empty.txt").write_text("")
    for made in made_documents():
        if made.name in ("gondola.pdf", "telescopes.csv"):
            (scans / made.name).write_bytes(made.content)
    offline = {"MODEL_CACHE": str(model_cache), "OFFLINE": "1"}
    footnote("ingest", "--source", "scans", "--yes", "--json", data_dir=data_dir, **offline)
    (scans / "later.md").write_text("# Later\n\nThis one waits for the next run.\n")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in offline.items():
            patch.setenv(f"FOOTNOTE_{name}", value)
        seed(data_dir)
    engine = open_database(data_dir)
    rows = Rows(Catalogue(engine, data_dir))
    then = (datetime.now(UTC) - timedelta(hours=30)).isoformat(timespec="milliseconds")
    for person in ("ada", "bob", "cat"):
        rows.answer(then, owner=f"{person}@x.org", verdicts=("supported", "partial"))
        rows.answer(then, "abstained", owner=f"{person}@x.org", question="Are dogs allowed?")
    metric = {"value": 0.5, "n": 4, "interval": [0.2, 0.8]}
    for number, run in enumerate(("run-aaaaaa", "run-bbbbbb"), 1):
        rows.run(
            run,
            {"correct": [0, number - 1, 1, 1]},
            summary={"correct": metric},
            started_at=f"2026-03-0{number}T10:00:00.000+00:00",
        )
    People(engine, data_dir).check_in("bob@x.org", "Bob", ("people-team",))
    engine.dispose()
    return data_dir


@pytest.fixture(scope="module")
def office(worked: Path, model_cache: Path) -> Iterator[str]:
    settings = {"MODEL_CACHE": str(model_cache), "OFFLINE": "1"}
    with web_server(worked, WEB__USER="ada@x.org", WEB__ROLE="admin", **settings) as address:
        yield address


@pytest.fixture
def desk(browser: Browser, office: str) -> Iterator[Visit]:
    """Somebody with every right, at the real application."""
    one = Visit(browser, office, viewport=WIDE)
    yield one
    one.close()
    assert one.dialogs + one.strays == []


@pytest.fixture
def inspection() -> Iterator[Inspection]:
    """Collects findings over a test; there may be none at its end."""
    one = Inspection()
    yield one
    assert one.states
    assert not one.found, f"{len(one.found)} findings\n" + "\n".join(one.found)


def test_no_state_of_an_answer_has_a_serious_finding(visit: Open, inspection: Inspection) -> None:
    one = visit()
    page = one.page
    inspection.look(page, "landing")
    one.ask("markdown")
    one.answered()
    inspection.look(page, "answer with every verdict")
    page.locator(".doubts .verdict").first.click()
    expect(page.locator(WINDOW)).to_be_visible()
    inspection.look(page, "claim")
    page.locator(WINDOW).get_by_role("button", name="Wrong fact").click()
    expect(page.locator(WINDOW).get_by_role("status")).to_contain_text("Flag saved")
    inspection.look(page, "flag saved")
    page.locator(WINDOW).get_by_role("button", name="Add details").click()
    expect(page.get_by_test_id("stDialog")).to_be_visible()
    inspection.look(page, "details of a flag")
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("stDialog")).to_have_count(0)
    page.locator(".chip").first.click()
    expect(page.get_by_test_id("stDialog").locator("mark")).to_be_visible()
    inspection.look(page, "source")
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("stDialog")).to_have_count(0)
    one.settle()
    one.ask("What is stale?")
    one.answered(2)
    inspection.look(page, "answer with notes")
    page.set_viewport_size(PHONE)
    inspection.look(page, "answer, phone")
    page.set_viewport_size(WIDE)
    one.ask("What is the airspeed of a swallow?")
    one.answered(3)
    inspection.look(page, "abstention")
    one.ask("Please explode")
    expect(page.get_by_text("Something went wrong")).to_be_visible()
    inspection.look(page, "error")


def test_no_state_of_a_conversation_has_a_serious_finding(
    visit: Open, inspection: Inspection
) -> None:
    one = visit()
    page = one.page
    one.ask(LEAVE)
    one.answered()
    page.get_by_role("button", name="All documents").click()
    page.get_by_role("combobox", name="Source").click()
    page.get_by_role("option", name="handbook (3)").click()
    expect(page.get_by_role("button", name="3 of 4 documents")).to_be_visible()
    inspection.look(page, "scope")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Share", exact=True).click()
    page.get_by_text("Readable for people who have the address").click()
    expect(page.locator(".address")).to_be_visible()
    inspection.look(page, "share")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Edit", exact=True).click()
    expect(page.get_by_role("textbox", name="Your question")).to_be_visible()
    inspection.look(page, "edit")
    page.get_by_role("button", name="Cancel").click()
    one.settle()
    one.ask("annual leave very slowly")
    expect(page.locator(".fn-live")).to_contain_text("Everyone")
    page.get_by_test_id("stChatInputStopButton").click()
    expect(page.get_by_role("button", name="Remove")).to_be_visible()
    inspection.look(page, "stopped")
    row = page.locator(".st-key-recent [class*='st-key-row_']").first
    row.hover()
    row.get_by_role("button", name="Change").click()
    expect(page.get_by_text("Rename")).to_be_visible()
    inspection.look(page, "menu of a conversation")
    page.get_by_text("Delete").click()
    expect(page.get_by_role("dialog").get_by_text("gone for good")).to_be_visible()
    inspection.look(page, "deletion")
    page.get_by_role("button", name="Keep it").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.set_viewport_size(PHONE)
    page.get_by_test_id("stExpandSidebarButton").click()
    expect(page.get_by_role("button", name="New conversation")).to_be_in_viewport()
    inspection.look(page, "sidebar, phone")


def test_an_empty_base_and_a_reader_without_rights_have_no_serious_finding(
    visit: Open, inspection: Inspection
) -> None:
    one = visit(scene="empty", role="admin", user="admin@x.org")
    inspection.look(one.page, "no documents")
    for path in ("flags", "review", "quality", "documents", "people"):
        one.page.goto(f"{one.address}/{path}")
        one.settle()
        inspection.look(one.page, f"{path}, empty")
    two = visit(user="reader@x.org")
    two.page.goto(f"{two.address}/review")
    expect(two.page.get_by_role("alert")).to_be_visible()
    inspection.look(two.page, "restricted page")


def test_no_page_of_people_with_more_rights_has_a_serious_finding(
    browser: Browser, desk: Visit, inspection: Inspection
) -> None:
    page = desk.page

    def show(path: str, ready: str) -> None:
        page.goto(desk.address + path)
        expect(page.locator(ready).first).to_be_visible()

    show("/flags", "[class*='st-key-own_flag_']")
    inspection.look(page, "your flags")
    show("/review", ".queue > li")
    inspection.look(page, "queue")
    page.locator(".queue > li button").first.click()
    expect(page.locator(".item h2")).to_be_visible()
    expect(page.locator(".keys[data-listening]")).to_be_attached()
    inspection.look(page, "flag under review")
    for key, form in (("r", "reject"), ("c", "correct"), ("d", "duplicate"), ("p", "promote")):
        desk.settle()
        page.locator(".st-key-review_head").click()
        page.keyboard.press(key)
        expect(page.locator(f".st-key-review_form_{form}")).to_be_visible()
        inspection.look(page, f"form to {form}")
    page.set_viewport_size(PHONE)
    inspection.look(page, "flag under review, phone")
    page.set_viewport_size(WIDE)
    page.get_by_role("button", name="Keys").click()
    expect(page.get_by_text("undo the last decision")).to_be_visible()
    inspection.look(page, "help")
    show("/quality", "svg.marks")
    page.get_by_text("Show the numbers").first.click()
    expect(page.locator(".fn-numbers table").first).to_be_visible()
    inspection.look(page, "quality, use")
    for tab in ("Document gaps", "Speed and cost", "Trust", "Evaluation"):
        page.get_by_role("tab", name=tab).click()
        expect(page.get_by_role("tab", name=tab)).to_have_attribute("aria-selected", "true")
        desk.settle()
        inspection.look(page, f"quality, {tab}")
    show("/documents", ".records")
    inspection.look(page, "sources")
    page.set_viewport_size(PHONE)
    inspection.look(page, "sources, phone")
    page.set_viewport_size(WIDE)
    show("/documents?tab=sources&source=scans", ".st-key-documents_page h1")
    page.get_by_role("button", name="See what would change").click()
    expect(page.locator(".st-key-plan_report")).to_contain_text("later.md")
    inspection.look(page, "plan")
    show("/documents?tab=quarantine", ".records")
    inspection.look(page, "quarantine")
    show("/documents?tab=documents", ".records")
    inspection.look(page, "documents")
    box = page.get_by_role("searchbox", name="Search titles and addresses")
    box.fill("leave-and-holidays")
    box.press("Enter")
    expect(page.locator(".records").get_by_role("link")).to_have_count(1)
    desk.settle()
    page.locator(".records").get_by_role("link").click()
    expect(page.locator(".fn-chunk").first).to_be_visible()
    inspection.look(page, "document")
    show("/documents?tab=search", ".st-key-documents_page h1")
    page.get_by_role("textbox", name="Query").fill("days of leave")
    page.get_by_role("button", name="Search", exact=True).last.click()
    expect(page.locator(".records").first).to_be_visible()
    inspection.look(page, "search")
    show("/people", ".fn-person")
    page.get_by_role("button", name="Deactivate").first.click()
    expect(page.get_by_role("button", name="Yes, deactivate")).to_be_visible()
    inspection.look(page, "people")


@pytest.mark.parametrize(
    ("name", "shown"), [("gondola.pdf", ".sheet .box"), ("telescopes.csv", "table .cited")]
)
def test_a_source_of_another_format_has_no_serious_finding(
    desk: Visit, inspection: Inspection, name: str, shown: str
) -> None:
    question = next(one.question for one in made_documents() if one.name == name)
    desk.open()
    desk.ask(question)
    desk.answered()
    desk.page.locator(".chip").first.click()
    expect(desk.page.get_by_test_id("stDialog").locator(shown).first).to_be_visible()
    inspection.look(desk.page, name)


def test_the_page_to_log_in_has_no_serious_finding(
    browser: Browser, tmp_path: Path, inspection: Inspection
) -> None:
    with provider() as company, footnote_web(tmp_path / "data", login_settings(company)) as address:
        page = Visitor(browser).context.new_page()
        page.goto(f"{address}/?login=failed")
        expect(page.get_by_role("button", name="Log in with Brightwater")).to_be_visible()
        inspection.look(page, "login")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_action_is_reached_with_the_keyboard_and_the_focus_is_seen(
    visit: Open, scheme: str
) -> None:
    one = visit(user=f"keys-{scheme}@x.org", role="admin", color_scheme=scheme)
    page, keys = one.page, Keyboard(one.page)
    keys.reach("^Ask")
    page.keyboard.type("markdown")
    keys.press("Enter")
    one.answered()
    # A claim is opened, flagged, and the flag taken back.
    keys.reach("contradicted by its source. Show why", "Shift+Tab")
    claim = keys.focus()["name"]
    keys.press("Enter")
    expect(page.locator(WINDOW)).to_be_focused()
    keys.reach("^Wrong fact$")
    keys.press("Enter")
    said = page.locator(WINDOW).get_by_role("status")
    expect(said).to_contain_text("Flag saved")
    keys.reach("^Undo$")
    keys.press("Enter")
    expect(said).to_have_text("Flag taken back")
    keys.press("Escape")
    expect(page.locator(WINDOW)).to_have_count(0)
    keys.expect_focus(claim)
    # A source is opened, stepped through and closed.
    one.settle()
    keys.reach("^Source 1: Leave policy", "Shift+Tab")
    chip = keys.focus()["name"]
    keys.press("Enter")
    drawer = page.get_by_role("dialog")
    expect(drawer.locator("mark")).to_be_visible()
    one.settle()
    keys.reach("Next")
    keys.press("Enter")
    expect(drawer.get_by_text("Source 2 of")).to_be_visible()
    one.settle()
    keys.reach("Previous", "Shift+Tab")
    keys.press("Space")
    expect(drawer.get_by_text("Source 1 of")).to_be_visible()
    one.settle()
    # The first one has no earlier one: the button is closed, and the document has the focus.
    keys.expect_focus("Document")
    keys.press("Escape")
    expect(drawer).to_have_count(0)
    one.settle()
    keys.expect_focus(chip)
    # The conversation gets a name.
    keys.reach("Change “", "Shift+Tab")
    keys.press("Enter")
    expect(page.get_by_text("Rename")).to_be_visible()
    keys.reach("^Rename", "ArrowDown")
    keys.press("Enter")
    expect(page.get_by_role("dialog").get_by_role("textbox", name="Name")).to_be_visible()
    one.settle()
    keys.reach("^Name")
    keys.press("Control+a")
    page.keyboard.type("Leave in short words")
    keys.press("Enter")
    expect(page.locator(".fn-title")).to_have_text("Leave in short words")
    one.settle()
    # The documents to look in are chosen.
    keys.reach("All documents")
    keys.press("Enter")
    expect(page.get_by_role("combobox", name="Source")).to_be_visible()
    keys.reach("^Source")
    keys.press("ArrowDown", "ArrowDown", "Enter")
    expect(page.get_by_role("button", name=re.compile("of 4 documents"))).to_be_visible()
    one.settle()
    keys.press("Escape")
    expect(page.get_by_role("combobox", name="Source")).to_have_count(0)
    keys.expect_focus("of 4 documents")
    # Every page is reached.
    for title in ("Your flags", "Review", "Quality", "Documents", "People"):
        keys.reach(rf"\b{title}$")
        keys.press("Enter")
        expect(page.get_by_role("heading", name=title, exact=True)).to_be_visible()
        one.settle()
    assert keys.unseen == set()


def test_nothing_of_ours_moves_where_motion_is_unwanted(visit: Open) -> None:
    one = visit(reduced_motion="reduce")
    one.ask("markdown slowly")
    page = one.page
    expect(page.locator(".fn-stage")).to_have_css("animation-name", "none")
    one.answered()
    for name in (".claim", ".verdict", ".chip", ".card"):
        expect(page.locator(name).first).to_have_css("transition-duration", "0s")
    page.locator(".doubts .verdict").first.click()
    expect(page.locator(WINDOW)).to_have_css("animation-name", "none")
