"""`footnote ingest --daemon` as a process: sources that fail and hang beside one that works, signals, kills."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cli_harness as harness
import pytest
from ports import free_port

pytestmark = pytest.mark.integration

_SCRIPT = (
    "import sys; sys.path.append(sys.argv.pop(1)); import hanging_source; hanging_source.register()\n"
    "from app.cli import main; main()"
)
_LONG_S = 120.0
"""Longer than anything here takes on a machine that has other things to do."""


@dataclass
class Running:
    """A daemon in a process of its own."""

    child: "subprocess.Popen[str]"
    data_dir: Path
    model_cache: Path
    port: int
    log: Path

    def status(self) -> dict[str, Any]:
        value: dict[str, Any] = json.loads((self.data_dir / "ingest-status.json").read_text())
        return value

    def sources(self) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = self.status()["sources"]
        return found

    def until(self, happened: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _LONG_S
        while time.monotonic() < deadline:
            assert self.child.poll() is None, self.log.read_text()
            try:
                if happened():
                    return
            except (OSError, KeyError):
                pass  # the first status is not written yet
            time.sleep(0.05)
        raise AssertionError(f"it never happened: {self.log.read_text()}")

    def state_of(self, name: str) -> str:
        return str(self.sources()[name]["state"])

    def went_well(self, name: str, documents: int) -> bool:
        source = self.sources()[name]
        return source["state"] == "waiting" and source["documents"].get("active") == documents

    def get(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def finds(self, word: str) -> bool:
        base = harness.open_base(self.data_dir, self.model_cache)
        return any(word in hit.text for hit in base.retriever.retrieve(word, harness.ADMIN, 3))

    def end(self, number: int = signal.SIGTERM) -> tuple[int, float]:
        """Send a signal; return the exit code and the seconds that the end took."""
        started = time.monotonic()
        self.child.send_signal(number)
        return self.child.wait(30), time.monotonic() - started


@contextmanager
def daemon(
    folder: Path, model_cache: Path, *arguments: str, name: str = "data", port: int | None = None
) -> Iterator[Running]:
    """Start a daemon on `folder/sources.yaml`; it is killed at the end unless it has ended."""
    port = free_port() if port is None else port
    data_dir = folder / name
    env = harness.child_env(
        data_dir,
        model_cache,
        FOOTNOTE_SOURCES_FILE=str(folder / "sources.yaml"),
        FOOTNOTE_INGEST__HEALTH_PORT=str(port),
    )
    log = folder / f"{name}.log"
    command = [sys.executable, "-c", _SCRIPT, str(Path(__file__).parent), "ingest", "--daemon"]
    with log.open("w") as stderr:
        child = subprocess.Popen([*command, *arguments], env=env, stderr=stderr, text=True)
    try:
        yield Running(child, data_dir, model_cache, port, log)
    finally:
        child.kill()
        child.wait()


def write_sources(folder: Path, sources: dict[str, dict[str, Any]]) -> None:
    # JSON is YAML.
    new = folder / "sources.new"
    new.write_text(json.dumps(sources))
    new.replace(folder / "sources.yaml")


def doctor(data_dir: Path) -> dict[str, Any]:
    findings = harness.invoke("doctor", "--json", "--data-dir", data_dir).stdout
    (found,) = [entry for entry in json.loads(findings) if entry["check"] == "ingestion daemon"]
    return dict(found)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two folders with a document each, one that will vanish, and a pipe that nobody writes to."""
    for name in ("alpha", "beta", "vanishing"):
        text = f"The valve of canary{name} is green.\n"
        harness.write_files(tmp_path, {f"{name}/one.md": text})
    os.mkfifo(tmp_path / "pipe")
    return tmp_path


