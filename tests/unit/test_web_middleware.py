"""What stands in front of Streamlit: headers, names of hosts, cookies of guests, the way back from a login."""

import time
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import streamlit
from databases import open_database
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect
from streamlit import config
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value

from app.application import Application
from app.people import People
from app.web.connections import KnownCallers
from app.web.headers import SecurityHeaders
from app.web.login_way import LoginWay
from app.web.routes import routes, under_base_path
from core.answers import Caller
from core.errors import DataFolderError
from core.settings import load_settings

SECRET = "0123456789abcdef" * 4
ORIGIN = "https://answers.example.org"
BROWSER = {"Accept": "text/html,*/*"}
ADMIN = Caller("boss@example.org", frozenset(), role="admin")


class Broken:
    """A service whose catalogue cannot be read, or can."""

    def __init__(self, error: Exception | None = None) -> None:
        self.catalogue = self
        self.error = error

    def generation(self) -> int:
        if self.error:
            raise self.error
        return 1


def an_application(data_dir: Path, error: Exception | None = None) -> Application:
    known = {"settings", "service", "people", "slots"}
    others = {one.name for one in fields(Application)} - known
    people = People(open_database(data_dir), data_dir)
    service: Any = Broken(error)
    return Application(
        settings=load_settings(), service=service, people=people, **dict.fromkeys(others)
    )


async def echo(websocket: WebSocket) -> None:
    """As Streamlit's connection: says which session was asked for, then repeats what it hears."""
    await websocket.accept(subprotocol="streamlit")
    await websocket.send_text(websocket.headers["sec-websocket-protocol"])
    try:
        while True:
            await websocket.send_bytes(await websocket.receive_bytes())
    except WebSocketDisconnect:
        pass


async def streamlit_answer(request: Request) -> Response:
    """Answer as Streamlit does at the addresses of a login, and with a page everywhere else."""
    path, query = request.url.path, request.query_params
    if path.endswith("/auth/login"):
        return PlainTextResponse("Authentication error", 400)
    if path.endswith("/oauth2callback"):
        response = RedirectResponse("/", 302)
        if query.get("code") == "good":
            response.set_cookie("_streamlit_user", "signed")
        else:
            response.delete_cookie("_streamlit_user")
        return response
    if "/media/" in path:
        return PlainTextResponse("bytes of a document")
    return HTMLResponse("<p>page</p>")


def client(application: Application, base: str = "") -> TestClient:
    app = Starlette(
        routes=[
            *under_base_path(routes(application), base),
            WebSocketRoute("/_stcore/stream", echo),
            Route("/{path:path}", streamlit_answer),
        ],
        middleware=[
            Middleware(SecurityHeaders),
            Middleware(LoginWay, base_path=base),
            Middleware(KnownCallers, application=application),
        ],
    )
    return TestClient(app, base_url=ORIGIN, follow_redirects=False)


@pytest.fixture(autouse=True)
def _listening(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streamlit, "get_option", {"server.address": "0.0.0.0"}.get)


