"""Ingestion against a reader that stays open: what changes in a folder is what changes in a search."""

import os
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from cli_harness import ADMIN, settings_of, write_files
from ingest_desk import Desk

from core.errors import MassDeletionRefused
from core.log import configure
from core.search import IndexEntry, StoreQuery
from index.lexical import LexicalIndex
from index.permissions import caller_named
from ingest.pipeline import IngestReport
from ingest.verification import verify

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("each_database")]

ANYONE = caller_named("ann@example.org", ())
STAFF = caller_named("sam@example.org", ("staff",))
NO_VECTOR = np.zeros((1, 1), np.float32)


@pytest.fixture
def desk(tmp_path: Path, data_dir: Path, model_cache: Path) -> Iterator[Desk]:
    configure("error")
    with Desk(tmp_path / "docs", settings_of(data_dir, model_cache)) as desk:
        yield desk


def counts(report: IngestReport) -> tuple[int, int, int, int]:
    return report.added, report.changed, report.removed, report.unchanged


def test_an_open_reader_sees_added_changed_and_removed_documents(desk: Desk) -> None:
    write_files(desk.folder, {f"{name}.md": f"# {name}\n\nThe {name} is old.\n" for name in "abc"})
    write_files(desk.folder, {"b.md": "# b\n\nA bassoon.\n", "a.md": "# a\n\nAn abacus.\n"})
    assert counts(desk.ingest()) == (3, 0, 0, 0)
    assert (desk.found("abacus"), desk.found("bassoon")) == ({"a.md"}, {"b.md"})
    write_files(desk.folder, {"a.md": "# a\n\nAn accordion.\n", "d.md": "# d\n\nA dulcimer.\n"})
    (desk.folder / "b.md").unlink()
    assert counts(desk.ingest()) == (1, 1, 1, 1)
    assert desk.found("accordion") == {"a.md"}
    assert desk.found("dulcimer") == {"d.md"}
    assert desk.found("abacus") == desk.found("bassoon") == set()
    assert desk.found("old") == {"c.md"}
    assert counts(desk.ingest()) == (0, 0, 0, 3)
    assert desk.embedded == 0


def test_a_touched_file_is_unchanged_and_read_only_once(desk: Desk) -> None:
    write_files(desk.folder, {"a.md": "# a\n\nAn abacus.\n"})
    desk.ingest()
    os.utime(desk.folder / "a.md", (1_700_000_000, 1_700_000_000))
    assert [step.uri for step in desk.plan().touched] == ["a.md"]
    generation = desk.catalogue.generation()
    report = desk.ingest()
    assert counts(report) == (0, 0, 0, 1)
    assert report.generation == generation
    assert not desk.plan().touched


def test_a_rule_file_takes_effect_on_the_next_query(desk: Desk) -> None:
    write_files(
        desk.folder, {"open/a.md": "# a\n\nAn abacus.\n", "hr/b.md": "# b\n\nAn abacus too.\n"}
    )
    desk.ingest()
    assert desk.found("abacus", ANYONE) == {"open/a.md", "hr/b.md"}
    write_files(desk.folder, {"hr/.footnote.yaml": "access: [group:staff]"})
    assert counts(desk.ingest()) == (0, 1, 0, 1)
    assert desk.embedded == 0, "the words did not change"
    assert desk.found("abacus", ANYONE) == {"open/a.md"}
    assert desk.found("abacus", STAFF) == {"open/a.md", "hr/b.md"}
    write_files(desk.folder, {"hr/.footnote.yaml": "access: [user:ann@example.org]"})
    desk.ingest()
    assert desk.found("abacus", ANYONE) == {"open/a.md", "hr/b.md"}
    assert desk.found("abacus", STAFF) == {"open/a.md"}


def test_a_document_keeps_its_readers_when_a_run_names_none(desk: Desk) -> None:
    write_files(desk.folder, {"a.md": "# a\n\nAn abacus.\n"})
    desk.ingest(access=("group:staff",))
    write_files(desk.folder, {"a.md": "# a\n\nAn abacus, edited.\n"})
    assert counts(desk.ingest()) == (0, 1, 0, 0)
    assert desk.found("abacus", ANYONE) == set()
    assert desk.found("edited", STAFF) == {"a.md"}


def test_a_file_that_becomes_unreadable_keeps_its_last_good_version(desk: Desk) -> None:
    write_files(desk.folder, {"a.md": "# a\n\nAn abacus.\n", "b.md": "# b\n\nA bassoon.\n"})
    desk.ingest()
    (desk.folder / "a.md").write_bytes(b"\x7fELF" + bytes(100))
    report = desk.ingest()
    assert [(entry["uri"], entry["reason"]) for entry in report.quarantined] == [
        ("a.md", "unsupported")
    ]
    assert counts(report) == (0, 0, 0, 1)
    assert desk.found("abacus") == {"a.md"}
    assert desk.status("a.md") == ("quarantined", "unsupported")
    assert desk.ingest().quarantined == [], "it is not tried again before it changes"
    write_files(desk.folder, {"a.md": "# a\n\nAn accordion.\n"})
    assert desk.ingest().changed == 1
    assert desk.status("a.md") == ("active", "")
    assert (desk.found("abacus"), desk.found("accordion")) == (set(), {"a.md"})


