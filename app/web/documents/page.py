"""The Documents page of admins."""

import streamlit as st

from app.application import Application
from core.answers import Caller


def render(application: Application, caller: Caller) -> None:
    """Draw the page once, for one run of the script."""
    del application, caller
    st.title("Documents")
