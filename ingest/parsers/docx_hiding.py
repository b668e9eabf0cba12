"""Takes out of a Word document the runs that no reader sees: hidden, white on white, too small to read.

White letters stay where anything may be behind them: a shaded run, paragraph or cell, a table with a style of its
own, a text box, a page with a background. Hidden by a style counts like hidden by the run itself.
"""

from typing import Any

from ingest.parsers.hidden_text import HiddenText

_Node = Any
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_OFF = ("0", "false", "off", "none")
_WHITE = ("FFFFFF", "FEFEFE", "FDFDFD")
_PLAIN_TABLES = ("TableGrid", "TableNormal", "")
_SMALLEST_HALF_POINTS = 2
_MAX_BASES = 5


def remove_hidden_runs(root: _Node, styles: _Node | None, hidden: HiddenText) -> None:
    """Remove the hidden runs under a node and count them, a stretch of them in one paragraph once."""
    by_style = _hiding_styles(styles)
    may_be_dark = _has_background(root)
    for paragraph in root.iter(f"{_W}p"):
        unseen: dict[str, list[str]] = {}
        for run in paragraph.findall(f"{_W}r") + paragraph.findall(f"{_W}hyperlink/{_W}r"):
            kind = _hiding(run, by_style, may_be_dark=may_be_dark)
            if kind:
                unseen.setdefault(kind, []).append("".join(run.itertext(f"{_W}t")))
                run.getparent().remove(run)
        for kind, texts in unseen.items():
            hidden.part(kind, "".join(texts))


def _hiding(run: _Node, by_style: dict[str, str], *, may_be_dark: bool) -> str:
    properties = run.find(f"{_W}rPr")
    if properties is None:
        return _of_paragraph_style(run, by_style)
    if properties.find(f"{_W}vanish") is not None:
        return "hidden_run" if _is_on(properties, "vanish") else ""
    style = _value(properties, "rStyle")
    if style in by_style:
        return by_style[style]
    size = _value(properties, "sz")
    if size.isdecimal() and int(size) <= _SMALLEST_HALF_POINTS:
        return "tiny_text"
    color = _value(properties, "color").upper()
    if color in _WHITE and not may_be_dark and not _may_be_shaded(run, properties):
        return "white_text"
    return _of_paragraph_style(run, by_style)


def _of_paragraph_style(run: _Node, by_style: dict[str, str]) -> str:
    if not by_style:
        return ""
    above = run.getparent()
    while above is not None and above.tag != f"{_W}p":
        above = above.getparent()
    properties = above.find(f"{_W}pPr") if above is not None else None
    return by_style.get(_value(properties, "pStyle"), "") if properties is not None else ""


def _may_be_shaded(run: _Node, properties: _Node) -> bool:
    if _is_shaded(properties) or properties.find(f"{_W}highlight") is not None:
        return True
    for above in run.iterancestors():
        name = above.tag.rpartition("}")[2] if isinstance(above.tag, str) else ""
        if name == "txbxContent":
            return True
        own = above.find(f"{_W}{name}Pr") if name in ("p", "tc", "tbl") else None
        if own is None:
            continue
        # A paragraph's style may shade it: of a style that is named, nobody looks up what it paints.
        if _is_shaded(own) or (name == "p" and _value(own, "pStyle")):
            return True
        if name == "tbl" and _value(own, "tblStyle") not in _PLAIN_TABLES:
            return True
    return False


def _is_shaded(properties: _Node) -> bool:
    shade = properties.find(f"{_W}shd")
    if shade is None:
        return False
    return (shade.get(f"{_W}fill") or "auto").upper() not in ("AUTO", *_WHITE)


def _has_background(root: _Node) -> bool:
    top = root.getroottree().getroot()
    return top.find(f"{_W}background") is not None


def _hiding_styles(styles: _Node | None) -> dict[str, str]:
    """Return the ids of the styles that hide, by themselves or by one that they are based on."""
    if styles is None:
        return {}
    by_id = {style.get(f"{_W}styleId") or "": style for style in styles.iter(f"{_W}style")}
    found = {}
    for name, style in by_id.items():
        one = style
        for _ in range(_MAX_BASES):
            properties = one.find(f"{_W}rPr") if one is not None else None
            if properties is not None and properties.find(f"{_W}vanish") is not None:
                if _is_on(properties, "vanish"):
                    found[name] = "hidden_run"
                break
            one = by_id.get(_value(one, "basedOn")) if one is not None else None
    return found


def _is_on(properties: _Node, name: str) -> bool:
    return (properties.find(f"{_W}{name}").get(f"{_W}val") or "1").lower() not in _OFF


def _value(properties: _Node, name: str) -> str:
    node = properties.find(f"{_W}{name}")
    return (node.get(f"{_W}val") or "") if node is not None else ""
