"""The script that Streamlit runs for every interaction: finds out who asks, and draws the page."""

import streamlit as st

from app.web.identity import current_caller, show_identity
from app.web.login import Refusal
from app.web.login_page import draw_login_page
from app.web.pages import draw_pages
from app.web.problems import guarded
from app.web.shipped import ASSETS
from app.web.wiring import shared_application


def main() -> None:
    """Draw the page for whoever is at the other end."""
    st.set_page_config(page_title="Footnote", page_icon=ASSETS / "favicon.svg", layout="centered")
    with guarded():
        application = shared_application()
        caller = current_caller(application)
        if isinstance(caller, Refusal):
            draw_login_page(application, caller)
        else:
            draw_pages(application, caller)
            show_identity(application, caller)


if __name__ == "__main__":
    main()
