"""What the daemon knows of one source, and what it does with it next.

    waiting ──due──▶ running ──ended──▶ waiting                 it went well
                        │  └──ended──▶ backing_off ──due──▶ …   it failed and is tried again soon
                        │  └──ended──▶ failed ──due──▶ …        a person has to look: only at its usual times
                        └──silent for 30 min──▶ stuck ──ended──▶ …

Only the daemon's main loop touches a state; every time comes from outside.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from ingest.daemon.backoff import pause_after
from ingest.daemon.timetable import Timetable

State = Literal["waiting", "running", "failed", "backing_off", "stuck"]
Outcome = Literal["done", "incomplete", "failed"]

STUCK_AFTER = timedelta(minutes=30)
"""A run that has shown no sign of life for so long is stuck; it cannot be ended from outside, only left alone."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended.

    `counts` are documents by what was done to them. `outcome` is incomplete when single documents could not be
    read. `documents` counts what the catalogue holds of the source, by status; None when that is not known.
    """

    outcome: Outcome
    counts: Mapping[str, int] = field(default_factory=dict)
    error: str = ""
    needs_person: bool = False
    documents: Mapping[str, int] | None = None
    quarantined: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LastRun:
    """The last run that ended."""

    at: datetime
    seconds: float
    outcome: Outcome
    counts: Mapping[str, int]


@dataclass(slots=True)
class SourceState:
    """One source; `running_since` is None between its runs."""

    name: str
    timetable: Timetable
    next_run_at: datetime
    running_since: datetime | None = None
    sign_of_life: datetime | None = None
    is_stuck: bool = False
    was_changed: bool = False
    needs_person: bool = False
    failures: int = 0
    skipped_runs: int = 0
    last_run: LastRun | None = None
    last_success_at: datetime | None = None
    last_error: str = ""
    documents: Mapping[str, int] = field(default_factory=dict)

    @property
    def state(self) -> State:
        """What goes on, in one word."""
        if self.running_since is not None:
            return "stuck" if self.is_stuck else "running"
        if not self.failures:
            return "waiting"
        return "failed" if self.needs_person else "backing_off"

    def is_due(self, now: datetime) -> bool:
        """Whether it has to run now."""
        return self.running_since is None and now >= self.next_run_at

    def note_change(self, now: datetime) -> None:
        """Note that its files changed: it runs now, or once the run under way or the pause is over."""
        self.was_changed = True
        if self.running_since is None and self.state != "backing_off":
            self.next_run_at = min(self.next_run_at, now)

    def begin(self, now: datetime) -> None:
        """Note that a run starts."""
        self.running_since = self.sign_of_life = now
        self.is_stuck = self.was_changed = False
        self.next_run_at = self.timetable.after(now, now)

    def look(self, now: datetime, sign_of_life: datetime | None = None) -> None:
        """Note the last sign of life of the run under way, and pass over a run that should start meanwhile."""
        if self.running_since is None:
            return
        if sign_of_life is not None:
            self.sign_of_life = sign_of_life
        self.is_stuck = now - (self.sign_of_life or self.running_since) >= STUCK_AFTER
        if now >= self.next_run_at:
            self.skipped_runs += 1
            self.next_run_at = self.timetable.after(self.next_run_at, now)

    def finish(self, now: datetime, ended: Ended, chance: Callable[[], float]) -> None:
        """Note how the run under way ended."""
        started = self.running_since or now
        seconds = round((now - started).total_seconds(), 3)
        self.last_run = LastRun(started, seconds, ended.outcome, ended.counts)
        self.running_since, self.is_stuck = None, False
        self.needs_person = ended.needs_person
        self.last_error = ended.error
        if ended.documents is not None:
            self.documents = ended.documents
        if ended.outcome != "failed":
            self.failures = 0
            self.last_success_at = now
        else:
            self.failures += 1
            if not ended.needs_person:
                self.next_run_at = now + pause_after(self.failures, chance)
                return
        self.next_run_at = now if self.was_changed else self.timetable.after(started, now)

    def abandon(self, now: datetime) -> None:
        """Note that the run under way does not count: it was stopped, or nobody waits for it any more."""
        self.running_since, self.is_stuck = None, False
        if self.was_changed:
            self.next_run_at = now

    def replan(self, now: datetime, timetable: Timetable) -> None:
        """Take over what the sources file says now; a source that was changed there is tried at once."""
        self.timetable = timetable
        self.was_changed = True
        self.next_run_at = now
