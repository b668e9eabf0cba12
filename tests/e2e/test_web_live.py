"""Live comparisons and drift on the Quality page: drawn, in words, on a phone too, and a question is only ever text."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from asked_questions import PEOPLE, everyday_questions, store_asked, store_handbook
from playwright.sync_api import Browser, Page, expect
from quality_rows import Rows
from web_browser import CHROMIUM, NO_CHROMIUM, Visit
from web_real import web_server

from app.experiments.assignment import is_chosen
from index.catalogue import Catalogue
from index.database import open_database

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason=NO_CHROMIUM),
]

PATIENCE_MS = 60_000
HOSTILE = "<img src=x onerror=alert(1)> **bold** :red[x] $a$ ![i](http://evil.example/i.png)"


def times(count: int, first_day: float, last_day: float) -> list[str]:
    now, rng = datetime.now(UTC), random.Random(1)
    return sorted(
        (now - timedelta(days=rng.uniform(last_day, first_day))).isoformat(timespec="milliseconds")
        for _ in range(count)
    )


def label_of(owner: str) -> str:
    return f"trial/{'words-only' if is_chosen('trial', owner, 0.5) else 'current'}"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, model_cache: Path) -> Iterator[str]:
    """A server over 300 questions of before and 300 of now, a third of which are new; the variant is flagged more."""
    data_dir = tmp_path_factory.mktemp("live") / "data"
    engine = open_database(data_dir)
    catalogue = Catalogue(engine, data_dir)
    asked = everyday_questions(500, 1)
    new = [(owner, f"{HOSTILE} number {n}") for owner in PEOPLE for n in range(3)][:100]
    now = [*asked[300:], *new]
    store_handbook(catalogue, ["everyone"])
    store_asked(catalogue, asked[:300], times(300, 58, 32), 1)
    labels = [label_of(owner) for owner, _ in now]
    ids = store_asked(catalogue, now, times(300, 28, 1), 2, first=1000, variants=labels)
    rows = Rows(catalogue)
    for number, (answer_id, label) in enumerate(zip(ids, labels, strict=True)):
        if label == "trial/words-only" and number % 3 == 0:
            rows.flag(answer_id, datetime.now(UTC).isoformat(timespec="milliseconds"))
    engine.dispose()
    settings = {"MODEL_CACHE": str(model_cache), "OFFLINE": "1", "WEB__ROLE": "admin"}
    with web_server(data_dir, **settings) as served:
        yield served


@pytest.fixture
def visit(browser: Browser, address: str, request: pytest.FixtureRequest) -> Iterator[Page]:
    """Open the page in a context of its own; it may show no dialog and ask no other machine."""
    options: dict[str, Any] = getattr(request, "param", {})
    one = Visit(browser, address, **options)
    one.page.goto(f"{address}/quality")
    yield one.page
    one.close()
    assert one.dialogs + one.strays == []


def open_tab(page: Page, name: str) -> None:
    page.get_by_role("tab", name=name).click(timeout=PATIENCE_MS)
    expect(page.get_by_role("tab", name=name)).to_have_attribute("aria-selected", "true")


def test_a_comparison_says_which_side_is_worse_and_what_cannot_be_told_yet(visit: Page) -> None:
    open_tab(visit, "Comparisons")
    expect(visit.locator(".st-key-plot_arms_0 svg.marks")).to_be_visible(timeout=PATIENCE_MS)
    table = visit.locator(".st-key-arms_table_0 table")
    expect(table.locator("tr", has_text="Flagged")).to_contain_text("Worse")
    expect(table.locator("tr", has_text="Answered")).to_contain_text("Cannot tell yet")
    expect(visit.locator(".st-key-plot_trend_variant")).to_contain_text("words-only (trial)")


def test_drift_names_what_changed_and_shows_questions_as_plain_text(visit: Page) -> None:
    open_tab(visit, "Drift")
    expect(visit.locator(".st-key-plot_drift svg.marks")).to_be_visible(timeout=PATIENCE_MS)
    expect(visit.locator(".st-key-plot_drift")).to_contain_text("Changed: what is asked about")
    expect(visit.locator(".fn-gaps")).to_contain_text("<img src=x onerror=alert(1)> **bold**")
    assert visit.locator(".fn-gaps img").count() == 0


@pytest.mark.parametrize("visit", [{"viewport": {"width": 375, "height": 800}}], indirect=True)
def test_on_a_phone_neither_is_wider_than_the_page(visit: Page) -> None:
    for name, drawn in (("Comparisons", "plot_arms_0"), ("Drift", "plot_drift")):
        open_tab(visit, name)
        expect(visit.locator(f".st-key-{drawn} svg.marks")).to_be_visible(timeout=PATIENCE_MS)
        assert visit.evaluate("document.documentElement.scrollWidth") <= 375, name
