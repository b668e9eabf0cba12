"""What a run says it did is on the disk when it says so: every write and rename is synced before it."""

import re
import shutil
from pathlib import Path

import pytest
from cli_harness import child_env, run_child, write_files

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed"),
]

_CALLS = "fsync,fdatasync,rename,renameat,renameat2,write,pwrite64,ftruncate"
_ON_FILE = re.compile(r"(fsync|fdatasync|write|pwrite64|ftruncate)\(\d+<([^>]*)>(.*)")
_RENAME = re.compile(r"rename(?:at2?)?\((.*)\)")
_NOT_KEPT = ("writer.lock", ".lock", "-shm")


def unsynced_at_each(trace: str, data_dir: Path, said: str) -> list[set[str]]:
    """Return the paths below a folder that were not on the disk each time that a text was logged."""
    waiting: set[str] = set()
    found = []
    for line in trace.splitlines():
        if (call := _ON_FILE.search(line)) is not None:
            name, path, rest = call.groups()
            if name in ("fsync", "fdatasync"):
                waiting.discard(path)
            elif path.startswith(str(data_dir)) and not path.endswith(_NOT_KEPT):
                waiting.add(path)
            elif said in rest:
                found.append(set(waiting))
        elif (call := _RENAME.search(line)) is not None and str(data_dir) in call.group(1):
            old, new = re.findall(r'"([^"]*)"', call.group(1))
            if old in waiting:
                waiting.add(new)
            waiting.discard(old)
            waiting.add(str(Path(new).parent))
    return found


@pytest.mark.parametrize("said", ["document_ingested", "words_searchable"])
def test_everything_is_on_the_disk_before_it_is_reported(
    tmp_path: Path, data_dir: Path, model_cache: Path, said: str
) -> None:
    folder = write_files(
        tmp_path / "docs", {f"{n}.md": f"# Note {n}\n\nThe pump {n} is red.\n" for n in range(3)}
    )
    log = tmp_path / "trace"
    # A line has the start of what is logged.
    strace = ["strace", "-f", "-y", "-s", "300", "-e", f"trace={_CALLS}", "-o", str(log)]
    env = child_env(data_dir, model_cache)
    done = run_child("ingest", folder, "--yes", "--json", env=env, prefix=strace)
    assert done.returncode == 0, done.stderr
    trace = log.read_text(errors="replace")
    assert "CURRENT" in trace
    left = unsynced_at_each(trace, data_dir, said)
    assert left, f"{said} was not logged"
    assert not any(left), left


def test_a_write_that_is_not_synced_is_found(tmp_path: Path) -> None:
    trace = (
        f"1 write(3<{tmp_path}/a>, ...) = 1\n1 write(2</dev/null>, said) = 4\n1 fsync(3<{tmp_path}/a>) = 0\n"
        f'1 rename("{tmp_path}/a", "{tmp_path}/b") = 0\n1 write(2</dev/null>, said) = 4\n'
        f"1 fsync(3<{tmp_path}>) = 0\n1 write(2</dev/null>, said) = 4\n"
    )
    assert unsynced_at_each(trace, tmp_path, "said") == [{f"{tmp_path}/a"}, {str(tmp_path)}, set()]
