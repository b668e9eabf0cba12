"""Who is at the other end of this session."""

import time

import streamlit as st

from app.application import Application
from app.bootstrap import web_caller
from core.answers import Caller


def login_email() -> str | None:
    """Return the email of the person who logged in, None when nobody did or the login has expired.

    Streamlit reads its identity cookie once per connection and never checks `exp`, so every run does.
    """
    person = st.user.to_dict()
    expires = person.get("exp")
    if not person.get("is_logged_in") or (
        isinstance(expires, int | float) and expires < time.time()
    ):
        return None
    email = person.get("email")
    return email if isinstance(email, str) and email else None


def current_caller(application: Application) -> Caller | None:
    """Return who asks in this run; None when the page to log in was drawn instead."""
    return web_caller(application.settings, login_email())