def test_a_file_that_was_never_readable_is_tried_again_when_it_changes(desk: Desk) -> None:
    write_files(desk.folder, {"a.md": "", "b.md": "# b\n\nA bassoon.\n"})
    assert [entry["reason"] for entry in desk.ingest().quarantined] == ["empty"]
    assert desk.status("a.md") == ("quarantined", "empty")
    write_files(desk.folder, {"a.md": "# a\n\nAn abacus.\n"})
    assert desk.ingest().quarantined == []
    assert desk.found("abacus") == {"a.md"}
    (desk.folder / "b.md").write_bytes(b"")
    desk.ingest()
    (desk.folder / "b.md").unlink()
    assert desk.ingest().removed == 1
    assert desk.found("bassoon") == set(), "its last good version goes with the file"


def test_known_texts_are_not_embedded_again(desk: Desk) -> None:
    text = "# Valve\n\nThe valve is red.\n"
    write_files(desk.folder, {"a.md": text, "b.md": "# Pump\n\nThe pump is blue.\n"})
    desk.ingest()
    assert desk.embedded == 2
    write_files(desk.folder, {"c.md": text})
    assert counts(desk.ingest()) == (1, 0, 0, 2)
    assert desk.embedded == 0
    (desk.folder / "b.md").rename(desk.folder / "pump.md")
    report = desk.ingest()
    assert (report.moved, *counts(report)) == (1, 0, 0, 0, 2)
    assert desk.embedded == 0
    assert desk.found("pump") == {"pump.md"}
    write_files(desk.folder, {"boiler/a.md": text})
    desk.ingest()
    assert desk.embedded == 1, "its folder's name is embedded with it"
    assert verify(desk.settings)["ok"]


def test_a_run_for_one_file_leaves_the_others_alone(desk: Desk) -> None:
    write_files(desk.folder, {"a.md": "# a\n\nAn abacus.\n", "deep/b.md": "# b\n\nA bassoon.\n"})
    desk.ingest()
    write_files(desk.folder, {"c.md": "# c\n\nA cello.\n", "d.md": "# d\n\nA dulcimer.\n"})
    (desk.folder / "a.md").unlink()
    assert counts(desk.ingest(desk.folder / "c.md")) == (1, 0, 0, 0)
    assert desk.found("abacus") == {"a.md"}
    assert desk.found("dulcimer") == set()
    assert counts(desk.ingest(desk.folder / "deep")) == (0, 0, 0, 1)
    assert counts(desk.ingest()) == (1, 0, 1, 2)


def test_a_run_that_would_remove_much_is_refused_and_changes_nothing(desk: Desk) -> None:
    write_files(desk.folder, {f"{n}.md": f"# {n}\n\nAbacus number {n}.\n" for n in range(10)})
    desk.ingest()
    for n in range(4):
        (desk.folder / f"{n}.md").unlink()
    write_files(desk.folder, {"new.md": "# new\n\nA nyckelharpa.\n"})
    with pytest.raises(MassDeletionRefused, match="4 of 10") as refused:
        desk.ingest(allow_mass_delete=False)
    assert "--allow-mass-delete" in str(refused.value)
    assert len(desk.found("Abacus")) == 10
    assert desk.found("nyckelharpa") == set()
    report = desk.ingest()
    assert counts(report) == (1, 0, 4, 6)
    assert len(desk.found("Abacus")) == 6


def test_an_emptied_folder_is_not_taken_for_a_removal_of_all(desk: Desk) -> None:
    write_files(desk.folder, {f"{n}.md": f"# {n}\n\nAbacus number {n}.\n" for n in range(2)})
    desk.ingest()
    for path in desk.folder.glob("*.md"):
        path.unlink()
    with pytest.raises(MassDeletionRefused, match="2 of 2"):
        desk.ingest(allow_mass_delete=False)
    assert len(desk.found("Abacus")) == 2


def test_a_removed_chunk_leaves_the_words_index(tmp_path: Path) -> None:
    index = LexicalIndex(tmp_path / "words")
    writer = index.writer()
    for number in range(10):
        writer.add(
            IndexEntry(number, f"doc{number}", [f"word{number}", "common"], [], ["everyone"])
        )
    writer.commit()
    writer.remove([3, 4])
    writer.commit()
    index.reload()
    assert index.numbers() == {0, 1, 2, 5, 6, 7, 8, 9}
    words = ("word3", "word4", "word5")
    found = [index.search(StoreQuery(NO_VECTOR, {word: 1.0}), ADMIN, 10) for word in words]
    assert [[number for number, _ in hits] for hits in found] == [[], [], [5]]


def test_replaced_documents_leave_nothing_behind(desk: Desk) -> None:
    write_files(desk.folder, {f"{n}.md": f"# {n}\n\nAbacus number {n}.\n" for n in range(5)})
    desk.ingest()
    write_files(desk.folder, {f"{n}.md": f"# {n}\n\nBassoon number {n}.\n" for n in range(4)})
    (desk.folder / "4.md").unlink()
    desk.ingest()
    found = verify(desk.settings)
    assert (found["ok"], found["leftover_words"], found["leftover_vectors"]) == (True, 0, 0)


def test_random_edits_always_end_in_what_the_folder_holds(desk: Desk) -> None:
    rng = random.Random(11)
    wanted: dict[str, str] = {}
    for step in range(4):
        for _ in range(12):
            uri = f"{rng.randrange(15)}.md"
            if uri in wanted and rng.random() < 0.3:
                del wanted[uri]
                (desk.folder / uri).unlink()
            else:
                wanted[uri] = f"edit{step}n{rng.randrange(1000)}"
                write_files(desk.folder, {uri: f"# Note\n\nThe word is {wanted[uri]} here.\n"})
        desk.ingest()
        assert {uri for word in wanted.values() for uri in desk.found(word)} == set(wanted)
        assert desk.found("word") == set(wanted)
