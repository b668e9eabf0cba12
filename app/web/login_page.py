"""The page to log in: what people see while nobody is let in."""

import streamlit as st

from app.application import Application
from app.chat_view import plain_html, plain_label
from app.web.identity import log_out
from app.web.login import Reason, Refusal
from app.web.oidc import is_login_configured
from app.web.pages import BRAND, navigate
from app.web.shipped import ASSETS

_SENTENCES: dict[Reason, str] = {
    "logged_out": "",
    "expired": "Your login has ended. Log in again to go on; your conversations are kept.",
    "ended": "You are logged out.",
    "no_email": "Your account has no email address, so Footnote cannot tell which documents you may read. "
    "Ask the people who run your accounts to add one.",
    "not_verified": "The email address {email} is not confirmed yet. Confirm it with your login provider, "
    "then log in again.",
    "domain": "Accounts like {email} cannot be used here. Log in with your work account.",
    "deactivated": "The account {email} may not use Footnote any more. If that is a mistake, "
    "ask whoever runs Footnote.",
    "no_cookie": "Footnote needs a cookie to tell you from other guests. Allow cookies for this site, "
    "then load the page again.",
}
_WELCOME = (
    '<h1 class="fn-login-title">Answers from your documents</h1>'
    '<p class="fn-login-lead">With the exact words that support them.</p>'
)
# What the way back from the provider puts into the address (`app.web.login_way`).
_RETURNED = {
    "failed": "The login did not work. Please try again; if it stays, tell the people who run Footnote.",
    "unreachable": "The login service does not answer. Please try again in a minute.",
    "ended": "You are logged out.",
}
# Logging in again with the same account would only lead back here.
_TO_ANOTHER_ACCOUNT: tuple[Reason, ...] = ("no_email", "not_verified", "domain", "deactivated")


def draw_login_page(application: Application, refusal: Refusal) -> None:
    """Draw why nobody is let in and the one button that helps, at every address."""
    navigate(lambda: _draw(application, refusal))


def _draw(application: Application, refusal: Refusal) -> None:
    st.html(ASSETS / "identity.css")
    with st.container(key="login", gap="medium"):
        st.html(BRAND)
        st.html(_WELCOME)
        sentence = _sentence(refusal)
        if sentence:
            st.html(plain_html(sentence, "fn-login-note", role="status"))
        if is_login_configured(application.settings.oidc):
            _show_way_in(application, refusal)


def _sentence(refusal: Refusal) -> str:
    returned = _RETURNED.get(str(st.query_params.get("login", "")), "")
    return _SENTENCES[refusal.reason].format(email=refusal.email) or returned


def _show_way_in(application: Application, refusal: Refusal) -> None:
    if refusal.reason in _TO_ANOTHER_ACCOUNT:
        st.button(
            "Use another account",
            key="other_account",
            type="primary",
            width="stretch",
            on_click=log_out,
            args=(application,),
        )
        return
    provider = plain_label(application.settings.oidc.provider_name, 60)
    st.button(
        f"Log in with {provider}" if provider else "Log in",
        key="log_in",
        type="primary",
        width="stretch",
        on_click=st.login,
    )
