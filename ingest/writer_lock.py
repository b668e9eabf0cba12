"""One writer per data folder and database: a lease that says who holds it and that its holder still works.

The operating system's lock decides, and releases it when its holder dies; the heartbeat beside it tells a
second writer who works, since when, and at what, and a page how far that is (`index.lease` reads it).
"""

import fcntl
import json
import os
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path

from core.errors import FolderBusy
from core.settings import Settings
from index.database import storage_errors
from index.lease import LEASE_BYTES, LEASE_NAME, Lease, current_lease, read_lease
from index.run_lock import REEMBEDDING, RUN, RunLock, run_lock

__all__ = ["Lease", "current_lease", "reembedding_lock", "run_lease", "writer_lock"]

_BEAT_SECONDS = 1.0
_RETRY_SECONDS = 0.02
_GRACE_SECONDS = 1.0


@contextmanager
def run_lease(settings: Settings, *, wait_s: float = 0.0) -> Iterator[Lease]:
    """Hold the right to write to a knowledge base: its folder, and its database if that is on a server.

    Raises:
        FolderBusy: another process holds it and does so after `wait_s` seconds; the message says who.
    """
    with _both(settings, settings.data_dir, RUN, wait_s) as lease:
        yield lease


@contextmanager
def reembedding_lock(settings: Settings) -> Iterator[Lease]:
    """Hold the right to embed a knowledge base with another model, while others ingest.

    Raises:
        FolderBusy: another process holds it; the message says who.
    """
    with _both(settings, settings.data_dir / "index", REEMBEDDING, 0.0) as lease:
        yield lease


@contextmanager
def _both(settings: Settings, folder: Path, number: int, wait_s: float) -> Iterator[Lease]:
    url = settings.database_url.get_secret_value()
    deadline = time.monotonic() + wait_s
    with ExitStack() as held:
        # Nobody may ask for the database's lock while holding it already: the folder's comes first.
        beats: list[RunLock] = []
        lease = held.enter_context(writer_lock(folder, wait_s=wait_s, beside=beats))
        if url:
            left = max(0.0, deadline - time.monotonic())
            beats.append(held.enter_context(run_lock(url, number, left)))
        try:
            yield lease
        finally:
            beats.clear()


@contextmanager
def writer_lock(
    data_dir: Path, *, wait_s: float = 0.0, beside: Sequence[RunLock] = ()
) -> Iterator[Lease]:
    """Hold the right to write to a data folder; `doing` of what is given may be set to what goes on.

    The locks `beside` it are kept alive too, those that are added later included.

    Raises:
        FolderBusy: another process holds it and does so after `wait_s` seconds; the message says who.
    """
    path = data_dir / LEASE_NAME
    with storage_errors(data_dir):
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _take(descriptor, path, wait_s)
        now = time.time()
        lease = Lease(os.getpid(), socket.gethostname(), now, now)
        ended = threading.Event()
        _beat(descriptor, lease)
        beating = threading.Thread(
            target=_keep_beating, args=(descriptor, lease, ended, beside), daemon=True
        )
        beating.start()
        try:
            yield lease
        finally:
            ended.set()
            beating.join()
    finally:
        os.close(descriptor)


def _take(descriptor: int, path: Path, wait_s: float) -> None:
    # Whoever only asks who holds it, holds it for a moment.
    deadline = time.monotonic() + max(wait_s, _GRACE_SECONDS)
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() < deadline:
                time.sleep(_RETRY_SECONDS)
                continue
            lease = read_lease(descriptor)
            holder = lease.sentence() if lease else "a process that has not said its name."
            raise FolderBusy(
                f"Another ingestion is writing to {str(path.parent)!r}: {holder} Wait for it to end and run "
                "again, or use --wait; what is stored can be searched meanwhile."
            ) from error
        return


def _keep_beating(
    descriptor: int, lease: Lease, ended: threading.Event, beside: Sequence[RunLock]
) -> None:
    stage = ""
    while not ended.wait(_BEAT_SECONDS):
        lease.beat = time.time()
        if lease.stage != stage:
            stage, lease.stage_since = lease.stage, lease.beat
        _beat(descriptor, lease)
        for lock in tuple(beside):
            lock.keep()


def _beat(descriptor: int, lease: Lease) -> None:
    # One write of a fixed size: a reader never sees half a lease. A full disk does not end the run here.
    content = json.dumps(asdict(lease)).encode("ascii")[: LEASE_BYTES - 1]
    try:
        os.pwrite(descriptor, content.ljust(LEASE_BYTES), 0)
    except OSError:
        return
