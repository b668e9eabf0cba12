"""Keeps what people say of answers: append-only, one live row for each person and each place in an answer.

A place is the whole answer, words of it, one of its citations or a passage that was found for it. A changed mind
supersedes the row before it: a thumb up takes every flag of that person on the answer back, a flag takes the bare
thumbs. Every row carries a snapshot of the whole answer and its trace, so that a flag can be replayed when the index
has moved on.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, TypeVar, cast, get_args

from sqlalchemy import Connection, Engine, Row, Select, insert, select, update

from app.shared_commit import SharedCommit
from core.answers import (
    Answer,
    Caller,
    Feedback,
    FeedbackCategory,
    FeedbackSeverity,
    FeedbackSource,
    FeedbackTarget,
    FeedbackVerdict,
)
from core.documents import text_hash
from core.errors import NotFound, UsageError
from core.ids import new_id
from index.database import storage_errors, writing
from index.schema import feedback, reviews

MAX_COMMENT_CHARS = 2000
_JUDGEMENTS = ("accept", "correct", "reject", "duplicate")
WITHDRAWN: Literal["withdrawn"] = "withdrawn"

_Word = TypeVar("_Word", bound=str | None)


@dataclass(frozen=True, slots=True)
class Remark:
    """What one person says of an answer; `span` are code points of its text, None for the whole answer.

    `target` '' stands for what the span says: the answer, a claim or other words. A citation is named by its marker in
    `target_ref`, a passage that was found by its chunk id. `source` is who speaks; see `app.feedback_desk`.
    """

    verdict: FeedbackVerdict
    category: FeedbackCategory | None = None
    comment: str = ""
    span: tuple[int, int] | None = None
    severity: FeedbackSeverity = ""
    correction: str = ""
    correction_source: str = ""
    target: FeedbackTarget | Literal[""] = ""
    target_ref: str = ""
    source: FeedbackSource = "end_user"


def span_of(start: int | None, end: int | None) -> tuple[int, int] | None:
    """Return two ends as a span, None where neither is named.

    Raises:
        UsageError: only one of them is named.
    """
    if start is None and end is None:
        return None
    if start is None or end is None:
        raise UsageError("Name both the start and the end of the words, or neither.")
    return start, end


@dataclass(frozen=True, slots=True)
class StoredFlag:
    """A live row with what its list shows: question and answer, where they stand, what a reviewer wrote."""

    feedback: Feedback
    question: str
    text: str
    conversation_id: str
    note: str


class FeedbackLog:
    """The feedback of one data folder."""

    def __init__(self, engine: Engine, data_dir: Path) -> None:
        self._engine = engine
        self._data_dir = data_dir
        self._commit = SharedCommit(engine, data_dir)

    def add(
        self, answer: Answer, trace: dict[str, Any], caller: Caller, remark: Remark, channel: str
    ) -> Feedback:
        """Store what one person says of one answer; what it takes the place of is superseded.

        Saying the same again (a double click, a second tab) returns the row that is there.

        Raises:
            UsageError: the span does not lie in the answer, or a text is too long, or nothing has that name.
        """
        given = _checked(answer, trace, caller, remark)
        stored: Feedback = self._commit.write(
            lambda connection: _store(connection, given, answer, trace, channel)
        )
        return stored

    def withdraw(self, feedback_id: str, caller: Caller) -> None:
        """Take one's own feedback back; a second time changes nothing.

        Raises:
            NotFound: it is not the caller's.
            UsageError: somebody has reviewed it already.
        """
        with storage_errors(self._data_dir), writing(self._engine) as connection:
            row = connection.execute(_one(feedback_id)).first()
            if row is None or row.author != caller.name:
                raise NotFound(f"There is no feedback {feedback_id!r} of yours.")
            if row.superseded_by is not None:
                return
            if row.status != "new":
                raise UsageError(
                    "This flag was reviewed already, so it stays. Flag the answer again instead."
                )
            _withdraw(connection, feedback_id)

    def find(self, feedback_id: str, caller: Caller) -> Feedback:
        """Return the caller's own live feedback by its id.

        Raises:
            NotFound: it is not the caller's, or not live any more.
        """
        with self._engine.connect() as connection:
            row = connection.execute(_one(feedback_id)).first()
        if row is None or row.author != caller.name or row.superseded_by is not None:
            raise NotFound(f"There is no feedback {feedback_id!r} of yours.")
        return _feedback(row)

    def live(self, answer_id: str, caller: Caller) -> Feedback | None:
        """Return the newest that the caller says of an answer now, None if nothing."""
        return next(reversed(self.all_live(answer_id, caller)), None)

    def all_live(self, answer_id: str, caller: Caller) -> Sequence[Feedback]:
        """Return everything that the caller says of an answer now, the oldest first."""
        with self._engine.connect() as connection:
            return [_feedback(row) for row in connection.execute(_live(answer_id, caller.name))]

    def flags(self, caller: Caller, limit: int) -> list[StoredFlag]:
        """Return the caller's own live flags, the newest first; a bare thumb is none."""
        query = (
            select(feedback)
            .where(
                feedback.c.author == caller.name,
                feedback.c.superseded_by.is_(None),
                feedback.c.category.is_not(None),
            )
            .order_by(feedback.c.created_at.desc(), feedback.c.feedback_id.desc())
            .limit(limit)
        )
        with self._engine.connect() as connection:
            rows = connection.execute(query).all()
            notes = _notes(connection, [row.feedback_id for row in rows])
        return [_stored_flag(row, notes) for row in rows]

    def list(self, caller: Caller, status: str | None = None) -> list[dict[str, Any]]:
        """Return live feedback, the newest first; the caller's own, or all for the administrator."""
        query = select(feedback).where(feedback.c.superseded_by.is_(None))
        if not caller.is_admin:
            query = query.where(feedback.c.author == caller.name)
        if status is not None:
            query = query.where(feedback.c.status == status)
        with self._engine.connect() as connection:
            rows = connection.execute(query.order_by(feedback.c.feedback_id.desc())).all()
        return [_listed(row) for row in rows]


