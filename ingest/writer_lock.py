"""One writer per data folder: a lock that the operating system releases when its holder dies."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import FolderBusy
from index.database import storage_errors


@contextmanager
def writer_lock(data_dir: Path) -> Iterator[None]:
    """Hold the right to write to a data folder.

    Raises:
        FolderBusy: another process holds it; the message names the process.
    """
    path = data_dir / "writer.lock"
    with storage_errors(data_dir):
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _take(descriptor, path)
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int, path: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = os.pread(descriptor, 100, 0).decode("ascii", "replace").strip() or "unknown"
        raise FolderBusy(
            f"Another ingestion (process {holder}) is writing to {str(path.parent)!r}. "
            "Wait for it to end and run again; what is stored can be searched meanwhile."
        ) from error
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, str(os.getpid()).encode("ascii"), 0)