@pytest.mark.slow
def test_a_source_is_ingested_while_others_fail_and_hang(folder: Path, model_cache: Path) -> None:
    everyone = {"access": ["everyone"]}
    write_sources(
        folder,
        {
            "hangs": {"type": "hanging", "pipe": "pipe", **everyone},
            "fetches": {"type": "hanging", "pipe": "pipe", "hangs": "fetching", **everyone},
            "vanishing": {"path": "vanishing", **everyone},
            "alpha": {"path": "alpha", **everyone},
            "beta": {"path": "beta", "schedule": "every 1 seconds", **everyone},
        },
    )
    with daemon(folder, model_cache) as running:
        for name in ("alpha", "beta", "vanishing"):
            running.until(lambda name=name: running.went_well(name, 1))
        (folder / "vanishing" / "one.md").unlink()
        (folder / "vanishing").rmdir()
        running.until(lambda: running.state_of("vanishing") == "backing_off")

        (folder / "alpha" / "two.md").write_text("The pump of canarynew hums.\n")
        running.until(lambda: running.went_well("alpha", 2))
        assert running.finds("canarynew")
        (folder / "beta" / "two.md").write_text("The hose of canaryscheduled leaks.\n")
        running.until(lambda: running.sources()["beta"]["documents"]["active"] == 2)
        assert running.finds("canaryscheduled")

        status = running.status()
        sources = status["sources"]
        assert (status["state"], status["pid"]) == ("running", running.child.pid)
        assert sources["hangs"]["state"] == sources["fetches"]["state"] == "running"
        assert sources["hangs"]["running_for_s"] > 0
        assert sources["vanishing"]["failures"] == 1
        assert "no folder" in sources["vanishing"]["last_error"]
        assert sources["vanishing"]["documents"] == {"active": 1, "quarantined": 0}, "they stay"
        assert sources["alpha"]["last_run"]["outcome"] == "done"
        assert sources["alpha"]["last_success_at"]

        code, body = running.get("/health")
        assert code == 200
        assert json.loads(body)["sources"]["vanishing"] == "backing_off"
        code, metrics = running.get("/metrics")
        assert code == 200
        assert 'footnote_ingest_running{source="hangs"} 1.0' in metrics
        assert 'footnote_ingest_failures_in_a_row{source="vanishing"} 1.0' in metrics
        assert 'footnote_ingest_documents{source="alpha",status="active"} 2.0' in metrics
        found = doctor(running.data_dir)
        assert not found["ok"]
        assert "'vanishing' fails" in found["detail"]

        code, seconds = running.end()
        assert code == 0, running.log.read_text()
        assert seconds < 10
        assert running.status()["state"] == "stopped"
        assert doctor(running.data_dir)["ok"]
        assert "canary" not in running.log.read_text() + json.dumps(running.status())


@pytest.mark.slow
def test_a_folder_that_comes_back_is_watched_again(folder: Path, model_cache: Path) -> None:
    write_sources(folder, {"alpha": {"path": "alpha"}})
    with daemon(folder, model_cache) as running:
        running.until(lambda: running.went_well("alpha", 1))
        # A new folder by the same name, as after a restored backup; no event of it reaches an old watch.
        (folder / "alpha").rename(folder / "old")
        harness.write_files(
            folder, {"alpha/one.md": "The valve is red.\n", "alpha/two.md": "Second.\n"}
        )
        running.until(lambda: running.went_well("alpha", 2))
        (folder / "alpha" / "three.md").write_text("Third.\n")
        running.until(lambda: running.went_well("alpha", 3))


def test_the_sources_file_is_followed_and_a_broken_one_changes_nothing(
    folder: Path, model_cache: Path
) -> None:
    write_sources(folder, {"alpha": {"path": "alpha"}})
    with daemon(folder, model_cache) as running:
        running.until(lambda: running.went_well("alpha", 1))
        (folder / "sources.yaml").write_text("alpha: {path: alpha, colour: red}\n")
        running.until(lambda: "colour" in running.status()["problem"])
        (folder / "alpha" / "two.md").write_text("It goes on.\n")
        running.until(lambda: running.went_well("alpha", 2))
        assert not doctor(running.data_dir)["ok"]

        write_sources(folder, {"beta": {"path": "beta"}})
        running.until(lambda: list(running.sources()) == ["beta"])
        running.until(lambda: running.went_well("beta", 1))
        assert running.status()["problem"] == ""
        assert running.end()[0] == 0


