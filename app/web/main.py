"""The script that Streamlit runs for every interaction: wires the page and draws it."""

import streamlit as st

from app.bootstrap import web_caller
from app.web.chat_page import render
from app.web.identity import login_email
from app.web.problems import guarded
from app.web.shipped import ASSETS
from app.web.wiring import shared_service, shared_settings


def main() -> None:
    """Draw the page for whoever is at the other end."""
    st.set_page_config(page_title="Footnote", page_icon=ASSETS / "favicon.svg", layout="centered")
    with guarded():
        render(shared_service(), web_caller(shared_settings(), login_email()))


if __name__ == "__main__":
    main()