@pytest.fixture
def with_login(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Application:
    for name, value in {
        "OIDC__METADATA_URL": "https://login.example.org/x",
        "OIDC__CLIENT_ID": "footnote",
        "OIDC__CLIENT_SECRET": "hush",
        "OIDC__REDIRECT_URL": f"{ORIGIN}/oauth2callback",
        "COOKIE_SECRET": SECRET,
    }.items():
        monkeypatch.setenv(f"FOOTNOTE_{name}", value)
    return an_application(data_dir)


def identity() -> dict[str, str]:
    now = int(time.time())
    claims = (
        f'{{"is_logged_in": true, "email": "ann@example.org", "iat": {now}, "exp": {now + 600}, '
    )
    value = claims + f'"origin": "{ORIGIN}"}}'
    signed = create_signed_value(SECRET, "_streamlit_user", value).decode()
    return {"Cookie": f"_streamlit_user={signed}"}


def connected(session: str = "old-session") -> dict[str, str]:
    return {"Sec-WebSocket-Protocol": f"streamlit,token,{session}"}


def a_click(url: str) -> bytes:
    message = BackMsg()
    message.rerun_script.context_info.url = url
    return message.SerializeToString()


def test_every_answer_has_the_security_headers(data_dir: Path) -> None:
    for path in ("/", "/healthz", "/media/x"):
        headers = client(an_application(data_dir)).get(path).headers
        policy = headers["content-security-policy"]
        (scripts,) = (part for part in policy.split("; ") if part.startswith("script-src"))
        assert "unsafe" not in scripts
        assert "sha256-" in scripts
        assert "img-src 'self' data: blob:" in policy
        assert "object-src 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "SAMEORIGIN"
        assert "camera=()" in headers["permissions-policy"]


def test_health_is_ok_while_the_catalogue_can_be_read(data_dir: Path) -> None:
    answer = client(an_application(data_dir)).get("/healthz")
    assert (answer.status_code, answer.text) == (200, "ok")
    assert answer.headers["cache-control"] == "no-store"


def test_health_says_in_a_sentence_why_it_is_not(data_dir: Path) -> None:
    broken = an_application(data_dir, DataFolderError("The catalogue is damaged."))
    answer = client(broken).get("/healthz")
    assert (answer.status_code, answer.text) == (503, "The catalogue is damaged.")
    odd = client(an_application(data_dir, ValueError("secret words"))).get("/healthz")
    assert odd.status_code == 503
    assert "secret words" not in odd.text


def test_routes_move_below_the_base_path(data_dir: Path) -> None:
    asked = client(an_application(data_dir), "/footnote")
    assert asked.get("/footnote/healthz").text == "ok"
    assert asked.get("/healthz").text != "ok"


def test_a_name_that_is_not_ours_is_refused_but_health_answers(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    allowed = {**{"server.allowedHosts": ["answers.example.org", "*.example.com"]}}
    monkeypatch.setattr(config, "get_option", allowed.get)
    asked = client(an_application(data_dir))
    for host, status in (
        ("answers.example.org", 200),
        ("a.example.com:8501", 200),
        ("evil.example", 403),
        ("answers.example.org.evil.example", 403),
    ):
        assert asked.get("/", headers={"Host": host}).status_code == status
    assert asked.get("/healthz", headers={"Host": "10.0.0.7:8501"}).text == "ok"


def test_a_browser_gets_one_cookie_with_its_first_page(data_dir: Path) -> None:
    asked = client(an_application(data_dir))
    cookie = asked.get("/", headers=BROWSER).headers["set-cookie"]
    assert cookie.startswith("footnote_visitor=")
    assert "; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax; Secure" in cookie
    assert "set-cookie" not in asked.get("/", headers=BROWSER).headers
    fresh = client(an_application(data_dir))
    assert "set-cookie" not in fresh.get("/app.js", headers={"Accept": "*/*"}).headers
    assert fresh.get("/", headers=BROWSER).headers["set-cookie"] != cookie


def test_a_made_up_guest_is_replaced(data_dir: Path) -> None:
    asked = client(an_application(data_dir))
    answer = asked.get("/", headers={**BROWSER, "Cookie": "footnote_visitor=admin"})
    assert answer.headers["set-cookie"].startswith("footnote_visitor=")


def test_with_login_nobody_becomes_a_guest(with_login: Application) -> None:
    assert "set-cookie" not in client(with_login).get("/", headers=BROWSER).headers


def test_results_of_a_session_are_for_those_who_are_let_in_and_not_stored(
    with_login: Application,
) -> None:
    asked = client(with_login)
    refused = asked.get("/media/abc.png")
    assert (refused.status_code, refused.text) == (403, "Log in first.")
    given = asked.get("/media/abc.png", headers=identity())
    assert (given.text, given.headers["cache-control"]) == ("bytes of a document", "no-store")
    with_login.people.check_in("ann@example.org", "Ann", ())
    with_login.people.deactivate(ADMIN, "ann@example.org")
    assert asked.get("/media/abc.png", headers=identity()).status_code == 403


def test_a_connection_of_a_person_passes_messages_on(with_login: Application) -> None:
    headers = {**identity(), **connected()}
    with client(with_login).websocket_connect("/_stcore/stream", headers=headers) as socket:
        assert socket.receive_text() == "streamlit,token,old-session"
        socket.send_bytes(b"click")
        assert socket.receive_bytes() == b"click"


@pytest.mark.parametrize(
    ("url", "leads_to"),
    [
        (f"{ORIGIN}/flags?c=7", "/flags?c=7"),
        ("https://evil.example//evil.example/x", "/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
    ],
)
def test_the_message_after_a_deactivation_is_not_passed_on_and_the_page_loads_again(
    with_login: Application, url: str, leads_to: str
) -> None:
    with_login.people.check_in("ann@example.org", "Ann", ())
    headers = {**identity(), **connected()}
    with client(with_login).websocket_connect("/_stcore/stream", headers=headers) as socket:
        socket.receive_text()
        with_login.people.deactivate(ADMIN, "ann@example.org")
        socket.send_bytes(a_click(url))
        order = ForwardMsg()
        order.ParseFromString(socket.receive_bytes())
        assert order.auth_redirect.url == leads_to
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_bytes()
        assert closed.value.code == 1008


def test_who_is_let_in_and_out_again_on_one_connection_is_out(with_login: Application) -> None:
    people = with_login.people
    people.check_in("ann@example.org", "Ann", ())
    people.deactivate(ADMIN, "ann@example.org")
    headers = {**identity(), **connected()}
    with client(with_login).websocket_connect("/_stcore/stream", headers=headers) as socket:
        assert socket.receive_text() == "streamlit,token"
        socket.send_bytes(b"log in")
        assert socket.receive_bytes() == b"log in"
        people.activate(ADMIN, "ann@example.org")
        socket.send_bytes(b"click")
        assert socket.receive_bytes() == b"click"
        people.deactivate(ADMIN, "ann@example.org")
        socket.send_bytes(b"click")
        assert socket.receive_bytes() != b"click"


def test_a_message_that_is_nothing_is_not_passed_on_either(with_login: Application) -> None:
    headers = {**identity(), **connected()}
    with client(with_login).websocket_connect("/_stcore/stream", headers=headers) as socket:
        socket.receive_text()
        with_login.people.check_in("ann@example.org", "Ann", ())
        with_login.people.deactivate(ADMIN, "ann@example.org")
        socket.send_bytes(b"\xff\xff\xff")
        assert socket.receive_bytes() != b"\xff\xff\xff"


def test_a_connection_without_a_login_cannot_take_up_a_session(with_login: Application) -> None:
    with client(with_login).websocket_connect("/_stcore/stream", headers=connected()) as socket:
        assert socket.receive_text() == "streamlit,token"


def test_a_provider_that_is_away_leads_to_a_page_that_says_so(with_login: Application) -> None:
    answer = client(with_login).get("/auth/login?provider=x", headers=BROWSER)
    assert (answer.status_code, answer.headers["location"]) == (303, "/?login=unreachable")


@pytest.mark.parametrize(
    ("query", "leads_to"),
    [
        ("code=bad&state=x", "/?login=failed"),
        ("error=access_denied", "/?login=failed"),
        ("", "/?login=ended"),
        ("code=good&state=x", "/"),
    ],
)
def test_the_way_back_from_the_provider_says_what_happened(
    with_login: Application, query: str, leads_to: str
) -> None:
    answer = client(with_login).get(f"/oauth2callback?{query}", headers=BROWSER)
    assert (answer.status_code, answer.headers["location"]) == (302, leads_to)


def test_after_a_login_comes_the_page_that_was_wanted(with_login: Application) -> None:
    asked = client(with_login)
    asked.get("/flags?c=01ab&cite=2", headers=BROWSER)
    answer = asked.get("/oauth2callback?code=good", headers=BROWSER)
    assert answer.headers["location"] == "/flags?c=01ab&cite=2"
    again = asked.get("/oauth2callback?code=good", headers=BROWSER)
    assert again.headers["location"] == "/"


@pytest.mark.parametrize(
    "wanted",
    ["//evil.example", "/%5Cevil.example", "https://evil.example/", "/\\evil.example", "/a b", ""],
)
def test_after_a_login_nobody_is_led_away(with_login: Application, wanted: str) -> None:
    headers = {**BROWSER, "Cookie": f"footnote_return={wanted.replace('/', '%2F')}"}
    answer = client(with_login).get("/oauth2callback?code=good", headers=headers)
    assert answer.headers["location"] == "/"
