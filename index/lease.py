"""Reads who writes to a data folder now, since when, and how far the work is.

`ingest.writer_lock` takes and keeps the lease: the operating system's lock on the file decides, what stands in it
is for people.
"""

import fcntl
import json
import os
import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

LEASE_NAME = "writer.lock"
LEASE_BYTES = 4096
"""A lease is written in one piece of this size: nobody reads half of one."""

_SILENT_SECONDS = 60.0
_COUNTED = re.compile(r"(.{1,80}) (\d{1,12}) of (\d{1,12})")
_MIN_SHARE = 0.02
_MIN_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class StageProgress:
    """How far one stage of a run is; `total` is 0 where it is not known. `seconds_left` is None while too little is done."""

    stage: str
    done: int
    total: int
    seconds_left: float | None


@dataclass(slots=True)
class Lease:
    """Who writes, since when, at what, and when that was last said; times in seconds since 1970.

    `doing` is free text; `STAGE n of m` is understood as progress. `stage_since` is when that stage began.
    """

    process: int
    host: str
    since: float
    beat: float
    doing: str = "starting"
    stage_since: float = 0.0

    def sentence(self) -> str:
        """Say it to a person."""
        at = datetime.fromtimestamp(self.since, UTC).strftime("%H:%M UTC")
        silent = time.time() - self.beat
        stuck = (
            f" It has not reported for {silent:.0f} s and may be stuck: look at that process."
            if self.is_silent
            else ""
        )
        return f"process {self.process} on {self.host}, since {at}, {self.doing}.{stuck}"

    @property
    def is_silent(self) -> bool:
        """Whether its holder has not said anything for so long that it may be stuck."""
        return time.time() - self.beat > _SILENT_SECONDS

    @property
    def stage(self) -> str:
        """The stage's name alone, without its counts."""
        counted = _COUNTED.fullmatch(self.doing)
        return counted[1] if counted else self.doing

    def progress(self) -> StageProgress:
        """Return how far the stage under way is, by what the last beat said."""
        counted = _COUNTED.fullmatch(self.doing)
        if counted is None:
            return StageProgress(self.doing, 0, 0, None)
        done, total = int(counted[2]), int(counted[3])
        took = self.beat - self.stage_since
        left = None
        if self.stage_since and took >= _MIN_SECONDS and total and done / total >= _MIN_SHARE:
            left = max(0.0, took / done * (total - done))
        return StageProgress(counted[1], done, total, left)


def current_lease(data_dir: Path) -> Lease | None:
    """Return who writes to a data folder now, None when nobody does."""
    try:
        descriptor = os.open(data_dir / LEASE_NAME, os.O_RDWR)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return read_lease(descriptor)
    finally:
        os.close(descriptor)
    return None


def read_lease(descriptor: int) -> Lease | None:
    """Return what stands in an open lease file, None when that is not a lease."""
    try:
        return Lease(**json.loads(os.pread(descriptor, LEASE_BYTES, 0)))
    except (OSError, ValueError, TypeError):
        return None
