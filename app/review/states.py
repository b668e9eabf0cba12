"""What can be decided about a flag, and what state that leaves it in; pure.

    new ⇄ in_review ── accept, correct ──▶ accepted ── fix ──▶ fixed
                    ├─ reject ───────────▶ rejected
                    └─ duplicate ────────▶ duplicate

Reviews are append-only. A later decision takes the place of an earlier one, and `undo` takes the last one away, so
the state of a flag is always what its reviews say; `in_review` is a flag without a decision that somebody holds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

State = Literal["new", "in_review", "accepted", "rejected", "duplicate", "fixed"]
Decision = Literal["accept", "reject", "correct", "duplicate", "fix"]
RootCause = Literal[
    "retrieval_miss",
    "packing_loss",
    "generation",
    "source_wrong",
    "acl",
    "injection",
    "none",
]
Severity = Literal["benign", "questionable", "unwanted"]

STATES: tuple[State, ...] = get_args(State)
OPEN_STATES: tuple[State, ...] = ("new", "in_review")
DECISIONS: tuple[Decision, ...] = get_args(Decision)
ROOT_CAUSES: tuple[RootCause, ...] = get_args(RootCause)
SEVERITIES: tuple[Severity, ...] = get_args(Severity)
UNDO = "undo"

_STATE_AFTER: Mapping[str, State] = {
    "accept": "accepted",
    "correct": "accepted",
    "reject": "rejected",
    "duplicate": "duplicate",
    "fix": "fixed",
}


@dataclass(frozen=True, slots=True)
class Labels:
    """What a reviewer says beside the decision; '' where nothing was said."""

    root_cause: str = ""
    severity: str = ""
    category: str = ""
    corrected_answer: str = ""
    corrected_source: str = ""
    dup_of: str = ""


@dataclass(frozen=True, slots=True)
class Review:
    """One row of a flag's history: a decision, or `undo` of the review that `undoes` names.

    `follows` is the review that stood last when this one was made, '' for the first.
    """

    review_id: str
    feedback_id: str
    reviewer: str
    decision: str
    labels: Labels
    note: str
    created_at: str
    follows: str = ""
    undoes: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """What a flag's reviews come to: its state, and the review that it rests on (None without one)."""

    state: State = "new"
    review: Review | None = None
    standing: tuple[Review, ...] = field(default=())


def standing_of(history: Sequence[Review]) -> Standing:
    """Return what the reviews of one flag, oldest first, come to."""
    stack: list[Review] = []
    for review in history:
        if review.decision == UNDO:
            stack = [kept for kept in stack if kept.review_id != review.undoes]
        else:
            stack.append(review)
    if not stack:
        return Standing()
    return Standing(_STATE_AFTER[stack[-1].decision], stack[-1], tuple(stack))


def may_follow(decision: Decision, state: State) -> bool:
    """Whether a decision can be made of a flag in a state; only what was accepted can be fixed."""
    return decision != "fix" or state == "accepted"
