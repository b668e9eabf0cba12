"""One process writes to a data folder and says who it is; the lock dies with its holder."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.errors import DataFolderError, FolderBusy
from ingest.writer_lock import Lease, current_lease, writer_lock

HOLDER = """
import sys
from pathlib import Path
from ingest.writer_lock import writer_lock
with writer_lock(Path(sys.argv[1])) as lease:
    print("held", flush=True)
    sys.stdin.readline()
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


def test_nobody_writes_to_a_folder_that_is_not_there_or_free(data_dir: Path) -> None:
    assert current_lease(data_dir) is None
    with writer_lock(data_dir):
        pass
    assert current_lease(data_dir) is None


def test_the_lease_says_who_writes_and_since_when(data_dir: Path) -> None:
    before = time.time()
    with held_elsewhere(data_dir) as holder:
        lease = current_lease(data_dir)
        assert lease is not None
        assert lease.process == holder.pid
        assert before <= lease.since <= lease.beat <= time.time()
        assert f"process {holder.pid} on " in lease.sentence()
        assert "stuck" not in lease.sentence()


def test_the_lease_of_a_killed_process_counts_no_more(data_dir: Path) -> None:
    with held_elsewhere(data_dir) as holder:
        holder.kill()
        holder.wait()
        assert current_lease(data_dir) is None


def test_the_lease_tells_what_goes_on_at_its_next_beat(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.writer_lock._BEAT_SECONDS", 0.02)
    with writer_lock(data_dir) as lease:
        first = current_lease(data_dir)
        lease.doing = "reading 3 of 7"
        deadline = time.monotonic() + 10
        while (now := current_lease(data_dir)) and now.doing == "starting":
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert first is not None
        assert now is not None
        assert (first.doing, now.doing) == ("starting", "reading 3 of 7")
        assert now.beat > first.beat
        with pytest.raises(FolderBusy, match="reading 3 of 7"), writer_lock(data_dir):
            pass


def test_asking_who_writes_keeps_no_writer_out(data_dir: Path) -> None:
    with writer_lock(data_dir):
        pass
    ended = threading.Event()

    def ask() -> None:
        while not ended.is_set():
            current_lease(data_dir)

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        for _ in range(20):
            with writer_lock(data_dir):
                pass
    finally:
        ended.set()
        asking.join()


def test_a_writer_that_waits_gets_its_turn(data_dir: Path) -> None:
    with held_elsewhere(data_dir) as holder:
        assert holder.stdin is not None
        threading.Timer(0.5, holder.stdin.close).start()
        started = time.monotonic()
        with writer_lock(data_dir, wait_s=30):
            assert time.monotonic() - started < 20
            mine = current_lease(data_dir)
            assert mine is not None
            assert mine.process == os.getpid()


def test_a_writer_waits_as_long_as_it_was_told(data_dir: Path) -> None:
    with held_elsewhere(data_dir) as holder:
        started = time.monotonic()
        with (
            pytest.raises(FolderBusy, match=f"process {holder.pid}"),
            writer_lock(data_dir, wait_s=1),
        ):
            pass
        assert 1 <= time.monotonic() - started < 10


def test_a_holder_that_is_silent_may_be_stuck(data_dir: Path) -> None:
    now = time.time()
    lease = Lease(7, "host", now - 300, now - 120, "reading 1 of 2")
    assert "process 7 on host, since " in lease.sentence()
    assert "reading 1 of 2" in lease.sentence()
    assert "120 s and may be stuck" in lease.sentence()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"process": 1}', '{"process": 1, "x": 2}'])
def test_a_lease_that_cannot_be_read_is_still_a_lock(data_dir: Path, content: str) -> None:
    with held_elsewhere(data_dir) as holder:
        holder.send_signal(signal.SIGSTOP)  # or its next beat would write over this
        try:
            (data_dir / "writer.lock").write_text(content)
            assert current_lease(data_dir) is None
            with pytest.raises(FolderBusy, match="not said its name"), writer_lock(data_dir):
                pass
        finally:
            holder.send_signal(signal.SIGCONT)


def test_what_a_holder_does_is_read_as_progress() -> None:
    now = time.time()
    lease = Lease(7, "host", now - 60, now, "reading 25 of 100", now - 10)
    progress = lease.progress()
    assert (progress.stage, progress.done, progress.total) == ("reading", 25, 100)
    assert progress.seconds_left == pytest.approx(30)


@pytest.mark.parametrize("doing", ["starting", "moving to qdrant", "reading 1 of 1000", "x 0 of 0"])
def test_no_time_left_is_told_before_it_is_known(doing: str) -> None:
    now = time.time()
    assert Lease(7, "host", now - 60, now, doing, now - 10).progress().seconds_left is None


def test_the_lease_says_when_its_stage_began(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.writer_lock._BEAT_SECONDS", 0.02)
    with writer_lock(data_dir) as lease:
        starts = set()
        for doing in ("reading 1 of 7", "reading 2 of 7", "embedding 1 of 9"):
            lease.doing = doing
            while (read := current_lease(data_dir)) is None or read.doing != doing:
                time.sleep(0.01)
            starts.add(read.stage_since)
        assert len(starts) == 2
        assert min(starts) >= lease.since
