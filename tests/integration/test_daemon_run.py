"""One run of one source by the daemon, in this process: what it does between listing and storing."""

import threading
from collections.abc import Iterator
from pathlib import Path

import cli_harness as harness
import pytest

from core.settings import Settings
from index.database import writing
from ingest.daemon.source_run import SourceRun, Workplace
from ingest.daemon.source_state import Ended
from ingest.run import Equipment, Ingestion, Selection
from ingest.writer_lock import writer_lock

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("each_database")]


@pytest.fixture
def settings(data_dir: Path, model_cache: Path) -> Settings:
    return harness.settings_of(data_dir, model_cache)


@pytest.fixture
def place(settings: Settings) -> Iterator[Workplace]:
    with Equipment(settings) as equipment:
        yield Workplace(settings, equipment)


@pytest.fixture
def selection(tmp_path: Path) -> Selection:
    folder = harness.write_files(
        tmp_path / "docs", {f"{n}.md": f"Valve {n} is green.\n" for n in range(10)}
    )
    return Selection((folder,))


def run_of(place: Workplace, selection: Selection) -> SourceRun:
    return SourceRun(place, selection, counts_documents=True)


def ended(place: Workplace, selection: Selection) -> Ended:
    result = run_of(place, selection).work()
    assert result is not None
    return result


def in_thread(run: SourceRun, results: list[Ended | None]) -> threading.Thread:
    thread = threading.Thread(target=lambda: results.append(run.work()))
    thread.start()
    return thread


def until_it_waits(run: SourceRun) -> None:
    """Wait until the run has read its files: then it asks for its turn again and again."""
    signs = -1
    while run.signs < 12 or run.signs == signs:
        signs = run.signs
        threading.Event().wait(0.1)


def test_a_run_tells_what_it_did(place: Workplace, selection: Selection) -> None:
    (selection.paths[0] / "broken.docx").write_bytes(b"no docx")
    first = ended(place, selection)
    assert first.outcome == "incomplete"
    assert (first.counts["added"], first.counts["quarantined"]) == (10, 1)
    assert dict(first.quarantined) == {"corrupt": 1}
    assert first.documents == {"active": 10, "quarantined": 1}


def test_a_look_in_which_nothing_changed_leaves_no_trace_in_the_history(
    place: Workplace, selection: Selection
) -> None:
    ended(place, selection)
    second = ended(place, selection)
    assert (second.outcome, second.counts["unchanged"]) == ("done", 10)
    with Ingestion(place.settings, place.equipment) as ingestion:
        assert len(ingestion.history.list()) == 1


def test_a_run_that_another_process_overtook_is_planned_again(
    place: Workplace, selection: Selection
) -> None:
    results: list[Ended | None] = []
    run = run_of(place, selection)
    with place.turn:
        thread = in_thread(run, results)
        until_it_waits(run)
        # What this run has planned and read is gone when the other one looks.
        (selection.paths[0] / "3.md").unlink()
        with Ingestion(place.settings) as other, writer_lock(place.settings.data_dir):
            other.apply(other.plan(selection), allow_mass_delete=False, progress=lambda *_: None)
    thread.join()
    with Ingestion(place.settings, place.equipment) as ingestion:
        uris = {record.uri for record in ingestion.catalogue.list_documents()}
    assert uris == {f"{n}.md" for n in range(10)} - {"3.md"}
    assert results[0] is not None
    assert results[0].counts["unchanged"] == 9


def test_a_run_that_is_not_wanted_any_more_stores_nothing(
    place: Workplace, selection: Selection
) -> None:
    results: list[Ended | None] = []
    run = run_of(place, selection)
    with place.turn:
        thread = in_thread(run, results)
        until_it_waits(run)
        run.stop()
        thread.join(5)
        assert not thread.is_alive()
    assert results == [None]
    with Ingestion(place.settings, place.equipment) as ingestion:
        assert ingestion.catalogue.list_documents() == []


def test_a_source_that_lost_most_of_its_documents_needs_a_person(
    place: Workplace, selection: Selection
) -> None:
    ended(place, selection)
    for number in range(8):
        (selection.paths[0] / f"{number}.md").unlink()
    result = ended(place, selection)
    assert (result.outcome, result.needs_person) == ("failed", True)
    assert "--allow-mass-delete" in result.error


def test_an_error_that_nobody_foresaw_fails_this_run_only(
    place: Workplace, selection: Selection
) -> None:
    # The history's table is gone: no connector, and not this package, says what that means.
    with Ingestion(place.settings) as ingestion, writing(ingestion.catalogue.engine) as connection:
        connection.exec_driver_sql("DROP TABLE runs")
    result = ended(place, selection)
    assert result.outcome == "failed"
    # A server's error has a sentence already.
    said = ("did not expect (OperationalError)", "does not have the tables of this Footnote")
    assert any(words in result.error for words in said)


def test_after_a_run_that_failed_another_process_may_write_words(
    place: Workplace, selection: Selection
) -> None:
    class Full(Exception):
        pass

    def fail(*_: object) -> None:
        raise Full

    with Ingestion(place.settings, place.equipment) as ingestion:
        with pytest.raises(Full), writer_lock(place.settings.data_dir):
            ingestion.apply(ingestion.plan(selection), allow_mass_delete=False, progress=fail)
        env = harness.child_env(place.settings.data_dir, place.settings.model_cache)
        done = harness.run_child("ingest", selection.paths[0], "--yes", env=env)
        assert done.returncode == 0, done.stderr


def test_what_was_stored_without_its_vectors_is_finished_though_nothing_changed(
    place: Workplace, selection: Selection
) -> None:
    class Killed(Exception):
        pass

    def die(stage: str, _done: int, _total: int) -> None:
        if stage == "embedding":
            raise Killed

    with Ingestion(place.settings, place.equipment) as ingestion:
        with pytest.raises(Killed), writer_lock(place.settings.data_dir):
            ingestion.apply(ingestion.plan(selection), allow_mass_delete=False, progress=die)
        assert ingestion.catalogue.get_meta("unfinished_run") == "1"
    assert ended(place, selection).counts["unchanged"] == 10
    with Ingestion(place.settings, place.equipment) as ingestion:
        assert ingestion.catalogue.get_meta("unfinished_run") == "0"