def _store(
    connection: Connection,
    given: Feedback,
    answer: Answer,
    trace: dict[str, Any],
    channel: str,
) -> Feedback:
    """Store what is new, in the place of what it supersedes; returns what stands."""
    before = [_feedback(row) for row in connection.execute(_live(answer.answer_id, given.author))]
    same = next((row for row in before if _says_the_same(row, given)), None)
    if same is not None:
        return same
    replaced = [row.feedback_id for row in before if _gives_way(row, given)]
    if replaced:
        connection.execute(
            update(feedback)
            .where(feedback.c.feedback_id.in_(replaced))
            .values(superseded_by=given.feedback_id)
        )
    snapshot = json.dumps({"answer": asdict(answer), "trace": trace}, ensure_ascii=False)
    connection.execute(
        insert(feedback).values(
            **asdict(given), idem_key=_idem_key(given), channel=channel, snapshot=snapshot
        )
    )
    return given


def _one(feedback_id: str) -> Select[Any]:
    return select(feedback).where(feedback.c.feedback_id == feedback_id)


def _live(answer_id: str, author: str) -> Select[Any]:
    return (
        select(feedback)
        .where(
            feedback.c.answer_id == answer_id,
            feedback.c.author == author,
            feedback.c.superseded_by.is_(None),
        )
        .order_by(feedback.c.created_at, feedback.c.feedback_id)
    )


def _withdraw(connection: Connection, feedback_id: str) -> None:
    connection.execute(
        update(feedback)
        .where(feedback.c.feedback_id == feedback_id)
        .values(superseded_by=WITHDRAWN)
    )


def _notes(connection: Connection, feedback_ids: Sequence[str]) -> dict[str, str]:
    """Return what the reviewer's decision that stands says to who flagged; see `app.review.states.Standing`."""
    query = (
        select(reviews).where(reviews.c.feedback_id.in_(feedback_ids)).order_by(reviews.c.review_id)
    )
    standing: dict[str, dict[str, Row[Any]]] = {}
    for row in connection.execute(query):
        stack = standing.setdefault(row.feedback_id, {})
        if row.decision == "undo":
            stack.pop(json.loads(row.labels).get("undoes", ""), None)
        elif row.decision in (*_JUDGEMENTS, "fix"):
            stack[row.review_id] = row
    notes: dict[str, str] = {}
    for feedback_id, stack in standing.items():
        for row in stack.values():
            is_kept = row.decision == "fix" and not row.note
            notes[feedback_id] = notes.get(feedback_id, "") if is_kept else row.note
    return notes


def _idem_key(given: Feedback) -> str:
    return text_hash(f"{given.author}\x1f{given.answer_id}\x1f{_place(given)}")


def _place(given: Feedback) -> str:
    words = "verdict" if given.start is None else f"{given.start}-{given.end}"
    return f"{words}:{given.target}:{given.target_ref}" if _is_of_a_source(given) else words


def _is_of_a_source(given: Feedback) -> bool:
    return given.target in ("citation", "passage")


def _says_the_same(before: Feedback, given: Feedback) -> bool:
    return given == replace(
        before,
        feedback_id=given.feedback_id,
        created_at=given.created_at,
        status=given.status,
        root_cause=given.root_cause,
        dup_of=given.dup_of,
    )


def _gives_way(before: Feedback, given: Feedback) -> bool:
    """Whether what was said before cannot stand beside what is said now."""
    if _place(before) == _place(given):
        return True
    goods = [one for one in (before, given) if one.verdict == "good"]
    if goods:
        # That one source is right says nothing of the answer.
        return not any(_is_of_a_source(one) for one in goods)
    is_bare_thumb = before.category is None and not before.comment and before.start is None
    return is_bare_thumb and not _is_of_a_source(before)


