"""Bounds how many answers are written at once in this process; who comes later waits in order.

with slots.take() as ticket:
    for ahead in ticket.waiting():
        ...  # say that `ahead` answers have to end first
    ...  # write the answer
"""

from collections.abc import Iterator
from threading import Condition
from types import TracebackType

_TOLD_EVERY_S = 0.5


class AnswerSlots:
    """The places for answers of one process, given out first come first served."""

    def __init__(self, at_once: int = 8) -> None:
        self._at_once = at_once
        self._changed = Condition()
        # Those that hold a place, then those that wait, in the order in which they came.
        self._line: list[Ticket] = []

    def take(self) -> "Ticket":
        """Return a ticket; entering it is joining the line, leaving it is giving the place up."""
        return Ticket(self)

    def in_use(self) -> int:
        """Return how many answers are being written or waited for."""
        with self._changed:
            return len(self._line)

    def _join(self, ticket: "Ticket") -> None:
        with self._changed:
            self._line.append(ticket)

    def _leave(self, ticket: "Ticket") -> None:
        with self._changed:
            self._line.remove(ticket)
            self._changed.notify_all()

    def _ahead(self, ticket: "Ticket") -> int:
        return max(0, self._line.index(ticket) - self._at_once + 1)

    def _waiting(self, ticket: "Ticket") -> Iterator[int]:
        with self._changed:
            ahead = self._ahead(ticket)
        while ahead:
            # Outside the lock: whoever reads this draws a page, and may be stopped at any moment.
            yield ahead
            with self._changed:
                self._changed.wait(_TOLD_EVERY_S)
                ahead = self._ahead(ticket)


class Ticket:
    """One answer's place in the line; used once, in a `with` block."""

    def __init__(self, slots: AnswerSlots) -> None:
        self._slots = slots

    def __enter__(self) -> "Ticket":
        self._slots._join(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._slots._leave(self)

    def waiting(self) -> Iterator[int]:
        """Yield how many answers have to end first, about twice a second; ends when it is this one's turn.

        Nothing may be written before it has ended.
        """
        return self._slots._waiting(self)

    def wait(self) -> None:
        """Return when it is this one's turn."""
        for _ in self.waiting():
            pass
