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
from ingest.sources.base import Failure, Listing
from ingest.sources.folder import FolderSource

SOURCE = FolderSource("docs", Path("/docs"), None)
STAFF = ("group:staff",)


def item(
    uri: str, mtime: int = 1, access: tuple[str, ...] = (), size: int = 10, path: str = "here"
) -> SourceItem:
    return SourceItem(uri, f"{size}:{mtime}", access, size, path and f"/docs/{uri}")


def known(
    uri: str,
    mtime: int = 1,
    access: tuple[str, ...] = ("everyone",),
    version: str = "v1",
    *,
    status: str = "active",
    source: str = "docs",
    size: int = 10,
) -> KnownDocument:
    doc_id = document_id(source, uri)
    return KnownDocument(doc_id, uri, access, status, size, f"{size}:{mtime}", version, access)


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
    retry: bool = False,
    problem: str = "",
    keep_missing: bool = True,
    gone: frozenset[str] = frozenset(),
    failed: dict[str, Failure] | None = None,
) -> Plan:
    listing = Listing(
        tuple(items), (("x", "hidden"),), ruled, problem, ("A warning.",), failed or {}, gone=gone
    )
    by_uri = {document.uri: document for document in knowns}
    return make_plan(
        source, listing, by_uri, default, hash_of, retry=retry, keep_missing=keep_missing
    )


def hashes(versions: dict[str, str]) -> Callable[[SourceItem], str]:
    return lambda item: versions[item.uri]


def actions(made: Plan) -> dict[str, str]:
    return {step.uri: step.action for step in made.steps}


def access_of(made: Plan, uri: str) -> tuple[str, ...]:
    (step,) = [step for step in made.steps if step.uri == uri]
    assert step.item is not None
    return step.item.access


def test_each_document_gets_the_action_that_it_needs() -> None:
    made = plan(
        [item("new.md"), item("same.md"), item("edited.md", mtime=2)],
        [known("same.md"), known("edited.md"), known("gone.md", version="v3")],
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
    assert made.warnings == ("A warning.",)
    assert (made.known, made.listed, made.withheld, made.changes) == (3, 3, 0, True)


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
        ("a.zip", {"a.zip!/b.md"}),
        ("h", set()),
        ("", {"hr/gone.md", "hrx/far.md", "far.md", "a.zip!/b.md"}),
    ],
)
def test_a_run_of_a_part_removes_nothing_outside_it(only: str, removed: set[str]) -> None:
    source = FolderSource("docs", Path("/docs"), None, only)
    uris = ("hr/gone.md", "hrx/far.md", "far.md", "a.zip!/b.md")
    made = plan([], [known(uri) for uri in uris], source=source)
    assert {step.uri for step in made.of("removed")} == removed
    assert made.known == len(removed)


def deletion_plan(removed: int, known_count: int, listed: int) -> Plan:
    steps = tuple(Planned(str(n), f"{n}.md", "removed", None) for n in range(removed))
    return Plan(SOURCE, steps, (), (), known_count, listed)


@pytest.mark.parametrize(
    ("removed", "known_count", "listed", "refused"),
    [
        (0, 0, 0, False),
        (0, 10, 10, False),
        (1, 2, 1, False),
        (3, 4, 1, False),
        (3, 100, 97, False),
        (1, 1, 0, True),
        (3, 3, 0, True),
        (1, 1, 1, False),
        (3, 3, 5, False),
        (4, 10, 6, True),
        (4, 10, 600, True),
        (4, 20, 16, False),
        (20, 100, 80, False),
        (21, 100, 79, True),
        (100, 100, 0, True),
    ],
)
def test_the_guard_against_mass_deletion(
    removed: int, known_count: int, listed: int, refused: bool
) -> None:
    made = deletion_plan(removed, known_count, listed)
    if not refused:
        check_deletions(made, 0.2)
        return
    with pytest.raises(MassDeletionRefused) as caught:
        check_deletions(made, 0.2)
    assert f"{removed} of {known_count} documents of 'docs'" in str(caught.value)
    assert "--allow-mass-delete" in str(caught.value)
    assert ("listed nothing" in str(caught.value)) == (listed == 0)


def test_an_incomplete_listing_withholds_every_removal() -> None:
    knowns = [known(f"{n}.md") for n in range(10)]
    made = plan([item("0.md"), item("new.md")], knowns, problem="A folder cannot be listed.")
    assert actions(made) == {"0.md": "unchanged", "new.md": "added"}
    assert (made.withheld, made.problem) == (9, "A folder cannot be listed.")
    check_deletions(made, 0.2)


def test_an_incomplete_listing_removes_what_is_known_to_be_gone() -> None:
    knowns = [known(f"{n}.md") for n in range(3)]
    gone = frozenset({"1.md", "unknown.md"})
    made = plan([item("0.md")], knowns, problem="It did not answer.", gone=gone)
    assert actions(made) == {"0.md": "unchanged", "1.md": "removed"}
    assert made.withheld == 1


