"""A full disk ends an ingestion with one sentence, costs no document and keeps no reader from answering."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fault_harness import Case, Place, prepared, run_case
from full_disk import can_mount, full_cases, full_disk_runs

pytestmark = pytest.mark.integration

SIZES = 40


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, model_cache: Path) -> Iterator[Place]:
    with prepared(tmp_path_factory.mktemp("full") / "work", model_cache) as place:
        yield place


@pytest.mark.parametrize("case", full_cases(), ids=str)
def test_a_write_that_meets_a_full_disk_ends_the_run_with_one_sentence(
    place: Place, case: Case
) -> None:
    assert run_case(place, case).reached, "the run did not come to this write"


@pytest.mark.slow
def test_a_disk_that_fills_up_later_ends_the_run_with_one_sentence(place: Place) -> None:
    cases = full_cases(calls=(2, 3))
    assert sum(run_case(place, case).reached for case in cases) > len(cases) / 2


@pytest.mark.slow
@pytest.mark.skipif(not can_mount(), reason="needs the right to mount a file system")
def test_runs_on_disks_of_every_size_end_in_a_sentence_or_are_done(
    tmp_path: Path, model_cache: Path
) -> None:
    report = full_disk_runs(tmp_path / "disks", model_cache, SIZES)
    assert report.converged == len(report.rows) == SIZES, report.table()
    assert report.refused > SIZES / 3, report.table()
    assert report.done, report.table()
