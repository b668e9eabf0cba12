"""One process writes to a data folder; the lock dies with its holder."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.errors import DataFolderError, FolderBusy
from ingest.writer_lock import writer_lock

HOLDER = """
import sys
from pathlib import Path
from ingest.writer_lock import writer_lock
with writer_lock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def held_elsewhere(data_dir: Path) -> Iterator[subprocess.Popen[str]]:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(data_dir)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    with holder:
        try:
            yield holder
        finally:
            holder.kill()


def test_a_second_writer_is_told_which_process_writes(data_dir: Path) -> None:
    with held_elsewhere(data_dir) as holder:
        busy = pytest.raises(FolderBusy, match=f"process {holder.pid}")
        with busy, writer_lock(data_dir):
            pass


def test_the_lock_of_a_killed_process_is_free(data_dir: Path) -> None:
    with held_elsewhere(data_dir) as holder:
        holder.kill()
        holder.wait()
        with writer_lock(data_dir):
            assert data_dir.is_dir()


def test_the_lock_is_free_again_after_its_block(data_dir: Path) -> None:
    for _ in range(2):
        with writer_lock(data_dir):
            pass


def test_the_lock_is_free_again_after_an_error(data_dir: Path) -> None:
    with pytest.raises(ZeroDivisionError), writer_lock(data_dir):
        raise ZeroDivisionError
    with writer_lock(data_dir):
        pass


def test_a_second_writer_in_the_same_process_is_refused_too(data_dir: Path) -> None:
    with writer_lock(data_dir), pytest.raises(FolderBusy), writer_lock(data_dir):
        pass


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataFolderError, match="file"), writer_lock(tmp_path / "file"):
        pass
