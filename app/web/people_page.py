"""The People page: who has logged in, and who may not any more."""

from collections.abc import Iterable
from datetime import datetime

import streamlit as st

from app.application import Application
from app.chat_view import plain_html, plain_row
from app.people import Person
from app.web.oidc import is_login_configured
from app.web.problems import guarded, sentence_for, show_problem
from core.answers import Caller

_PER_PAGE = 50


def render(application: Application, caller: Caller) -> None:
    """Draw the page once, for one run of the script."""
    st.html(
        '<h1 class="fn-page-title">People</h1><p class="fn-page-lead">Everyone who has logged in. Whoever is '
        "deactivated is shut out from the next click on; what they asked and flagged stays.</p>"
    )
    everyone = application.people.list(caller)
    _show_outcome()
    if not everyone:
        st.html(plain_html(_nobody(application), "fn-empty"))
        return
    found = _found(everyone)
    st.html(plain_row((_count(found, everyone),), "fn-quiet"))
    with st.container(key="people_rows", gap=None):
        for person in found[:_PER_PAGE]:
            _show_person(application, caller, person)
    if len(found) > _PER_PAGE:
        more = f"Only the first {_PER_PAGE} are shown. Search for a name, an email or a group."
        st.html(plain_html(more, "fn-quiet"))


def _nobody(application: Application) -> str:
    if is_login_configured(application.settings.oidc):
        return "Nobody has logged in yet."
    return (
        "Nobody logs in here: everyone who reaches this page is a guest. To give people accounts, set "
        "FOOTNOTE_OIDC__METADATA_URL and the other settings of the login."
    )


def _found(everyone: list[Person]) -> list[Person]:
    wanted = st.text_input(
        "Search people",
        key="people_search",
        placeholder="Name, email or group",
        max_chars=100,
        label_visibility="collapsed",
        icon=":material/search:",
    )
    word = (wanted or "").strip().casefold()
    return [person for person in everyone if word in _searched(person)]


def _searched(person: Person) -> str:
    return " ".join((person.email, person.name, *person.groups)).casefold()


def _count(found: list[Person], everyone: list[Person]) -> str:
    shut_out = sum(not person.is_active for person in everyone)
    people = f"{len(everyone):,} {'person' if len(everyone) == 1 else 'people'}"
    shown = people if len(found) == len(everyone) else f"{len(found):,} of {people}"
    return f"{shown}, {shut_out:,} deactivated" if shut_out else shown


def _show_person(application: Application, caller: Caller, person: Person) -> None:
    with st.container(key=f"person_{person.key}", horizontal=True, vertical_alignment="center"):
        with st.container(gap=None):
            is_self = person.email == caller.name
            st.html(plain_row((person.name or person.email, "you" if is_self else ""), "fn-person"))
            st.html(plain_row(_details(person), "fn-person-role"))
            if person.groups:
                st.html(plain_row(_groups(person.groups), "fn-person-role"))
        if not is_self:
            _show_switch(application, caller, person)


def _details(person: Person) -> tuple[str, ...]:
    state = "" if person.is_active else "Deactivated"
    email = person.email if person.name else ""
    return state, email, f"last seen {_day(person.last_seen)}"


def _groups(groups: Iterable[str], most: int = 8) -> tuple[str, ...]:
    names = list(groups)
    return (*names[:most], f"and {len(names) - most} more" if len(names) > most else "")


def _day(moment: str) -> str:
    then = datetime.fromisoformat(moment)
    return f"{then.day} {then:%B %Y, %H:%M} UTC"


def _show_switch(application: Application, caller: Caller, person: Person) -> None:
    key = person.key
    if not person.is_active:
        st.button(
            "Activate",
            key=f"activate_{key}",
            on_click=_switch,
            args=(application, caller, person.email, True),
        )
        return
    with st.popover("Deactivate", key=f"deactivate_{key}"):
        asked = f"Shut out {person.name or person.email}? They see nothing any more from their next click on."
        st.html(plain_html(asked, "fn-ask"))
        st.button(
            "Yes, deactivate",
            key=f"deactivate_yes_{key}",
            type="primary",
            on_click=_switch,
            args=(application, caller, person.email, False),
        )


def _switch(application: Application, caller: Caller, email: str, is_active: bool) -> None:
    people = application.people
    try:
        person = (people.activate if is_active else people.deactivate)(caller, email)
    except Exception as error:  # noqa: BLE001 - shown by the run that follows
        st.session_state["people_outcome"] = (False, sentence_for(error))
    else:
        done = "may log in again" if person.is_active else "is deactivated"
        st.session_state["people_outcome"] = (True, f"{person.name or person.email} {done}.")


def _show_outcome() -> None:
    with guarded():
        is_done, sentence = st.session_state.pop("people_outcome", (True, ""))
        if sentence and is_done:
            st.html(plain_html(sentence, "fn-saved fn-outcome", role="status"))
        elif sentence:
            show_problem(sentence)
