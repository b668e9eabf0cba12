"""Where a flagged answer probably went wrong: the first stage that lost what was right; pure.

    what would be right ──▶ stands in a document that the asker may not read?        acl
                        ──▶ stands in a document that was not fetched?               retrieval_miss
                        ──▶ was fetched, and left out of the prompt?                 packing_loss
                        ──▶ stood in the prompt?                                     generation
    the flagged claim   ──▶ rests on a passage that gives orders to an assistant?    injection
                        ──▶ is not what its passages say?                            generation
                        ──▶ is what its passage says, word for word?                 source_wrong

It is a suggestion: a reviewer says what it was. What would be right is known where who flagged wrote it or named its
document; without it only the claim and its passages speak.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from app.review.states import RootCause
from core.answers import Verdict

Place = Literal["packed", "left_out", "not_fetched", "not_readable"]
"""Where words that say what would be right were, seen from the answer."""


@dataclass(frozen=True, slots=True)
class Cell:
    """What one passage says of one claim; `is_verbatim` where it has the claim word for word."""

    passage: int
    verdict: Verdict
    score: float
    is_verbatim: bool = False


@dataclass(frozen=True, slots=True)
class ClaimRow:
    """A claim under the flag, as a span of the answer, with what each passage of the prompt says of it."""

    start: int
    end: int
    cells: tuple[Cell, ...]

    @property
    def is_supported(self) -> bool:
        """Whether one passage alone supports it."""
        return any(cell.verdict == "supported" for cell in self.cells)

    @property
    def is_contradicted(self) -> bool:
        """Whether a passage says otherwise, and none supports it."""
        return not self.is_supported and any(cell.verdict == "contradicted" for cell in self.cells)

    @property
    def is_verbatim(self) -> bool:
        """Whether a passage has it word for word."""
        return any(cell.is_verbatim for cell in self.cells)


@dataclass(frozen=True, slots=True)
class RightWords:
    """A passage that says what would be right; `doc_id` is its document."""

    doc_id: str
    title: str
    place: Place


@dataclass(frozen=True, slots=True)
class Facts:
    """What a cause follows from.

    `right` are the passages that say what would be right, nearest first; `is_corrected` tells whether anybody said what
    that is. `marked` are titles of cited documents whose passages give orders to an assistant.
    """

    status: str
    category: str
    claims: tuple[ClaimRow, ...]
    right: tuple[RightWords, ...] = ()
    is_corrected: bool = False
    marked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A cause with one sentence why; `doc_id` is the document that it rests on beside those of the answer, or ''."""

    cause: RootCause
    why: str
    doc_id: str = ""


_OF_PLACE: dict[Place, tuple[RootCause, str]] = {
    "packed": (
        "generation",
        "“{title}” says what would be right and stood in the prompt; the answer does not say it.",
    ),
    "left_out": (
        "packing_loss",
        "“{title}” says what would be right and was found, but left out of the prompt.",
    ),
    "not_fetched": (
        "retrieval_miss",
        "“{title}” says what would be right, and the search did not find it.",
    ),
    "not_readable": (
        "acl",
        "“{title}” says what would be right, and whoever asked may not read it.",
    ),
}
_NEAREST: tuple[Place, ...] = ("packed", "left_out", "not_fetched", "not_readable")


def suggestions(facts: Facts) -> tuple[Suggestion, ...]:
    """Return the probable causes, the likeliest first; the last one rests on the answer's own documents alone.

    Whoever may not read the document of the first has the first of those that they may: what a document says that
    somebody may not read must not be told by a suggestion either.
    """
    if facts.marked:
        titles = ", ".join(f"“{title}”" for title in facts.marked)
        return (Suggestion("injection", f"{titles} has text that gives orders to an assistant."),)
    ordered = sorted(facts.right, key=lambda words: _NEAREST.index(words.place))
    found = []
    for words in ordered:
        cause, why = _OF_PLACE[words.place]
        is_own = words.place in ("packed", "left_out")
        found.append(
            Suggestion(cause, why.format(title=words.title), "" if is_own else words.doc_id)
        )
        if is_own:
            return tuple(found)
    return (*found, _of_claims(facts))


def _of_claims(facts: Facts) -> Suggestion:
    if facts.status != "answered":
        return _of_abstention(facts)
    rows = facts.claims
    if any(row.is_contradicted for row in rows):
        return Suggestion("generation", "A passage of the prompt says something else.")
    if rows and not all(row.is_supported for row in rows):
        return Suggestion("generation", "No passage of the prompt supports what was flagged.")
    if facts.category == "wrong_source":
        return Suggestion("generation", "The words stand in another passage than the one cited.")
    if facts.is_corrected or facts.category in ("outdated", "wrong_fact"):
        if any(row.is_verbatim for row in rows):
            return Suggestion(
                "source_wrong", "The document says it word for word, and nothing says otherwise."
            )
        if facts.category == "outdated" or facts.is_corrected:
            return Suggestion("source_wrong", "The document supports what was flagged.")
    if facts.category in ("incomplete", "should_have_abstained"):
        return Suggestion(
            "generation", "The passages support the words, and the answer is not what was asked."
        )
    return Suggestion("none", "The passages support what was flagged.")


def _of_abstention(facts: Facts) -> Suggestion:
    if facts.is_corrected or facts.category in ("should_have_answered", "incomplete"):
        return Suggestion(
            "retrieval_miss",
            "Nothing that was found says what would be right, and no document does.",
        )
    return Suggestion(
        "none", "It says that the documents do not answer this, and none was found that does."
    )


def first_readable(found: Sequence[Suggestion], readable: frozenset[str]) -> Suggestion | None:
    """Return the likeliest cause whose document somebody may read; None where there is none."""
    return next((each for each in found if not each.doc_id or each.doc_id in readable), None)
