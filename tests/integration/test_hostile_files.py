"""A folder of hostile files is ingested: nothing leaks, nothing leaves, nothing hangs, everything is reported."""

import hashlib
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cli_harness import child_env, json_lines, only_value, run_child
from hostile_files import CANARY, READ, SKIPPED, Expectation, write_hostile_files

from core.errors import QUARANTINE_REASONS

MAX_SECONDS_A_FILE = 30.0
_MEMBER_MARKS = ("/", "!", "#", ":", " ")
_HASHED_BYTES = 100 * 1024 * 1024


@pytest.mark.integration
@pytest.mark.slow
def test_hostile_files_are_contained(tmp_path: Path, data_dir: Path, model_cache: Path) -> None:
    folder, canary = tmp_path / "hostile", tmp_path / "outside" / "canary.txt"
    home, scratch = tmp_path / "home", tmp_path / "scratch"
    for made in (canary.parent, home, scratch):
        made.mkdir()
    with listening() as (port, callers):
        expected = write_hostile_files(folder, canary, port)
        before = tree_hash(tmp_path, data_dir)
        settings = {"FOOTNOTE_LOG_LEVEL": "debug"}
        env = child_env(data_dir, model_cache, HOME=str(home), TMPDIR=str(scratch), **settings)
        limit = MAX_SECONDS_A_FILE * len(expected)
        done = run_child("ingest", folder, "--yes", "--json", env=env, timeout=limit)
        after = tree_hash(tmp_path, data_dir)
        listed = run_child("documents", "list", "--json", env=env)
    assert done.returncode in (0, 1), done.stderr[-3000:]
    assert "Traceback" not in done.stderr, done.stderr[-3000:]
    report = only_value(done.stdout)
    assert changes(before, after) == []
    assert callers == []
    reasons = {entry["reason"] for entry in report["quarantined"]}
    assert reasons <= set(QUARANTINE_REASONS)
    assert all(entry["detail"] and entry["hint"] for entry in report["quarantined"])
    outcomes = outcomes_of(report, only_value(listed.stdout))
    assert surprises(expected, outcomes) == []
    assert places_of(CANARY, data_dir) == []
    assert CANARY not in done.stdout + done.stderr + listed.stdout
    assert slowest(done.stderr) <= MAX_SECONDS_A_FILE


def test_a_surprise_is_noticed() -> None:
    expected = {
        "a.zip": Expectation(frozenset({READ}), ""),
        "b.txt": Expectation(frozenset({"quarantined:empty"}), ""),
        "c.txt": Expectation(frozenset({SKIPPED}), ""),
    }
    good = {"a.zip!/x.txt": {READ}, "b.txt": {"quarantined:empty"}, "c.txt": {SKIPPED}}
    assert surprises(expected, good) == []
    assert surprises(expected, {**good, "b.txt": {READ}}) == ["b.txt: read"]
    assert surprises(expected, {"a.zip": {READ}, "c.txt": {SKIPPED}}) == ["b.txt: never mentioned"]
    assert surprises(expected, {**good, "d.txt": {READ}}) == ["d.txt: nobody made it"]


def test_a_change_outside_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "kept.txt").write_text("a", encoding="utf-8")
    (tmp_path / "data").mkdir()
    before = tree_hash(tmp_path, tmp_path / "data")
    (tmp_path / "data" / "new.txt").write_text("a", encoding="utf-8")
    assert changes(before, tree_hash(tmp_path, tmp_path / "data")) == []
    (tmp_path / "PWNED").write_text("", encoding="utf-8")
    (tmp_path / "kept.txt").write_text("b", encoding="utf-8")
    assert changes(before, tree_hash(tmp_path, tmp_path / "data")) == ["PWNED", "kept.txt"]


def test_a_connection_is_noticed() -> None:
    with listening() as (port, callers):
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    assert len(callers) == 1


# --- what is looked at ----------------------------------------------------------------------------


