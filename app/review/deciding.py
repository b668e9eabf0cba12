"""Writes decisions: a review, the flag's state, and a line of the audit, in one commit; undo is one too."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection, select

from app.review.digest import standing_flags
from app.review.history import add_review, history_of, note_in_audit
from app.review.locks import Lock, holder
from app.review.settling import Act, settle
from app.review.states import (
    DECISIONS,
    NOTE,
    PRIORITIES,
    ROOT_CAUSES,
    SEVERITIES,
    UNDO,
    Decision,
    Labels,
    Review,
    may_follow,
    standing_of,
)
from core.errors import UsageError
from index.schema import review_items

MAX_NOTE_CHARS = 2000
MAX_CORRECTION_CHARS = 8000
MAX_SOURCE_CHARS = 500
MAX_ASSIGNEE_CHARS = 200


@dataclass(frozen=True, slots=True)
class Ruling:
    """A decision as a reviewer makes it. `seen` is `ReviewItem.seen`, None to decide whatever stands now."""

    decision: Decision
    labels: Labels = field(default_factory=Labels)
    note: str = ""
    seen: str | None = None


def checked(ruling: Ruling) -> Ruling:
    """Return a ruling that says what its decision needs.

    Raises:
        UsageError: the sentence says what is missing.
    """
    given = ruling.labels
    is_triage = ruling.decision == "triage"
    labels = Labels(
        given.root_cause,
        given.severity,
        given.category,
        given.corrected_answer.strip(),
        given.corrected_source.strip(),
        given.dup_of.strip() if ruling.decision == "duplicate" else "",
        given.priority if is_triage else "",
        given.assignee.strip().casefold() if is_triage else "",
    )
    ruling = replace(ruling, labels=labels, note=ruling.note.strip())
    if ruling.decision not in DECISIONS:
        raise UsageError(f"{ruling.decision!r} is no decision: {', '.join(DECISIONS)}.")
    for name, value, known in (
        ("root cause", labels.root_cause, ROOT_CAUSES),
        ("severity", labels.severity, SEVERITIES),
        ("priority", labels.priority, PRIORITIES),
    ):
        if value and value not in known:
            raise UsageError(f"{value!r} is no {name}: {', '.join(known)}.")
    _check_lengths(ruling)
    if ruling.decision == "reject" and not ruling.note:
        raise UsageError("Say in a note why: the person who flagged this answer reads it.")
    if ruling.decision == "correct" and not labels.corrected_answer:
        raise UsageError("Say what the right answer is, or accept the flag without a correction.")
    if ruling.decision == "duplicate" and not labels.dup_of:
        raise UsageError("Choose the flag that this one is a duplicate of.")
    if is_triage and labels == Labels() and not ruling.note:
        raise UsageError(
            "Say how urgent this flag is, who should decide it, or where it probably went wrong."
        )
    return ruling


def decide(connection: Connection, feedback_id: str, ruling: Ruling, act: Act) -> Review:
    """Store a checked ruling and return its review; the same one again changes nothing.

    Raises:
        UsageError: somebody else holds the flag or decided it since, or the decision cannot follow its state.
    """
    history = history_of(connection, feedback_id)
    again = _same(history, act.reviewer, ruling)
    if again is not None:
        return again
    _refuse_if_held(holder(connection, feedback_id, act.reviewer, act.now), act.reviewer)
    if ruling.seen is not None and ruling.seen != _last_id(history):
        raise UsageError(_changed(history[-1]) if history else _CHANGED_WORDS)
    standing = standing_of(history)
    if not may_follow(ruling.decision, standing.state):
        raise UsageError(_NOT_NOW[ruling.decision].format(state=standing.state))
    if ruling.decision == "duplicate":
        _check_duplicate(connection, feedback_id, ruling.labels.dup_of)
    review = add_review(
        connection,
        Review("", feedback_id, act.reviewer, ruling.decision, ruling.labels, ruling.note, act.at),
        history,
    )
    settle(connection, feedback_id, standing_of((*history, review)), act)
    note_in_audit(connection, act.at, act.reviewer, f"review.{ruling.decision}", feedback_id)
    return review


def undo(connection: Connection, feedback_id: str, act: Act) -> Review:
    """Take back the decision that stands, by who made it.

    Raises:
        UsageError: there is none, it is somebody else's, or somebody else holds the flag.
    """
    history = history_of(connection, feedback_id)
    last = standing_of(history).review
    if last is None:
        raise UsageError("There is no decision to take back.")
    if last.reviewer != act.reviewer:
        raise UsageError(
            f"The last decision is {last.reviewer}'s, and only they can take it back. Decide anew instead."
        )
    _refuse_if_held(holder(connection, feedback_id, act.reviewer, act.now), act.reviewer)
    review = add_review(
        connection,
        Review("", feedback_id, act.reviewer, UNDO, Labels(), "", act.at, undoes=last.review_id),
        history,
    )
    settle(connection, feedback_id, standing_of((*history, review)), act)
    note_in_audit(connection, act.at, act.reviewer, "review.undo", feedback_id)
    return review


def find_by_run(connection: Connection, feedback_id: str, ruling: Ruling, act: Act) -> bool:
    """Store what an evaluation run found, also while somebody holds the flag; return whether it changed anything."""
    history = history_of(connection, feedback_id)
    if not may_follow(ruling.decision, standing_of(history).state):
        return False
    review = add_review(
        connection,
        Review("", feedback_id, act.reviewer, ruling.decision, ruling.labels, ruling.note, act.at),
        history,
    )
    settle(connection, feedback_id, standing_of((*history, review)), act)
    note_in_audit(connection, act.at, act.reviewer, f"review.{ruling.decision}", feedback_id)
    return True


def add_note(connection: Connection, feedback_id: str, note: str, act: Act) -> None:
    """Add to a flag's history what decides nothing."""
    history = history_of(connection, feedback_id)
    add_review(
        connection, Review("", feedback_id, act.reviewer, NOTE, Labels(), note, act.at), history
    )


