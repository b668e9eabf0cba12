"""What a document is called when it does not say so itself, and where it does."""

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

from core.documents import Element

_SEPARATORS = re.compile(r"(?<!\d)[-_]+|[-_]+(?!\d)|_+")
_PLACEHOLDER = re.compile(
    r"(?:untitled.*|document\s*\d*|word document|microsoft word.*|powerpoint presentation|.*\.\w{2,5})",
    re.IGNORECASE,
)
"""What writers put into a file's title field when its author did not."""
_MAX_TITLE_CHARS = 300
_FOLDER_PAGES = {"index", "readme", "_index"}


def title_of(elements: Iterable[Element], uri: str, declared: str = "") -> str:
    """Return the first title or level-1 heading, else the declared title, else the file's name."""
    for element in elements:
        if element.kind == "title" or (element.kind == "heading" and element.level == 1):
            return " ".join(element.plain[:_MAX_TITLE_CHARS].split())
    declared = " ".join(declared[:_MAX_TITLE_CHARS].split())
    return readable_name(uri) if not declared or _PLACEHOLDER.fullmatch(declared) else declared


def readable_name(uri: str) -> str:
    """Return a file name as words: `policies/data-retention_2026-02.md` is `Data retention 2026-02`.

    A folder's own page (index, readme) is named after its folder.
    """
    path = PurePosixPath(uri)
    stem = path.stem
    if stem.casefold() in _FOLDER_PAGES and path.parent.name:
        stem = path.parent.name
    words = " ".join(_SEPARATORS.sub(" ", stem).split())
    return words[:1].upper() + words[1:] if words else uri
