"""How a page's author keeps an element from its readers: what its attributes and its own style say.

    hidden_element   hidden, display:none, visibility:hidden or collapse
    transparent      opacity:0, color:transparent
    tiny_text        a font of at most 1 px, pt, or 0.1 em
    off_screen       placed or indented 999 px and more outside, clipped to nothing
    white_text       white on white, or letters in the colour of their own background

Style sheets are not worked out: a class that hides is as often a tab that a click shows, and leaving that out would
lose text. What such a class hides is read like the rest, and the injection detector sees it. `aria-hidden` hides
from screen readers alone.
"""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

Node = Any

_RULE = re.compile(r"([a-z-]{3,30})\s*:\s*([^;]{1,200})")
_OFF = re.compile(r"-\s*(?:\d{4,}|999)(?:\.\d+)?\s*(?:px|pt|em|rem|%|vw|vh)?")
_SIZE = re.compile(r"(\d{0,4}\.?\d{0,4})\s*(px|pt|em|rem|%|)")
_CLIPPED = re.compile(
    r"rect\(\s*[01](?:px)?[\s,]+[01](?:px)?[\s,]+[01](?:px)?[\s,]+[01](?:px)?\s*\)|inset\((?:50|100)%"
)
_HEX = re.compile(r"#([0-9a-f]{3}|[0-9a-f]{6})(?:[0-9a-f]{2})?$")
_RGB = re.compile(r"rgba?\(\s*(\d{1,3})[\s,]+(\d{1,3})[\s,]+(\d{1,3})(?:[\s,/]+([\d.]+%?))?\s*\)")
_PAGE_BACKGROUND = re.compile(
    r"(?:body|html|:root|\*)\b[^{}]{0,200}\{[^{}]{0,2000}background", re.IGNORECASE
)
_SMALLEST = {"px": 1.0, "pt": 1.0, "": 1.0, "em": 0.1, "rem": 0.1, "%": 10.0}
_MAX_ANCESTORS = 60
_READ_OF_SHEET = 50_000
_TAG = re.compile(r"<([a-z][a-z0-9]{0,15})\b([^<>]{1,2000})>", re.IGNORECASE)
_STYLE = re.compile(r"""\bstyle\s*=\s*(?:"([^"]{0,2000})"|'([^']{0,2000})')""", re.IGNORECASE)
_HIDDEN_NAME = re.compile(
    r"""(?:^|\s)hidden(?=\s|=|/|$)(?!\s*=\s*["']?until-found)""", re.IGNORECASE
)
_AFTER_TAG_CHARS = 2000
_NEAR_WHITE = 0xF8
_NAMED = {"white": "ffffff", "snow": "fffafa", "black": "000000"}


class PageStyle:
    """What a page says about its colours beside the elements' own styles."""

    def __init__(self, root: Node) -> None:
        sheets = [node.text or "" for node in root.iter("style")]
        self._has_sheets = bool(sheets) or root.find(".//link[@rel='stylesheet']") is not None
        self._may_be_dark = any(_PAGE_BACKGROUND.search(sheet[:_READ_OF_SHEET]) for sheet in sheets)

    def hiding(self, node: Node) -> str:
        """Return how an element is hidden, '' for one that is not."""
        if node.get("hidden") not in (None, "until-found"):
            return "hidden_element"
        written = node.get("style")
        color = node.get("color") if node.tag == "font" else None
        if not written and not color:
            return ""
        style = dict(_RULE.findall((written or "").lower()[:4000]))
        if color:
            style.setdefault("color", color.lower())
        return _by_rule(style) or ("white_text" if self._is_unseen(node, style) else "")

    def _is_unseen(self, node: Node, style: dict[str, str]) -> bool:
        color = _color(style.get("color", ""))
        own = _color(_background(style))
        if not color:
            return False
        if own:
            return own == color
        if not _is_white(color) or self._may_be_dark:
            return False
        above = [node, *islice(node.iterancestors(), _MAX_ANCESTORS)]
        if any(_is_coloured(one) for one in above):
            return False
        # A sheet may colour whatever has a name: then nobody knows.
        return not (self._has_sheets and any(one.get("class") or one.get("id") for one in above))


