"""The Quality page on the real server, over answers and flags that were counted by hand."""

import csv
import io
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from quality_rows import Rows
from web_browser import CHROMIUM, NO_CHROMIUM, Visit
from web_real import web_server

from index.catalogue import Catalogue
from index.database import open_database

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason=NO_CHROMIUM),
]

PATIENCE_MS = 60_000
DOGS = "Are dogs allowed in the office?"
HOSTILE = "<img src=x onerror=alert(1)> **bold** :red[x] $a$ ![i](http://evil.example/i.png)"
Open = Callable[..., Page]


def at(hours: float) -> str:
    """Return the stored form of so many hours ago."""
    return (datetime.now(UTC) - timedelta(hours=hours)).isoformat(timespec="milliseconds")


def seed(data_dir: Path) -> None:
    """Store 9 answers of 4 people: 5 answered (one of them flagged), 4 not in the documents."""
    engine = open_database(data_dir)
    rows = Rows(Catalogue(engine, data_dir))
    for person in ("ada", "bob", "cat"):
        owner = f"{person}@example.org"
        rows.answer(at(30), owner=owner, verdicts=("supported", "partial"), total_ms=800.0)
        rows.answer(at(31), "abstained", owner=owner, question=DOGS)
    rows.answer(at(32), "abstained", owner="dan@example.org", question=HOSTILE)
    rows.answer(at(33), owner="dan@example.org", channel="slack", total_ms=1600.0)
    flagged = rows.answer(at(34), owner="dan@example.org", total_ms=800.0)
    rows.flag(flagged, at(20), "outdated", state="accepted", decided_at=at(14))
    metric = {"value": 0.5, "n": 4, "interval": [0.2, 0.8]}
    rows.run("run-aaaaaa", {"correct": [0, 0, 1, 1]}, summary={"correct": metric})
    rows.run(
        "run-bbbbbb",
        {"correct": [1, 0, 1, 1]},
        summary={"correct": metric | {"value": 0.75}},
        started_at="2026-03-02T10:00:00.000+00:00",
    )
    engine.dispose()


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data_dir = tmp_path_factory.mktemp("quality") / "data"
    seed(data_dir)
    return data_dir


@pytest.fixture(scope="module")
def address(seeded: Path, model_cache: Path) -> Iterator[str]:
    settings = {"MODEL_CACHE": str(model_cache), "OFFLINE": "1", "WEB__ROLE": "admin"}
    with web_server(seeded, **settings) as served:
        yield served


@pytest.fixture
def quality(browser: Browser, address: str) -> Iterator[Open]:
    """Open the page in contexts of their own; none may show a dialog or ask another machine."""
    visits: list[Visit] = []

    def opened(of: str = address, **options: Any) -> Page:
        one = Visit(browser, of, **options)
        visits.append(one)
        one.page.goto(f"{of}/quality")
        return one.page

    yield opened
    for one in visits:
        one.close()
    assert [one.dialogs + one.strays for one in visits] == [[] for _ in visits]


def tile(page: Page, name: str) -> str:
    """Return the value of a tile."""
    box = page.locator(".fn-tiles > div", has_text=name)
    expect(box).to_be_visible(timeout=PATIENCE_MS)
    return box.locator("dd").first.inner_text()


def open_tab(page: Page, name: str) -> None:
    page.get_by_role("tab", name=name).click()
    expect(page.get_by_role("tab", name=name)).to_have_attribute("aria-selected", "true")


def plot(page: Page, key: str) -> None:
    """Wait until a plot is drawn: as a picture with a name, and lines or bars in it."""
    box = page.locator(f".st-key-plot_{key}")
    expect(box.locator("svg.marks")).to_be_visible(timeout=PATIENCE_MS)
    expect(
        box.locator("svg .mark-line path, svg .mark-rect path, svg .mark-symbol path").first
    ).to_be_attached()


def numbers(page: Page, key: str) -> list[list[str]]:
    """Open the table beside a plot and return its cells."""
    box = page.locator(f".st-key-plot_{key}")
    box.get_by_text("Show the numbers").click()
    table = box.locator(".fn-numbers table")
    expect(table).to_be_visible(timeout=PATIENCE_MS)
    rows = table.locator("tr")
    return [rows.nth(number).locator("th, td").all_inner_texts() for number in range(rows.count())]


def test_the_main_numbers_are_those_that_were_stored(quality: Open) -> None:
    page = quality()
    assert tile(page, "Questions") == "9"
    assert tile(page, "People who asked") == "4"
    assert tile(page, "Answered") == "55.6 %"
    assert tile(page, "Flagged as wrong") == "11.1 %"
    assert tile(page, "Half are ready within") == "800 ms"


