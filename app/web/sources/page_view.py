"""Shows a citation on the page of its PDF or image, with a way to the pages before and after."""

import streamlit as st

from app.chat_view import clipped, plain_html
from app.source_desk.desk import SourceDesk, SourceDocument
from app.source_desk.page_images import PageImage
from app.web.sources.page_place import page_of, words_on_page
from app.web.sources.passage_element import show_page_image
from app.web.sources.passage_view import PassageView
from core.answers import Caller, Citation
from core.errors import NotFound, ServiceUnavailable

_DESCRIBED_CHARS = 400
_TURNS = (("Previous page", "arrow_back", -1), ("Next page", "arrow_forward", 1))


def has_pages(document: SourceDocument) -> bool:
    """Return whether a document can be shown as pictures of its pages."""
    return document.is_paged and any(element.page for element in document.elements)


def show_page(
    desk: SourceDesk,
    caller: Caller,
    document: SourceDocument,
    passage: PassageView,
    citation: Citation,
    target: str,
) -> None:
    """Draw the page that is open, first the one with the cited words; a sentence where it cannot be drawn."""
    cited_page = page_of(document, passage.marked, citation.page)
    page = _open_page(target, cited_page)
    words = words_on_page(document, passage.marked, page)
    try:
        image = desk.page_image(document.record.doc_id, caller, page, words.words, words.occurrence)
    except (ServiceUnavailable, NotFound) as error:
        st.html(plain_html(str(error), "fn-problem fn-stopped", role="status"))
        return
    _show_turns(image, target)
    if words.words and not image.boxes:
        sentence = "The words could not be marked on this page. They are marked in the text."
        st.html(plain_html(sentence, "fn-small"))
    elif page != cited_page:
        st.html(plain_html(f"The cited words are on page {cited_page}.", "fn-small"))
    description = f"Page {image.page} of {image.pages}"
    if image.boxes:
        # For who does not see the boxes.
        description += f". Marked: {clipped(words.words, _DESCRIBED_CHARS)}"
    show_page_image(image, "page_image", f"{target}:{image.page}", description)


def _show_turns(image: PageImage, target: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key="page_turns"):
        label = f"Page {image.page} of {image.pages}"
        st.html(plain_html(label, "fn-small fn-page-number"), width="content")
        for name, icon, step in _TURNS:
            page = image.page + step
            st.button(
                name,
                key=f"page_{icon}",
                icon=f":material/{icon}:",
                type="tertiary",
                disabled=not 1 <= page <= image.pages,
                on_click=_turn_to,
                args=(target, page),
            )


def _open_page(target: str, cited_page: int) -> int:
    kept = st.session_state.get("source_page")
    return int(kept[1]) if isinstance(kept, tuple) and kept[0] == target else cited_page


def _turn_to(target: str, page: int) -> None:
    st.session_state["source_page"] = (target, page)
