"""What a source is to an ingestion: a name, a list of items, and the bytes of each.

    Source.list ──▶ Listing(items, skipped, problem) ──▶ plan ──▶ Source.fetch(item) ──▶ parser

An item that lies on this machine carries its path; all others are fetched when the plan is applied, or were
put into the spool while listing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from core.documents import SourceItem
from core.errors import QuarantineReason
from ingest.spool import Spool


@dataclass(frozen=True, slots=True)
class Failure:
    """Why one item cannot become a document, known before it is parsed."""

    reason: QuarantineReason
    detail: str


@dataclass(frozen=True, slots=True)
class Listing:
    """What a source holds now.

    `skipped` has (uri, why) of what is no document. `ruled` are the items whose access something decided;
    the others take the source's default. `problem` says what could not be listed, '' when all was: an
    incomplete listing must not remove anything but `gone`: URIs that the source itself says are no documents
    any more. `failed` has the items that are known to be unreadable.
    """

    items: tuple[SourceItem, ...]
    skipped: tuple[tuple[str, str], ...] = ()
    ruled: frozenset[str] = frozenset()
    problem: str = ""
    warnings: tuple[str, ...] = ()
    failed: Mapping[str, Failure] = field(default_factory=dict)
    gone: frozenset[str] = frozenset()


class Source(Protocol):
    """One place where documents come from."""

    @property
    def name(self) -> str:
        """The source's identity: its name in the sources file, or a folder's full path."""

    @property
    def access(self) -> tuple[str, ...] | None:
        """Who may read what nothing else decides; None: nothing was given for this run."""

    @property
    def only(self) -> str:
        """The part of the source that this run looks at, as the start of a URI; '' is everything."""

    @property
    def asks_documents(self) -> bool:
        """Whether a document's own front matter may say who reads it."""

    def list(self, remembered: Mapping[str, str], spool: Spool) -> Listing:
        """List all items in a fixed order; `remembered` has the stamp of each known URI.

        Raises:
            SourceError: nothing can be listed.
            ConfigError: the source's configuration cannot be used.
        """

    def fetch(self, item: SourceItem, max_bytes: int) -> bytes:
        """Return the bytes of an item that has no path.

        Raises:
            ParseError: `too_large`, `access` or `io`, when this item cannot be read now.
        """
