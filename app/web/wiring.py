"""Holds the one application that all sessions of this process share.

`footnote web` runs the server in its own process and gives its settings, options of the command included,
with `use_settings`; `streamlit run app/web/main.py` has none to give, then they are read here.
"""

import streamlit as st

from app.application import Application
from app.bootstrap import open_application
from core.log import configure
from core.settings import Settings, load_settings

_given: list[Settings] = []


def use_settings(settings: Settings) -> None:
    """Fix the settings of this process, before its first page."""
    _given[:] = [settings]


@st.cache_resource(show_spinner=False)
def shared_settings() -> Settings:
    """Return the settings of this process."""
    if _given:
        return _given[0]
    settings = load_settings()
    configure(settings.log_level)
    return settings


@st.cache_resource(show_spinner=False)
def shared_application() -> Application:
    """Return the application, opened once for the process; it takes the caller with every call."""
    application = open_application(shared_settings())
    application.service.warm_up()
    return application
