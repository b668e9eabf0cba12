"""The YAML block at the top of a Markdown file: its title, and where its description stands."""

import re
from dataclasses import dataclass

from core.documents import Element
from ingest.parsers.plain_text import one_line

_FENCED = re.compile(r"---[ \t]*(?:\r\n?|\n)(.*?)^(?:---|\.\.\.)[ \t]*(?:\r\n?|\n|\Z)", re.S | re.M)

_OPENED = re.compile(r"---[ \t]*(?:\r\n?|\n)((?:\w[^\r\n]*:[^\r\n]*(?:\r\n?|\n))+)")
_ACCESS = re.compile(r"\baccess[\"']?\s*:")


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """`end` is where the Markdown begins: 0 without front matter."""

    end: int = 0
    title: str = ""
    description: Element | None = None


def read_front_matter(text: str) -> FrontMatter:
    """Return the front matter of a Markdown file.

    A block that is not a YAML mapping is left to the Markdown parser, so that no word is lost.
    """
    match = _FENCED.match(text)
    if match is None:
        return FrontMatter()
    entries = _scalars(match.group(1))
    if entries is None:
        return FrontMatter()
    title, _, _ = entries.get("title", ("", 0, 0))
    return FrontMatter(match.end(), title, _description(text, match.start(1), entries))


def declared_access(text: str) -> list[str] | None:
    """Return what `access:` of the front matter says; [] when it is no list of texts, None without it."""
    import yaml

    match = _FENCED.match(text)
    if match is None:
        # Front matter that is never closed, and names access before anything else does.
        opened = _OPENED.match(text)
        return [] if opened and _ACCESS.search(opened.group(1)) else None
    try:
        content = yaml.safe_load(match.group(1))
    except (yaml.YAMLError, ValueError, LookupError, AttributeError, RecursionError):
        # A block that names access and cannot be read must not open the document. (PyYAML lets the errors
        # of `!!bool x` and `!!timestamp x` through.)
        return [] if _ACCESS.search(match.group(1)) else None
    if not isinstance(content, dict) or "access" not in content:
        return None
    listed = content["access"]
    if not isinstance(listed, list) or not all(isinstance(entry, str) for entry in listed):
        return []
    return listed


def _scalars(block: str) -> dict[str, tuple[str, int, int]] | None:
    """Return key: (value, start, end) of a mapping's plain values, None if it is not a mapping."""
    import yaml

    try:
        root = yaml.compose(block, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, ValueError, RecursionError):
        return None
    if not isinstance(root, yaml.MappingNode):
        return None
    return {
        key.value: (value.value, key.start_mark.index, value.end_mark.index)
        for key, value in root.value
        if isinstance(key, yaml.ScalarNode) and isinstance(value, yaml.ScalarNode)
    }


def _description(text: str, base: int, entries: dict[str, tuple[str, int, int]]) -> Element | None:
    value, start, end = entries.get("description", ("", 0, 0))
    plain = one_line(value)
    if not plain:
        return None
    source = text[base + start : base + end].rstrip()
    return Element("text", base + start, base + start + len(source), plain)
