"""What the application looks like where several pages or runs have to agree, in a real browser on the real server."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.importorskip("playwright")

from cli_harness import samples_base, writable_copy
from playwright.sync_api import Browser, expect
from web_browser import CHROMIUM, IDLE, NO_CHROMIUM, PATIENCE_MS, Visit
from web_real import web_server

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason=NO_CHROMIUM),
]

PAGES = ("flags", "review", "quality", "documents", "people")


@pytest.fixture
def real(browser: Browser, model_cache: Path, data_dir: Path) -> Iterator[Visit]:
    writable_copy(samples_base(model_cache), data_dir)
    settings = {"WEB__USER": "ada@x.org", "MODEL_CACHE": str(model_cache), "OFFLINE": "1"}
    with web_server(data_dir, **settings) as address:
        one = Visit(browser, address)
        yield one
        one.close()


def test_a_dialog_of_the_sidebar_takes_no_style_away(real: Visit) -> None:
    page = real.open()
    real.ask("How many days of annual leave do I have?")
    real.answered()
    foot = page.locator(".fn-person")
    expect(foot).to_have_css("font-weight", "600", timeout=PATIENCE_MS)
    row = page.locator(".st-key-recent [class*='st-key-row_']").first
    row.hover()
    row.get_by_role("button", name="Change").click()
    page.get_by_text("Rename").click()
    expect(page.get_by_role("dialog")).to_be_visible(timeout=PATIENCE_MS)
    real.settle()
    assert foot.evaluate("e => getComputedStyle(e).fontWeight") == "600"


def test_the_title_of_every_page_has_the_same_size_and_height(visit: Callable[..., Visit]) -> None:
    one = visit(role="admin")
    seen = set()
    for path in PAGES:
        one.page.goto(f"{one.address}/{path}")
        title = one.page.get_by_role("heading", level=1).first
        expect(title).to_be_visible(timeout=PATIENCE_MS)
        expect(one.page.locator(IDLE)).to_be_attached(timeout=PATIENCE_MS)
        # The part of Streamlit that applies styles is loaded when the page is already drawn.
        expect(title).to_have_css("line-height", "40px", timeout=PATIENCE_MS)
        seen.add(
            title.evaluate(
                "e => [getComputedStyle(e).fontSize, Math.round(e.getBoundingClientRect().top / 4)].join()"
            )
        )
    assert len(seen) == 1, seen
