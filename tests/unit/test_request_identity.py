"""Who is behind a request: logins by signed cookie, guests, and the person at this machine."""

import json
import secrets
import time
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import streamlit
from databases import open_database
from starlette.requests import HTTPConnection
from streamlit.auth_util import set_cookie_with_chunks
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value

from app.application import Application
from app.people import People
from app.web.request_identity import caller_of_request
from core.answers import Caller
from core.settings import load_settings

SECRET = "0123456789abcdef" * 4
ORIGIN = "https://answers.example.org"
ADMIN = Caller("boss@example.org", frozenset(), role="admin")
Cookies = dict[str, str]


def an_application(data_dir: Path) -> Application:
    others = {one.name for one in fields(Application)} - {"settings", "people", "slots"}
    people = People(open_database(data_dir), data_dir)
    return Application(settings=load_settings(), people=people, **dict.fromkeys(others))  # type: ignore[arg-type]


def request(cookies: Cookies | None = None, **headers: str) -> HTTPConnection:
    given = {"host": "answers.example.org", **headers}
    if cookies:
        given["cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in given.items()]
    return HTTPConnection({"type": "http", "headers": raw})


def identity(secret: str = SECRET, **changed: Any) -> Cookies:
    """The cookies that Streamlit gives to somebody who logged in."""
    now = int(time.time())
    claims = {"email": "ann@example.org", "iat": now, "exp": now + 600, "groups": ["hr"]}
    usual = {**claims, "origin": ORIGIN, "is_logged_in": True, "provider": "default"}
    cookies: Cookies = {}
    set_cookie_with_chunks(
        lambda name, value: cookies.update(
            {name: create_signed_value(secret, name, value).decode()}
        ),
        lambda name, value: create_signed_value(secret, name, value),
        "_streamlit_user",
        {**usual, **changed},
        cookie_attr_size=100,
    )
    return cookies


@pytest.fixture
def with_login(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Application:
    values = {
        "OIDC__METADATA_URL": "https://login.example.org/x",
        "OIDC__CLIENT_ID": "footnote",
        "OIDC__CLIENT_SECRET": "hush",
        "OIDC__REDIRECT_URL": f"{ORIGIN}/oauth2callback",
        "COOKIE_SECRET": SECRET,
        "ROLES__REVIEWERS": '["group:hr"]',
    }
    for name, value in values.items():
        monkeypatch.setenv(f"FOOTNOTE_{name}", value)
    return an_application(data_dir)


@pytest.fixture
def listening(monkeypatch: pytest.MonkeyPatch) -> Callable[[str | None], None]:
    def listen(address: str | None) -> None:
        monkeypatch.setattr(streamlit, "get_option", {"server.address": address}.get)

    return listen


def name_of(application: Application, cookies: Cookies, **headers: str) -> str:
    caller = caller_of_request(application, request(cookies, **headers))
    return "" if caller is None else caller.name


def test_a_login_gives_the_person_with_groups_and_role(with_login: Application) -> None:
    caller = caller_of_request(with_login, request(identity()))
    assert caller == Caller(
        "ann@example.org",
        frozenset({"everyone", "group:hr", "user:ann@example.org"}),
        role="reviewer",
    )


def test_a_login_in_several_cookies_is_read_whole(with_login: Application) -> None:
    cookies = identity(groups=[secrets.token_hex(20) for _ in range(200)])
    assert len(cookies) > 2
    assert name_of(with_login, cookies) == "ann@example.org"
    cookies.pop("_streamlit_user_2")
    assert name_of(with_login, cookies) == ""


def test_no_cookie_is_nobody_even_on_this_machine(
    with_login: Application, listening: Callable[[str | None], None]
) -> None:
    listening("127.0.0.1")
    assert name_of(with_login, {}, host="127.0.0.1:8501") == ""
    assert name_of(with_login, {"footnote_visitor": "a" * 32}) == ""


def test_a_cookie_signed_with_another_secret_is_nobody(with_login: Application) -> None:
    assert name_of(with_login, identity("another secret, as long as the one")) == ""


@pytest.mark.parametrize("place", [0, 30, -5])
def test_a_changed_cookie_is_nobody(with_login: Application, place: int) -> None:
    value = identity()["_streamlit_user"]
    changed = list(value)
    changed[place] = "A" if changed[place] != "A" else "B"
    assert name_of(with_login, {"_streamlit_user": "".join(changed)}) == ""


def test_claims_without_a_signature_are_nobody(with_login: Application) -> None:
    plain = json.dumps({"email": "ann@example.org", "is_logged_in": True, "exp": 9e9, "iat": 0})
    for value in (plain, "chunks-2", "", "x.y.z"):
        assert name_of(with_login, {"_streamlit_user": value}) == ""


def test_a_cookie_signed_for_another_purpose_is_nobody(with_login: Application) -> None:
    tokens = create_signed_value(SECRET, "_streamlit_user_tokens", json.dumps({})).decode()
    assert name_of(with_login, {"_streamlit_user": tokens}) == ""


def test_a_login_at_another_address_is_nobody(with_login: Application) -> None:
    assert name_of(with_login, identity(origin="https://other.example.org")) == ""


@pytest.mark.parametrize(
    "changed",
    [
        {"exp": 1},
        {"iat": 1},
        {"email": None},
        {"email_verified": False},
        {"is_logged_in": False},
    ],
)
def test_a_login_that_does_not_count_is_nobody(
    with_login: Application, changed: dict[str, object]
) -> None:
    assert name_of(with_login, identity(**changed)) == ""


def test_a_deactivated_person_is_nobody(with_login: Application) -> None:
    with_login.people.check_in("ann@example.org", "Ann", ())
    cookies = identity()
    assert name_of(with_login, cookies) == "ann@example.org"
    with_login.people.deactivate(ADMIN, "ann@example.org")
    assert name_of(with_login, cookies) == ""


def test_a_login_that_was_logged_out_of_is_nobody_and_a_new_one_counts(
    with_login: Application,
) -> None:
    now = int(time.time())
    with_login.people.end_login("ann@example.org", now - 5)
    assert name_of(with_login, identity(iat=now - 5)) == ""
    assert name_of(with_login, identity(iat=now - 4)) == "ann@example.org"


def test_the_person_at_this_machine_is_an_admin_without_a_cookie(
    data_dir: Path, listening: Callable[[str | None], None]
) -> None:
    application = an_application(data_dir)
    listening("127.0.0.1")
    for host in ("127.0.0.1:8501", "localhost:8501", "[::1]:8501", "localhost"):
        caller = caller_of_request(application, request(host=host, origin=f"http://{host}"))
        assert caller == caller_of_request(application, request(host=host))
        assert caller == Caller("Anonymous", frozenset({"everyone"}), role="admin")


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example.org"},
        {"host": "[::1"},
        {"host": ""},
        {"host": "localhost", "x_forwarded_for": "192.0.2.7"},
        {"host": "localhost", "origin": "https://answers.example.org"},
        {"host": "localhost", "origin": "null"},
        {"host": "localhost", "forwarded": "for=192.0.2.7"},
    ],
)
def test_who_comes_by_another_name_or_through_a_proxy_is_not_at_this_machine(
    data_dir: Path, listening: Callable[[str | None], None], headers: dict[str, str]
) -> None:
    application = an_application(data_dir)
    listening("127.0.0.1")
    assert caller_of_request(application, request(**headers)) is None
    guest = caller_of_request(application, request({"footnote_visitor": "a" * 32}, **headers))
    assert guest is not None
    assert (guest.role, guest.name[:8]) == ("reader", "visitor:")


