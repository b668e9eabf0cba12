"""An ingestion that dies at any of its steps loses nothing, and the next one finishes its work."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_harness import settings_of
from failpoint_child import STEPS, Failpoint
from fault_harness import (
    Case,
    Place,
    all_cases,
    check_next,
    differences,
    fault_runs,
    prepared,
    quick_cases,
    run_case,
    state_of,
)

from index.database import writing
from ingest.verification import verify

pytestmark = pytest.mark.integration

KILLS = 120


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, model_cache: Path) -> Iterator[Place]:
    with prepared(tmp_path_factory.mktemp("faults") / "work", model_cache) as place:
        yield place


@pytest.mark.parametrize("case", quick_cases(), ids=str)
def test_a_run_killed_at_a_step_loses_nothing_and_the_next_one_finishes(
    place: Place, case: Case
) -> None:
    assert run_case(place, case).reached, "the run did not come to this step"


def test_every_step_has_a_case() -> None:
    assert {case.failpoint.step for case in quick_cases() if case.failpoint} == STEPS.keys()


def test_a_removal_after_a_killed_run_leaves_its_other_work_to_the_next_run(place: Place) -> None:
    data_dir = _killed(place, Failpoint("put_vectors"))
    assert verify(settings_of(data_dir, place.model_cache))["missing_vectors"]
    forgotten = place.server.run(data_dir, "documents", "forget", "keep-0.md", "--json")
    assert forgotten.status == 0, forgotten.stderr
    check_next(place, data_dir, "old", place.open(data_dir))


def test_a_rebuild_after_a_killed_run_leaves_the_missing_vectors_to_the_next_run(
    place: Place,
) -> None:
    data_dir = _killed(place, Failpoint("finish"))
    with writing(place.open(data_dir).catalogue.engine) as connection:
        connection.exec_driver_sql("DELETE FROM vectors")
    assert place.server.run(data_dir, "index", "rebuild", "--json").status == 0
    assert verify(settings_of(data_dir, place.model_cache))["missing_vectors"]
    check_next(place, data_dir, "old", place.open(data_dir))


@pytest.mark.parametrize("step", ["words writer", "words commit", "publish", "finish"])
def test_a_killed_rebuild_is_repaired_by_the_next_run(place: Place, step: str) -> None:
    data_dir = place.copy("old")
    place.ingest(data_dir)
    killed = place.server.run(data_dir, "index", "rebuild", "--json", failpoint=Failpoint(step))
    assert killed.killed
    place.ingest(data_dir)
    found = differences(state_of(place.open(data_dir), place.source), place.new)
    assert not found, found


@pytest.mark.slow
def test_kills_at_every_step_and_call_lose_nothing(place: Place) -> None:
    reached = {case for case in all_cases() if run_case(place, case).reached}
    first = {case for case in all_cases() if case.failpoint and case.failpoint.call == 1}
    assert first <= reached, sorted(map(str, first - reached))


@pytest.mark.slow
def test_kills_at_steps_and_at_random_moments_in_turn_lose_nothing(
    tmp_path: Path, model_cache: Path
) -> None:
    report = fault_runs(tmp_path / "faults", model_cache, KILLS)
    assert not report.violations, report.table()
    assert report.kills.total() >= KILLS
    assert report.converged.total() == report.kills.total()


def _killed(place: Place, failpoint: Failpoint) -> Path:
    data_dir = place.copy("old")
    assert place.ingest(data_dir, Case(failpoint)).killed
    return data_dir
