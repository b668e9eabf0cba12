"""Names of dropped files: what a person sees of one, and what it is called on the disk.

A name comes from whoever made the file and is never part of a path: only letters, digits and a few marks of it are.
"""

import re
import unicodedata
from collections.abc import Collection

_SHOWN_CHARS = 120
_STEM_CHARS = 60
_FOLDERS = re.compile(r"[/\\]")
_UNUSUAL = re.compile(r"[^\w.()-]+")
_ENDING = re.compile(r"\.[A-Za-z0-9]{1,10}\Z")
_NAMELESS = "document"


def shown_name(name: str) -> str:
    """Return a file's own name on one line, without its folders and characters that turn or hide text."""
    base = _FOLDERS.split(name)[-1]
    kept = "".join(
        char if unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co", "Cn") else " "
        for char in base
    )
    shown = " ".join(kept.split())
    if len(shown) > _SHOWN_CHARS:
        shown = shown[: _SHOWN_CHARS - 1].rstrip() + "…"
    return shown or _NAMELESS


def safe_name(name: str, taken: Collection[str] = ()) -> str:
    """Return a base name that no folder, shell or program reads as anything else; not one of those `taken`.

    The ending stays: it tells the parser the format.
    """
    base = unicodedata.normalize("NFC", _FOLDERS.split(name)[-1])
    found = _ENDING.search(base)
    ending = found[0].lower() if found else ""
    stem = _UNUSUAL.sub("_", base[: len(base) - len(ending)]).strip("._-")[:_STEM_CHARS]
    stem = stem or _NAMELESS
    number, free = 1, f"{stem}{ending}"
    while free.casefold() in {other.casefold() for other in taken}:
        number += 1
        free = f"{stem}_{number}{ending}"
    return free
