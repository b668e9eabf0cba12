"""The report in a real browser: it fetches nothing, runs nothing, and fits a phone."""

from pathlib import Path

import pytest

pytest.importorskip("playwright")

from click.testing import CliRunner
from playwright.sync_api import Browser
from stored_runs import answer_of, content_of, store_run
from web_browser import CHROMIUM, NO_CHROMIUM, PATIENCE_MS

from app.cli import main
from evals.running.run_log import RunLog
from index.database import open_database

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason=NO_CHROMIUM),
]

HOSTILE = (
    '"><img src="https://evil.example/x" onerror="alert(1)"><script>alert(2)</script>' + "wide" * 60
)


@pytest.fixture
def report(tmp_path: Path) -> Path:
    engine = open_database(tmp_path, create=True)
    log = RunLog(engine, tmp_path)
    contents = {
        f"case-{n}": content_of(
            f"case-{n}", question=HOSTILE, answer=answer_of(HOSTILE), tags=[HOSTILE], facts=["x"]
        )
        for n in range(6)
    }
    for variant, value in (("before", 1.0), (HOSTILE[:60], 0.0)):
        store_run(
            log,
            {case: {"fact_match": value} for case in contents},
            variant=variant,
            contents=contents,
        )
    engine.dispose()
    file = tmp_path / "report.html"
    options = ["--html", str(file), "--against", "before", "--data-dir", str(tmp_path)]
    ran = CliRunner().invoke(main, ["eval", "report", *options])
    assert ran.exit_code == 0, ran.output
    return file


@pytest.mark.parametrize("width", [375, 1200])
def test_the_report_fetches_and_runs_nothing_and_fits(
    report: Path, browser: Browser, width: int
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900})
    page = context.new_page()
    asked: list[str] = []
    dialogs: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: dialogs.append(dialog.message))
    page.goto(report.as_uri(), timeout=PATIENCE_MS)
    page.get_by_role("heading", name="Quality").first.wait_for(timeout=PATIENCE_MS)
    assert asked == [report.as_uri()]
    assert dialogs == []
    assert page.locator("script, img, iframe, object, embed, link, form").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    context.close()
