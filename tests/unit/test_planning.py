"""A plan does only what changed, keeps who may read, and refuses to remove too much."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.documents import SourceItem, document_id
from core.errors import MassDeletionRefused
from index.catalogue import KnownDocument
from ingest.planning import Plan, Planned, check_deletions, make_plan
from ingest.sources import FolderSource, Listing

SOURCE = FolderSource("docs", Path("/docs"), None)
STAFF = ("group:staff",)


def item(uri: str, mtime: int = 1, access: tuple[str, ...] = (), size: int = 10) -> SourceItem:
    return SourceItem(uri, f"/docs/{uri}", size, mtime, access)


def known(
    uri: str, mtime: int = 1, access: tuple[str, ...] = ("everyone",), version: str = "v1"
) -> KnownDocument:
    return KnownDocument(document_id("docs", uri), uri, access, "active", 10, mtime, version)


def unread(item: SourceItem) -> str:
    raise AssertionError(f"{item.uri} was read")


def plan(
    items: list[SourceItem],
    knowns: list[KnownDocument],
    *,
    source: FolderSource = SOURCE,
    default: tuple[str, ...] = (),
    ruled: frozenset[str] = frozenset(),
    hash_of: Callable[[SourceItem], str] = unread,
) -> Plan:
    listing = Listing(tuple(items), (("x", "hidden"),), ruled)
    by_uri = {document.uri: document for document in knowns}
    return make_plan(source, listing, by_uri, default, hash_of)


def actions(made: Plan) -> dict[str, str]:
    return {step.uri: step.action for step in made.steps}


def access_of(made: Plan, uri: str) -> tuple[str, ...]:
    (step,) = [step for step in made.steps if step.uri == uri]
    assert step.item is not None
    return step.item.access


def test_each_document_gets_the_action_that_it_needs() -> None:
    made = plan(
        [item("new.md"), item("same.md"), item("edited.md", mtime=2)],
        [known("same.md"), known("edited.md"), known("gone.md")],
        hash_of=lambda _: "v2",
    )
    assert actions(made) == {
        "new.md": "added",
        "same.md": "unchanged",
        "edited.md": "changed",
        "gone.md": "removed",
    }
    assert made.summary() == "+1 ~1 -1, 1 unchanged"
    assert made.skipped == (("x", "hidden"),)


def test_a_file_with_the_size_and_time_seen_last_is_not_read() -> None:
    made = plan([item("a.md")], [known("a.md")], hash_of=unread)
    assert actions(made) == {"a.md": "unchanged"}
    assert made.touched == ()


def test_a_new_time_on_the_same_bytes_is_only_remembered() -> None:
    made = plan([item("a.md", mtime=2)], [known("a.md")], hash_of=lambda _: "v1")
    assert actions(made) == {"a.md": "unchanged"}
    assert [step.uri for step in made.touched] == ["a.md"]


def test_another_size_at_the_same_time_is_read() -> None:
    made = plan([item("a.md", size=11)], [known("a.md")], hash_of=lambda _: "v2")
    assert actions(made) == {"a.md": "changed"}


def test_a_changed_document_keeps_its_id() -> None:
    made = plan([item("a.md", mtime=2)], [known("a.md")], hash_of=lambda _: "v2")
    assert made.steps[0].doc_id == document_id("docs", "a.md")


def test_new_access_alone_makes_a_document_changed() -> None:
    ruled = item("a.md", access=("group:hr",))
    made = plan([ruled], [known("a.md")], ruled=frozenset({"a.md"}))
    assert actions(made) == {"a.md": "changed"}
    assert access_of(made, "a.md") == ("group:hr",)


def test_a_rule_wins_over_the_access_of_the_run() -> None:
    source = FolderSource("docs", Path("/docs"), STAFF)
    made = plan([item("a.md", access=("group:hr",))], [], source=source, ruled=frozenset({"a.md"}))
    assert access_of(made, "a.md") == ("group:hr",)


def test_without_access_given_a_known_document_keeps_who_may_read_it() -> None:
    made = plan(
        [item("a.md", mtime=2)],
        [known("a.md", access=("group:hr",))],
        default=("everyone",),
        hash_of=lambda _: "v2",
    )
    assert access_of(made, "a.md") == ("group:hr",)


def test_without_access_given_a_new_document_takes_the_default_of_its_source() -> None:
    assert access_of(plan([item("a.md")], [], default=STAFF), "a.md") == STAFF


def test_the_first_run_without_access_is_for_everyone() -> None:
    assert access_of(plan([item("a.md")], []), "a.md") == ("everyone",)


def test_access_given_for_a_run_replaces_what_is_known() -> None:
    source = FolderSource("docs", Path("/docs"), STAFF)
    made = plan([item("a.md", access=STAFF)], [known("a.md")], source=source)
    assert actions(made) == {"a.md": "changed"}
    assert access_of(made, "a.md") == STAFF


@pytest.mark.parametrize(
    ("only", "removed"),
    [
        ("hr", {"hr/gone.md"}),
        ("hr/gone.md", {"hr/gone.md"}),
        ("hr/other.md", set()),
        ("h", set()),
        ("", {"hr/gone.md", "hrx/far.md", "far.md"}),
    ],
)
def test_a_run_of_a_part_removes_nothing_outside_it(only: str, removed: set[str]) -> None:
    source = FolderSource("docs", Path("/docs"), None, only)
    made = plan([], [known("hr/gone.md"), known("hrx/far.md"), known("far.md")], source=source)
    assert {step.uri for step in made.of("removed")} == removed
    assert made.known == len(removed)


def deletion_plan(removed: int, known_count: int) -> Plan:
    steps = tuple(Planned(str(n), f"{n}.md", "removed", None) for n in range(removed))
    return Plan(SOURCE, steps, (), (), known_count)


@pytest.mark.parametrize(
    ("removed", "known_count", "refused"),
    [
        (0, 0, False),
        (0, 10, False),
        (1, 2, False),
        (3, 4, False),
        (3, 100, False),
        (1, 1, True),
        (3, 3, True),
        (4, 10, True),
        (4, 20, False),
        (20, 100, False),
        (21, 100, True),
        (100, 100, True),
    ],
)
def test_the_guard_against_mass_deletion(removed: int, known_count: int, refused: bool) -> None:
    if not refused:
        check_deletions(deletion_plan(removed, known_count), 0.2)
        return
    with pytest.raises(MassDeletionRefused) as caught:
        check_deletions(deletion_plan(removed, known_count), 0.2)
    assert f"{removed} of {known_count} documents" in str(caught.value)
    assert "--allow-mass-delete" in str(caught.value)


@given(st.sets(st.integers(0, 20)), st.sets(st.integers(0, 20)))
def test_applying_a_plan_leaves_what_the_source_holds(here: set[int], before: set[int]) -> None:
    made = plan([item(f"{n}.md") for n in sorted(here)], [known(f"{n}.md") for n in before])
    left = {f"{n}.md" for n in before}
    left -= {step.uri for step in made.of("removed")}
    left |= {step.uri for step in made.of("added")}
    assert left == {f"{n}.md" for n in here}
    assert len(made.steps) == len(here | before)


@given(st.sets(st.integers(0, 20)))
def test_planning_again_after_a_run_does_nothing(here: set[int]) -> None:
    first = plan([item(f"{n}.md") for n in here], [])
    stored = [
        KnownDocument(
            step.doc_id,
            step.uri,
            step.item.access,
            "active",
            step.item.size,
            step.item.mtime_ns,
            "v",
        )
        for step in first.steps
        if step.item is not None
    ]
    again = plan([item(f"{n}.md") for n in here], stored)
    assert {step.action for step in again.steps} <= {"unchanged"}