def tag_hiding(tag: str) -> tuple[str, str]:
    """Return the name of a start tag and how it hides its element, as far as the tag alone says; else ('', '')."""
    match = _TAG.match(tag)
    if match is None:
        return "", ""
    attributes = match.group(2)
    found = _STYLE.search(attributes)
    written = (found.group(1) or found.group(2) or "").lower() if found else ""
    kind = "hidden_element" if _HIDDEN_NAME.search(_STYLE.sub(" ", attributes)) else ""
    if not kind and written:
        style = dict(_RULE.findall(written))
        kind = _by_rule(style) or _unseen_color(style)
    return (match.group(1).lower(), kind) if kind else ("", "")


def hidden_pieces(source: str) -> Iterator[tuple[int, int, str]]:
    """Yield start and end of what tags in a source hide, each from its tag to the next closing one, and how."""
    lowered = source.lower()
    if "style" not in lowered and "hidden" not in lowered:
        return
    end = 0
    for match in _TAG.finditer(source):
        name, kind = tag_hiding(match.group()) if match.start() >= end else ("", "")
        close = (
            lowered.find(f"</{name}", match.end(), match.end() + _AFTER_TAG_CHARS) if name else -1
        )
        if close >= 0:
            end = close
            yield match.end(), close, kind


def _unseen_color(style: dict[str, str]) -> str:
    color, own = _color(style.get("color", "")), _background(style)
    if not color:
        return ""
    return "white_text" if (_color(own) == color if own else _is_white(color)) else ""


def _by_rule(style: dict[str, str]) -> str:
    if style.get("display", "").startswith("none") or style.get("visibility", "")[:8] in (
        "hidden",
        "collapse",
    ):
        return "hidden_element"
    if _is_zero(style.get("opacity", "")) or _alpha(style.get("color", "")) == 0:
        return "transparent"
    size = _SIZE.match(style.get("font-size", ""))
    if size and size.group(1) not in ("", ".") and float(size.group(1)) <= _SMALLEST[size.group(2)]:
        return "tiny_text"
    places = (
        "left",
        "top",
        "right",
        "bottom",
        "text-indent",
        "margin-left",
        "margin-top",
        "transform",
    )
    if any(_OFF.search(style.get(name, "")) for name in places):
        return "off_screen"
    clip = f"{style.get('clip', '')} {style.get('clip-path', '')}"
    return "off_screen" if _CLIPPED.search(clip) else ""


def _is_zero(value: str) -> bool:
    number = re.match(r"[\d.]{1,8}", value.strip())
    try:
        return number is not None and float(number.group()) < 0.05
    except ValueError:
        return False


def _alpha(value: str) -> float | None:
    text = value.strip()
    if text.startswith("transparent"):
        return 0.0
    match = _RGB.match(text)
    return 0.0 if match and match.group(4) and _is_zero(match.group(4)) else None


def _color(value: str) -> str:
    """Return a colour as six hexadecimal digits, '' for what is none."""
    text = value.replace("!important", "").strip()
    if text in _NAMED:
        return _NAMED[text]
    if match := _HEX.match(text):
        digits = match.group(1)
        return digits if len(digits) == 6 else "".join(2 * digit for digit in digits)
    if match := _RGB.match(text):
        return "".join(f"{min(255, int(part)):02x}" for part in match.groups()[:3])
    return ""


def _background(style: dict[str, str]) -> str:
    return style.get("background-color") or style.get("background", "").split(" ")[0]


def _is_white(color: str) -> bool:
    return all(int(color[at : at + 2], 16) >= _NEAR_WHITE for at in (0, 2, 4))


def _is_coloured(node: Node) -> bool:
    """Whether an element says of a background that it is anything but white."""
    said = node.get("bgcolor") or node.get("background") or ""
    style = dict(_RULE.findall((node.get("style") or "").lower()[:4000]))
    written = said.lower() or style.get("background-color") or style.get("background", "")
    if style.get("background-image"):
        return True
    color = _color(written.split(" ")[0]) if written else ""
    return (
        bool(written)
        and written not in ("transparent", "none", "inherit")
        and not (color and _is_white(color))
    )
