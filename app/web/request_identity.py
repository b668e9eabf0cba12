"""Who is behind a page's run, a request or a connection: one rule for all three.

    login configured    the person of the signed cookie, checked again every time (`app.web.login`)
    no login, local     the person at this machine: who reaches a loopback address by its own name
    no login, else      a guest, known by a cookie that the server gave to the browser

Whoever cannot be told gets nothing.
"""

import hashlib
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

import streamlit as st
from starlette.requests import HTTPConnection
from streamlit.auth_util import get_cookie_with_chunks
from streamlit.web.server.starlette.starlette_app_utils import decode_signed_value
from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME

from app.application import Application
from app.bootstrap import web_caller
from app.people import VISITOR_PREFIX, People
from app.web.login import Login, Refusal, read_login
from app.web.oidc import LOOPBACK_HOSTS, cookie_secret, is_login_configured
from core.answers import Caller
from core.settings import Settings

VISITOR_COOKIE = "footnote_visitor"
_VISITOR = re.compile(r"[0-9a-f]{32}")
# Whoever comes through a proxy is not at this machine.
_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")


@dataclass(frozen=True, slots=True)
class Visit:
    """What a browser shows of itself; `claims` are those of a verified login, empty without one."""

    claims: Mapping[str, object]
    cookies: Mapping[str, str]
    headers: Mapping[str, str]


def caller_of_request(application: Application, request: HTTPConnection) -> Caller | None:
    """Return who sent a request, None for whoever may see nothing.

    Raises:
        FootnoteError: the groups file or the catalogue cannot be read.
    """
    found = caller_or_refusal(application, visit_of(application.settings, request))
    return found if isinstance(found, Caller) else None


def visit_of(settings: Settings, request: HTTPConnection) -> Visit:
    """Return what a request, or the opening of a connection, shows."""
    return Visit(signed_claims(settings, request.cookies), request.cookies, request.headers)


def caller_or_refusal(
    application: Application, visit: Visit, *, check_in: bool = False
) -> Caller | Refusal:
    """Return who is behind a visit, or why nobody is let in; `check_in` notes that the person was here.

    Raises:
        FootnoteError: the groups file or the catalogue cannot be read.
    """
    settings, people = application.settings, application.people
    if not is_login_configured(settings.oidc):
        return _without_login(settings, visit)
    login = read_login(visit.claims, settings.oidc, time.time())
    if isinstance(login, Refusal):
        return login
    if people.has_ended(login.email, login.issued_at):
        return Refusal("ended", login.email)
    if not _is_active(people, login, check_in=check_in):
        return Refusal("deactivated", login.email)
    return web_caller(settings, login.email, login.groups)


def _is_active(people: People, login: Login, *, check_in: bool) -> bool:
    if check_in:
        return people.check_in(login.email, login.name, login.groups)
    return people.is_active(login.email)


def signed_claims(settings: Settings, cookies: Mapping[str, str]) -> Mapping[str, object]:
    """Return the claims in Streamlit's identity cookie; none if it is missing or not signed by us."""
    oidc = settings.oidc
    if not is_login_configured(oidc) or USER_COOKIE_NAME not in cookies:
        return {}
    secret = cookie_secret(settings)

    def verified(name: str) -> bytes | None:
        value = cookies.get(name)
        return None if value is None else decode_signed_value(secret, name, value)

    signed = get_cookie_with_chunks(verified, USER_COOKIE_NAME)
    try:
        claims = json.loads(signed) if signed else {}
    except ValueError:
        return {}
    address = urlsplit(oidc.redirect_url)
    is_ours = isinstance(claims, dict) and claims.get("origin") == (
        f"{address.scheme}://{address.netloc}"
    )
    return claims if is_ours else {}


def visitor_name(cookies: Mapping[str, str]) -> str:
    """Return the name of the guest with these cookies, '' for a browser that has none of ours.

    The name is seen by reviewers, the cookie's value by nobody: it is what makes a browser that guest.
    """
    value = cookies.get(VISITOR_COOKIE, "")
    if not _VISITOR.fullmatch(value):
        return ""
    return VISITOR_PREFIX + hashlib.sha256(value.encode()).hexdigest()[:16]


def is_local(headers: Mapping[str, str]) -> bool:
    """Return whether a visit comes from this machine, to a server that nobody else can reach.

    The name that was asked for counts too: a page elsewhere can give this machine's address to its own name.
    """
    names = {name.casefold(): value for name, value in headers.items()}
    asked = [names.get("host", ""), *([names["origin"]] if "origin" in names else [])]
    return (
        st.get_option("server.address") in LOOPBACK_HOSTS
        and all(_hostname(name) in LOOPBACK_HOSTS for name in asked)
        and not any(name in names for name in _FORWARDED)
    )


def _hostname(name: str) -> str:
    """Return the host in the value of a `Host` or `Origin` header, '' if there is none."""
    try:
        return urlsplit(f"//{name.rpartition('//')[2]}").hostname or ""
    except ValueError:
        return ""


def _without_login(settings: Settings, visit: Visit) -> Caller | Refusal:
    caller = web_caller(settings, None)
    if is_local(visit.headers):
        return replace(caller, role=settings.web.role or "admin")
    name = visitor_name(visit.cookies)
    if not name:
        return Refusal("no_cookie")
    # What guests read is what FOOTNOTE_WEB__USER reads; what they asked is each one's own.
    return replace(caller, name=name, role=settings.web.role or "reader")
