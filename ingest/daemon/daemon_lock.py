"""One daemon per data folder: two would run every source twice and overwrite each other's status."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import FolderBusy
from index.database import storage_errors


@contextmanager
def daemon_lock(data_dir: Path) -> Iterator[None]:
    """Be the only daemon of a data folder; the operating system lets go when this process dies.

    Raises:
        FolderBusy: there is one already.
    """
    with storage_errors(data_dir):
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(data_dir / "daemon.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise FolderBusy(
                f"An ingestion daemon works on {str(data_dir)!r} already; `footnote doctor` says which. "
                "Stop it first, or set FOOTNOTE_DATA_DIR to another folder."
            ) from error
        yield
    finally:
        os.close(descriptor)