_NOT_NOW: Mapping[str, str] = {
    "triage": "This flag is {state} already. Decide it anew, or take the decision back first.",
    "fix": "A flag can be marked as fixed once it was accepted; this one is {state}.",
    "verify": "A flag can be verified once it was accepted; this one is {state}.",
    "reopen": "Only what is fixed or verified can be opened again; this flag is {state}.",
}
_CHANGED_WORDS = (
    "This flag was changed since you opened it. What stands now is shown; decide again."
)


def _changed(last: Review) -> str:
    said = {UNDO: "took a decision back", NOTE: "wrote a note"}
    what = said.get(last.decision, f"chose {last.decision!r}")
    return f"{last.reviewer} {what} since you opened this flag. What stands now is shown; decide again if you disagree."


def _last_id(history: tuple[Review, ...]) -> str:
    return history[-1].review_id if history else ""


def _same(history: tuple[Review, ...], reviewer: str, ruling: Ruling) -> Review | None:
    """Return the last review where it is this very ruling: a second click, or the same command again."""
    if not history:
        return None
    last = history[-1]
    theirs = (last.reviewer, last.decision, last.labels, last.note)
    is_same = theirs == (reviewer, ruling.decision, ruling.labels, ruling.note)
    is_same_opening = ruling.seen in (None, last.follows, last.review_id)
    return last if is_same and is_same_opening else None


def _refuse_if_held(lock: Lock, reviewer: str) -> None:
    if lock.held_by and lock.held_by != reviewer:
        raise UsageError(f"{lock.held_by} is at this flag since {lock.since[11:16]} UTC.")


def _check_lengths(ruling: Ruling) -> None:
    for name, text, most in (
        ("note", ruling.note, MAX_NOTE_CHARS),
        ("corrected answer", ruling.labels.corrected_answer, MAX_CORRECTION_CHARS),
        ("source of the correction", ruling.labels.corrected_source, MAX_SOURCE_CHARS),
        ("name of who should decide", ruling.labels.assignee, MAX_ASSIGNEE_CHARS),
    ):
        if len(text) > most:
            raise UsageError(f"The {name} is longer than {most:,} characters. Shorten it.")


def _check_duplicate(connection: Connection, feedback_id: str, dup_of: str) -> None:
    if dup_of == feedback_id:
        raise UsageError("A flag cannot be a duplicate of itself.")
    query = select(review_items.c.state).where(
        review_items.c.feedback_id == dup_of, review_items.c.feedback_id.in_(standing_flags())
    )
    state = connection.execute(query).scalar()
    if state is None:
        raise UsageError(f"There is no flag {dup_of!r}.")
    if state == "duplicate":
        raise UsageError(
            f"The flag {dup_of!r} is a duplicate itself. Choose the one that it is a duplicate of."
        )
