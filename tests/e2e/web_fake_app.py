"""The page as `app/web/main.py` draws it, in front of scripted answers. Cookies choose the scene and who asks."""

import os
from pathlib import Path

import streamlit as st

from app.application import Application
from app.web.pages import draw_pages
from app.web.problems import guarded
from app.web.shipped import ASSETS


@st.cache_resource(show_spinner=False)
def fake(scene: str) -> Application:
    # Imported by path: the folder of this script is what Streamlit puts on the path.
    from web_fake_base import fake_application

    return fake_application(Path(os.environ["FAKE_FOLDER"]), scene)


def main() -> None:
    from web_fake_base import fake_caller

    st.set_page_config(page_title="Footnote", page_icon=ASSETS / "favicon.svg", layout="centered")
    cookies = st.context.cookies
    name = cookies.get("fake_user", "ada@example.org")
    with guarded():
        caller = fake_caller(name, cookies.get("fake_role", "reader"))  # type: ignore[arg-type]
        draw_pages(fake(cookies.get("fake_scene", "full")), caller)


if __name__ == "__main__":
    main()