@contextmanager
def listening() -> Iterator[tuple[int, list[object]]]:
    """Listen on a port of this machine and collect who connects."""
    callers: list[object] = []
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(0.1)
    stop = threading.Event()

    def accept() -> None:
        while True:
            try:
                connection, address = server.accept()
            except TimeoutError:
                if stop.is_set():
                    return
            else:
                callers.append(address)
                connection.close()

    thread = threading.Thread(target=accept)
    thread.start()
    try:
        yield server.getsockname()[1], callers
    finally:
        stop.set()
        thread.join()
        server.close()


def tree_hash(root: Path, left_out: Path) -> dict[str, str]:
    """Return what every file and folder below `root` is; links are not followed."""
    found: dict[str, str] = {}
    for folder, names, files in os.walk(root):
        names[:] = [name for name in names if Path(folder, name) != left_out]
        for name in (*names, *files):
            path = Path(folder, name)
            status = path.lstat()
            # Not the time of a folder: looking for a lock may touch it. Not the access time: reading is allowed.
            shown = f"{status.st_mode:o} {status.st_nlink if path.is_file() else 0}"
            if path.is_symlink():
                shown += f" {path.readlink()}"
            elif path.is_file():
                shown += f" {status.st_size} {status.st_mtime_ns}"
                if status.st_size <= _HASHED_BYTES:
                    shown += f" {hashlib.sha256(path.read_bytes()).hexdigest()}"
            found[os.fsencode(path.relative_to(root)).decode("utf-8", "backslashreplace")] = shown
    return found


def changes(before: dict[str, str], after: dict[str, str]) -> list[str]:
    return sorted(
        path for path in before.keys() | after.keys() if before.get(path) != after.get(path)
    )


def outcomes_of(
    report: dict[str, list[dict[str, str]]], documents: list[dict[str, str]]
) -> dict[str, set[str]]:
    """Return what happened to each document and file, by its URI."""
    outcomes: dict[str, set[str]] = {}
    for document in documents:
        if document["status"] == "active":
            outcomes.setdefault(document["uri"], set()).add(READ)
    for entry in report["quarantined"]:
        outcomes.setdefault(entry["uri"], set()).add(f"quarantined:{entry['reason']}")
    for entry in report["skipped"]:
        outcomes.setdefault(entry["uri"], set()).add(SKIPPED)
    return outcomes


def surprises(expected: dict[str, Expectation], outcomes: dict[str, set[str]]) -> list[str]:
    """Return what happened and may not, and what was never mentioned; a member speaks for its container."""
    shown = {name.encode("utf-8", "replace").decode(): what for name, what in expected.items()}
    happened: dict[str, set[str]] = {name: set() for name in shown}
    found: list[str] = []
    for uri, results in outcomes.items():
        if uri in shown:
            happened[uri] |= results
            continue
        owner = next((name for name in _owners(uri) if name in shown), None)
        if owner is None:
            found.append(f"{uri}: nobody made it")
        else:
            happened[owner].add(READ)
    for name, results in happened.items():
        if not results:
            found.append(f"{name}: never mentioned")
        found += [f"{name}: {result}" for result in sorted(results - shown[name].allowed)]
    return found


def _owners(uri: str) -> Iterator[str]:
    """Yield what may be the container of a member, longest first."""
    for end in range(len(uri) - 1, 0, -1):
        if uri[end] in _MEMBER_MARKS:
            yield uri[:end].rstrip("".join(_MEMBER_MARKS))


def places_of(secret: str, folder: Path) -> list[str]:
    """Return the files below a folder that hold a text, as bytes in one of the usual encodings."""
    wanted = [secret.encode(encoding) for encoding in ("utf-8", "utf-16-le", "utf-16-be")]
    return [
        str(path)
        for path in folder.rglob("*")
        if path.is_file() and any(text in path.read_bytes() for text in wanted)
    ]


def slowest(log: str) -> float:
    """Return the longest time in seconds that reading or unpacking one file took, by the log's events."""
    lines = [line for line in log.splitlines() if line.startswith("{")]
    times = [event["read_ms"] for event in json_lines("\n".join(lines)) if "read_ms" in event]
    assert len(times) > 100, "the log has no times"
    return float(max(times) / 1000)
