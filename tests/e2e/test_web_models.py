"""What a reader sees when the language model fails: an answer with a sentence that says so, in each case."""

from pathlib import Path

import pytest

pytest.importorskip("playwright")

from llm_server import llm_server
from playwright.sync_api import Browser, expect
from web_browser import CHROMIUM, NO_CHROMIUM, PATIENCE_MS, Visit
from web_fake import DOCUMENTS
from web_fake_base import fill
from web_real import web_server

from core.settings import load_settings

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason=NO_CHROMIUM),
]

QUICK = {"GENERATION__FIRST_TOKEN_SECONDS": "2", "GENERATION__TOKEN_SECONDS": "2"}


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "data"
    folder.mkdir()
    fill(load_settings(data_dir=folder), list(DOCUMENTS.values()))
    return folder


@pytest.mark.parametrize(
    ("script", "title"),
    [
        ("unauthorized", "Reduced service"),
        ("rate_limited_no_header", "Reduced service"),
        ("never_starts", "Reduced service"),
        ("empty", "Reduced service"),
        ("stall", "The answer broke off"),
        ("disconnect", "The answer broke off"),
    ],
)
def test_a_failure_of_the_model_is_an_answer_that_says_so(
    browser: Browser, data_dir: Path, script: str, title: str
) -> None:
    with (
        llm_server(script) as model,
        web_server(
            data_dir, LLM="openai-like:test", LLM_BASE_URL=model.openai_url, **QUICK
        ) as address,
    ):
        one = Visit(browser, address)
        one.open()
        one.ask("How many days of annual leave does everyone have?")
        expect(one.page.locator(".answer")).to_contain_text(title, timeout=2 * PATIENCE_MS)
        one.settle()
        expect(one.page.get_by_role("alert")).to_have_count(0)
        assert one.dialogs + one.strays == []
        one.close()
