"""Compares what a source holds with what the catalogue remembers; pure except for the hash it asks for.

A file with the size and time that were seen last is unchanged without being read. Otherwise its bytes
decide, and so does its access: who may read is part of a document.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from core.documents import EVERYONE, SourceItem, document_id
from core.errors import MassDeletionRefused
from index.catalogue import KnownDocument
from ingest.sources import FolderSource, Listing

Action = Literal["added", "changed", "removed", "unchanged"]

_ALWAYS_ALLOWED_DELETIONS = 3


@dataclass(frozen=True, slots=True)
class Planned:
    """What is to be done with one document."""

    doc_id: str
    uri: str
    action: Action
    item: SourceItem | None


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run will do to one source. `touched` are unchanged documents with a new time."""

    source: FolderSource
    steps: tuple[Planned, ...]
    touched: tuple[Planned, ...]
    skipped: tuple[tuple[str, str], ...]
    known: int

    def of(self, action: Action) -> list[Planned]:
        """Return the steps with one action."""
        return [step for step in self.steps if step.action == action]

    def summary(self) -> str:
        """Return the plan in one line, like `+3 ~1 -2, 1198 unchanged`."""
        counts = {
            action: len(self.of(action)) for action in ("added", "changed", "removed", "unchanged")
        }
        return "+{added} ~{changed} -{removed}, {unchanged} unchanged".format(**counts)


def make_plan(
    source: FolderSource,
    listing: Listing,
    known: Mapping[str, KnownDocument],
    default_access: Sequence[str],
    hash_of: Callable[[SourceItem], str],
) -> Plan:
    """Return what has to be done so that the catalogue holds what the source holds.

    `default_access` is for new documents when the run names none. `hash_of` reads a file; it is called
    only where size or time changed.
    """
    in_scope = {uri: entry for uri, entry in known.items() if _in_scope(uri, source.only)}
    steps: list[Planned] = []
    touched: list[Planned] = []
    for found in listing.items:
        item = _with_access(found, source, listing, known.get(found.uri), default_access)
        step, new_time = _step(item, known.get(item.uri), source.name, hash_of)
        steps.append(step)
        if new_time:
            touched.append(step)
    present = {item.uri for item in listing.items}
    steps.extend(
        Planned(entry.doc_id, uri, "removed", None)
        for uri, entry in sorted(in_scope.items())
        if uri not in present
    )
    return Plan(source, tuple(steps), tuple(touched), listing.skipped, len(in_scope))


def check_deletions(plan: Plan, max_share: float) -> None:
    """Refuse a plan that would remove more than a share of a source's documents.

    Raises:
        MassDeletionRefused: with the numbers and what to do.
    """
    removed = len(plan.of("removed"))
    if removed <= _ALWAYS_ALLOWED_DELETIONS and removed < plan.known:
        return
    if removed == 0 or (removed / plan.known <= max_share and removed < plan.known):
        return
    raise MassDeletionRefused(
        f"This run would remove {removed} of {plan.known} documents of {plan.source.name!r} "
        f"({removed / plan.known:.0%}, more than {max_share:.0%}). Nothing was changed. Check that the source "
        "is complete; if they are really gone, run again with --allow-mass-delete."
    )


def _with_access(
    item: SourceItem,
    source: FolderSource,
    listing: Listing,
    known: KnownDocument | None,
    default_access: Sequence[str],
) -> SourceItem:
    if item.uri in listing.ruled or source.access is not None:
        return item
    # No rule and nothing given for this run: a known document keeps who may read it, so that leaving out
    # --access never opens a document.
    access = known.access if known is not None else tuple(default_access) or (EVERYONE,)
    return replace(item, access=tuple(access))


def _step(
    item: SourceItem,
    known: KnownDocument | None,
    source: str,
    hash_of: Callable[[SourceItem], str],
) -> tuple[Planned, bool]:
    if known is None:
        return Planned(document_id(source, item.uri), item.uri, "added", item), False
    same_stamp = (item.size, item.mtime_ns) == (known.seen_size, known.seen_mtime_ns)
    same_access = item.access == known.access
    if same_access and (same_stamp or hash_of(item) == known.seen_version):
        return Planned(known.doc_id, item.uri, "unchanged", item), not same_stamp
    return Planned(known.doc_id, item.uri, "changed", item), False


def _in_scope(uri: str, only: str) -> bool:
    return not only or uri == only or uri.startswith(f"{only}/")
