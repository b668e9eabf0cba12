"""The way to take a source home: an address that asks again who wants it (`app.web.file_routes`)."""

import streamlit as st

from app.chat_view import plain_html
from app.source_desk.desk import SourceDocument
from app.web.file_routes import file_address


def show_download(document: SourceDocument, base_path: str) -> None:
    """Draw the link to the original, or to the text where no original is kept."""
    record = document.record
    address = file_address(
        record.doc_id, record.version, base_path, as_text=not document.has_original
    )
    name = "Download the original" if document.has_original else "Download the text"
    st.link_button(name, address, key="source_download", icon=":material/download:")
    if not document.has_original:
        st.html(plain_html("The original is not kept.", "fn-small"), width="content")
