"""An answer of the past beside what the same question gives now: what changed, and why it may have.

The question is asked again with the turns that stood before it then, for the same caller and with what that caller may
read now; nothing is stored.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from core.answers import Answer, Caller
from index.catalogue import Catalogue
from index.filters import Filter
from index.permissions import may_read

SourceState = Literal["same", "changed", "gone"]


@dataclass(frozen=True, slots=True)
class ReplayedSource:
    """A document that stood in a passage then.

    `state` is 'changed' when it has another version now, 'gone' when it is not there or may not be read any more.
    """

    uri: str
    title: str
    version_then: str
    version_now: str
    state: SourceState


@dataclass(frozen=True, slots=True)
class Replay:
    """One question, answered then and now."""

    then: Answer
    now: Answer
    sources: tuple[ReplayedSource, ...]

    @property
    def is_same(self) -> bool:
        """Whether both say the same words of the same places."""
        return (self.then.text, _places(self.then)) == (self.now.text, _places(self.now))


def filters_then(trace: dict[str, Any]) -> list[Filter]:
    """Return the filters that an answer's question was kept to."""
    return [Filter(**condition) for condition in trace.get("filters", [])]


def sources_then(
    trace: dict[str, Any], catalogue: Catalogue, caller: Caller
) -> tuple[ReplayedSource, ...]:
    """Return the documents of a trace's passages as they stand now, each once."""
    found: dict[str, ReplayedSource] = {}
    passages = trace.get("passages", [])
    records = catalogue.records({passage["doc_id"] for passage in passages})
    for passage in passages:
        doc_id = passage["doc_id"]
        if doc_id in found:
            continue
        now = records.get(doc_id)
        if now is not None and not (now.chunks and may_read(caller, now.access)):
            now = None
        state: SourceState = "gone"
        if now is not None:
            state = "same" if now.version == passage["version"] else "changed"
        found[doc_id] = ReplayedSource(
            passage["uri"],
            passage.get("title") or passage["uri"],
            passage["version"],
            now.version if now else "",
            state,
        )
    return tuple(found.values())


def _places(answer: Answer) -> Sequence[tuple[str, str, int, int]]:
    return [(c.document.doc_id, c.document.version, c.start, c.end) for c in answer.citations]
