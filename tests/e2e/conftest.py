"""The page in a real browser, in front of scripted answers; for the tests that ask for `visit`."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

Open = Callable[..., Any]
"""Opens a `web_browser.Visit`: `visit(path, user=…, scene=…, role=…, …options of a browser context)`."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the server keeps a data folder for each scene."""
    return tmp_path_factory.mktemp("fake")


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    from web_browser import fake_server

    with fake_server(folder) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    from playwright.sync_api import sync_playwright
    from web_browser import launch

    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture
def visit(browser: "Browser", address: str, request: pytest.FixtureRequest) -> "Iterator[Open]":
    """Open contexts; at the end none of them may have shown a dialog or asked another machine."""
    from web_browser import Visit

    visits: list[Visit] = []

    def open_one(path: str = "/", *, user: str = "", **options: Any) -> Visit:
        one = Visit(browser, address, user=user or f"{request.node.name}@x.org", **options)
        visits.append(one)
        one.open(path)
        return one

    yield open_one
    for one in visits:
        one.close()
    assert [one.dialogs + one.strays for one in visits] == [[] for _ in visits]
