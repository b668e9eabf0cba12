"""A spool goes with its run; what a killed run left is swept, what a living one holds is not."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.errors import DataFolderError
from ingest.spool import Spool

HOLDER = """
import sys
from pathlib import Path
from ingest.spool import Spool
print(Spool(Path(sys.argv[1])).write(b"member"), flush=True)
sys.stdin.read()
"""


@contextmanager
def spooled_elsewhere(data_dir: Path) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """Write to a spool in another process; gives the process and the file."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(data_dir)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    path = Path(holder.stdout.readline().rstrip("\n"))
    with holder:
        try:
            yield holder, path
        finally:
            holder.kill()


def age(folder: Path) -> None:
    """Make a folder look as if nothing was added for an hour."""
    old = time.time() - 3600
    os.utime(folder, (old, old))


def spools(data_dir: Path) -> list[Path]:
    return list((data_dir / "spool").iterdir())


def test_bytes_lie_in_a_file_until_the_run_ends(data_dir: Path) -> None:
    spool = Spool(data_dir)
    paths = [Path(spool.write(content)) for content in (b"one", b"", b"one")]
    assert [path.read_bytes() for path in paths] == [b"one", b"", b"one"]
    assert len(set(paths)) == 3
    spool.close()
    assert spools(data_dir) == []


def test_a_spool_can_be_used_again_after_it_was_closed(data_dir: Path) -> None:
    spool = Spool(data_dir)
    spool.write(b"one")
    spool.close()
    spool.close()
    assert Path(spool.write(b"two")).read_bytes() == b"two"
    spool.close()
    assert spools(data_dir) == []


def test_a_run_that_spools_nothing_makes_no_folder(data_dir: Path) -> None:
    Spool(data_dir).close()
    assert not data_dir.exists()


def test_only_the_owner_may_read_what_is_spooled(data_dir: Path) -> None:
    spool = Spool(data_dir)
    path = Path(spool.write(b"secret"))
    assert path.parent.stat().st_mode & 0o077 == 0
    assert path.parent.parent.stat().st_mode & 0o077 == 0
    spool.close()


def test_what_a_killed_run_left_is_swept(data_dir: Path) -> None:
    with spooled_elsewhere(data_dir) as (holder, path):
        holder.kill()
        holder.wait()
        age(path.parent)
        spool = Spool(data_dir)
        spool.write(b"new")
        assert not path.exists()
        assert len(spools(data_dir)) == 1
        spool.close()


def test_what_a_living_run_holds_is_not_swept(data_dir: Path) -> None:
    with spooled_elsewhere(data_dir) as (_, path):
        age(path.parent)
        spool = Spool(data_dir)
        spool.write(b"new")
        assert path.read_bytes() == b"member"
        spool.close()
        assert path.read_bytes() == b"member"


def test_a_folder_that_is_being_made_is_not_swept(data_dir: Path) -> None:
    fresh, old = data_dir / "spool" / "fresh", data_dir / "spool" / "old"
    fresh.mkdir(parents=True)
    old.mkdir()
    age(old)
    spool = Spool(data_dir)
    spool.write(b"new")
    assert fresh.exists()
    assert not old.exists(), "a run that was killed before it took its lock left it"
    spool.close()


def test_a_data_folder_that_cannot_hold_a_spool_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataFolderError, match="file"):
        Spool(tmp_path / "file").write(b"x")
