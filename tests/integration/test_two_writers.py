"""Of several writers on one data folder one works; the others say who does, or wait and find it done."""

from pathlib import Path

import pytest
from two_writers import KINDS, writer_rounds

pytestmark = pytest.mark.integration


def test_one_of_several_writers_works_and_the_others_say_who(
    tmp_path: Path, model_cache: Path
) -> None:
    report = writer_rounds(tmp_path / "writers", model_cache, len(KINDS))
    assert report.rounds == len(KINDS)
    assert report.outcomes["ingest + ingest: worked"] == 1
    assert report.outcomes["ingest --wait + ingest --wait: later unchanged"] == 1
    assert report.outcomes["two folders in turn: runs"] == 6


@pytest.mark.slow
def test_many_rounds_of_several_writers_come_to_the_same(tmp_path: Path, model_cache: Path) -> None:
    report = writer_rounds(tmp_path / "writers", model_cache, 20, seed=11)
    assert report.rounds == 20
    refused = sum(count for name, count in report.outcomes.items() if name.endswith("refused"))
    assert refused, report.table()
