"""The pages of the application, who may open them, and the way between them."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from app.application import Application
from app.authorization import Action, authorize, may
from app.web.problems import guarded
from app.web.shipped import ASSETS
from core.answers import Caller

BRAND = '<div class="fn-brand">Footnote<sup>1</sup></div>'


@dataclass(frozen=True, slots=True)
class PageEntry:
    """A page: its module has `render(application, caller)`; it is for callers who may `action`.

    One that is not listed is reached by an address that somebody was given.
    """

    title: str
    icon: str
    path: str
    module: str
    action: Action
    is_listed: bool = True


PAGES = (
    PageEntry("Chat", ":material/forum:", "", "app.web.chat.page", "ask"),
    PageEntry("Your flags", ":material/flag:", "flags", "app.web.chat.flags_page", "ask"),
    PageEntry("Review", ":material/rule:", "review", "app.web.review.page", "review"),
    PageEntry("Quality", ":material/monitoring:", "quality", "app.web.quality.page", "see_quality"),
    PageEntry(
        "Documents",
        ":material/folder_open:",
        "documents",
        "app.web.documents.page",
        "manage_documents",
    ),
    PageEntry("People", ":material/group:", "people", "app.web.people_page", "manage_people"),
    PageEntry(
        "Link Slack", ":material/link:", "slack-link", "app.web.slack_link_page", "ask", False
    ),
)


def draw_pages(application: Application, caller: Caller) -> None:
    """Draw the shell and the page that the address names; every page asks again whether the caller may."""
    # First of all: a dialog that a fragment opens takes the place of the styles that follow that fragment.
    for name in ("page.css", "identity.css"):
        st.html(ASSETS / name)
    entries = [(entry, _page(entry, _body(entry, application, caller))) for entry in PAGES]
    chosen = st.navigation([page for _, page in entries], position="hidden")
    with st.sidebar:
        st.html(BRAND)
        with st.container(key="pages", gap=None):
            for entry, page in entries:
                if entry.is_listed and may(caller, entry.action):
                    st.page_link(page, label=entry.title, icon=entry.icon, width="stretch")
    chosen.run()


def navigate(draw: Callable[[], None]) -> None:
    """Draw the same thing at the address of every page, for those who are not let in."""
    st.html(ASSETS / "page.css")

    def body(entry: PageEntry) -> Callable[[], None]:
        return _named(entry, lambda: draw())  # a function of its own for each page

    pages = [_page(entry, body(entry)) for entry in PAGES]
    st.navigation(pages, position="hidden").run()


def _page(entry: PageEntry, draw: Callable[[], None]) -> StreamlitPage:
    # What is not the caller's is a page all the same: its address says why it stays closed.
    return st.Page(
        draw,
        title=f"{entry.title} · Footnote" if entry.path else "Footnote",
        url_path=entry.path or None,
        default=not entry.path,
    )


def _body(entry: PageEntry, application: Application, caller: Caller) -> Callable[[], None]:
    def draw() -> None:
        with guarded():
            authorize(caller, entry.action)
            import_module(entry.module).render(application, caller)

    return _named(entry, draw)


def _named(entry: PageEntry, draw: Callable[[], None]) -> Callable[[], None]:
    # Streamlit takes the identity of a page from the name of its function.
    draw.__name__ = draw.__qualname__ = f"draw_{entry.path.replace('-', '_') or 'chat'}"
    return draw
