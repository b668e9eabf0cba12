"""Counts what a file holds that no reader sees, and whether any of it reads as an instruction to a model.

What was hidden is read once and thrown away: counts by kind are all that leaves a parser.
"""

from collections import Counter
from collections.abc import Mapping

from core.hidden_characters import hidden_counts, smuggled
from core.injection import is_poisoned

INSTRUCTION = "instruction"
"""The kind of hidden text that the injection detector marks, whatever hid it."""

_MAX_READ_CHARS = 20_000
"""Of all hidden text of a file; some pages hide megabytes of menus."""


class HiddenText:
    """What one file hides, by kind: parts of its markup, or characters."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._instructions = 0
        self._left = _MAX_READ_CHARS

    def part(self, kind: str, text: str) -> None:
        """Count one part that was left out: a comment, a hidden run; blanks are none."""
        if text.strip():
            self._counts[kind] += 1
            self._read(text)

    def characters(self, text: str) -> None:
        """Count the characters of a text that no reader sees."""
        if text.isascii() and text.isprintable():
            return
        counts = hidden_counts(text)
        self._counts.update(counts)
        if counts:
            self._read(smuggled(text))

    def merge(self, counts: Mapping[str, int]) -> None:
        """Add what a part of the file hides that was parsed by itself."""
        self._counts.update(counts)

    def counts(self) -> dict[str, int]:
        """Return the counts by kind; `instruction` says how many parts read as one."""
        found = dict(sorted(self._counts.items()))
        if self._instructions:
            found[INSTRUCTION] = found.get(INSTRUCTION, 0) + self._instructions
        return found

    def _read(self, text: str) -> None:
        if text and self._left > 0:
            self._instructions += is_poisoned(text[: self._left])
            self._left -= len(text)
