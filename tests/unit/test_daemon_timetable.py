"""When a source runs, and how long one that failed is left alone; the clock is the test's."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.daemon.backoff import pause_after
from ingest.daemon.timetable import timetable_of

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def at(hour: int, minute: int = 0, day: int = 2) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize("last", [None, at(11, 59)])
def test_a_source_without_a_schedule_runs_at_every_start(last: datetime | None) -> None:
    for is_folder in (True, False):
        assert timetable_of("", is_folder=is_folder).first(NOON, last) == NOON


def test_a_folder_is_looked_at_every_five_minutes_and_another_source_every_six_hours() -> None:
    assert timetable_of("", is_folder=True).after(NOON, NOON) == at(12, 5)
    assert timetable_of("", is_folder=False).after(NOON, NOON) == at(18)


def test_an_interval_goes_on_where_the_last_daemon_stopped() -> None:
    table = timetable_of("every 6 hours", is_folder=False)
    assert table.first(NOON, None) == NOON
    assert table.first(NOON, at(9)) == at(15)
    assert table.first(NOON, at(1)) == NOON, "missed while nothing ran"


def test_a_cron_source_waits_for_its_time_and_makes_up_for_a_missed_one_once() -> None:
    table = timetable_of("0 3 * * *", is_folder=True)
    assert table.first(NOON, None) == at(3, day=3)
    assert table.first(NOON, at(3, 1)) == at(3, day=3)
    assert table.first(NOON, at(3, 1, day=1)) == NOON


def test_times_that_passed_during_a_run_are_left_out() -> None:
    table = timetable_of("every 15 minutes", is_folder=False)
    assert table.after(NOON, at(12, 1)) == at(12, 15)
    assert table.after(NOON, at(13, 20)) == at(13, 35)


def test_a_pause_doubles_from_half_a_minute_to_an_hour() -> None:
    pauses = [pause_after(failures, lambda: 0.5).total_seconds() for failures in range(1, 10)]
    assert pauses == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]


@given(st.integers(1, 10**9), st.floats(0, 1, exclude_max=True))
def test_a_pause_is_never_shorter_than_24_seconds_nor_longer_than_an_hour(
    failures: int, chance: float
) -> None:
    pause = pause_after(failures, lambda: chance)
    assert timedelta(seconds=24) <= pause <= timedelta(hours=1)


def test_sources_that_failed_together_do_not_come_back_together() -> None:
    assert pause_after(3, lambda: 0.1) < pause_after(3, lambda: 0.9)
