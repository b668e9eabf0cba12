"""What the daemon does with one source next; the clock and the chance are the test's."""

from datetime import UTC, datetime, timedelta

import pytest

from ingest.daemon.source_state import STUCK_AFTER, Ended, SourceState
from ingest.daemon.timetable import timetable_of

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
FAILED = Ended("failed", error="It does not answer.")
DONE = Ended("done", {"added": 1}, documents={"active": 3})


def later(**passed: float) -> datetime:
    return NOON + timedelta(**passed)


def even() -> float:
    return 0.5


@pytest.fixture
def folder() -> SourceState:
    return SourceState("docs", timetable_of("", is_folder=True), NOON)


def run(state: SourceState, started: datetime, ended: Ended, seconds: float = 1) -> datetime:
    """Run the source and return the moment after."""
    now = started + timedelta(seconds=seconds)
    state.begin(started)
    state.finish(now, ended, even)
    return now


def test_a_run_that_went_well_is_remembered_and_the_next_one_planned(folder: SourceState) -> None:
    assert folder.is_due(NOON)
    now = run(folder, NOON, DONE)
    assert (folder.state, folder.failures, folder.last_error) == ("waiting", 0, "")
    assert folder.last_success_at == now
    assert folder.last_run is not None
    assert (folder.last_run.at, folder.last_run.seconds) == (NOON, 1.0)
    assert folder.next_run_at == later(minutes=5)
    assert folder.documents == {"active": 3}


def test_a_source_that_is_running_is_not_due(folder: SourceState) -> None:
    folder.begin(NOON)
    assert folder.state == "running"
    assert not folder.is_due(later(days=1))


def test_failures_in_a_row_pause_longer_and_a_success_ends_that(folder: SourceState) -> None:
    now = run(folder, NOON, FAILED)
    assert folder.state == "backing_off"
    assert folder.next_run_at == now + timedelta(seconds=30)
    now = run(folder, folder.next_run_at, FAILED)
    assert (folder.failures, folder.next_run_at) == (2, now + timedelta(seconds=60))
    assert folder.last_error == "It does not answer."
    run(folder, folder.next_run_at, DONE)
    assert (folder.state, folder.failures, folder.last_error) == ("waiting", 0, "")


def test_unreadable_documents_are_no_failure_of_their_source(folder: SourceState) -> None:
    now = run(folder, NOON, Ended("incomplete"))
    assert (folder.state, folder.last_success_at) == ("waiting", now)


def test_what_needs_a_person_is_not_tried_again_and_again(folder: SourceState) -> None:
    run(folder, NOON, Ended("failed", error="Too many are gone.", needs_person=True))
    assert folder.state == "failed"
    assert folder.next_run_at == later(minutes=5)
    folder.note_change(later(seconds=10))
    assert folder.is_due(later(seconds=10)), "the files came back"


def test_a_change_starts_a_run_at_once_or_after_the_one_under_way(folder: SourceState) -> None:
    run(folder, NOON, DONE)
    folder.note_change(later(seconds=20))
    assert folder.is_due(later(seconds=20))
    folder.begin(later(seconds=20))
    folder.note_change(later(seconds=21))
    assert not folder.is_due(later(seconds=21))
    folder.finish(later(seconds=22), DONE, even)
    assert folder.is_due(later(seconds=22))


def test_a_change_does_not_shorten_a_pause(folder: SourceState) -> None:
    now = run(folder, NOON, FAILED)
    folder.note_change(now)
    assert not folder.is_due(now + timedelta(seconds=29))
    assert folder.is_due(now + timedelta(seconds=30))


def test_a_run_without_a_sign_of_life_is_stuck_and_its_next_runs_are_skipped(
    folder: SourceState,
) -> None:
    folder.begin(NOON)
    folder.look(NOON + STUCK_AFTER - timedelta(seconds=1))
    assert (folder.state, folder.skipped_runs) == ("running", 1)
    folder.look(NOON + STUCK_AFTER)
    assert folder.state == "stuck"
    folder.look(NOON + STUCK_AFTER, sign_of_life=NOON + STUCK_AFTER)
    assert folder.state == "running", "it got on"
    folder.look(later(hours=2))
    assert folder.state == "stuck"
    folder.finish(later(hours=2), DONE, even)
    assert folder.state == "waiting"
    assert folder.next_run_at > later(hours=2)


def test_a_source_that_was_changed_in_the_file_is_tried_at_once(folder: SourceState) -> None:
    run(folder, NOON, FAILED)
    folder.abandon(later(seconds=2))
    folder.replan(later(seconds=2), timetable_of("every 1 hour", is_folder=True))
    assert folder.is_due(later(seconds=2))
    run(folder, later(seconds=2), DONE)
    assert folder.next_run_at == later(hours=1, seconds=2)


def test_a_run_that_was_stopped_is_neither_a_success_nor_a_failure(folder: SourceState) -> None:
    folder.begin(NOON)
    folder.abandon(later(seconds=5))
    assert (folder.state, folder.failures, folder.last_run) == ("waiting", 0, None)
