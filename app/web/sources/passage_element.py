"""The two page elements of the drawer: a document's text with marked words, and a picture of its page.

What documents wrote is passed as `data` and becomes text nodes; html, css and js are only ever our own files.
"""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import asdict
from functools import cache

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

from app.source_desk.page_images import PageImage
from app.web.shipped import asset_text
from app.web.sources.passage_blocks import Block


def show_passage(blocks: Sequence[Block], key: str, target: str) -> None:
    """Draw a document's window; it scrolls to the marked words whenever `target` changes."""
    drawn = [asdict(block) for block in blocks]
    _passage_element()(key=key, data={"blocks": drawn, "target": target})


def show_page_image(image: PageImage, key: str, target: str, description: str) -> None:
    """Draw a page with the quoted words in boxes; it scrolls to them whenever `target` changes.

    The picture travels with the page's own data: an address of its own would be open to whoever has it.
    """
    data = {
        "png": b64encode(image.png).decode(),
        "boxes": [asdict(box) for box in image.boxes],
        "ratio": image.width / image.height if image.height else 1.0,
        "description": description,
        "target": target,
    }
    _page_element()(key=key, data=data)


@cache
def _passage_element() -> ComponentRenderer:
    return st.components.v2.component(
        "footnote.passage",
        html='<div class="passage" tabindex="0" role="region" aria-label="Document"></div>',
        css=asset_text("passage.css"),
        js=asset_text("passage.js"),
    )


@cache
def _page_element() -> ComponentRenderer:
    return st.components.v2.component(
        "footnote.page_image",
        html=(
            '<div class="frame"><button class="zoom" type="button">Larger</button><div class="sheet" tabindex="0" '
            'role="region" aria-label="Page"><div class="page"><img alt=""></div></div></div>'
        ),
        css=asset_text("page_image.css"),
        js=asset_text("page_image.js"),
    )