def test_only_the_paths_that_are_named_are_ingested(folder: Path, model_cache: Path) -> None:
    with daemon(folder, model_cache, str(folder / "alpha"), "--access", "everyone") as running:
        name = str((folder / "alpha").resolve())
        running.until(lambda: running.went_well(name, 1))
        (folder / "alpha" / "two.md").write_text("Another one.\n")
        running.until(lambda: running.went_well(name, 2))
        assert list(running.sources()) == [name]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("signals", "code"),
    [
        ((signal.SIGKILL,), -signal.SIGKILL),
        ((signal.SIGTERM, signal.SIGTERM), 128 + signal.SIGTERM),
        ((signal.SIGTERM,), 0),
    ],
    ids=["killed", "told twice", "told once"],
)
def test_what_was_interrupted_is_finished_after_a_restart(
    folder: Path, model_cache: Path, signals: tuple[int, ...], code: int
) -> None:
    count = 150
    for number in range(count):
        lines = [f"Valve {number}-{line} of canary{number} opens.\n\n" for line in range(40)]
        harness.write_files(folder, {f"many/{number:03d}.md": "".join(lines)})
    write_sources(folder, {"many": {"path": "many", "access": ["everyone"]}})
    with daemon(folder, model_cache) as running:
        running.until(lambda: (running.data_dir / "footnote.db-wal").stat().st_size > 500_000)
        started = time.monotonic()
        for number in signals:
            running.child.send_signal(number)
            time.sleep(0.3)
        assert running.child.wait(30) == code, running.log.read_text()
        assert time.monotonic() - started < 10
        assert running.status()["state"] == ("stopped" if code == 0 else "running")
        found = doctor(running.data_dir)
        assert found["ok"] == (code == 0), found
    with daemon(folder, model_cache) as running:
        running.until(lambda: running.status()["pid"] == running.child.pid)
        running.until(lambda: running.went_well("many", count))
        assert running.end()[0] == 0
        verified = harness.invoke_json("index", "verify", "--data-dir", running.data_dir)
        assert verified["ok"], verified
        assert running.finds("canary149")


def test_what_keeps_a_daemon_from_starting_is_one_sentence(folder: Path, model_cache: Path) -> None:
    write_sources(folder, {"alpha": {"path": "alpha"}})
    with daemon(folder, model_cache) as running:
        running.until(lambda: running.went_well("alpha", 1))
        with daemon(folder, model_cache, name="data") as second:
            assert second.child.wait(60) == 2
            assert "works on" in second.log.read_text()
        with daemon(folder, model_cache, name="other", port=running.port) as third:
            assert third.child.wait(60) == 2
            assert "FOOTNOTE_INGEST__HEALTH_PORT" in third.log.read_text()
        with daemon(folder, model_cache, "--source", "nobody", name="other") as fourth:
            assert fourth.child.wait(60) == 2
            assert "no source 'nobody'" in fourth.log.read_text()
        assert running.child.poll() is None


@pytest.mark.parametrize(
    ("changes", "ok", "named"),
    [
        ({}, True, "1 sources"),
        ({"beat": "2020-01-01T00:00:00+00:00"}, True, "none runs"),
        ({"pid": 2**22 + 1}, False, "did not end in order"),
        ({"pid": 2**22 + 1, "host": "another"}, True, "another"),
        ({"pid": 2**22 + 1, "state": "stopped"}, True, "stopped at"),
        ({"problem": "It is broken."}, False, "It is broken."),
        ({"sources": {"a": {"state": "stuck"}}}, False, "Stuck"),
        ({"sources": {"a": {"state": "failed", "failures": 2}}}, False, "'a' fails"),
        ({"sources": {"a": 7}}, False, "Remove it"),
        ({"beat": "yesterday"}, False, "Remove it"),
    ],
)
def test_doctor_tells_of_the_daemon(
    data_dir: Path, changes: dict[str, Any], ok: bool, named: str
) -> None:
    status = {
        "state": "running",
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "beat": datetime.now(UTC).isoformat(),
        "problem": "",
        "sources": {"a": {"state": "waiting", "failures": 0}},
    }
    harness.write_files(data_dir, {"ingest-status.json": json.dumps({**status, **changes})})
    found = doctor(data_dir)
    assert found["ok"] == ok, found
    assert named in found["detail"]
