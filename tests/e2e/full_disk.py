"""Fills the disk under `footnote ingest`: in truth, on small file systems of growing size, and at named writes.

    PYTHONPATH=tests/e2e python -m full_disk /tmp/full /tmp/models 40

A run on a full disk ends with exit code 2 and one sentence, loses nothing, keeps no reader from answering, and
the next one, on a larger disk, comes to what an undisturbed one comes to.
"""

import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from failpoint_child import STEPS, Failpoint
from fault_harness import (
    Base,
    Case,
    Place,
    Ran,
    base_of,
    check_left,
    check_next,
    check_refused,
    prepared,
    searching,
)

from index.factory import KnowledgeBase

_KILOBYTE = 1024
_NOT_TOLD = ("run", "storage_errors", "_full_disk_named", "writing", "wrapped")
_ROOMY = "size=256m,nr_inodes=100k"


def full_cases(calls: tuple[int, ...] = (1,)) -> list[Case]:
    """Return one case for each write that can hit a full disk, at its n-th time."""
    return [
        Case(Failpoint(name, "inside" if step.writes else "before", call, "full"), base_of(name))
        for name, step in STEPS.items()
        if step.full
        for call in calls
    ]


def can_mount() -> bool:
    """Say whether this process may mount a file system of its own."""
    if os.geteuid() != 0 or not shutil.which("mount"):
        return False
    folder = Path(f"/tmp/mount-{os.getpid()}")
    folder.mkdir()
    try:
        with _mounted(folder, "size=64k"):
            return True
    except subprocess.CalledProcessError:
        return False
    finally:
        folder.rmdir()


@dataclass(slots=True)
class DiskReport:
    """What happened at each size; `rows` are (room, base, exit code, the write that failed)."""

    rows: list[tuple[str, str, int, str]] = field(default_factory=list)
    refused: int = 0
    done: int = 0
    converged: int = 0
    searches: int = 0
    late_readers: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    def table(self) -> str:
        """Return the figures, a line for each size."""
        lines = [f"{room:>12}  {base:6} {code}  {what}" for room, base, code, what in self.rows]
        writes = Counter(row[3].split(" ", 1)[0] for row in self.rows if row[2] == 2)
        lines.append(
            f"{len(self.rows)} sizes: {self.refused} refused, {self.done} done, {self.converged} converged; "
            f"{self.searches} searches beside them; {self.seconds:.0f} s"
        )
        lines.append(f"readers opened on the full disk: {dict(self.late_readers)}")
        lines.append(f"writes that failed: {dict(writes)}")
        return "\n".join(lines)


def full_disk_runs(work: Path, model_cache: Path, sizes: int = 40) -> DiskReport:
    """Run on `sizes` small disks: by bytes and by files, from the older state and from nothing.

    Raises:
        AssertionError: a run that did not end in one sentence, lost something or did not converge.
    """
    report = DiskReport()
    started = time.monotonic()
    with prepared(work, model_cache) as place:
        disk = work / "disk"
        disk.mkdir()
        for number, (options, base) in enumerate(_disks(place, disk, sizes)):
            with _mounted(disk, options):
                # A connection to the last disk that is closed late removes its files by their names.
                _run_on(place, disk / f"data-{number}", options, base, report)
    report.seconds = time.monotonic() - started
    return report


def _disks(place: Place, disk: Path, sizes: int) -> Iterator[tuple[str, Base]]:
    """Yield mount options from too small for the first write to large enough for the last."""
    shares: dict[Base, float] = {"old": 0.45, "fresh": 0.35}
    for base, share in shares.items():
        with _mounted(disk, _ROOMY):
            _start(place, disk / f"whole-{base}", base)
            before = _used(disk)
            place.ingest(disk / f"whole-{base}")
            need = _used(disk) - before
        count = round(sizes * share)
        for number in range(count):
            # Some more than what is left in the end: segments of words are merged, old vectors stay a while.
            room = 8 * _KILOBYTE + round(1.3 * need * number / (count - 1))
            yield f"size={(before + room) // _KILOBYTE}k", base
    left = sizes - sum(round(sizes * share) for share in shares.values())
    with _mounted(disk, _ROOMY):
        _start(place, disk / "files", "old")
        files = os.statvfs(disk)
        before = files.f_files - files.f_ffree
    for number in range(left):
        # A reader may need two files of its own to open what was closed.
        yield f"size=64m,nr_inodes={before + 3 + 3 * number}", "old"


def _run_on(place: Place, data_dir: Path, options: str, base: Base, report: DiskReport) -> None:
    _start(place, data_dir, base)
    reader = None if base == "fresh" else place.open(data_dir)
    with searching(reader) as searches:
        ran = place.ingest(data_dir)
    report.searches += len(searches)
    report.rows.append((options.rpartition(",")[2], base, ran.status, _what_failed(ran)))
    if ran.status == 1:
        assert "error" not in ran.stdout, ran.stdout
        report.done += 1
    else:
        try:
            sentence = check_refused(ran)
        except AssertionError as error:
            raise AssertionError(f"{options}, {base}: {error}") from error
        assert "full" in sentence, f"{options}: {sentence}"
        report.refused += 1
        report.late_readers[_opened(place, data_dir)] += 1
        with searching(reader) as searches:
            time.sleep(0.1)
        assert reader is None or searches
        report.searches += len(searches)
    _mount(data_dir.parent, f"remount,{_ROOMY}")
    if (data_dir / "footnote.db").exists() and _has_documents(data_dir):
        reader = check_left(place, data_dir, base, reader, ran.events("document_ingested"))
    else:
        reader = None
    check_next(place, data_dir, base, reader)
    report.converged += 1
    if reader is not None:
        reader.catalogue.engine.dispose()


def _opened(place: Place, data_dir: Path) -> str:
    """Say what a reader that is opened on a full disk meets."""
    if not (data_dir / "footnote.db").exists():
        return "nothing there"
    try:
        base: KnowledgeBase = place.open(data_dir)
        base.retriever.refresh()
        base.catalogue.engine.dispose()
    except Exception as error:  # noqa: BLE001  # its name is what is asked for
        return f"{type(error).__name__}: {str(error)[:120]}"
    return "answers"


def _has_documents(data_dir: Path) -> bool:
    return (data_dir / "index" / "lexical" / "meta.json").exists()


def _what_failed(ran: Ran) -> str:
    found: list[dict[str, Any]] = ran.events("command_failed")
    if not found:
        return ""
    calls = [name for name in found[-1]["calls"] if name not in _NOT_TOLD]
    return f"{'/'.join(calls[-3:])} {found[-1]['error'][:80]}"


def _start(place: Place, data_dir: Path, base: Base) -> None:
    if base != "fresh":
        shutil.copytree(place.bases[base], data_dir)


def _used(disk: Path) -> int:
    space = os.statvfs(disk)
    return (space.f_blocks - space.f_bfree) * space.f_frsize


@contextmanager
def _mounted(folder: Path, options: str) -> Iterator[None]:
    _mount(folder, options)
    try:
        yield
    finally:
        # Readers may still have files mapped.
        subprocess.run(["umount", "--lazy", str(folder)], check=True, capture_output=True)


def _mount(folder: Path, options: str) -> None:
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    subprocess.run(command, check=True, capture_output=True)


if __name__ == "__main__":
    print(full_disk_runs(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])).table())
