"""The scope of a conversation: which part of the documents its questions are kept to, chosen beside the input.

A choice stays with its conversation for as long as the tab is open. All choices hold at once: a document is read
when it fits every one of them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date

import streamlit as st

from app.chat_view import clipped, day, plain_html, plain_label
from app.scopes import ScopeChoice, Scopes
from app.service import FootnoteService
from app.web.chat.page_state import conversation_id
from app.web.problems import guarded
from core.answers import Caller
from index.filters import Filter

_NEW = ""
_OPTION_CHARS = 60
_CHIP_CHARS = 28
_EMPTY = (
    "No document that you may read fits all of these, so there is nothing to answer from. Take one away, or "
    "look everywhere."
)


@dataclass(frozen=True, slots=True)
class Scope:
    """What was chosen; days are ISO dates, '' for no limit."""

    source: Filter | None = None
    type: Filter | None = None
    language: Filter | None = None
    tags: tuple[Filter, ...] = ()
    since: str = ""
    until: str = ""

    @property
    def filters(self) -> tuple[Filter, ...]:
        """All conditions, each of which a document has to fit."""
        single = tuple(one for one in (self.source, self.type, self.language) if one is not None)
        since = (Filter("updated", ">=", self.since),) if self.since else ()
        until = (Filter("updated", "<=", self.until),) if self.until else ()
        return (*single, *self.tags, *since, *until)


def chosen_filters() -> tuple[Filter, ...]:
    """Return the conditions for the questions of the shown conversation."""
    return _scope().filters


def keep_scope(conversation: str) -> None:
    """Let the choice made for a new conversation stay with it now that it has an id."""
    scopes = _scopes()
    if conversation_id() is None and _NEW in scopes:
        scopes[conversation] = scopes.pop(_NEW)


def _scopes() -> dict[str, Scope]:
    kept: dict[str, Scope] = st.session_state.setdefault("scopes", {})
    return kept


def _scope() -> Scope:
    return _scopes().get(conversation_id() or _NEW, Scope())


def _choose(scope: Scope) -> None:
    _scopes()[conversation_id() or _NEW] = scope
    # Widgets are drawn from the scope, never the other way round: a new key makes them start from it.
    st.session_state["scope_round"] = st.session_state.get("scope_round", 0) + 1


@st.fragment
def show_scope(service: FootnoteService, caller: Caller, readable: int) -> None:
    """Draw the picker and what is chosen; a fragment, so that choosing never ends a streaming answer."""
    with guarded(), st.container(key="scope", horizontal=True, gap="small"):
        scope = _scope()
        found = service.count_in_scope(scope.filters, caller) if scope.filters else readable
        label = f"{found:,} of {readable:,} documents" if scope.filters else "All documents"
        with st.popover(label, icon=":material/filter_list:", type="tertiary", key="scope_picker"):
            _show_choices(service.scopes(caller), scope)
            if scope.filters and not found:
                st.html(plain_html(_EMPTY, "fn-aside", role="status"))
        _show_chips(scope)
        if scope.filters and not found:
            st.html(plain_html("Nothing to answer from", "fn-small", role="status"))


def _show_choices(scopes: Scopes, scope: Scope) -> None:
    st.html(plain_html("Answer only from documents that fit", "fn-scope-title"))
    _show_single("Source", "All sources", scopes.sources, scope.source, _set_source)
    _show_single("Kind of file", "All kinds", scopes.types, scope.type, _set_type)
    _show_single("Language", "All languages", scopes.languages, scope.language, _set_language)
    _show_tags(scopes.tags, scope)
    _show_days(scopes, scope)
    if scope.filters:
        st.button("Look everywhere", key="scope_clear", on_click=_choose, args=(Scope(),))


def _set_source(chosen: Filter | None) -> None:
    _choose(replace(_scope(), source=chosen))


def _set_type(chosen: Filter | None) -> None:
    _choose(replace(_scope(), type=chosen))


def _set_language(chosen: Filter | None) -> None:
    _choose(replace(_scope(), language=chosen))


def _key(name: str) -> str:
    return f"scope_{name}_{conversation_id()}_{st.session_state.get('scope_round', 0)}"


def _show_single(
    label: str,
    everything: str,
    choices: Sequence[ScopeChoice],
    chosen: Filter | None,
    choose: Callable[[Filter | None], None],
) -> None:
    if len(choices) < 2 and chosen is None:
        return
    conditions = [choice.filter for choice in choices]
    counts = {choice.filter: choice.count for choice in choices}
    key = _key(label)
    st.selectbox(
        label,
        conditions,
        index=conditions.index(chosen) if chosen in counts else None,
        # Options, unlike other labels, are plain text.
        format_func=lambda one: f"{clipped(one.value, _OPTION_CHARS)} ({counts[one]:,})",
        placeholder=everything,
        key=key,
        on_change=lambda: choose(st.session_state[key]),
    )


def _show_tags(choices: Sequence[ScopeChoice], scope: Scope) -> None:
    if not choices:
        return
    counts = {choice.filter: choice.count for choice in choices}
    key = _key("tags")
    st.multiselect(
        "Tags",
        list(counts),
        default=[tag for tag in scope.tags if tag in counts],
        format_func=lambda one: f"{clipped(one.value, _OPTION_CHARS)} ({counts[one]:,})",
        placeholder="Any tag",
        key=key,
        on_change=lambda: _choose(replace(_scope(), tags=tuple(st.session_state[key]))),
    )


def _show_days(scopes: Scopes, scope: Scope) -> None:
    if not scopes.oldest:
        return
    with st.container(horizontal=True, gap="small"):
        for label, name, chosen in (
            ("Updated from", "since", scope.since),
            ("Updated until", "until", scope.until),
        ):
            _show_day(label, name, chosen, scopes)


def _show_day(label: str, name: str, chosen: str, scopes: Scopes) -> None:
    key = _key(name)

    def changed() -> None:
        picked = st.session_state[key]
        words = picked.isoformat() if isinstance(picked, date) else ""
        _choose(
            replace(_scope(), since=words) if name == "since" else replace(_scope(), until=words)
        )

    first, last = date.fromisoformat(scopes.oldest), date.fromisoformat(scopes.newest)
    value = date.fromisoformat(chosen) if chosen else None
    st.date_input(
        label,
        value=value,
        min_value=min(first, value or first),
        max_value=max(last, value or last),
        key=key,
        on_change=changed,
    )


def _show_chips(scope: Scope) -> None:
    for number, (words, without) in enumerate(_chips(scope)):
        st.button(
            plain_label(words, _CHIP_CHARS),
            key=f"scope_chip_{number}",
            icon=":material/close:",
            icon_position="right",
            help="Take this condition away",
            on_click=_choose,
            args=(without,),
        )


def _chips(scope: Scope) -> list[tuple[str, Scope]]:
    """Return each condition in words with the scope that is left without it."""
    chips: list[tuple[str, Scope]] = []
    if scope.source:
        chips.append((scope.source.value, replace(scope, source=None)))
    if scope.type:
        chips.append((f"{scope.type.value} files", replace(scope, type=None)))
    if scope.language:
        chips.append((f"language {scope.language.value}", replace(scope, language=None)))
    for tag in scope.tags:
        rest = tuple(one for one in scope.tags if one != tag)
        chips.append((f"#{tag.value}", replace(scope, tags=rest)))
    if scope.since:
        chips.append((f"from {day(scope.since)}", replace(scope, since="")))
    if scope.until:
        chips.append((f"until {day(scope.until)}", replace(scope, until="")))
    return chips
