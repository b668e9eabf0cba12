"""Says what went wrong in one kind sentence; what must not be shown goes to the log with an id."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import streamlit as st

from app.chat_view import plain_html
from core.errors import FootnoteError
from core.log import get_logger


def sentence_for(error: Exception) -> str:
    """Return what to tell a person about an error; anything unexpected is logged under an id."""
    if isinstance(error, FootnoteError):
        return str(error)
    incident = uuid4().hex[:8]
    get_logger(__name__).error("page_failed", incident=incident, exc_info=error)
    return (
        "Something went wrong on our side. Please try again; if it stays, "
        f"tell the people who run Footnote this number: {incident}."
    )


def show_problem(sentence: str) -> None:
    """Show what went wrong, as it is written."""
    st.html(plain_html(sentence, "fn-problem", role="alert"))


@contextmanager
def guarded() -> Iterator[None]:
    """Show the sentence of any error instead of what it interrupted."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - the one place where a face catches everything
        show_problem(sentence_for(error))
