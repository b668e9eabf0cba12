"""The words of OpenDocument content: what a reader sees of one paragraph, and what stands beside it."""

from dataclasses import dataclass, field

from ingest.parsers.office_container import Node, attribute, local_name

_MAX_SPACES = 100
_SILENT = frozenset({
    "tracked-changes", "annotation-end", "ruby-text", "bookmark", "note-citation", "page-number",
    "page-count", "forms", "sequence-decls", "variable-decls", "user-field-decls",
    "dde-connection-decls",
})  # fmt: skip
"""Elements whose text is no part of the reading: deletions, readings above words, running numbers."""


@dataclass(slots=True)
class ParagraphText:
    """The text of a paragraph; beside it what is anchored in it: notes, comments, boxes and pictures."""

    parts: list[str] = field(default_factory=list)
    notes: list[Node] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    frames: list[Node] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The words themselves."""
        return "".join(self.parts)


def paragraph_text(paragraph: Node) -> ParagraphText:
    """Read one paragraph or heading."""
    found = ParagraphText()
    found.parts.append(paragraph.text or "")
    # A stack, not recursion: spans in spans may be deeper than Python's own limit.
    waiting: list[Node] = list(reversed(paragraph))
    while waiting:
        node = waiting.pop()
        if isinstance(node, str):
            found.parts.append(node)
            continue
        goes_on = _read(node, found)
        waiting.append(node.tail or "")
        if goes_on:
            waiting.extend(reversed(node))
            found.parts.append(node.text or "")
    return found


def _read(node: Node, found: ParagraphText) -> bool:
    """Read one inline element; say whether its own content is to be read as well."""
    kind = local_name(node)
    if kind == "s":
        count = attribute(node, "c")
        found.parts.append(" " * min(int(count) if count.isdecimal() else 1, _MAX_SPACES))
    elif kind in ("tab", "line-break"):
        found.parts.append("\t" if kind == "tab" else "\n")
    elif kind == "note":
        found.notes.append(node)
    elif kind == "annotation":
        found.comments.append(" ".join(plain_texts(node)))
    elif kind in ("frame", "custom-shape", "rect", "ellipse", "g"):
        found.frames.append(node)
    else:
        return kind not in _SILENT and bool(kind)
    return False


def plain_texts(node: Node) -> list[str]:
    """Return the texts of all paragraphs below a node, those that have one."""
    texts = [paragraph_text(paragraph).text for paragraph in node.iter("{*}p", "{*}h")]
    return [text.strip() for text in texts if text.strip()]
