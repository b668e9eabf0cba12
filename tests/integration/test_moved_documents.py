"""A document that moved is the same one: id, chunks and readers stay, vectors unless its path says something else."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_harness import ADMIN, settings_of, write_files
from ingest_desk import Desk

from core.log import configure
from index.permissions import caller_named
from ingest.verification import verify

pytestmark = pytest.mark.integration

ANYONE = caller_named("ann@example.org", ())
STAFF = caller_named("sam@example.org", ("staff",))


@pytest.fixture
def desk(tmp_path: Path, data_dir: Path, model_cache: Path) -> Iterator[Desk]:
    configure("error")
    with Desk(tmp_path / "docs", settings_of(data_dir, model_cache)) as desk:
        yield desk


def move(desk: Desk, old: str, new: str) -> None:
    (desk.folder / new).parent.mkdir(parents=True, exist_ok=True)
    (desk.folder / old).rename(desk.folder / new)


def note(word: str) -> str:
    story = f"Nobody plays the {word} on a Sunday. " * 40
    return f"# Note\n\nThe {word} stands in the hall.\n\n## More\n\n{story}\n"


def test_a_renamed_document_keeps_id_chunks_and_vectors(desk: Desk) -> None:
    write_files(desk.folder, {"a.md": note("abacus"), "x.md": note("xylophone")})
    desk.ingest()
    kept = desk.kept("a.md")
    for old, new in (("a.md", "b.md"), ("b.md", "1/2/b.md"), ("1/2/b.md", "a.md")):
        move(desk, old, new)
        report = desk.ingest(allow_mass_delete=False)
        assert (report.moved, report.added, report.removed, report.changed) == (1, 0, 0, 0)
        assert report.unchanged == 1
        assert desk.embedded == 0
        assert desk.kept(new) == kept
        assert desk.found("abacus") == {new}
    assert len(kept.chunk_ids) > 1
    found = verify(desk.settings)
    assert (found["ok"], found["leftover_words"], found["leftover_vectors"]) == (True, 0, 0)


def test_what_a_new_path_says_is_embedded_anew_and_found(desk: Desk) -> None:
    write_files(desk.folder, {"a.md": note("abacus"), "x.md": note("xylophone")})
    desk.ingest()
    kept = desk.kept("a.md")
    move(desk, "a.md", "Kazoo/2021/a.md")
    report = desk.ingest(allow_mass_delete=False)
    assert (report.moved, report.added, report.changed, desk.embedded) == (1, 0, 0, 3)
    assert desk.kept("Kazoo/2021/a.md") == kept
    (hit, *_) = desk.reader.retriever.retrieve("what does Kazoo say", ADMIN, 5)
    assert hit.document.uri == "Kazoo/2021/a.md"
    found = verify(desk.settings)
    assert (found["ok"], found["leftover_words"], found["leftover_vectors"]) == (True, 0, 0)


def test_a_document_moved_and_edited_is_another_one(desk: Desk) -> None:
    write_files(desk.folder, {"a.md": note("abacus"), "x.md": note("xylophone")})
    desk.ingest()
    kept = desk.kept("a.md")
    move(desk, "a.md", "b.md")
    write_files(desk.folder, {"b.md": note("bassoon")})
    report = desk.ingest()
    assert (report.moved, report.added, report.removed) == (0, 1, 1)
    assert desk.kept("b.md").doc_id != kept.doc_id


def test_several_copies_move_each_once(desk: Desk) -> None:
    write_files(desk.folder, {f"1/{name}.md": note("abacus") for name in "abc"})
    desk.ingest()
    ids = {name: desk.kept(f"1/{name}.md").doc_id for name in "abc"}
    (desk.folder / "1").rename(desk.folder / "2")
    write_files(desk.folder, {"2/d.md": note("abacus")})
    report = desk.ingest(allow_mass_delete=False)
    assert (report.moved, report.added, report.removed, desk.embedded) == (3, 1, 0, 0)
    assert {name: desk.kept(f"2/{name}.md").doc_id for name in "abc"} == ids
    assert desk.kept("2/d.md").doc_id not in ids.values()
    assert desk.found("abacus") == {f"2/{name}.md" for name in "abcd"}


def test_a_new_file_at_the_old_place_is_another_document(desk: Desk) -> None:
    write_files(desk.folder, {"a.md": note("abacus")})
    desk.ingest()
    kept = desk.kept("a.md")
    move(desk, "a.md", "b.md")
    desk.ingest()
    write_files(desk.folder, {"a.md": note("accordion")})
    assert desk.ingest().added == 1
    assert desk.kept("b.md") == kept
    new = desk.kept("a.md")
    assert new.doc_id != kept.doc_id
    assert not set(new.chunk_ids) & set(kept.chunk_ids)
    assert (desk.found("abacus"), desk.found("accordion")) == ({"b.md"}, {"a.md"})
    move(desk, "a.md", "c.md")
    assert desk.ingest().moved == 1
    move(desk, "b.md", "a.md")
    assert desk.ingest().moved == 1
    assert (desk.kept("a.md"), desk.kept("c.md")) == (kept, new)


def test_two_files_that_change_places_are_two_changed_documents(desk: Desk) -> None:
    write_files(desk.folder, {"a.md": note("abacus"), "b.md": note("bassoon")})
    desk.ingest()
    ids = {uri: desk.kept(uri).doc_id for uri in ("a.md", "b.md")}
    move(desk, "a.md", "c.md")
    move(desk, "b.md", "a.md")
    move(desk, "c.md", "b.md")
    report = desk.ingest(allow_mass_delete=False)
    assert (report.changed, report.moved, desk.embedded) == (2, 0, 0)
    assert {uri: desk.kept(uri).doc_id for uri in ids} == ids
    assert (desk.found("abacus"), desk.found("bassoon")) == ({"b.md"}, {"a.md"})


def test_without_a_rule_a_moved_document_is_read_by_whom_it_was_read(desk: Desk) -> None:
    write_files(desk.folder, {"a.md": note("abacus"), "x.md": note("xylophone")})
    desk.ingest()
    desk.ingest(desk.folder / "a.md", access=("group:staff",))
    move(desk, "a.md", "b.md")
    assert desk.ingest().moved == 1
    assert desk.found("abacus", ANYONE) == set()
    assert desk.found("abacus", STAFF) == {"b.md"}
    write_files(desk.folder, {"open/.footnote.yaml": "access: [everyone]"})
    move(desk, "b.md", "open/b.md")
    assert desk.ingest().moved == 1
    assert desk.found("abacus", ANYONE) == {"open/b.md"}
    write_files(desk.folder, {"hr/.footnote.yaml": "access: [group:staff]"})
    move(desk, "open/b.md", "hr/b.md")
    assert desk.ingest().moved == 1
    assert desk.found("abacus", ANYONE) == set()


def test_a_moved_file_with_a_new_time_is_still_moved(desk: Desk) -> None:
    write_files(desk.folder, {"a.md": note("abacus"), "x.md": note("xylophone")})
    desk.ingest()
    move(desk, "a.md", "b.md")
    os.utime(desk.folder / "b.md", (1_700_000_000, 1_700_000_000))
    assert desk.ingest().moved == 1
    assert {step.action for step in desk.plan().steps} == {"unchanged"}