def test_every_plot_is_drawn_and_its_numbers_stand_beside_it(quality: Open) -> None:
    page = quality()
    for key in ("outcomes", "people", "channels"):
        plot(page, key)
    table = numbers(page, "outcomes")
    assert table[0][:3] == ["Day (UTC)", "Questions", "Answered"]
    assert sum(int(row[1]) for row in table[1:]) == 9
    open_tab(page, "Speed and cost")
    for key in ("times", "stages"):
        plot(page, key)
    expect(page.get_by_text("No language model was asked in these days")).to_be_visible()
    open_tab(page, "Trust")
    for key in ("verdicts", "thumbs", "flags"):
        plot(page, key)
    expect(page.get_by_text("Half of the 1 decision came within 6.0 hours.")).to_be_visible()
    assert numbers(page, "flags")[1] == ["It is out of date", "0", "1", "0", "0", "0", "0"]


def test_a_plot_says_what_it_shows_to_who_cannot_see_it(quality: Open) -> None:
    page = quality()
    plot(page, "outcomes")
    words = "Line chart of 9 questions in 30 days: 5 answered, 4 not in the documents, 0 failed."
    picture = page.locator(".st-key-plot_outcomes").get_by_test_id("stVegaLiteChart")
    expect(picture).to_have_attribute("aria-label", words)


def test_the_period_can_be_chosen(quality: Open) -> None:
    page = quality()
    plot(page, "outcomes")
    page.get_by_role("radio", name="365 days").click()
    expect(page.get_by_text("How many different people asked, by week.")).to_be_visible(
        timeout=PATIENCE_MS
    )
    assert numbers(page, "people")[0] == ["Week from (UTC)", "People"]


def test_document_gaps_are_listed_and_exported_as_they_are_written(quality: Open) -> None:
    page = quality()
    open_tab(page, "Document gaps")
    labels = page.locator(".fn-gap-label")
    expect(labels).to_have_count(2, timeout=PATIENCE_MS)
    assert labels.all_inner_texts() == [DOGS, HOSTILE]
    expect(page.locator(".fn-gap").first).to_contain_text("3 times")
    expect(page.locator(".fn-gap").first).to_contain_text("3 people")
    with page.expect_download() as downloading:
        page.get_by_role("button", name="Download as CSV").click()
    text = Path(downloading.value.path()).read_text(encoding="utf-8-sig")
    assert [row[0] for row in csv.reader(io.StringIO(text))] == ["Question", DOGS, HOSTILE]


def test_runs_are_shown_with_their_intervals_and_compared(quality: Open) -> None:
    page = quality()
    open_tab(page, "Evaluation")
    for key in ("run", "comparison"):
        plot(page, key)
    assert numbers(page, "run")[1] == ["correct", "75.0 %", "[20.0 %, 80.0 %]", "4"]
    assert numbers(page, "comparison")[1][:4] == ["correct", "50.0 %", "75.0 %", "+25.0 points"]


def test_on_a_phone_nothing_is_wider_than_the_page(quality: Open) -> None:
    page = quality(viewport={"width": 375, "height": 800})
    plot(page, "outcomes")
    for name in ("Document gaps", "Speed and cost", "Trust", "Evaluation"):
        open_tab(page, name)
        expect(page.get_by_role("tabpanel")).to_be_visible(timeout=PATIENCE_MS)
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= 375, name


def test_a_reader_cannot_open_the_page(quality: Open, seeded: Path, model_cache: Path) -> None:
    settings = {"MODEL_CACHE": str(model_cache), "OFFLINE": "1", "WEB__ROLE": "reader"}
    with web_server(seeded, **settings) as served:
        page = quality(served)
        expect(page.get_by_role("alert")).to_contain_text(
            "for people with the role 'reviewer'", timeout=PATIENCE_MS
        )
        expect(page.locator(".fn-tiles")).to_have_count(0)
        expect(page.get_by_role("link", name="Quality")).to_have_count(0)


def test_before_the_first_question_the_page_says_what_it_will_show(
    quality: Open, tmp_path: Path, model_cache: Path
) -> None:
    settings = {"MODEL_CACHE": str(model_cache), "OFFLINE": "1", "WEB__ROLE": "reviewer"}
    data_dir = tmp_path / "empty" / "data"
    data_dir.parent.mkdir()
    with web_server(data_dir, **settings) as served:
        page = quality(served)
        expect(page.get_by_text("No questions in these days")).to_be_visible(timeout=PATIENCE_MS)
        open_tab(page, "Evaluation")
        expect(page.get_by_text("No evaluation run yet")).to_be_visible(timeout=PATIENCE_MS)
