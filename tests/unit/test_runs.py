"""Past runs are found by their source and by the files that they could not read, and by nothing that only looks so."""

import json

from sqlalchemy import insert

from app.knowledge.run_log import RunLog
from index.catalogue import Catalogue
from index.database import writing
from index.runs import find_run, past_runs, runs_of_source, runs_that_failed_on
from index.schema import runs

ODD = 'a"b_%\\c'


def note(
    catalogue: Catalogue, run_id: str, *sources: str, status: str = "done", unread: str = ""
) -> None:
    entry = {"uri": unread, "reason": "empty", "detail": "", "hint": ""}
    with writing(catalogue.engine) as connection:
        connection.execute(
            insert(runs).values(
                run_id=run_id,
                started_at=f"2026-01-{run_id}",
                status=status,
                sources=json.dumps(list(sources), ensure_ascii=False),
                report=json.dumps({"quarantined": [entry] if unread else []}, ensure_ascii=False),
            )
        )


def test_runs_are_listed_newest_first(catalogue: Catalogue) -> None:
    for run_id in ("01", "03", "02"):
        note(catalogue, run_id, "wiki")
    assert [run.run_id for run in past_runs(catalogue.engine)] == ["03", "02", "01"]
    assert [run.run_id for run in past_runs(catalogue.engine, 1)] == ["03"]
    assert find_run(catalogue.engine, "04") is None


def test_a_source_has_only_its_own_runs(catalogue: Catalogue) -> None:
    note(catalogue, "01", ODD, "wiki")
    note(catalogue, "02", "a", 'x"' + ODD)
    note(catalogue, "03", "Wiki")
    assert [run.run_id for run in runs_of_source(catalogue.engine, ODD, 9)] == ["01"]
    assert [run.run_id for run in runs_of_source(catalogue.engine, "wiki", 9)] == ["01"]


def test_a_file_has_only_the_runs_that_could_not_read_it(catalogue: Catalogue) -> None:
    note(catalogue, "01", "wiki", unread=ODD)
    note(catalogue, "02", "other", unread=ODD)
    note(catalogue, "03", "wiki", unread=f"dir/{ODD}")
    found = runs_that_failed_on(catalogue.engine, "wiki", ODD)
    assert [run.run_id for run in found] == ["01"]


def test_a_run_that_ends_is_read_again_and_times_of_failures_grow(catalogue: Catalogue) -> None:
    log = RunLog(catalogue.engine)
    note(catalogue, "01", "wiki", unread="x")
    note(catalogue, "02", "wiki", status="running")
    assert [run.status for run in log.summaries()] == ["running", "done"]
    assert log.failures_of("wiki", "x") == ("2026-01-01", "2026-01-01")
    with writing(catalogue.engine) as connection:
        report = json.dumps({"quarantined": [{"uri": "x"}], "added": 4})
        connection.execute(
            runs.update().where(runs.c.run_id == "02").values(status="incomplete", report=report)
        )
    assert [(run.status, run.added) for run in log.summaries()] == [("incomplete", 4), ("done", 0)]
    assert log.failures_of("wiki", "x") == ("2026-01-01", "2026-01-02")
    assert log.failures_of("other", "x") == ("", "")
