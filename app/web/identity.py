"""Who is at the other end of this session, and how the page shows it."""

import streamlit as st

from app.application import Application
from app.chat_view import plain_row
from app.people import shown_name
from app.web.login import Refusal
from app.web.oidc import is_login_configured
from app.web.request_identity import Visit, caller_or_refusal
from core.answers import Caller, Role
from index.permissions import ANONYMOUS_NAME

_ROLE_WORDS: dict[Role, str] = {"reader": "", "reviewer": "Reviewer", "admin": "Admin"}


def current_caller(application: Application) -> Caller | Refusal:
    """Return who asks in this run, or why nobody is let in; everything is checked again each time."""
    visit = Visit(st.user.to_dict(), st.context.cookies, dict(st.context.headers))
    return caller_or_refusal(application, visit, check_in=True)


def show_identity(application: Application, caller: Caller) -> None:
    """Draw who is here, and the way out, at the foot of the sidebar."""
    has_login = is_login_configured(application.settings.oidc)
    with st.sidebar, st.container(key="identity", gap=None):
        st.html(plain_row((_name(caller, has_login=has_login),), "fn-person"))
        st.html(plain_row((_ROLE_WORDS[caller.role],), "fn-person-role") or "<div></div>")
        if has_login:
            st.button(
                "Log out",
                key="log_out",
                icon=":material/logout:",
                type="tertiary",
                on_click=log_out,
                args=(application,),
            )


def log_out(application: Application) -> None:
    """End the login of this session: its cookie is removed, and counts no more in other tabs."""
    claims = st.user.to_dict()
    email, issued_at = claims.get("email"), claims.get("iat")
    if isinstance(email, str) and isinstance(issued_at, int | float):
        application.people.end_login(email.strip().casefold(), float(issued_at))
    st.logout()


def _name(caller: Caller, *, has_login: bool) -> str:
    if caller.name == ANONYMOUS_NAME:
        return "You, on this computer"
    name = st.user.to_dict().get("name") if has_login else None
    return name if isinstance(name, str) and name.strip() else shown_name(caller.name)
