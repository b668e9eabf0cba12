"""Which page of a list is shown: kept beside the control, which forgets it whenever it is not drawn."""

import streamlit as st


def chosen_page(name: str) -> int:
    """Return the page that was chosen, from 1."""
    return int(st.session_state.get(_kept(name), 1))


def first_page(name: str) -> None:
    """Go back to the first page; for callbacks of what changes the list."""
    st.session_state.pop(_kept(name), None)


def show_pages(name: str, page: int, pages: int) -> None:
    """Draw the control of a list with several pages; `page` is the one that is shown."""
    if pages < 2:
        return
    control = f"{name}_control"
    st.session_state[control] = min(page, pages)

    def chosen() -> None:
        st.session_state[_kept(name)] = st.session_state[control]

    st.pagination(pages, key=control, on_change=chosen)


def _kept(name: str) -> str:
    return f"{name}_chosen"
