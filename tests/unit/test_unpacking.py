"""Containers in a listing that need no opening: known members stand for them, and none is lost."""

from pathlib import Path

import pytest

from core.documents import SourceItem
from index.catalogue import KnownContainer, KnownDocument
from ingest.parsing_pool import ChunkerSpec, ParsingPool
from ingest.sandbox.limits import SandboxLimits
from ingest.sources.base import Failure, Listing
from ingest.sources.folder import FolderSource
from ingest.spool import Spool
from ingest.unpacking import Unpacked, Unpacker, containers_of

HR = ("group:hr",)
SOURCE = FolderSource("docs", Path("/docs"), None)


def item(uri: str, stamp: str = "1:1", access: tuple[str, ...] = ()) -> SourceItem:
    return SourceItem(uri, stamp, access, 1, f"/nowhere/{uri}")


def known(uri: str, status: str = "active") -> KnownDocument:
    return KnownDocument(f"id of {uri}", uri, HR, status, 5, f"stamp of {uri}", "v1", HR)


KNOWN = [known(uri) for uri in ("a.zip!/b.md", "a.zip!/n.zip!/c.md", "ab.zip!/d.md", "x.md")]
REMEMBERED = [
    KnownContainer("a.zip", "1:1", (), 2),
    KnownContainer("a.zip!/n.zip", "v", (), 1),
    KnownContainer("ab.zip", "1:1", (), 1),
]


def unpacked(
    listing: Listing,
    data_dir: Path,
    *,
    source: FolderSource = SOURCE,
    documents: list[KnownDocument] = KNOWN,
    retry: bool = False,
) -> Unpacked:
    """Unpack with a pool whose children never start: a container that is opened is not there."""
    spec = ChunkerSpec("/nowhere/tokenizer.json", 128, 32)
    unpacker = Unpacker(
        source=source,
        pool=ParsingPool(spec, 1, SandboxLimits(memory_mb=256, cpu_s=1, wall_s=1), 1000),
        spool=Spool(data_dir),
        known={document.uri: document for document in documents},
        remembered={container.uri: container for container in REMEMBERED},
        retry=retry,
    )
    return unpacker.unpack(listing)


def uris(found: Unpacked) -> list[str]:
    return [item.uri for item in found.listing.items]


def test_known_members_stand_for_an_unchanged_container(data_dir: Path) -> None:
    listing = Listing(tuple(item(uri) for uri in ("a.zip", "ab.zip", "x.md", "y.md")))
    found = unpacked(listing, data_dir)
    assert uris(found) == ["a.zip!/b.md", "a.zip!/n.zip!/c.md", "ab.zip!/d.md", "x.md", "y.md"]
    first = found.listing.items[0]
    assert (first.stamp, first.size, first.path) == ("stamp of a.zip!/b.md", 5, "")
    assert (found.containers, found.gone, found.listing.failed) == ((), (), {})


def test_members_are_ruled_like_their_container(data_dir: Path) -> None:
    listing = Listing((item("a.zip"), item("ab.zip")), ruled=frozenset({"ab.zip"}))
    found = unpacked(listing, data_dir)
    assert found.listing.ruled == {"ab.zip!/d.md"}


@pytest.mark.parametrize("uri", ["a.zip", "ab.zip"])
def test_a_container_that_the_source_cannot_give_keeps_its_members(
    data_dir: Path, uri: str
) -> None:
    failure = Failure("too_large", "It is too large.")
    listing = Listing((item("a.zip", "2:2"), item("ab.zip")), failed={uri: failure})
    found = unpacked(Listing(listing.items, failed={uri: failure}), data_dir)
    assert {"a.zip!/b.md", "a.zip!/n.zip!/c.md", "ab.zip!/d.md", uri} <= set(uris(found))
    assert found.listing.failed[uri] == failure
    assert found.gone == ()


def test_a_container_that_cannot_be_read_keeps_its_members(data_dir: Path) -> None:
    found = unpacked(Listing((item("a.zip", "2:2"),)), data_dir)
    assert uris(found) == ["a.zip", "a.zip!/b.md", "a.zip!/n.zip!/c.md"]
    assert found.listing.failed["a.zip"].reason == "io"
    assert found.containers == ()
    assert found.gone == ("ab.zip",)


def test_containers_that_are_gone_are_forgotten_with_all_below_them(data_dir: Path) -> None:
    found = unpacked(Listing((item("ab.zip"),)), data_dir)
    assert found.gone == ("a.zip", "a.zip!/n.zip")


def test_an_incomplete_listing_forgets_no_container(data_dir: Path) -> None:
    found = unpacked(Listing((item("ab.zip"),), problem="A folder cannot be listed."), data_dir)
    assert found.gone == ()


def test_a_run_of_a_part_forgets_no_container_outside_it(data_dir: Path) -> None:
    part = FolderSource("docs", Path("/docs"), None, "ab.zip")
    assert unpacked(Listing(()), data_dir, source=part).gone == ("ab.zip",)


def test_new_access_opens_a_container(data_dir: Path) -> None:
    ruled = Listing((item("ab.zip", access=HR),), ruled=frozenset({"ab.zip"}))
    assert unpacked(ruled, data_dir).listing.failed["ab.zip"].reason == "io"
    given = FolderSource("docs", Path("/docs"), HR)
    listing = Listing((item("ab.zip", access=HR),))
    assert unpacked(listing, data_dir, source=given).listing.failed["ab.zip"].reason == "io"


@pytest.mark.parametrize(("retry", "opened"), [(False, False), (True, True)])
def test_a_retry_opens_containers_with_a_quarantined_member(
    data_dir: Path, retry: bool, opened: bool
) -> None:
    documents = [known("a.zip!/n.zip!/c.md", "quarantined"), known("ab.zip!/d.md")]
    listing = Listing((item("a.zip"), item("ab.zip")))
    found = unpacked(listing, data_dir, documents=documents, retry=retry)
    assert ("a.zip" in found.listing.failed) == opened
    assert "ab.zip" not in found.listing.failed


@pytest.mark.parametrize(
    ("uri", "containers"),
    [
        ("deep/a.md", ["deep/a.md"]),
        ("deep/a.zip!/b.md", ["deep/a.zip", "deep/a.zip!/b.md"]),
        ("a.zip!/n.zip!/c.md", ["a.zip", "a.zip!/n.zip", "a.zip!/n.zip!/c.md"]),
    ],
)
def test_the_containers_of_a_document_are_all_that_it_lies_in(
    uri: str, containers: list[str]
) -> None:
    assert containers_of(uri) == containers
