"""'Ask about this document': files that a person drops into the chat, for this session only.

The chat page calls, in this order, `take_files` with what came with the question, `show_attached` where the chips
belong, and `application_in_use` (or `service_in_use`) for whatever it asks and shows.
"""

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol

import streamlit as st

from app.application import Application
from app.bootstrap import application_over
from app.chat_view import plain_html, plain_label
from app.service import FootnoteService
from app.uploads.dropped import PendingDocument
from app.uploads.session_documents import SessionDocuments
from app.web.chat.page_state import conversation_id, go_to
from app.web.problems import guarded, show_problem
from core.answers import Caller
from core.errors import FootnoteError, NotFound
from core.settings import embedded_settings

AskAbout = Literal["session", "all"]

_LOOK_S = 0.25
_REDRAW_S = 1.0
_KEPT = "Only in this session; gone when you close or reload this tab."
_KEY, _OWNER = "attached_key", "attached_owner"
_ABOUT, _PROBLEMS = "attached_about", "attached_problems"


class DroppedFile(Protocol):
    """A file as `st.chat_input` hands it over."""

    name: str

    def getvalue(self) -> bytes:
        """Return its bytes."""


@dataclass(slots=True)
class _Presence:
    """Lives as long as the session's connection. Streamlit releases it then, and makes it again after a gap."""

    uploads: SessionDocuments
    session_key: str
    application: Application | None = None

    def gone(self) -> None:
        self.uploads.leave(self.session_key)


def take_files(application: Application, caller: Caller, files: Sequence[DroppedFile]) -> bool:
    """Read dropped files, with progress on the page; whether all of them can be asked now.

    What cannot be read is said by `show_attached`. Stop ends the waiting, not the reading.
    """
    if not files:
        return True
    presence = _presence(application, caller, create=True)
    assert presence is not None  # noqa: S101 - made above
    st.session_state[_PROBLEMS] = []
    keys = [_begun(presence, file, caller) for file in files]
    _wait(presence, keys)
    read = {document.key for document in application.uploads.documents(presence.session_key)}
    if read.intersection(keys):
        _turn_to("session")
        if not _is_of_session(application, caller):
            go_to(None)
    return set(keys) <= read


def show_attached(application: Application, caller: Caller) -> None:
    """Draw what is attached, with a way to remove it, and what went wrong; nothing when nothing is."""
    problems = st.session_state.get(_PROBLEMS, [])
    presence = _presence(application, caller)
    if presence is None and not problems:
        return
    with st.container(key="attached", gap="small"), guarded():
        for problem in problems:
            show_problem(problem)
        if presence is not None:
            _show_files(presence)


def service_in_use(application: Application, caller: Caller) -> FootnoteService:
    """Return what questions go to: the session's documents while they are chosen, else all documents."""
    return application_in_use(application, caller).service


def application_in_use(application: Application, caller: Caller) -> Application:
    """Return the application over the session's documents while they are chosen, else the one that was given.

    A conversation stays with the documents that it was begun with. Limits and people are the same ones.
    """
    own = _session_application(application, caller)
    if own is None:
        return application
    shown = conversation_id()
    if shown is not None:
        return own if _has(own.service, shown, caller) else application
    return own if _about() == "session" else application


# --- what the session has --------------------------------------------------------------------------


def _presence(
    application: Application, caller: Caller, *, create: bool = False
) -> _Presence | None:
    """Return this session's key with its connection; None before anything was dropped.

    A new person in the same tab starts without the files of the one before.
    """
    if st.session_state.get(_OWNER) != caller.name:
        for name in (_KEY, _ABOUT, _PROBLEMS):
            st.session_state.pop(name, None)
        st.session_state[_OWNER] = caller.name
    if _KEY not in st.session_state:
        if not create:
            return None
        st.session_state[_KEY] = secrets.token_urlsafe(32)
    presence = _connected(application.uploads, st.session_state[_KEY])
    application.uploads.stay(presence.session_key)
    return presence


@st.cache_resource(scope="session", on_release=_Presence.gone, show_spinner=False)
def _connected(_uploads: SessionDocuments, session_key: str) -> _Presence:
    return _Presence(_uploads, session_key)


def _session_application(application: Application, caller: Caller) -> Application | None:
    presence = _presence(application, caller)
    if presence is None:
        return None
    service = application.uploads.service_for(presence.session_key)
    if service is None:
        return None
    if presence.application is None or presence.application.service is not service:
        own = embedded_settings(application.settings, service.catalogue.data_dir)
        over = application_over(own, service)
        presence.application = replace(
            application,
            service=service,
            feedback=over.feedback,
            sources=over.sources,
        )
    return presence.application


