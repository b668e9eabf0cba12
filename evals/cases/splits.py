"""Parts cases into development and test, so that no document has cases in both; pure.

Cases that share a document go together, and so do those that share one with these. A document that is in a split
stays there; a new group goes where the hash of its first document says. Cases that join documents of both splits are
'apart': used only where all cases are.
"""

import hashlib
from collections.abc import Iterable, Mapping

from evals.cases.case import Split

TEST_SHARE = 0.7
_STEPS = 10_000


def split_cases(
    documents: Mapping[str, tuple[str, ...]],
    assigned: Mapping[str, Split],
    test_share: float = TEST_SHARE,
) -> dict[str, Split]:
    """Return the split of each case; `documents` are those that a case is about, at least one each.

    `assigned` are the splits of documents that have one, 'dev' or 'test'.
    """
    groups = _Groups()
    for uris in documents.values():
        groups.join(uris)
    known: dict[str, set[Split]] = {}
    for uri, split in assigned.items():
        if groups.has(uri):
            known.setdefault(groups.of(uri), set()).add(split)
    return {
        case_id: _split(uris, groups.of(uris[0]), known, assigned, test_share)
        for case_id, uris in documents.items()
    }


def _split(
    uris: tuple[str, ...],
    group: str,
    known: Mapping[str, set[Split]],
    assigned: Mapping[str, Split],
    test_share: float,
) -> Split:
    splits = known.get(group, set())
    if len(splits) > 1:
        # The group joins what was told apart before: only what is wholly on one side can be used there.
        own = {assigned.get(uri) for uri in uris}
        only = own.pop() if len(own) == 1 else None
        return only or "apart"
    return next(iter(splits)) if splits else drawn(group, test_share)


def drawn(name: str, test_share: float = TEST_SHARE) -> Split:
    """Return the split that a name falls into, the same on every machine."""
    number = int(hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:12], 16)
    return "test" if number % _STEPS < round(test_share * _STEPS) else "dev"


class _Groups:
    """Names that belong together; a group goes by the first of its names."""

    def __init__(self) -> None:
        self._parent: dict[str, str] = {}

    def has(self, name: str) -> bool:
        return name in self._parent

    def of(self, name: str) -> str:
        while self._parent[name] != name:
            name = self._parent[name]
        return name

    def join(self, names: Iterable[str]) -> None:
        roots = set()
        for name in names:
            self._parent.setdefault(name, name)
            roots.add(self.of(name))
        if roots:
            first = min(roots)
            for root in roots:
                self._parent[root] = first
