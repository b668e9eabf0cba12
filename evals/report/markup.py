"""Builds HTML in which no text can be markup: text is escaped where it goes in, and only `tag` makes elements.

Questions, names, titles and answers in a report are written by others. They reach the page as children or attribute
values of `tag`, never by joining strings.
"""

import html
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from core.hidden_characters import visible

_VOID = frozenset({"br", "hr", "meta", "circle", "line", "polyline", "polygon", "rect", "path"})
_CONTROL = {
    code: None for code in (*range(0x00, 0x09), 0x0B, 0x0C, *range(0x0E, 0x20), *range(0x7F, 0xA0))
} | {code: None for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))}


@dataclass(frozen=True, slots=True)
class Markup:
    """HTML that `tag` or `joined` made."""

    text: str


Content: TypeAlias = "Markup | str | int | float | Iterable[Content] | None"


def tag(name: str, /, *children: Content, **attributes: str | float | None) -> Markup:
    """Return an element. `class_` stands for class, other underscores for hyphens; an attribute of None is left out."""
    written = "".join(
        f' {attribute_name(key)}="{_escaped(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _VOID and not children:
        return Markup(
            f"<{name}{written}>" if name in ("br", "hr", "meta") else f"<{name}{written}/>"
        )
    return Markup(f"<{name}{written}>{joined(*children).text}</{name}>")


def joined(*children: Content) -> Markup:
    """Return contents one after the other; None is nothing."""
    return Markup("".join(_written(child) for child in children))


def untrusted(text: str, longest: int = 300) -> Markup:
    """Return a text of somebody else on one line: shortened, without what nobody sees, its direction its own."""
    shown = " ".join(visible(text).split())
    return tag("bdi", shown if len(shown) <= longest else shown[: longest - 1].rstrip() + "…")


def attribute_name(key: str) -> str:
    """Return how an attribute is written whose name Python could not have."""
    return {"view_box": "viewBox", "preserve_aspect_ratio": "preserveAspectRatio"}.get(
        key, key.rstrip("_").replace("_", "-")
    )


def _written(child: Content) -> str:
    if child is None:
        return ""
    if isinstance(child, Markup):
        return child.text
    if isinstance(child, str | int | float):
        return _escaped(str(child))
    return "".join(_written(each) for each in child)


def _escaped(text: str) -> str:
    return html.escape(text.translate(_CONTROL), quote=True)
