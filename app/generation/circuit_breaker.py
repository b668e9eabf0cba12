"""Leaves a model alone that failed several times in a row, so that readers wait for none that is down.

closed ──k failures in a row──> open ──cool-down──> half open ──success──> closed
                                 ^                      └──failure──> open
"""

import threading
import time
from collections.abc import Callable
from typing import Literal

State = Literal["closed", "open", "half_open"]


class CircuitBreaker:
    """One for each model, shared by all threads that use it. `clock` gives seconds that never go back."""

    def __init__(
        self,
        failures: int = 5,
        cool_down_s: float = 30.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limit = failures
        self._cool_down_s = cool_down_s
        self._clock = clock
        self._lock = threading.Lock()
        self._failed = 0
        self._opened_at: float | None = None
        self._trial_since: float | None = None

    @property
    def state(self) -> State:
        """Where it stands now."""
        with self._lock:
            return self._state()

    def wait_s(self) -> float:
        """Return the seconds until a request is let through again; 0 if one would be now."""
        with self._lock:
            since = self._trial_since if self._trial_since is not None else self._opened_at
            return 0.0 if since is None else max(0.0, since + self._cool_down_s - self._clock())

    def enter(self) -> bool:
        """Return whether a request may be sent; whoever got True calls one of the other three when it is over.

        While half open one request is let through as a trial, and another one if that does not end in time.
        """
        with self._lock:
            state = self._state()
            if state == "half_open":
                self._trial_since = self._clock()
            return state != "open"

    def succeeded(self) -> None:
        """The model answered: close."""
        with self._lock:
            self._failed = 0
            self._opened_at = self._trial_since = None

    def failed(self) -> None:
        """The model failed: open after the k-th time in a row, and at once after a trial."""
        with self._lock:
            self._failed += 1
            if self._opened_at is not None or self._failed >= self._limit:
                self._opened_at = self._clock()
                self._trial_since = None

    def abandoned(self) -> None:
        """Nobody waited for the outcome: the next request may be the trial."""
        with self._lock:
            self._trial_since = None

    def _state(self) -> State:
        if self._opened_at is None:
            return "closed"
        since = self._trial_since if self._trial_since is not None else self._opened_at
        return "half_open" if self._clock() - since >= self._cool_down_s else "open"
