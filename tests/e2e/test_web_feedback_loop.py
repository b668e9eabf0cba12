"""The loop from a flagged sentence to a test that the next version passes, through the doors that people use."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("playwright")

from playwright.sync_api import Browser, Page, expect
from web_browser import CHROMIUM, NO_CHROMIUM, Visit
from web_real import footnote, ingest, web_server

expect.set_options(timeout=60_000)
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason=NO_CHROMIUM),
]

QUESTION = "How many days may a visitor badge be used?"
POLICY = """# Visitor badges

## How long they last

A visitor badge may be used for {days} days. The front desk takes it back after that.

## Lost badges

Report a lost badge to the front desk on the same day.
"""
READER, REVIEWER = "ann@x.org", "rev@x.org"


@pytest.fixture
def documents(tmp_path: Path, data_dir: Path) -> Path:
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "badges.md").write_text(POLICY.format(days=14), encoding="utf-8")
    (folder / "canteen.md").write_text(
        "# Canteen\n\nThe canteen opens at noon and has soup on Fridays.\n", encoding="utf-8"
    )
    ingest(folder, data_dir)
    return folder


@pytest.fixture
def visits(browser: Browser, data_dir: Path) -> Iterator[Any]:
    with ExitStack() as stack:

        def open_as(name: str, role: str) -> Visit:
            address = stack.enter_context(web_server(data_dir, WEB__USER=name, WEB__ROLE=role))
            visit = Visit(browser, address)
            stack.callback(visit.close)
            return visit

        yield open_as


def gate(data_dir: Path) -> tuple[int, dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-c", "from app.cli import main; main()", "eval", "gate", "--json"],
        env=os.environ
        | {"FOOTNOTE_DATA_DIR": str(data_dir), "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr
    return done.returncode, json.loads(done.stdout)


def the_flag(data_dir: Path) -> dict[str, Any]:
    (flag,) = json.loads(footnote("feedback", "list", "--json", data_dir=data_dir))
    shown: dict[str, Any] = json.loads(
        footnote("review", "show", flag["id"], "--json", data_dir=data_dir)
    )
    return shown | {"feedback_id": flag["id"]}


def flag_the_words(page: Page, words: str) -> None:
    page.locator(".answer .text").first.get_by_text(words).first.click()
    window = page.locator(".window:popover-open")
    window.get_by_role("button", name="Outdated").click()
    expect(window.get_by_role("status")).to_contain_text("Flag saved")


def test_a_flagged_sentence_becomes_a_test_that_blocks_until_it_is_fixed_and_its_reporter_is_told(
    visits: Any, documents: Path, data_dir: Path
) -> None:
    reader: Visit = visits(READER, "reader")
    reader.open()
    reader.ask(QUESTION)
    reader.answered()
    flag_the_words(reader.page, "A visitor badge may be used for 14 days.")

    reviewer: Visit = visits(REVIEWER, "reviewer")
    review = reviewer.page
    review.goto(f"{reviewer.address}/review")
    expect(review.locator(".queue > li")).to_have_count(1)
    review.locator(".queue > li").first.get_by_role("button").click()
    expect(review.locator(".item h2")).to_have_text(QUESTION)
    expect(review.locator(".keys[data-listening]")).to_be_attached()
    reviewer.settle()
    review.keyboard.press("c")
    review.get_by_label("What is the right answer?").fill("30 days")
    review.get_by_role("button", name="Accept with this correction").click()
    expect(review.locator(".st-key-review_said [role=status]")).to_contain_text("Accepted")
    flag = the_flag(data_dir)
    assert flag["state"] == "accepted"
    review.goto(f"{reviewer.address}/review?flag={flag['feedback_id']}")
    expect(review.locator(".keys[data-listening]")).to_be_attached()
    reviewer.settle()
    review.keyboard.press("p")
    review.get_by_label(re.compile("Patterns that it must match")).fill("30 days")
    review.get_by_role("button", name="Store as a test case").click()
    expect(review.locator(".st-key-review_said [role=status]")).to_contain_text(
        "Stored as a test case"
    )

    blocked, said = gate(data_dir)
    assert blocked == 1, said
    (case,) = json.loads(footnote("review", "cases", "--json", data_dir=data_dir))
    assert case["id"] in json.dumps(said)

    (documents / "badges.md").write_text(POLICY.format(days=30), encoding="utf-8")
    ingest(documents, data_dir)
    passed, said = gate(data_dir)
    assert passed == 0, said
    flag = the_flag(data_dir)
    assert flag["state"] == "verified"

    reader.open()
    expect(reader.page.locator(".st-key-notices")).to_contain_text(
        re.compile("fixed|verified", re.I)
    )
    reader.page.goto(f"{reader.address}/flags")
    reader.settle()
    expect(reader.page.get_by_test_id("stMain")).to_contain_text("Fixed and tested")
    reader.open()
    reader.ask(QUESTION)
    reader.answered()
    expect(reader.page.locator(".answer .text").first).to_contain_text("30 days")
