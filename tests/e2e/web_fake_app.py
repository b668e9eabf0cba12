"""The page as `app/web/main.py` draws it, in front of the scripted service. A cookie chooses the scene."""

import streamlit as st

from app.application import Application
from app.web.pages import draw_pages
from app.web.shipped import ASSETS
from core.answers import Caller
from core.documents import EVERYONE


@st.cache_resource(show_spinner=False)
def fake(scene: str):
    # Imported by path: the folder of this script is what Streamlit puts on the path.
    from web_fake import FakeService

    parts = dict.fromkeys(
        (
            "settings",
            "feedback",
            "people",
            "limits",
            "sources",
            "knowledge",
            "review",
            "quality",
            "uploads",
        )
    )
    return Application(service=FakeService(empty=scene == "empty", pause_s=0.02), **parts)


def main() -> None:
    st.set_page_config(page_title="Footnote", page_icon=ASSETS / "favicon.svg", layout="centered")
    cookies = st.context.cookies
    name = cookies.get("fake_user", "ada@example.org")
    draw_pages(
        fake(cookies.get("fake_scene", "full")), Caller(name, frozenset({EVERYONE, f"user:{name}"}))
    )


if __name__ == "__main__":
    main()
