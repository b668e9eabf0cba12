"""Sources of one run do not keep each other from running: not by the guard, and not by what is missing."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_harness import settings_of, write_files
from ingest_desk import Desk

from core.errors import FootnoteError, MassDeletionRefused, SourceError
from core.log import configure
from ingest.run import Selection

pytestmark = pytest.mark.integration

SOURCES = "one: {path: one, access: [everyone]}\ntwo: {path: two, access: [everyone]}\n"
ALL = Selection()


@pytest.fixture
def desk(tmp_path: Path, data_dir: Path, model_cache: Path) -> Iterator[Desk]:
    configure("error")
    for name in ("one", "two"):
        write_files(
            tmp_path / name, {f"{n}.md": f"# Note\n\nThe {name}word {n}.\n" for n in range(6)}
        )
    write_files(tmp_path, {"sources.yaml": SOURCES})
    settings = settings_of(data_dir, model_cache)
    with Desk(tmp_path, settings) as desk:
        report = desk.run(ALL)
        assert (report.added, report.failed_sources) == (12, [])
        yield desk


def test_a_source_that_the_guard_stops_does_not_stop_the_others(desk: Desk) -> None:
    for n in range(5):
        (desk.folder / "one" / f"{n}.md").unlink()
    write_files(
        desk.folder, {"one/new.md": "# N\n\nThe newword.\n", "two/new.md": "# N\n\nThe newword.\n"}
    )
    report = desk.run(ALL)
    assert (report.added, report.removed, report.unchanged) == (1, 0, 6)
    (failure,) = report.failed_sources
    assert failure["source"] == "one"
    assert "5 of 6 documents of 'one'" in failure["message"]
    assert "--allow-mass-delete" in failure["message"]
    assert not report.is_clean
    assert len(desk.found("oneword")) == 6
    assert desk.found("newword") == {"new.md"}
    assert desk.record("new.md").source == "two"
    report = desk.run(Selection(allow_mass_delete=True))
    assert (report.added, report.removed, report.failed_sources) == (1, 5, [])


def test_an_emptied_source_is_refused_while_others_run(desk: Desk) -> None:
    for n in range(6):
        (desk.folder / "one" / f"{n}.md").unlink()
    report = desk.run(ALL)
    (failure,) = report.failed_sources
    assert "it listed nothing" in failure["message"]
    assert len(desk.found("oneword")) == 6


def test_when_every_source_is_stopped_the_run_is_refused(desk: Desk) -> None:
    for name in ("one", "two"):
        for n in range(6):
            (desk.folder / name / f"{n}.md").unlink()
    with pytest.raises(MassDeletionRefused):
        desk.run(ALL)
    assert len(desk.uris()) == 6
    assert desk.catalogue.count_quarantined() == 0


def test_a_source_whose_folder_is_gone_does_not_stop_the_others(desk: Desk) -> None:
    (desk.folder / "one").rename(desk.folder / "unmounted")
    write_files(desk.folder, {"two/new.md": "# N\n\nThe newword.\n"})
    report = desk.run(ALL)
    assert (report.added, report.removed, report.unchanged) == (1, 0, 6)
    (failure,) = report.failed_sources
    assert failure["source"] == "one"
    assert str(desk.folder / "one") in failure["message"]
    assert len(desk.found("oneword")) == 6
    with pytest.raises(SourceError, match="one"):
        desk.run(Selection(source_name="one"))


def test_a_source_that_cannot_be_listed_does_not_stop_the_others(desk: Desk) -> None:
    (desk.folder / "one" / ".footnoteignore").write_bytes(b"\xff\xfe")
    (desk.folder / "two" / "0.md").unlink()
    report = desk.run(ALL)
    assert (report.removed, report.unchanged) == (1, 5)
    assert [failure["source"] for failure in report.failed_sources] == ["one"]
    assert len(desk.found("oneword")) == 6


def test_a_source_of_which_a_part_cannot_be_listed_loses_nothing(desk: Desk) -> None:
    # Longer than any path that the system opens; root, too, cannot list it.
    part = desk.folder / "one" / ("d" * 200)
    part.mkdir()
    write_files(desk.folder, {"one/new.md": "# N\n\nThe newword.\n"})
    for n in range(5):
        (desk.folder / "one" / f"{n}.md").unlink()
    make_unlistable(part)
    report = desk.run(ALL)
    assert (report.added, report.removed) == (1, 0)
    (failure,) = report.failed_sources
    assert "5 documents that were not found are kept" in failure["message"]
    assert len(desk.found("oneword")) == 6
    report = desk.run(Selection(allow_mass_delete=True))
    assert report.removed == 5
    assert len(report.failed_sources) == 1


def make_unlistable(folder: Path) -> None:

    here = os.open(folder, os.O_RDONLY)
    for _ in range(25):
        os.mkdir("d" * 200, dir_fd=here)
        below = os.open("d" * 200, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)


def test_runs_are_remembered_with_what_failed(desk: Desk) -> None:
    (desk.folder / "one").rename(desk.folder / "unmounted")
    desk.run(ALL)
    (desk.folder / "two").rename(desk.folder / "unmounted too")
    with pytest.raises(FootnoteError):
        desk.run(ALL)
    newest, first = desk.ingestion.history.list()
    assert (newest.status, first.status) == ("incomplete", "done")
    assert [failure["source"] for failure in newest.report["failed_sources"]] == ["one"]
    assert first.sources == ("one", "two")
    assert first.report["added"] == 12


def test_documents_of_a_source_that_names_nobody_are_for_admins(desk: Desk) -> None:
    write_files(desk.folder, {"sources.yaml": "one: {path: one}\n"})
    assert desk.run(ALL).changed == 6
    assert {
        record.access for record in desk.catalogue.list_documents() if record.source == "one"
    } == {()}
