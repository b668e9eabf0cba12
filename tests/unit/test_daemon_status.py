"""What the daemon says of itself: the status file, the health page, the metrics."""

import http.client
import json
import os
import socket
import stat
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.errors import ConfigError, FolderBusy, SourceError
from ingest.daemon.daemon_lock import daemon_lock
from ingest.daemon.health import complaints
from ingest.daemon.health_page import HealthPage, Page, json_page
from ingest.daemon.metrics import Metrics
from ingest.daemon.snapshot import Snapshot
from ingest.daemon.source_state import STUCK_AFTER, Ended, SourceState
from ingest.daemon.status_file import STATUS_NAME, last_successes, write_status
from ingest.daemon.timetable import timetable_of
from ingest.daemon.wording import sentence_of

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
PLENTY = 10**12


def source(name: str, outcome: str = "") -> SourceState:
    state = SourceState(name, timetable_of("", is_folder=True), NOON)
    if outcome:
        state.begin(NOON)
    if outcome == "stuck":
        state.look(NOON + STUCK_AFTER)
    elif outcome == "failed":
        state.finish(NOON, Ended("failed", error="No answer."), lambda: 0.5)
    elif outcome == "done":
        counts = {"added": 2}
        state.finish(NOON, Ended("done", counts, documents={"active": 2}), lambda: 0.5)
    return state


def snapshot(*sources: SourceState) -> Snapshot:
    return Snapshot(NOON, NOON + timedelta(seconds=90), sources)


# --- the status file ------------------------------------------------------------------------------


def test_the_status_file_says_what_each_source_does(tmp_path: Path) -> None:
    write_status(tmp_path, snapshot(source("a", "done"), source("b", "failed"), source("c", "run")))
    status = json.loads((tmp_path / STATUS_NAME).read_text())
    assert (status["state"], status["pid"], status["host"]) == (
        "running",
        os.getpid(),
        socket.gethostname(),
    )
    assert status["started_at"] == "2026-03-02T12:00:00+00:00"
    assert status["beat"] == "2026-03-02T12:01:30+00:00"
    states = {name: entry["state"] for name, entry in status["sources"].items()}
    assert states == {"a": "waiting", "b": "backing_off", "c": "running"}
    good, failed, running = status["sources"].values()
    assert good["last_run"]["added"] == 2
    assert good["documents"] == {"active": 2}
    assert (failed["last_error"], failed["failures"]) == ("No answer.", 1)
    assert failed["next_run_at"] == "2026-03-02T12:00:30+00:00"
    assert running["running_for_s"] == 90.0


def test_the_status_file_is_replaced_whole_and_is_its_owners_only(tmp_path: Path) -> None:
    write_status(tmp_path, snapshot())
    before = (tmp_path / STATUS_NAME).stat().st_ino
    write_status(tmp_path, snapshot())
    after = (tmp_path / STATUS_NAME).stat()
    assert after.st_ino != before, "a reader of the old one still has all of it"
    assert stat.S_IMODE(after.st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [STATUS_NAME]


def test_a_status_that_cannot_be_written_does_not_end_the_daemon(tmp_path: Path) -> None:
    write_status(tmp_path / "gone", snapshot())


def test_a_restart_knows_when_each_source_last_went_well(tmp_path: Path) -> None:
    write_status(tmp_path, snapshot(source("a", "done"), source("b", "failed")))
    assert last_successes(tmp_path) == {"a": NOON}


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{",
        '{"sources": 3}',
        '{"sources": {"a": {"last_success_at": 5}}}',
        '{"sources": {"a": {"last_success_at": "2026-03-02T12:00:00"}}}',
        "[" * 100_000,
    ],
)
def test_a_status_file_that_is_none_is_as_good_as_none(tmp_path: Path, content: str) -> None:
    (tmp_path / STATUS_NAME).write_text(content)
    assert last_successes(tmp_path) == {}


def test_an_error_is_one_line_without_the_login_of_an_address() -> None:
    error = SourceError("Cloning 'https://bot:s3cret@git.example.org/x'\nfailed.")
    assert sentence_of(error) == "Cloning 'https://git.example.org/x' failed."
    assert len(sentence_of(SourceError("x" * 10_000))) == 500


def test_of_an_unforeseen_error_only_the_kind_is_told() -> None:
    assert "ValueError" in sentence_of(ValueError("the salary is 9000"))
    assert "9000" not in sentence_of(ValueError("the salary is 9000"))


def test_a_second_daemon_on_a_data_folder_is_refused(tmp_path: Path) -> None:
    with daemon_lock(tmp_path), pytest.raises(FolderBusy, match="already"), daemon_lock(tmp_path):
        pass
    with daemon_lock(tmp_path):
        pass


# --- health ---------------------------------------------------------------------------------------


def test_a_daemon_with_one_failing_source_of_two_is_well() -> None:
    assert complaints([source("a", "done"), source("b", "failed")], 1.0, PLENTY) == []


