"""One answer does not cite five copies, and says when a document's newest version could not be read."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_harness import ADMIN, settings_of, write_files
from ingest_desk import Desk

from app.bootstrap import open_service
from core.answers import Answer, Caller
from core.log import configure
from index.permissions import caller_named

pytestmark = pytest.mark.integration

SAM = caller_named("sam@example.org", ("staff",))


@pytest.fixture
def desk(tmp_path: Path, data_dir: Path, model_cache: Path) -> Iterator[Desk]:
    configure("error")
    with Desk(tmp_path / "docs", settings_of(data_dir, model_cache)) as desk:
        yield desk


def manual(floor: int) -> str:
    steps = " ".join(f"Step {n} turns the blue wheel by {n} marks to the left." for n in range(40))
    return f"# Press\n\nThe hydraulic press stands on floor {floor}.\n\n## Start\n\n{steps}\n"


def uris(desk: Desk, query: str, caller: Caller = ADMIN) -> list[str]:
    hits = desk.reader.retriever.retrieve(query, caller, 8)
    return [hit.document.uri for hit in hits]


def answer(desk: Desk, question: str) -> Answer:
    service = open_service(desk.settings, "cli")
    return service.ask(question, ADMIN)


def test_the_same_words_of_a_copy_are_found_once(desk: Desk) -> None:
    write_files(desk.folder, {"a.md": manual(1), "b.md": manual(1), "c/d.md": manual(1)})
    report = desk.ingest()
    assert report.near_duplicates == 2
    found = uris(desk, "how does the hydraulic press start")
    assert len(found) > 1
    assert len(set(found)) == 1


def test_words_that_differ_between_copies_are_all_found(desk: Desk) -> None:
    write_files(desk.folder, {"a.md": manual(1), "b.md": manual(2)})
    assert desk.ingest().near_duplicates == 1
    hits = desk.reader.retriever.retrieve("which floor is the hydraulic press on", ADMIN, 8)
    first = [hit.document.uri for hit in hits if "floor" in hit.text]
    assert sorted(first) == ["a.md", "b.md"]


def test_a_copy_that_somebody_may_not_read_hides_nothing(desk: Desk) -> None:
    write_files(desk.folder, {"a.md": manual(1), "open/b.md": manual(1)})
    (desk.folder / ".footnote.yaml").write_text("access: [group:board]\n", "utf-8")
    (desk.folder / "open" / ".footnote.yaml").write_text("access: [group:staff]\n", "utf-8")
    os.utime(desk.folder / "a.md", (1_700_000_000, 1_700_000_000))
    assert desk.ingest().near_duplicates == 1
    copy = next(record for record in desk.catalogue.list_documents() if record.duplicate_of)
    assert copy.uri == "open/b.md"
    assert set(uris(desk, "how does the hydraulic press start", SAM)) == {"open/b.md"}


def test_an_answer_from_a_last_good_version_says_so(desk: Desk) -> None:
    write_files(desk.folder, {"press.md": manual(3), "other.md": "# Other\n\nThe lift is red.\n"})
    desk.ingest()
    asked = "On which floor does the hydraulic press stand?"
    assert [note.kind for note in answer(desk, asked).notes] == []
    (desk.folder / "press.md").write_bytes(bytes(range(256)) * 9)
    assert desk.ingest().quarantined[0]["uri"] == "press.md"
    again = answer(desk, asked)
    assert "floor 3" in again.text
    assert [note.kind for note in again.notes] == ["stale"]
    assert "Press" in again.notes[0].text
    write_files(desk.folder, {"press.md": manual(4)})
    desk.ingest()
    mended = answer(desk, asked)
    assert "floor 4" in mended.text
    assert mended.notes == ()
