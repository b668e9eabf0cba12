"""Compares what a source holds with what the catalogue remembers; pure except for the hash it asks for.

An item with the stamp that was seen last is unchanged without being read. Otherwise its bytes decide, and so
does its access: who may read is part of a document. An item with the bytes of one that is gone is that one,
moved: it keeps its identity.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from core.documents import EVERYONE, SourceItem, document_id
from core.errors import MassDeletionRefused
from index.catalogue import KnownDocument
from ingest.sources.base import Failure, Listing, Source

Action = Literal["added", "changed", "moved", "removed", "unchanged"]

_ALWAYS_ALLOWED_DELETIONS = 3


@dataclass(frozen=True, slots=True)
class Planned:
    """What is to be done with one document.

    `moved_from` is the URI it had before. `failure` says why it cannot be read, where that is known already.
    `same_version` is set where the bytes still have to be read to know whether they changed.
    """

    doc_id: str
    uri: str
    action: Action
    item: SourceItem | None
    moved_from: str = ""
    failure: Failure | None = None
    same_version: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run will do to one source.

    `touched` are unchanged documents with a new stamp. `withheld` counts the documents that were not found in
    an incomplete listing and therefore stay.
    """

    source: Source
    steps: tuple[Planned, ...]
    touched: tuple[Planned, ...]
    skipped: tuple[tuple[str, str], ...]
    known: int
    listed: int
    problem: str = ""
    warnings: tuple[str, ...] = ()
    withheld: int = 0

    def of(self, *actions: Action) -> list[Planned]:
        """Return the steps with one of these actions."""
        return [step for step in self.steps if step.action in actions]

    @property
    def changes(self) -> bool:
        """Whether applying it would change a document."""
        return any(step.action != "unchanged" for step in self.steps)

    def summary(self) -> str:
        """Return the plan in one line, like `+3 ~1 -2, 1198 unchanged`."""
        counts = {action: 0 for action in ("added", "changed", "moved", "removed", "unchanged")}
        for step in self.steps:
            counts[step.action] += 1
        moved = f", {counts['moved']} moved" if counts["moved"] else ""
        return "+{added} ~{changed} -{removed}{}, {unchanged} unchanged".format(moved, **counts)


def make_plan(
    source: Source,
    listing: Listing,
    known: Mapping[str, KnownDocument],
    default_access: Sequence[str],
    hash_of: Callable[[SourceItem], str],
    *,
    retry: bool = False,
    read_all: bool = False,
    keep_missing: bool = True,
) -> Plan:
    """Return what has to be done so that the catalogue holds what the source holds.

    `default_access` is for new documents when the run names none. `hash_of` reads a local file, and returns
    '' for any other; it is called only where the stamp changed. `retry` reads quarantined documents again, `read_all` every one.
    `keep_missing` keeps the documents that an incomplete listing did not find.
    """
    scope = {uri: entry for uri, entry in known.items() if in_scope(uri, source.only)}
    present = {item.uri for item in listing.items}
    gone = {uri: entry for uri, entry in scope.items() if uri not in present}
    items = [
        _with_access(item, source, listing, known.get(item.uri), default_access)
        for item in listing.items
    ]
    moves = {} if listing.problem else _moves(items, known, gone, hash_of)
    identities = _Identities(source.name, known)
    steps: list[Planned] = []
    touched: list[Planned] = []
    for item in items:
        before = known.get(item.uri)
        failure = listing.failed.get(item.uri)
        if item.uri in moves:
            entry = gone.pop(moves[item.uri])
            item = _with_access(item, source, listing, entry, default_access)
            steps.append(Planned(entry.doc_id, item.uri, "moved", item, moved_from=entry.uri))
        elif before is None:
            doc_id = identities.new(item.uri)
            steps.append(Planned(doc_id, item.uri, "added", item, failure=failure))
        else:
            again = read_all or (retry and before.status == "quarantined")
            step = _step(item, before, hash_of, failure, again=again)
            steps.append(step)
            if step.action == "unchanged" and item.stamp != before.seen_stamp:
                touched.append(step)
    withheld = 0
    if listing.problem and keep_missing:
        certain = {uri: entry for uri, entry in gone.items() if uri in listing.gone}
        withheld, gone = len(gone) - len(certain), certain
    steps.extend(Planned(entry.doc_id, uri, "removed", None) for uri, entry in sorted(gone.items()))
    return Plan(
        source=source,
        steps=tuple(steps),
        touched=tuple(touched),
        skipped=listing.skipped,
        known=len(scope),
        listed=len(items),
        problem=listing.problem,
        warnings=listing.warnings,
        withheld=withheld,
    )