@pytest.mark.parametrize(
    ("sources", "silent_s", "free", "named"),
    [
        ([source("a", "failed"), source("b", "failed")], 1.0, PLENTY, "Every source"),
        ([source("a", "done"), source("b", "stuck")], 1.0, PLENTY, "'b' is stuck"),
        ([source("a", "done")], 1.0, 999_999_999, "1 GB"),
        ([source("a", "done")], 61.0, PLENTY, "61 s"),
    ],
)
def test_what_is_wrong_is_said(
    sources: list[SourceState], silent_s: float, free: int, named: str
) -> None:
    (sentence,) = complaints(sources, silent_s, free)
    assert named in sentence


def broken() -> Page:
    raise ValueError("secret")


@pytest.fixture
def page() -> Iterator[HealthPage]:
    pages: dict[str, Callable[[], Page]] = {
        "/health": lambda: json_page(200, {"status": "ok"}),
        "/broken": broken,
    }
    with HealthPage("127.0.0.1", 0, pages) as served:
        yield served


def ask(page: HealthPage, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", page.port, timeout=5)
    try:
        connection.request(method, path, body)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_the_page_answers_get_and_head_only(page: HealthPage) -> None:
    assert ask(page, "GET", "/health") == (200, b'{"status": "ok"}\n')
    assert ask(page, "GET", "/health?verbose=1")[0] == 200
    assert ask(page, "HEAD", "/health")[0] == 200
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
        assert ask(page, method, "/health", b"{}")[0] == 405
    for path in ("/", "/healthz", "/../etc/passwd"):
        assert ask(page, "GET", path)[0] == 404


def test_the_answer_to_head_has_no_body(page: HealthPage) -> None:
    # http.client would not read one.
    with socket.create_connection(("127.0.0.1", page.port), timeout=5) as connection:
        connection.sendall(b"HEAD /health HTTP/1.0\r\n\r\n")
        answer = b"".join(iter(lambda: connection.recv(4096), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"Content-Length: 17" in head
    assert body == b""


def test_a_page_that_fails_shows_no_reason(page: HealthPage) -> None:
    status, body = ask(page, "GET", "/broken")
    assert status == 500
    assert b"secret" not in body


def test_clients_that_say_nothing_keep_nobody_waiting(page: HealthPage) -> None:
    silent = [socket.create_connection(("127.0.0.1", page.port)) for _ in range(100)]
    try:
        for connection in silent:
            connection.sendall(b"GET /health HTTP/1.1\r\nX-Slow: ")
        started = time.monotonic()
        assert ask(page, "GET", "/health")[0] == 200
        assert time.monotonic() - started < 3.0
        silent[0].settimeout(3.0)
        assert silent[0].recv(1) == b"", "the oldest ones lose their connection"
    finally:
        for connection in silent:
            connection.close()


def test_a_port_that_is_taken_is_a_sentence(page: HealthPage) -> None:
    with pytest.raises(ConfigError, match=f"port {page.port}.*FOOTNOTE_INGEST__HEALTH_PORT"):
        HealthPage("127.0.0.1", page.port, {})


# --- metrics --------------------------------------------------------------------------------------


def lines(metrics: Metrics) -> dict[str, float]:
    text = metrics.text().decode()
    rows = [line.rpartition(" ") for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in rows}


def test_the_metrics_count_runs_and_show_what_is_true_now() -> None:
    shown = [source("a", "done"), source("b", "failed"), source("c", "run")]
    metrics = Metrics(lambda: snapshot(*shown), lambda: True)
    metrics.count("a", 0.3, Ended("done"))
    metrics.count("a", 0.3, Ended("incomplete", quarantined={"corrupt": 2, "encrypted": 1}))
    found = lines(metrics)
    expected = {
        'runs_total{outcome="done",source="a"}': 1,
        'runs_total{outcome="incomplete",source="a"}': 1,
        'quarantined_total{reason="corrupt"}': 2,
        "run_seconds_count": 2,
        'run_seconds_bucket{le="0.5"}': 2,
        'documents{source="a",status="active"}': 2,
        'last_success_timestamp_seconds{source="a"}': NOON.timestamp(),
        'last_success_timestamp_seconds{source="b"}': 0,
        'failures_in_a_row{source="b"}': 1,
        'running{source="c"}': 1,
        'running{source="a"}': 0,
        "up": 1,
    }
    assert {name: found[f"footnote_ingest_{name}"] for name in expected} == expected
    del shown[2]
    assert 'footnote_ingest_running{source="c"}' not in lines(metrics)


def test_a_main_loop_that_stands_still_is_not_up() -> None:
    assert lines(Metrics(snapshot, lambda: False))["footnote_ingest_up"] == 0


def test_two_daemons_in_one_process_do_not_share_a_count() -> None:
    first, second = (Metrics(snapshot, lambda: True) for _ in range(2))
    first.count("a", 1.0, Ended("done"))
    assert 'footnote_ingest_runs_total{outcome="done",source="a"}' not in lines(second)


def test_a_name_that_is_no_unicode_can_be_shown(tmp_path: Path) -> None:
    name = os.fsdecode(b"/srv/caf\xe9")
    metrics = Metrics(lambda: snapshot(source(name, "done")), lambda: True)
    metrics.count(name, 1.0, Ended("done"))
    assert b"/srv/caf?" in metrics.text()
    write_status(tmp_path, snapshot(source(name)))
    assert list(json.loads((tmp_path / STATUS_NAME).read_text())["sources"]) == [name]
