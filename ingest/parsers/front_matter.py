"""The YAML block at the top of a Markdown file: its title, its facts, and where its description stands."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from core.documents import Element
from ingest.parsers.document_facts import joined, kept_facts
from ingest.parsers.plain_text import one_line

if TYPE_CHECKING:
    from yaml import Node

_FENCED = re.compile(r"---[ \t]*(?:\r\n?|\n)(.*?)^(?:---|\.\.\.)[ \t]*(?:\r\n?|\n|\Z)", re.S | re.M)

_OPENED = re.compile(r"---[ \t]*(?:\r\n?|\n)((?:\w[^\r\n]*:[^\r\n]*(?:\r\n?|\n))+)")
_ACCESS = re.compile(r"\baccess[\"']?\s*:")
_NULL = "tag:yaml.org,2002:null"
_MAX_ITEMS = 150
"""More do not fit into a value of 300 characters with commas between."""


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """`end` is where the Markdown begins: 0 without front matter. `facts` are what `kept_facts` leaves of it."""

    end: int = 0
    title: str = ""
    description: Element | None = None
    facts: Mapping[str, str] = field(default_factory=dict)


def read_front_matter(text: str) -> FrontMatter:
    """Return the front matter of a Markdown file.

    A block that is not a YAML mapping is left to the Markdown parser, so that no word is lost.
    """
    match = _FENCED.match(text)
    if match is None:
        return FrontMatter()
    nodes = _nodes(match.group(1))
    if nodes is None:
        return FrontMatter()
    title, _, _ = _scalar(nodes, "title")
    facts = kept_facts((name, _value(node)) for name, (_, node) in nodes.items())
    return FrontMatter(match.end(), title, _description(text, match.start(1), nodes), facts)


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


def _nodes(block: str) -> "dict[str, tuple[int, Node]] | None":
    """Return key: (where it stands, value) of a mapping, None if it is not a mapping.

    The nodes are not made into values: what aliases and tags could do to a reader, they do not do here.
    """
    import yaml

    try:
        root = yaml.compose(block, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, ValueError, RecursionError):
        return None
    if not isinstance(root, yaml.MappingNode):
        return None
    return {
        key.value: (key.start_mark.index, value)
        for key, value in root.value
        if isinstance(key, yaml.ScalarNode)
    }


def _value(node: "Node") -> str:
    """Return a plain value as it is written, a list of them with commas between, '' for anything else."""
    import yaml

    if isinstance(node, yaml.ScalarNode):
        return "" if node.tag == _NULL else str(node.value)
    items = node.value[:_MAX_ITEMS] if isinstance(node, yaml.SequenceNode) else []
    is_plain = all(isinstance(item, yaml.ScalarNode) for item in items)
    return joined(item.value for item in items if item.tag != _NULL) if is_plain else ""


def _scalar(nodes: "Mapping[str, tuple[int, Node]]", name: str) -> tuple[str, int, int]:
    """Return a plain value with where its entry begins and ends in the block."""
    import yaml

    start, node = nodes.get(name, (0, None))
    if not isinstance(node, yaml.ScalarNode):
        return "", 0, 0
    return str(node.value), start, node.end_mark.index


def _description(text: str, base: int, nodes: "Mapping[str, tuple[int, Node]]") -> Element | None:
    value, start, end = _scalar(nodes, "description")
    plain = one_line(value)
    if not plain:
        return None
    source = text[base + start : base + end].rstrip()
    return Element("text", base + start, base + start + len(source), plain)
