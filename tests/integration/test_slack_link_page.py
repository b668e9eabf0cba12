"""The page that links a Slack account to a login, drawn by the real Streamlit without a browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select
from streamlit.testing.v1 import AppTest

from app.account_links import AccountLinks, SlackAccount
from app.application import Application
from app.bootstrap import open_application
from app.web.pages import PAGES
from core.answers import Caller
from core.settings import load_settings
from index.permissions import caller_named
from index.schema import slack_people

ANN = caller_named("ann@example.org", ["hr"])
OIDC = {
    "metadata_url": "https://login.example.org/.well-known/openid-configuration",
    "client_id": "footnote",
    "client_secret": "a-secret-of-the-client",
    "redirect_url": "https://footnote.example.org/oauth2callback",
}


@pytest.fixture(scope="module")
def application(
    tmp_path_factory: pytest.TempPathFactory, model_cache: Path
) -> Iterator[Application]:
    settings = load_settings(
        data_dir=tmp_path_factory.mktemp("linking"),
        model_cache=model_cache,
        offline=True,
        oidc=OIDC,
    )
    opened = open_application(settings)
    yield opened
    opened.uploads.close_all()


def draw(application: object, caller: object) -> None:
    from app.web.problems import guarded
    from app.web.slack_link_page import render

    with guarded():
        render(application, caller)  # type: ignore[arg-type]  # its source runs as a script of its own


def page(application: Application, code: str, caller: Caller = ANN) -> AppTest:
    """Open the address of a code, as somebody who is logged in."""
    opened = AppTest.from_function(draw, args=(application, caller), default_timeout=60)
    if code:
        opened.query_params["code"] = code
    return opened.run()


def words(opened: AppTest) -> str:
    assert not opened.exception
    return "\n".join(str(block.proto.body) for block in opened.get("html"))


def linked(application: Application) -> list[tuple[str, str]]:
    query = select(slack_people.c.slack_user, slack_people.c.email)
    with application.service.catalogue.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(query)]


def test_opening_the_address_links_nothing_and_the_button_links_once(
    application: Application,
) -> None:
    links = AccountLinks(application.service.catalogue.engine, application.settings.data_dir)
    code = links.offer(SlackAccount("T0FOOT", "U0ANN"))
    opened = page(application, code)
    assert "U0ANN" in words(opened)
    assert "ann@example.org" in words(opened)
    assert "the account would be theirs" in words(opened)
    assert linked(application) == []
    opened.button(key="link_slack").click().run()
    assert linked(application) == [("U0ANN", "ann@example.org")]
    assert "is linked" in words(opened)
    assert opened.query_params.get("code") is None
    again = page(application, code, caller_named("eve@example.org", []))
    assert "used already" in words(again)
    assert not again.button
    assert linked(application) == [("U0ANN", "ann@example.org")]


@pytest.mark.parametrize("code", ["", "nonsense", "<script>alert(1)</script>"])
def test_an_address_without_a_code_of_ours_has_no_button(
    application: Application, code: str
) -> None:
    opened = page(application, code)
    assert "used already" in words(opened)
    assert "<script>" not in words(opened)
    assert not opened.button


def test_where_nobody_logs_in_no_account_can_be_linked(
    application: Application, tmp_path: Path, model_cache: Path
) -> None:
    settings = load_settings(data_dir=tmp_path, model_cache=model_cache, offline=True)
    opened = page(open_application(settings), "x" * 43)
    assert "Nobody logs in here" in words(opened)
    assert not opened.button


def test_the_page_is_not_in_the_navigation() -> None:
    (entry,) = [entry for entry in PAGES if entry.path == "slack-link"]
    assert not entry.is_listed
    assert all(other.is_listed for other in PAGES if other is not entry)
