"""Stretches of days and version numbers, as values that can be compared."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

Kind = Literal["day", "month", "quarter", "half", "year", "fiscal_year"]


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of days, both ends included."""

    kind: Kind
    first: date
    last: date

    def contains(self, other: "Period") -> bool:
        """Return whether every day of the other is a day of this one."""
        return self.first <= other.first and other.last <= self.last


@dataclass(frozen=True, slots=True)
class Version:
    """A version number; `is_open` for one with an x, which stands for all that begin with its numbers."""

    numbers: tuple[int, ...]
    is_open: bool = False

    def matches(self, asked: "Version") -> bool:
        """Return whether this one is meant by the asked one: 7.17 and 7.x by '7', 7.x by '7.17'."""
        shared = min(len(self.numbers), len(asked.numbers))
        if self.numbers[:shared] != asked.numbers[:shared]:
            return False
        rest = asked.numbers[shared:]
        return not any(rest) or self.is_open

    def is_newer(self, other: "Version") -> bool:
        """Return whether this one comes after the other; 9.2 and 9.x are not told apart."""
        shared = min(len(self.numbers), len(other.numbers))
        if self.numbers[:shared] != other.numbers[:shared]:
            return self.numbers > other.numbers
        return not (self.is_open or other.is_open) and any(self.numbers[shared:])

    def __str__(self) -> str:
        return ".".join([*map(str, self.numbers), *(["x"] if self.is_open else [])])


@dataclass(frozen=True, slots=True)
class Mention:
    """A period or version in a text, between two code points."""

    start: int
    end: int
    value: Period | Version