@pytest.mark.parametrize("address", ["0.0.0.0", "192.0.2.1", "::", None])
def test_a_server_that_others_reach_makes_nobody_an_admin(
    data_dir: Path, listening: Callable[[str | None], None], address: str | None
) -> None:
    listening(address)
    application = an_application(data_dir)
    local = request({"footnote_visitor": "a" * 32}, host="127.0.0.1:8501")
    caller = caller_of_request(application, local)
    assert caller is not None
    assert caller.role == "reader"


def test_each_browser_is_a_guest_of_its_own_and_keeps_its_name(
    data_dir: Path, listening: Callable[[str | None], None]
) -> None:
    listening("0.0.0.0")
    application = an_application(data_dir)
    first, second = ({"footnote_visitor": letter * 32} for letter in "ab")
    assert name_of(application, first) == name_of(application, first)
    assert name_of(application, first) != name_of(application, second)
    assert "a" * 32 not in name_of(application, first)
    for odd in ("", "a" * 31, "A" * 32, "visitor:1", "a" * 32 + "\u00e9"):
        assert name_of(application, {"footnote_visitor": odd}) == ""


def test_guests_read_what_the_set_user_reads_and_have_the_set_role(
    data_dir: Path, listening: Callable[[str | None], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    listening("0.0.0.0")
    monkeypatch.setenv("FOOTNOTE_WEB__USER", "kiosk@example.org")
    monkeypatch.setenv("FOOTNOTE_WEB__ROLE", "reviewer")
    guest = caller_of_request(an_application(data_dir), request({"footnote_visitor": "a" * 32}))
    assert guest is not None
    assert guest.principals == {"everyone", "user:kiosk@example.org"}
    assert (guest.role, guest.name[:8]) == ("reviewer", "visitor:")