def check_deletions(plan: Plan, max_share: float) -> None:
    """Refuse a plan that would remove more than a share of a source's documents.

    Raises:
        MassDeletionRefused: with the numbers and what to do.
    """
    removed = len(plan.of("removed"))
    if removed == 0:
        return
    if plan.listed and (removed <= _ALWAYS_ALLOWED_DELETIONS or removed / plan.known <= max_share):
        return
    why = f"more than {max_share:.0%}" if plan.listed else "it listed nothing"
    raise MassDeletionRefused(
        f"This run would remove {removed} of {plan.known} documents of {plan.source.name!r} "
        f"({removed / plan.known:.0%}, {why}). Nothing of it was changed. Check that the source is complete; "
        "if they are really gone, run again with --allow-mass-delete."
    )


def in_scope(uri: str, only: str) -> bool:
    """Say whether a URI lies in the part of a source that a run looks at."""
    return not only or uri == only or uri.startswith((f"{only}/", f"{only}!/"))


class _Identities:
    """Gives new documents ids that no other one has: a moved document still has that of its old place."""

    def __init__(self, source: str, known: Mapping[str, KnownDocument]) -> None:
        self._source = source
        self._taken = {entry.doc_id for entry in known.values()}

    def new(self, uri: str) -> str:
        found, number = document_id(self._source, uri), 1
        while found in self._taken:
            number += 1
            found = document_id(self._source, f"{uri}\x1f{number}")
        self._taken.add(found)
        return found


def _with_access(
    item: SourceItem,
    source: Source,
    listing: Listing,
    known: KnownDocument | None,
    default_access: Sequence[str],
) -> SourceItem:
    if item.uri in listing.ruled or source.access is not None:
        return item
    # No rule and nothing given for this run: a known document keeps who may read it, so that leaving out
    # --access never opens a document.
    access = known.seen_access if known is not None else tuple(default_access) or (EVERYONE,)
    return replace(item, access=tuple(access))


def _moves(
    items: Sequence[SourceItem],
    known: Mapping[str, KnownDocument],
    gone: Mapping[str, KnownDocument],
    hash_of: Callable[[SourceItem], str],
) -> dict[str, str]:
    """Return the new URI of each document that is gone and whose bytes are at a new place: {new: old}."""
    by_size: dict[int, dict[str, list[str]]] = {}
    for uri, entry in sorted(gone.items()):
        if entry.seen_version and entry.status == "active":
            versions = by_size.setdefault(entry.seen_size, {})
            versions.setdefault(entry.seen_version, []).append(uri)
    moves: dict[str, str] = {}
    for item in items:
        versions = by_size.get(item.size, {})
        if item.uri in known or not versions or not item.size:
            continue
        candidates = versions.get(hash_of(item), [])
        if candidates:
            # Of several copies, the one with the same file name is the likeliest.
            name = item.uri.rsplit("/", 1)[-1]
            old = next((uri for uri in candidates if uri.endswith(f"/{name}")), candidates[0])
            candidates.remove(old)
            moves[item.uri] = old
    return moves


def _step(
    item: SourceItem,
    known: KnownDocument,
    hash_of: Callable[[SourceItem], str],
    failure: Failure | None,
    *,
    again: bool,
) -> Planned:
    if item.access != known.seen_access or again:
        return Planned(known.doc_id, item.uri, "changed", item, failure=failure)
    if item.stamp == known.seen_stamp:
        return Planned(known.doc_id, item.uri, "unchanged", item)
    if failure is None and known.seen_version and hash_of(item) == known.seen_version:
        return Planned(known.doc_id, item.uri, "unchanged", item)
    # What is not on this machine is read when the plan is applied, and may turn out to be the same.
    same = known.seen_version if not item.path and failure is None else None
    return Planned(
        known.doc_id, item.uri, "changed", item, failure=failure, same_version=same or None
    )
