"""Says when a source runs: by its schedule, or by what is usual for its type.

Times are those of this machine's clock and time zone: `0 3 * * *` is three at night where the daemon runs.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from ingest.schedule import parse_schedule

LOOK = timedelta(minutes=5)
"""How often a watched folder is looked at anyway: no event tells what changes on a network share."""
UNSCHEDULED = timedelta(hours=6)
"""How often a source runs that is no folder and says nothing."""


@dataclass(frozen=True, slots=True)
class Timetable:
    """The times of one source.

    `next` gives the next time after another; `runs_at_start` whether it runs as soon as the daemon starts,
    whenever it ran before; `waits` whether a source that never ran waits for its first time.
    """

    next: Callable[[datetime], datetime]
    runs_at_start: bool = False
    waits: bool = False

    def first(self, now: datetime, last_run: datetime | None) -> datetime:
        """Return when it runs first after a start; what was missed while nothing ran is made up for once."""
        if self.runs_at_start:
            return now
        if last_run is None:
            return self.next(now) if self.waits else now
        return max(now, self.next(last_run))

    def after(self, started: datetime, now: datetime) -> datetime:
        """Return the time after that of a run that started; times that passed meanwhile are left out."""
        planned = self.next(started)
        return planned if planned > now else self.next(now)


def timetable_of(schedule: str, *, is_folder: bool) -> Timetable:
    """Return the times of a source; a folder without a schedule is watched, and looked at now and then.

    Raises:
        ValueError: see `ingest.schedule.parse_schedule`.
    """
    if not schedule:
        step = LOOK if is_folder else UNSCHEDULED
        return Timetable(lambda moment: moment + step, runs_at_start=True)
    is_interval = schedule.strip().lower().startswith("every")
    return Timetable(parse_schedule(schedule), waits=not is_interval)
