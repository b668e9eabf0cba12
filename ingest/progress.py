"""Shows long work on a terminal: counts and the time left; nothing where nobody watches."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from core.ports import Progress
from ingest.writer_lock import Lease


@contextmanager
def shown_progress(lease: Lease, *, enabled: bool) -> Iterator[Progress]:
    """Give a callback that draws one bar a stage on stderr while the block runs.

    It also tells the lease what goes on, for whoever asks why the data folder is busy.
    """
    if not enabled or not sys.stderr.isatty():
        yield lambda stage, done, total: _tell(lease, stage, done, total)
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        TaskID,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.progress import Progress as Bars

    columns = (
        TextColumn("{task.description:<10}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, TaskID] = {}

        def show(stage: str, done: int, total: int) -> None:
            _tell(lease, stage, done, total)
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=total or None)
            bars.update(tasks[stage], completed=done, total=total or None)

        yield show


def _tell(lease: Lease, stage: str, done: int, total: int) -> None:
    lease.doing = f"{stage} {done} of {total}"