def test_an_incomplete_listing_moves_nothing() -> None:
    made = plan(
        [item("new.md")], [known("old.md")], problem="No.", hash_of=hashes({"new.md": "v1"})
    )
    assert actions(made) == {"new.md": "added"}
    assert made.withheld == 1


def test_an_incomplete_listing_may_remove_when_that_is_asked_for() -> None:
    made = plan([item("0.md")], [known("0.md"), known("1.md")], problem="No.", keep_missing=False)
    assert actions(made) == {"0.md": "unchanged", "1.md": "removed"}
    assert made.withheld == 0


# --- moves ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new"), [("a.md", "b.md"), ("a.md", "deep/a.md"), ("deep/a.md", "a.md")]
)
def test_a_document_with_the_bytes_of_one_that_is_gone_is_that_one(old: str, new: str) -> None:
    made = plan([item(new, mtime=9)], [known(old)], hash_of=hashes({new: "v1"}))
    (step,) = made.steps
    assert (step.action, step.uri, step.moved_from) == ("moved", new, old)
    assert step.doc_id == document_id("docs", old)
    assert made.summary() == "+0 ~0 -0, 1 moved, 0 unchanged"
    check_deletions(made, 0.2)


def test_a_document_that_was_moved_and_edited_is_another_one() -> None:
    made = plan([item("b.md")], [known("a.md")], hash_of=hashes({"b.md": "v2"}))
    assert actions(made) == {"b.md": "added", "a.md": "removed"}


def test_a_new_file_of_another_size_is_not_read_to_look_for_moves() -> None:
    made = plan([item("b.md", size=11)], [known("a.md")], hash_of=unread)
    assert actions(made) == {"b.md": "added", "a.md": "removed"}


def test_a_copy_of_a_document_that_is_still_there_is_no_move() -> None:
    made = plan([item("a.md"), item("b.md")], [known("a.md")], hash_of=unread)
    assert actions(made) == {"a.md": "unchanged", "b.md": "added"}


def test_each_copy_that_is_gone_is_moved_once_and_to_its_own_name_first() -> None:
    knowns = [known("one/a.md"), known("one/b.md"), known("one/c.md")]
    items = [item("two/b.md"), item("two/x.md"), item("two/a.md"), item("two/y.md")]
    made = plan(items, knowns, hash_of=lambda _: "v1")
    moved = {step.uri: step.moved_from for step in made.of("moved")}
    assert moved["two/b.md"] == "one/b.md"
    assert len(moved) == len(set(moved.values())) == 3
    assert len(made.of("added")) == 1
    assert not made.of("removed")
    assert len({step.doc_id for step in made.steps}) == 4


def test_a_new_file_at_the_old_place_of_a_moved_one_gets_an_id_of_its_own() -> None:
    old = document_id("docs", "a.md")
    moved = KnownDocument(old, "b.md", ("everyone",), "active", 10, "10:1", "v1", ("everyone",))
    made = plan([item("a.md"), item("b.md")], [moved])
    steps = {step.uri: step for step in made.steps}
    assert (steps["a.md"].action, steps["b.md"].action) == ("added", "unchanged")
    assert steps["a.md"].doc_id != old
    again = plan([item("a.md"), item("b.md")], [moved])
    assert {step.uri: step.doc_id for step in again.steps} == {
        step.uri: step.doc_id for step in made.steps
    }


def test_a_quarantined_document_is_not_moved() -> None:
    bad = known("a.md", status="quarantined")
    made = plan([item("b.md")], [bad], hash_of=lambda _: "v1")
    assert actions(made) == {"b.md": "added", "a.md": "removed"}


def test_documents_without_a_known_version_or_a_size_are_not_moved() -> None:
    made = plan([item("b.md")], [known("a.md", version="")], hash_of=lambda _: "")
    assert actions(made) == {"b.md": "added", "a.md": "removed"}
    made = plan([item("b.md", size=0)], [known("a.md", size=0)], hash_of=unread)
    assert actions(made) == {"b.md": "added", "a.md": "removed"}


def test_a_document_that_left_the_part_of_a_run_is_not_moved_out_of_it() -> None:
    source = FolderSource("docs", Path("/docs"), None, "new")
    made = plan([item("new/a.md")], [known("old/a.md")], source=source, hash_of=lambda _: "v1")
    assert actions(made) == {"new/a.md": "added"}


def test_without_access_given_a_moved_document_keeps_who_may_read_it() -> None:
    made = plan(
        [item("b.md")],
        [known("a.md", access=("group:hr",))],
        default=("everyone",),
        hash_of=lambda _: "v1",
    )
    assert actions(made) == {"b.md": "moved"}
    assert access_of(made, "b.md") == ("group:hr",)


def test_a_moved_document_takes_the_rule_of_its_new_place() -> None:
    made = plan(
        [item("hr/b.md", access=("group:hr",))],
        [known("a.md")],
        ruled=frozenset({"hr/b.md"}),
        hash_of=lambda _: "v1",
    )
    assert access_of(made, "hr/b.md") == ("group:hr",)


# --- failures, retries, what is not on this machine -----------------------------------------------


