"""Notes on an answer's sources: who disagrees with whom, which is newer, and what is out of date."""

from dataclasses import replace
from datetime import date

import pytest

from app.answer_notes import source_notes
from core.answers import Citation, Conflict, DocumentRef, Hit, Why
from core.documents import DocumentRecord

TODAY = date(2026, 6, 1)
OLD_TEXT = "Claims are sent within 30 days."
NEW_TEXT = "Claims are sent within 20 days."


def hit(name: str, text: str, rank: int, *, start: int = 100, notes: tuple[str, ...] = ()) -> Hit:
    document = DocumentRef(name, f"policies/{name}.md", name.title(), "v1", "2026-01-01T00:00:00")
    return Hit(
        rank, 0.9, f"{name}-1", document, (), None, start, start + len(text), text, Why(notes=notes)
    )


def record(name: str, **metadata: str) -> DocumentRecord:
    return DocumentRecord(
        name, f"policies/{name}.md", name.title(), "docs", "v1", ("everyone",), "2026-01-01", "active",
        1, metadata=metadata,
    )  # fmt: skip


def cites(found: Hit) -> Citation:
    return Citation(1, found.document, found.chunk_id, (), None, found.start, found.end, found.text)


def disagreeing() -> tuple[Hit, Hit]:
    old, new = hit("old", OLD_TEXT, 1, start=10), hit("new", NEW_TEXT, 2, start=500)
    conflict = Conflict("number", 2, new.chunk_id, old.start, old.end, new.start, new.end)
    return replace(old, conflicts=(conflict,)), new


def test_both_statements_are_given_with_dates_and_the_newer_is_named() -> None:
    old, new = disagreeing()
    records = {
        "old": record("old", effective_date="2024-02-01"),
        "new": record("new", effective_date="2026-02-01"),
    }
    (note,) = source_notes([old, new], [cites(old)], records, TODAY)
    assert note.kind == "conflict"
    assert note.text == (
        "Two sources disagree (number). New (policies/new.md, 2026-02-01): “Claims are sent within 20 days.”; "
        "Old (policies/old.md, 2024-02-01): “Claims are sent within 30 days.”. New is newer."
    )


def test_none_is_called_newer_where_the_dates_do_not_tell() -> None:
    old, new = disagreeing()
    (note,) = source_notes([old, new], [cites(new)], {}, TODAY)
    assert note.text.endswith("Neither is known to be newer.")


def test_a_conflict_of_documents_that_are_not_cited_is_not_spoken_of() -> None:
    old, new = disagreeing()
    third = hit("third", "Something else.", 3)
    assert source_notes([old, new, third], [cites(third)], {}, TODAY) == []


def test_what_else_two_cited_documents_disagree_about_is_not_spoken_of() -> None:
    old, new = disagreeing()
    elsewhere = replace(cites(old), start=old.end + 100, end=old.end + 120)
    assert source_notes([old, new], [elsewhere], {}, TODAY) == []
    assert len(source_notes([old, new], [elsewhere, cites(new)], {}, TODAY)) == 1


def test_a_conflict_is_told_once_for_two_documents() -> None:
    old, new = disagreeing()
    twice = replace(old, conflicts=old.conflicts * 2)
    assert len(source_notes([twice, new], [cites(old)], {}, TODAY)) == 1


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ({"status": "archived"}, "Old is marked as archived."),
        ({"status": "draft"}, "Old is a draft: it may not be in force."),
        ({"Valid-Until": "2026-05-31"}, "Old expired on 2026-05-31."),
        ({"review by": "March 2026"}, "Old was to be reviewed by 2026-03-31."),
    ],
)
def test_sources_that_may_not_hold_any_more_are_marked(
    metadata: dict[str, str], expected: str
) -> None:
    old = hit("old", OLD_TEXT, 1)
    notes = source_notes([old], [cites(old)], {"old": record("old", **metadata)}, TODAY)
    assert [(note.kind, note.text) for note in notes] == [("stale", expected)]


@pytest.mark.parametrize("metadata", [{"valid_until": "2026-06-01"}, {"status": "active"}, {}])
def test_sources_in_force_have_no_note(metadata: dict[str, str]) -> None:
    old = hit("old", OLD_TEXT, 1)
    assert source_notes([old], [cites(old)], {"old": record("old", **metadata)}, TODAY) == []


def test_a_source_that_was_superseded_or_could_not_be_read_again_says_so() -> None:
    old = hit("old", OLD_TEXT, 1, notes=("superseded by 'New', version 2",))
    old = replace(old, document=replace(old.document, is_stale=True))
    texts = [note.text for note in source_notes([old], [cites(old)], {}, TODAY)]
    assert texts == [
        "The newest version of Old could not be read; this is its version of 2026-01-01.",
        "Old is superseded by 'New', version 2.",
    ]
