"""Where the characters of a text stand after a filter took some out; pure."""

from bisect import bisect_right


class Places:
    """Where the characters of a text stand after a filter; runs are noted, not single characters."""

    def __init__(self) -> None:
        self._before = [0]
        self._after = [0]

    def same(self, length: int) -> None:
        """Note that so many characters went through as they are."""
        self.changed(length, length)

    def changed(self, before: int, after: int) -> None:
        """Note that the next `before` characters (may be negative: given back) became `after`."""
        if before or after:
            self._before.append(self._before[-1] + before)
            self._after.append(self._after[-1] + after)

    def moved(self, offset: int) -> int:
        """Return the new place of a character by its old offset."""
        place = max(0, bisect_right(self._before, offset) - 1)
        last = self._after[place + 1] if place + 1 < len(self._after) else self._after[-1]
        return min(last, self._after[place] + max(0, offset - self._before[place]))
