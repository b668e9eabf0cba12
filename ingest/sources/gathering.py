"""A listing under way of a source that is no folder: what is a document, and who may read it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from core.documents import SourceItem
from core.errors import QuarantineReason
from ingest.sources.access import SIDECAR_ENDING, PathRule, PathRules, path_spec
from ingest.sources.base import Failure, Listing
from ingest.sources.tree_rules import TreeRules

if TYPE_CHECKING:
    from pathspec import PathSpec


@dataclass(slots=True)
class Gathering:
    """Collects the items of one listing; `access` is the source's default."""

    access: tuple[str, ...] | None
    rules: Sequence[PathRule] = ()
    include: Sequence[str] = ()
    exclude: Sequence[str] = ()
    tree: TreeRules | None = None
    warnings: list[str] = field(default_factory=list)
    _items: dict[str, SourceItem] = field(default_factory=dict)
    _skipped: list[tuple[str, str]] = field(default_factory=list)
    _ruled: set[str] = field(default_factory=set)
    _failed: dict[str, Failure] = field(default_factory=dict)
    _rules: PathRules = field(init=False)
    _include: "PathSpec[Any] | None" = field(init=False)
    _exclude: "PathSpec[Any] | None" = field(init=False)

    def __post_init__(self) -> None:
        self._rules = PathRules(self.rules)
        self._include = path_spec(self.include) if self.include else None
        self._exclude = path_spec(self.exclude) if self.exclude else None

    def skip(self, uri: str, why: str) -> None:
        """Note what is no document."""
        self._skipped.append((uri.encode("utf-8", "replace").decode(), why))

    def takes(self, uri: str) -> bool:
        """Return whether a path is a document's; note why when it is not. Rule files are left out silently."""
        if uri.endswith(SIDECAR_ENDING):
            return False
        why = self._reason_to_skip(uri)
        if why:
            self.skip(uri, why)
        return not why

    def add(self, item: SourceItem, access: tuple[str, ...] | None = None) -> None:
        """Take an item; `access` is who may read it where the source itself knows, before any rule.

        A second item with the same URI is skipped: one name is one document.
        """
        if item.uri in self._items:
            self.skip(item.uri, "the same name a second time")
            return
        if access is None and self.tree is not None:
            access = self.tree.access_of(item.uri)
        if access is None:
            access = self._rules.access_of(item.uri)
        if access is not None:
            self._ruled.add(item.uri)
        self._items[item.uri] = replace(
            item, access=access if access is not None else self.access or ()
        )

    def fail(self, uri: str, reason: QuarantineReason, detail: str) -> None:
        """Note that an item is known to be unreadable."""
        self._failed[uri] = Failure(reason, detail)

    def listing(self, problem: str = "") -> Listing:
        """Return the listing, its items sorted by URI."""
        return Listing(
            items=tuple(self._items[uri] for uri in sorted(self._items)),
            skipped=tuple(self._skipped),
            ruled=frozenset(self._ruled),
            problem=problem,
            warnings=(*self.warnings, *(self.tree.warnings if self.tree else ())),
            failed=self._failed,
        )

    def _reason_to_skip(self, uri: str) -> str:
        if any(ord(char) < 32 or 0xD800 <= ord(char) < 0xE000 for char in uri):
            return "the name has characters that cannot be shown; rename it"
        if any(part.startswith((".", "~$")) for part in uri.split("/")):
            return "hidden or temporary file"
        if self._exclude is not None and self._exclude.match_file(uri):
            return "excluded"
        if self._include is not None and not self._include.match_file(uri):
            return "excluded"
        if self.tree is not None and self.tree.is_ignored(uri):
            return "excluded"
        return ""