@pytest.mark.parametrize(("retry", "action"), [(False, "unchanged"), (True, "changed")])
def test_only_a_retry_reads_an_unchanged_quarantined_document(retry: bool, action: str) -> None:
    bad = known("bad.md", status="quarantined")
    made = plan([item("bad.md"), item("good.md")], [bad, known("good.md")], retry=retry)
    assert actions(made) == {"bad.md": action, "good.md": "unchanged"}


def test_a_quarantined_document_is_read_again_when_it_changes() -> None:
    bad = known("a.md", status="quarantined")
    assert actions(plan([item("a.md", 2)], [bad], hash_of=lambda _: "v2")) == {"a.md": "changed"}
    assert actions(plan([item("a.md", 2)], [bad], hash_of=lambda _: "v1")) == {"a.md": "unchanged"}


def test_an_item_that_cannot_be_read_is_planned_with_its_failure() -> None:
    failure = Failure("too_large", "It is too large.")
    failed = {"a.md": failure, "b.md": failure, "c.md": failure}
    items = [item("a.md"), item("b.md"), item("c.md", 2)]
    made = plan(items, [known("b.md"), known("c.md")], failed=failed)
    assert actions(made) == {"a.md": "added", "b.md": "unchanged", "c.md": "changed"}
    assert [step.failure for step in made.of("added", "changed")] == [failure, failure]


def test_what_is_not_on_this_machine_is_compared_when_it_is_read() -> None:
    far = item("a.md", 2, path="")
    (step,) = plan([far], [known("a.md")], hash_of=lambda _: "").steps
    assert (step.action, step.same_version) == ("changed", "v1")
    (step,) = plan([item("a.md", 2)], [known("a.md")], hash_of=lambda _: "v2").steps
    assert step.same_version is None


def test_new_access_is_stored_even_where_the_bytes_are_the_same() -> None:
    far = item("a.md", 2, ("group:hr",), path="")
    (step,) = plan([far], [known("a.md")], ruled=frozenset({"a.md"})).steps
    assert (step.action, step.same_version) == ("changed", None)


def test_a_source_of_the_sources_file_that_names_nobody_is_for_nobody() -> None:
    source = FolderSource("docs", Path("/docs"), ())
    made = plan([item("a.md")], [], source=source, default=("everyone",))
    assert access_of(made, "a.md") == ()


@given(st.sets(st.integers(0, 20)), st.sets(st.integers(0, 20)))
def test_applying_a_plan_leaves_what_the_source_holds(here: set[int], before: set[int]) -> None:
    made = plan(
        [item(f"{n}.md") for n in sorted(here)],
        [known(f"{n}.md") for n in before],
        hash_of=lambda item: item.uri,
    )
    left = {f"{n}.md" for n in before}
    left -= {step.uri for step in made.of("removed")}
    left |= {step.uri for step in made.of("added")}
    assert left == {f"{n}.md" for n in here}
    assert len(made.steps) == len(here | before)


def stored(
    made: Plan, before: list[KnownDocument], versions: dict[str, str]
) -> list[KnownDocument]:
    """Return what a catalogue remembers after a plan was applied."""
    by_id = {document.doc_id: document for document in before}
    for step in made.steps:
        if step.item is None:
            del by_id[step.doc_id]
        elif step.action != "unchanged" or step in made.touched:
            entry = step.item
            by_id[step.doc_id] = KnownDocument(
                step.doc_id,
                entry.uri,
                entry.access,
                "active",
                entry.size,
                entry.stamp,
                versions[entry.uri],
                entry.access,
            )
    return list(by_id.values())


Tree = dict[str, tuple[int, int]]
"""What lies at each URI: the number of its content and of its time."""

trees: st.SearchStrategy[Tree] = st.dictionaries(
    st.sampled_from([f"{folder}{name}.md" for folder in ("", "x/", "x/y/") for name in "abc"]),
    st.tuples(st.integers(1, 4), st.integers(1, 3)),
)


@given(st.lists(trees, min_size=1, max_size=5))
def test_after_every_run_the_catalogue_is_the_tree_and_the_next_plan_is_empty(
    versions_of_a_tree: list[Tree],
) -> None:
    catalogue: list[KnownDocument] = []
    for tree in versions_of_a_tree:
        items = [
            item(uri, time, size=content % 2 + 1) for uri, (content, time) in sorted(tree.items())
        ]
        versions = {uri: f"v{content}" for uri, (content, _) in tree.items()}
        before = {document.doc_id: document for document in catalogue}
        made = plan(items, catalogue, hash_of=hashes(versions))
        for step in made.of("moved"):
            assert before[step.doc_id].seen_version == versions[step.uri]
            assert step.moved_from not in tree
        catalogue = stored(made, catalogue, versions)
        # A file with another content, and the size and time it had, cannot be told from the old one.
        assert {document.uri for document in catalogue} == set(tree)
        assert len({document.doc_id for document in catalogue}) == len(tree)
        again = plan(items, catalogue, hash_of=unread)
        assert {step.action for step in again.steps} <= {"unchanged"}
        assert again.touched == ()
