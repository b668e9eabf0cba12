"""What can be decided about a flag, and what state that leaves it in; pure.

    new ── triage ──▶ triaged ─┬─ accept, correct ──▶ accepted ── fix ──▶ fixed
                               ├─ reject ───────────▶ rejected      └─ verify ─┴─▶ verified
                               └─ duplicate ────────▶ duplicate     ◀── reopen ──┘

Reviews are append-only. A later decision takes the place of an earlier one, and `undo` takes the last one away, so
the state of a flag is always what its reviews say. `in_review` is never what they say: it is how a flag without a
decision is shown while somebody holds it. Triage is no decision: it says how urgent a flag is, whose it is and
where it probably went wrong, and a flag can be decided without it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Literal, get_args

State = Literal[
    "new", "in_review", "triaged", "accepted", "rejected", "duplicate", "fixed", "verified"
]
Decision = Literal["triage", "accept", "reject", "correct", "duplicate", "fix", "verify", "reopen"]
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
Priority = Literal["high", "medium", "low"]

STATES: tuple[State, ...] = get_args(State)
OPEN_STATES: tuple[State, ...] = ("new", "in_review", "triaged")
"""Those of flags that nobody has decided."""
UPHELD_STATES: tuple[State, ...] = ("accepted", "fixed", "verified")
"""Those of flags that were right: their test cases count."""
DECISIONS: tuple[Decision, ...] = get_args(Decision)
ROOT_CAUSES: tuple[RootCause, ...] = get_args(RootCause)
SEVERITIES: tuple[Severity, ...] = get_args(Severity)
PRIORITIES: tuple[Priority, ...] = get_args(Priority)
UNDO = "undo"
NOTE = "note"
"""A row of the history that decides nothing, like what a document's owner answers."""

_STATE_AFTER: Mapping[str, State] = {
    "triage": "triaged",
    "accept": "accepted",
    "correct": "accepted",
    "reject": "rejected",
    "duplicate": "duplicate",
    "fix": "fixed",
    "verify": "verified",
    "reopen": "accepted",
}
_MAY_FOLLOW: Mapping[str, tuple[State, ...]] = {
    "triage": OPEN_STATES,
    "fix": ("accepted",),
    "verify": ("accepted", "fixed"),
    "reopen": ("fixed", "verified"),
}
_GOES_ON = ("triage", "fix", "verify", "reopen")
"""What leaves standing what was said before: a flag that is fixed keeps its correction."""


@dataclass(frozen=True, slots=True)
class Labels:
    """What a reviewer says beside the decision; '' where nothing was said.

    `priority` and `assignee` are those of a triage: how urgent it is, and who should decide it.
    """

    root_cause: str = ""
    severity: str = ""
    category: str = ""
    corrected_answer: str = ""
    corrected_source: str = ""
    dup_of: str = ""
    priority: str = ""
    assignee: str = ""


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
    """What a flag's reviews come to: its state, and the review that it rests on (None without one).

    `labels` are what stands of everything that was said beside the decisions, and `note` is the last one that was
    written with the decision or after it.
    """

    state: State = "new"
    review: Review | None = None
    standing: tuple[Review, ...] = field(default=())
    labels: Labels = field(default_factory=Labels)
    note: str = ""


def standing_of(history: Sequence[Review]) -> Standing:
    """Return what the reviews of one flag, oldest first, come to."""
    stack: list[Review] = []
    for review in history:
        if review.decision == NOTE:
            continue
        if review.decision == UNDO:
            stack = [kept for kept in stack if kept.review_id != review.undoes]
        else:
            stack.append(review)
    if not stack:
        return Standing()
    labels, note = _labels_and_note(stack)
    return Standing(_STATE_AFTER[stack[-1].decision], stack[-1], tuple(stack), labels, note)


def _labels_and_note(stack: Sequence[Review]) -> tuple[Labels, str]:
    labels, note = Labels(), ""
    for review in stack:
        given = review.labels
        if review.decision in _GOES_ON:
            said = {name: value for name, value in asdict(given).items() if value}
            # What reviewers tell each other, and what a run found, is no word to the person who flagged.
            is_word = review.decision == "fix"
            labels, note = replace(labels, **said), review.note * is_word or note
        else:
            # A triage says what a decision leaves open; a decision says nothing of who decides when.
            kept = {
                name: getattr(given, name) or getattr(labels, name)
                for name in ("root_cause", "severity", "category", "priority", "assignee")
            }
            labels, note = replace(given, **kept), review.note
    return labels, note


def may_follow(decision: Decision, state: State) -> bool:
    """Whether a decision can be made of a flag in a state: only what was accepted is fixed, verified, opened again."""
    return state in _MAY_FOLLOW.get(decision, STATES)
