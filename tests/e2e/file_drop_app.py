"""A page with nothing but dropped files and questions about them, over the real application."""

import streamlit as st

from app.chat_view import plain_html
from app.web.chat.file_drop import application_in_use, show_attached, take_files
from app.web.problems import guarded
from app.web.shipped import ASSETS
from app.web.wiring import shared_application
from core.answers import Caller

ADA = Caller("ada@example.org", frozenset({"everyone", "user:ada@example.org"}))


def main() -> None:
    st.set_page_config(page_title="Drop", layout="centered")
    st.html(ASSETS / "page.css")
    application = shared_application()
    with guarded():
        asked = st.chat_input("Ask", key="question", accept_file="multiple")
        may_ask = not asked or take_files(application, ADA, asked.files)
        show_attached(application, ADA)
        if asked and asked.text and may_ask:
            answer = application_in_use(application, ADA).service.ask(asked.text, ADA)
            st.html(plain_html(answer.text, "the-answer"))


main()