def _checked(answer: Answer, trace: dict[str, Any], caller: Caller, remark: Remark) -> Feedback:
    _check_lengths(remark)
    span = remark.span
    if span is not None and not 0 <= span[0] < span[1] <= len(answer.text):
        raise UsageError(
            f"The words from {span[0]} to {span[1]} are not in the answer, "
            f"which has {len(answer.text)} characters."
        )
    return Feedback(
        feedback_id=new_id(),
        answer_id=answer.answer_id,
        author=caller.name,
        verdict=_one_of(remark.verdict, get_args(FeedbackVerdict)),
        category=_one_of(remark.category, (None, *get_args(FeedbackCategory))),
        comment=remark.comment.strip(),
        created_at=datetime.now(UTC).isoformat(timespec="milliseconds"),
        start=span[0] if span else None,
        end=span[1] if span else None,
        selected_text=answer.text[span[0] : span[1]] if span else "",
        severity=_one_of(remark.severity, get_args(FeedbackSeverity)),
        correction=remark.correction.strip(),
        correction_source=remark.correction_source.strip(),
        target=_checked_target(answer, trace, remark),
        target_ref=remark.target_ref,
        source=_one_of(remark.source, get_args(FeedbackSource)),
    )


def _checked_target(answer: Answer, trace: dict[str, Any], remark: Remark) -> FeedbackTarget:
    """Return what is meant, where the answer and its trace have it."""
    by_span = _target(remark.span, ((claim.start, claim.end) for claim in answer.claims))
    target = _one_of(remark.target or by_span, get_args(FeedbackTarget))
    if target == "citation":
        known = {str(citation.marker) for citation in answer.citations}
        if remark.target_ref not in known:
            raise UsageError(f"This answer has no source [{remark.target_ref}].")
    elif target == "passage":
        found = (*trace.get("passages", ()), *trace.get("hits", ()))
        if remark.target_ref not in {entry.get("chunk_id") for entry in found}:
            raise UsageError(f"No passage {remark.target_ref!r} was found for this answer.")
    elif remark.target_ref or target != by_span:
        raise UsageError(
            f"These words are not a {target} of the answer: they are {by_span!r}. Leave the target out, or name a "
            "citation by its marker or a passage by its id."
        )
    return target


def _check_lengths(remark: Remark) -> None:
    texts = {
        "comment": remark.comment,
        "correction": remark.correction,
        "place of the correction": remark.correction_source,
    }
    for name, text in texts.items():
        if len(text) > MAX_COMMENT_CHARS:
            raise UsageError(
                f"The {name} is longer than {MAX_COMMENT_CHARS:,} characters. Shorten it."
            )


def _one_of(word: _Word, words: tuple[str | None, ...]) -> _Word:
    # What a browser sends is not held to the words that the page offered.
    if word not in words:
        raise UsageError(
            f"There is no {word!r} to choose. Choose one of the words that are offered."
        )
    return word


def _target(span: tuple[int, int] | None, claims: Iterable[tuple[int, int]]) -> FeedbackTarget:
    if span is None:
        return "answer"
    return "claim" if span in claims else "span"


def _stored_target(row: Row[Any], snapshot: dict[str, Any] | None) -> FeedbackTarget:
    if row.target in get_args(FeedbackTarget):
        return cast(FeedbackTarget, row.target)
    # A row of before there were targets: what it is about follows from the span.
    span = None if row.start is None else (row.start, row.end)
    if span is None:
        return "answer"
    claims = (_snapshot(row) if snapshot is None else snapshot).get("answer", {}).get("claims", ())
    return _target(span, ((claim["start"], claim["end"]) for claim in claims))


def _snapshot(row: Row[Any]) -> dict[str, Any]:
    """Return what was stored with a row; {} where that is damaged, so that it hides no other row."""
    try:
        stored = json.loads(row.snapshot)
    except ValueError:
        return {}
    return stored if isinstance(stored, dict) and isinstance(stored.get("answer"), dict) else {}


def _feedback(row: Row[Any], snapshot: dict[str, Any] | None = None) -> Feedback:
    return Feedback(
        feedback_id=row.feedback_id,
        answer_id=row.answer_id,
        author=row.author,
        verdict=row.verdict,
        category=row.category,
        comment=row.comment,
        created_at=row.created_at,
        start=row.start,
        end=row.end,
        selected_text=row.selected_text,
        status=row.status,
        severity=row.severity,
        correction=row.correction,
        correction_source=row.correction_source,
        root_cause=row.root_cause,
        dup_of=row.dup_of,
        target=_stored_target(row, snapshot),
        target_ref=row.target_ref,
        source=row.source,
    )


def _stored_flag(row: Row[Any], notes: dict[str, str]) -> StoredFlag:
    snapshot = _snapshot(row)
    shown = snapshot.get("answer", {})
    return StoredFlag(
        _feedback(row, snapshot),
        shown.get("question", ""),
        shown.get("text", ""),
        shown.get("conversation_id", ""),
        notes.get(row.feedback_id, ""),
    )


def _listed(row: Row[Any]) -> dict[str, Any]:
    snapshot = _snapshot(row)
    shown = snapshot.get("answer", {})
    fields = asdict(_feedback(row, snapshot))
    return {
        "id": fields.pop("feedback_id"),
        **fields,
        "channel": row.channel,
        "question": shown.get("question", ""),
        "answer": shown.get("text", ""),
        "trace_id": shown.get("trace_id", ""),
        "snapshot": snapshot,
    }
