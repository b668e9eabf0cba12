"""The documents that were found and the order that they get: what goes into the ordering, and what comes out."""

from dataclasses import dataclass, field

from index.version_facts import VersionFacts


@dataclass(frozen=True, slots=True)
class RankedDocument:
    """A document that was found; `score` in [0, 1], that of its best hit; `text` what its hits say, if at hand."""

    doc_id: str
    score: float
    facts: VersionFacts
    text: str = ""


@dataclass(frozen=True, slots=True)
class OrderedDocument:
    """A document with its new score; `superseded_by` is the id of the next newer version that was found, or ''."""

    doc_id: str
    score: float
    superseded_by: str = ""
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ordering:
    """The same documents as were ranked, best first."""

    documents: tuple[OrderedDocument, ...]

    def scores(self) -> dict[str, float]:
        """Return the new score of each document by its id."""
        return {document.doc_id: document.score for document in self.documents}


@dataclass(frozen=True, slots=True)
class OrderingRules:
    """How strongly age counts; factors and shares in [0, 1].

    A newer version goes first when it has at least `about_share` of the older one's score and is not silent on
    what the question asks: `silent_share` of the question's words beside their names, and two at least, are in
    the older one's hits and not in its own (an update that changes one rule leaves the others as they are).
    Records of a time (reports, minutes) and files that only their modification time orders need `nearly_share`.
    The factors multiply the score of a document that is stale without a known successor, of an older page of a
    set of product documentation, and of another version or variant than asked.
    """

    about_share: float = 0.5
    nearly_share: float = 0.9
    silent_share: float = 0.5
    stale_factor: float = 0.8
    older_page_factor: float = 0.85
    not_asked_factor: float = 0.5
    later_factor: float = 0.8


@dataclass(slots=True)
class Placing:
    """A document while it is being placed."""

    facts: VersionFacts
    found_score: float
    score: float
    answering: frozenset[str] = frozenset()
    """The question's words that its hits have."""
    superseded_by: str = ""
    reasons: list[str] = field(default_factory=list)

    def lower(self, factor: float, reason: str) -> None:
        """Multiply the score by a factor below 1."""
        self.score *= factor
        self.reasons.append(reason)
