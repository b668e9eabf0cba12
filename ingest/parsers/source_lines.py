"""The lines of a text with their places in it, for formats whose canonical text is the file itself."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from core.documents import Element, ElementKind

_LINE = re.compile(r"([^\r\n\f]*)(?:\r\n?|\n|\f|\Z)")

_MAX_LINES = 300_000


def has_too_many_lines(text: str) -> bool:
    """Say whether a file is to be read as plain text: a line costs 15 µs, a million of them 15 s."""
    return text.count("\n") + text.count("\r") + text.count("\f") > _MAX_LINES


@dataclass(frozen=True, slots=True)
class SourceLine:
    """One line without its break; `start` is its first character's place, `indent` counts characters."""

    start: int
    text: str

    @property
    def end(self) -> int:
        """The place behind its last visible character."""
        return self.start + len(self.text.rstrip())

    @property
    def indent(self) -> int:
        """The number of white characters before the first visible one."""
        return len(self.text) - len(self.text.lstrip())

    @property
    def is_blank(self) -> bool:
        """Whether nothing is seen on it."""
        return not self.text.strip()


def read_source_lines(text: str) -> list[SourceLine]:
    """Return all lines of a text, in order."""
    return [SourceLine(match.start(), match.group(1)) for match in _LINE.finditer(text)]


def lines_to_element(
    kind: ElementKind,
    lines: Sequence[SourceLine],
    plain: str,
    *,
    level: int = 0,
    header: str = "",
) -> Iterator[Element]:
    """Yield the element that some lines are; none where nothing is seen of them."""
    shown = [line for line in lines if not line.is_blank]
    if shown and plain.strip():
        start = shown[0].start + shown[0].indent
        yield Element(kind, start, shown[-1].end, plain, level=level, header=header)