def _is_of_session(application: Application, caller: Caller) -> bool:
    own, shown = _session_application(application, caller), conversation_id()
    return own is not None and (shown is None or _has(own.service, shown, caller))


def _has(service: FootnoteService, conversation: str, caller: Caller) -> bool:
    try:
        service.turns(conversation, caller)
    except NotFound:
        return False
    return True


def _about() -> AskAbout:
    return "all" if st.session_state.get(_ABOUT) == "all" else "session"


def _turn_to(about: AskAbout) -> None:
    st.session_state[_ABOUT] = about


# --- taking ----------------------------------------------------------------------------------------


def _begun(presence: _Presence, file: DroppedFile, caller: Caller) -> str:
    """Hand a file over and return its key; "" when it is refused, which is noted."""
    try:
        return presence.uploads.begin(file.name, file.getvalue(), presence.session_key, caller)
    except FootnoteError as error:
        st.session_state[_PROBLEMS] = [*st.session_state[_PROBLEMS], str(error)]
        return ""


def _wait(presence: _Presence, keys: Sequence[str]) -> None:
    place = st.empty()
    while waited := [
        entry
        for entry in presence.uploads.pending(presence.session_key)
        if entry.key in keys and entry.state != "failed"
    ]:
        lines = "\n".join(map(_progress, waited))
        place.html(plain_html(lines, "fn-stage fn-attaching", role="status"))
        time.sleep(_LOOK_S)
    place.empty()


def _progress(entry: PendingDocument) -> str:
    if entry.state == "reading" or not entry.ahead:
        return f"Reading “{entry.title}”"
    others = "another file is" if entry.ahead == 1 else f"{entry.ahead} other files are"
    return f"“{entry.title}” waits: {others} being read first"


# --- drawing ---------------------------------------------------------------------------------------


def _show_files(presence: _Presence) -> None:
    pending = presence.uploads.pending(presence.session_key)
    documents = presence.uploads.documents(presence.session_key)
    if not (pending or documents):
        return
    with st.container(key="attached_files", horizontal=True, gap="small"):
        for document in documents:
            several = f" · {document.documents} documents" if document.documents > 1 else ""
            _show_chip(presence, document.key, document.title, several)
        for entry in pending:
            if entry.state != "failed":
                _show_chip(presence, entry.key, entry.title, " · reading")
    for entry in pending:
        if entry.state == "failed":
            _show_failed(presence, entry)
    if documents:
        _show_switch(len(documents))
    if any(entry.state != "failed" for entry in pending):
        _watch(presence)


def _show_chip(presence: _Presence, key: str, title: str, state: str) -> None:
    with st.container(key=f"attached_{key}", horizontal=True, gap=None, width="content"):
        st.html(plain_html(f"{title}{state}", "fn-attached"), width="content")
        st.button(
            plain_label(f"Remove {title}"),
            key=f"detach_{key}",
            icon=":material/close:",
            type="tertiary",
            on_click=_remove,
            args=(presence, key),
        )


def _show_failed(presence: _Presence, entry: PendingDocument) -> None:
    with st.container(key=f"attached_{entry.key}", horizontal=True, vertical_alignment="center"):
        show_problem(entry.problem)
        st.button(
            plain_label(f"Dismiss {entry.title}"),
            key=f"detach_{entry.key}",
            icon=":material/close:",
            type="tertiary",
            on_click=_remove,
            args=(presence, entry.key),
        )


def _show_switch(documents: int) -> None:
    words = {
        "session": "this document" if documents == 1 else "these documents",
        "all": "all documents",
    }
    with st.container(key="attached_about_row", horizontal=True, vertical_alignment="center"):
        st.segmented_control(
            "Ask",
            ("session", "all"),
            default=_about(),
            format_func=lambda about: f"Ask {words[about]}",
            key="attached_switch",
            label_visibility="collapsed",
            required=True,
            on_change=_switched,
        )
        st.html(plain_html(_KEPT, "fn-small"))


def _switched() -> None:
    _turn_to("all" if st.session_state.get("attached_switch") == "all" else "session")
    # A conversation stays with the documents that it was begun with.
    go_to(None)


def _remove(presence: _Presence, key: str) -> None:
    st.session_state[_PROBLEMS] = []
    documents = {document.key for document in presence.uploads.documents(presence.session_key)}
    try:
        presence.uploads.remove(presence.session_key, key)
    except NotFound:
        return
    if key in documents and len(documents) == 1:
        st.session_state.pop(_ABOUT, None)
        go_to(None)


@st.fragment(run_every=_REDRAW_S)
def _watch(presence: _Presence) -> None:
    """Draw the page again as soon as nothing is being read any more."""
    pending = presence.uploads.pending(presence.session_key)
    if all(entry.state == "failed" for entry in pending):
        st.rerun()
