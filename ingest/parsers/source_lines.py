"""The lines of a text with their places in it, for formats whose canonical text is the file itself."""

import re
from collections.abc import Callable, Iterator, Sequence
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


class LineReader:
    """Goes through the lines of a text; what reads one kind of block takes its lines, or says None."""

    def __init__(self, lines: list[SourceLine]) -> None:
        self._lines = lines
        self._place = 0

    def _read(
        self,
        readers: Sequence[Callable[[], list[Element] | None]],
        otherwise: Callable[[], list[Element]],
    ) -> Iterator[Element]:
        """Yield the elements of all lines, each by the first reader that knows it, else by `otherwise`."""
        while self._place < len(self._lines):
            for reader in readers:
                found = reader()
                if found is not None:
                    yield from found
                    break
            else:
                yield from otherwise()

    def _line(self, ahead: int = 0) -> str:
        number = self._place + ahead
        return self._lines[number].text if number < len(self._lines) else ""

    def _take(self, count: int) -> list[SourceLine]:
        taken = self._lines[self._place : self._place + count]
        self._place += count
        return taken
