"""Replaces containers in a listing by their members, so that a plan names every document.

    reports.zip           ──▶ reports.zip!/q1.pdf, reports.zip!/q2.pdf       (an archive is no document)
    offer.eml             ──▶ offer.eml, offer.eml!/price-list.xlsx          (a mail is one)

A container with the stamp of last time is not opened: its known members stand for it. One that cannot be
opened any more keeps the members of its last good version, and is reported itself.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from core.documents import SourceItem, content_version
from core.errors import ParseError
from core.log import get_logger
from index.catalogue import KnownContainer, KnownDocument
from ingest.containers.registry import is_container, is_pure_container
from ingest.parsing_pool import ParsingPool, UnreadableMember
from ingest.planning import in_scope
from ingest.sources.base import Failure, Listing, Source
from ingest.spool import Spool

_log = get_logger(__name__)

SEPARATOR = "!/"
_MAX_DEPTH = 3


def containers_of(uri: str) -> list[str]:
    """Return the URIs of the containers that a document lies in, and its own: it may be one, like a mail."""
    parts = uri.split(SEPARATOR)
    return [SEPARATOR.join(parts[: depth + 1]) for depth in range(len(parts))]


@dataclass(frozen=True, slots=True)
class Unpacked:
    """A listing with members instead of containers, and what to remember when they are stored."""

    listing: Listing
    containers: tuple[KnownContainer, ...]
    gone: tuple[str, ...]


@dataclass(slots=True)
class Unpacker:
    """Unpacks the changed containers of one listing."""

    source: Source
    pool: ParsingPool
    spool: Spool
    known: Mapping[str, KnownDocument]
    remembered: Mapping[str, KnownContainer]
    retry: bool = False
    read_all: bool = False
    _items: list[SourceItem] = field(default_factory=list)
    _failed: dict[str, Failure] = field(default_factory=dict)
    _ruled: set[str] = field(default_factory=set)
    _containers: list[KnownContainer] = field(default_factory=list)
    _warnings: list[str] = field(default_factory=list)
    _present: set[str] = field(default_factory=set)
    _listed: set[str] = field(default_factory=set)
    _below: dict[str, list[str]] | None = None

    def unpack(self, listing: Listing) -> Unpacked:
        """Return the listing with members instead of containers."""
        self._failed.update(listing.failed)
        for item in listing.items:
            is_ruled = item.uri in listing.ruled
            if not is_container(item.name or item.uri):
                self._add(item, is_ruled=is_ruled)
            elif item.uri in listing.failed:
                self._present.add(item.uri)
                self._fail(item, listing.failed[item.uri], is_ruled=is_ruled)
            else:
                self._container(item, is_ruled=is_ruled, depth=1)
        whole = replace(
            listing,
            items=tuple(self._items),
            ruled=frozenset(self._ruled),
            failed=self._failed,
            warnings=(*listing.warnings, *self._warnings),
        )
        gone = tuple(
            uri
            for uri in self.remembered
            if in_scope(uri, self.source.only) and uri not in self._present
        )
        return Unpacked(whole, tuple(self._containers), () if listing.problem else gone)

    def _add(self, item: SourceItem, *, is_ruled: bool) -> None:
        self._items.append(item)
        self._listed.add(item.uri)
        if is_ruled:
            self._ruled.add(item.uri)

    def _container(self, item: SourceItem, *, is_ruled: bool, depth: int) -> None:
        self._present.add(item.uri)
        name = item.name or item.uri
        if self._failed_before(item, name):
            self._add(item, is_ruled=is_ruled)
            self._add_known(item, is_ruled=is_ruled)
            return
        if self._is_unchanged(item, is_ruled=is_ruled):
            self._add_known(item, is_ruled=is_ruled)
            if not is_pure_container(name):
                self._add(item, is_ruled=is_ruled)
            return
        if not is_pure_container(name):
            self._add(item, is_ruled=is_ruled)
        try:
            members, is_whole = self._members(item)
        except ParseError as error:
            if is_pure_container(name):
                self._fail(item, Failure(error.reason, error.detail), is_ruled=is_ruled)
            else:
                self._warnings.append(
                    f"The attachments of {item.uri!r} cannot be unpacked: {error.detail}"
                )
                self._add_known(item, is_ruled=is_ruled)
            return
        for member, failure in members:
            self._member(member, failure, is_ruled=is_ruled, depth=depth)
        if not is_whole:
            self._add_known(item, is_ruled=is_ruled)
        self._containers.append(KnownContainer(item.uri, item.stamp, item.access, len(members)))

    def _member(
        self, member: SourceItem, failure: Failure | None, *, is_ruled: bool, depth: int
    ) -> None:
        if failure is not None:
            self._fail(member, failure, is_ruled=is_ruled)
        elif not is_container(member.uri):
            self._add(member, is_ruled=is_ruled)
        elif depth < _MAX_DEPTH:
            self._container(member, is_ruled=is_ruled, depth=depth + 1)
        else:
            detail = f"Archives are nested more than {_MAX_DEPTH} deep."
            self._fail(member, Failure("archive_bomb", detail), is_ruled=is_ruled)

    def _is_unchanged(self, item: SourceItem, *, is_ruled: bool) -> bool:
        before = self.remembered.get(item.uri)
        if before is None or before.stamp != item.stamp or self.read_all:
            return False
        if (is_ruled or self.source.access is not None) and before.access != item.access:
            return False  # the members have to be read again to be stored with the new access
        members = self._known_members().get(item.uri, ())
        return not self.retry or all(self.known[uri].status == "active" for uri in members)

    def _failed_before(self, item: SourceItem, name: str) -> bool:
        known = self.known.get(item.uri)
        is_the_same = known is not None and known.seen_stamp == item.stamp
        return is_the_same and is_pure_container(name) and not self.retry

    def _fail(self, item: SourceItem, failure: Failure, *, is_ruled: bool) -> None:
        self._failed[item.uri] = failure
        self._add(item, is_ruled=is_ruled)
        self._add_known(item, is_ruled=is_ruled)

    def _add_known(self, container: SourceItem, *, is_ruled: bool) -> None:
        """List the members that are known from the last time the container was opened."""
        listed = self._listed
        for uri in self._known_members().get(container.uri, ()):
            if uri not in listed:
                known = self.known[uri]
                member = SourceItem(uri, known.seen_stamp, container.access, known.seen_size)
                self._add(member, is_ruled=is_ruled)
        prefix = container.uri + SEPARATOR
        self._present.update(uri for uri in self.remembered if uri.startswith(prefix))

    def _known_members(self) -> dict[str, list[str]]:
        """Return the known URIs below each container, nested ones under all of theirs; made once."""
        if self._below is None:
            self._below = {}
            for uri in self.known:
                place = uri.find(SEPARATOR)
                while place >= 0:
                    self._below.setdefault(uri[:place], []).append(uri)
                    place = uri.find(SEPARATOR, place + 1)
        return self._below

    def _members(
        self, container: SourceItem
    ) -> tuple[list[tuple[SourceItem, Failure | None]], bool]:
        """Return a container's members, each with why it cannot be read, if it cannot; and whether they are all.

        Raises:
            ParseError: the container cannot be unpacked as a whole.
        """
        started = time.monotonic()
        content = self.pool.read(container, self.source)
        members: list[tuple[SourceItem, Failure | None]] = []
        is_whole = True
        for member in self.pool.expand(container.name or container.uri, content):
            uri = f"{container.uri}{SEPARATOR}{member.name}"
            if isinstance(member, UnreadableMember):
                members.append((SourceItem(uri, container.stamp, container.access), member.failure))
                is_whole = is_whole and not member.is_rest
                continue
            item = SourceItem(
                uri=uri,
                stamp=content_version(member.content),
                access=container.access,
                size=len(member.content),
                path=self.spool.write(member.content),
                updated_at=member.modified or container.updated_at,
            )
            members.append((item, None))
        read_ms = round(1000 * (time.monotonic() - started))
        _log.debug("container_unpacked", uri=container.uri, members=len(members), read_ms=read_ms)
        return members, is_whole
