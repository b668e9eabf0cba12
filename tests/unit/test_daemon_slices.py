"""A large plan is applied in parts: each step once, removals first, containers last."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from core.documents import SourceItem
from index.catalogue import KnownContainer
from ingest.daemon import slices
from ingest.daemon.slices import Slice, slices_of
from ingest.parsing_pool import Outcome, SameFile
from ingest.pipeline import SourcePlan
from ingest.planning import Action, Plan, Planned, check_deletions
from ingest.run import Planning
from ingest.sources.base import Source
from ingest.sources.folder import FolderSource

SOURCE = FolderSource("docs", Path("/nowhere"), None)
CONTAINER = KnownContainer("a.zip", "1", (), 1)


def step(number: int, action: Action) -> Planned:
    uri = f"{number}.md"
    return Planned(uri, uri, action, SourceItem(uri, "1", ("everyone",)))


@dataclass
class Reader:
    """Every file turns out to be unchanged."""

    read: int = 0

    def parse_all(self, steps: Sequence[Planned], source: Source) -> Iterator[Outcome]:
        for entry in steps:
            self.read += 1
            yield SameFile(entry)


def planning(counts: dict[Action, int]) -> Planning:
    actions = [action for action, count in counts.items() for _ in range(count)]
    steps = [step(number, action) for number, action in enumerate(actions)]
    touched = tuple(entry for entry in steps if entry.action == "unchanged")
    plan = Plan(SOURCE, tuple(steps), touched, (), known=10_000, listed=len(steps), warnings=("w",))
    return Planning((SourcePlan(plan, (CONTAINER,), ("b.zip",)),))


def plans(parts: Sequence[Slice]) -> list[Plan]:
    return [part.planning.plans[0].plan for part in parts]


@pytest.mark.parametrize("added", [0, 1, 999, 1000, 1001, 2500])
def test_every_step_is_in_one_slice_with_its_outcome(added: int) -> None:
    whole = planning({"unchanged": 5, "added": added, "removed": 3})
    parts = list(slices_of(whole, Reader()))
    assert len(parts) == max(1, -(-added // 1000))
    steps = [entry for plan in plans(parts) for entry in plan.steps]
    assert Counter(steps) == Counter(whole.plans[0].plan.steps)
    for part, plan in zip(parts, plans(parts), strict=True):
        reads = plan.of("added", "changed", "moved")
        assert [outcome.step for outcome in part.parse_all(reads, SOURCE)] == reads


def test_removals_come_first_and_containers_are_remembered_last() -> None:
    parts = list(
        slices_of(planning({"changed": 1, "removed": 3, "unchanged": 2, "added": 2000}), Reader())
    )
    assert [len(plan.of("removed", "unchanged")) for plan in plans(parts)] == [5, 0, 0]
    assert [len(plan.touched) for plan in plans(parts)] == [2, 0, 0]
    assert [len(plan.warnings) for plan in plans(parts)] == [1, 0, 0]
    kept = [
        (part.planning.plans[0].containers, part.planning.plans[0].gone_containers)
        for part in parts
    ]
    assert kept == [((), ()), ((), ()), ((CONTAINER,), ("b.zip",))]


def test_the_deletion_guard_sees_the_same_numbers_in_a_slice() -> None:
    (first, *_) = plans(list(slices_of(planning({"removed": 2000, "added": 1500}), Reader())))
    check_deletions(first, 0.2)
    with pytest.raises(Exception, match="2000 of 10000"):
        check_deletions(first, 0.19)


def test_a_slice_is_read_only_when_the_one_before_is_stored() -> None:
    reader = Reader()
    parts = slices_of(planning({"added": 3000}), reader)
    next(parts)
    assert reader.read == 1000


def test_a_slow_source_is_stored_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slices, "_SLICE_SECONDS", 0.0)
    assert len(list(slices_of(planning({"added": 4}), Reader()))) == 4
