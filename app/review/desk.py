"""The review queue: flags are looked at, decided, and turned into test cases.

A reviewer sees the flags of everybody, as far as they are about answers made from documents that this reviewer may all
read. Of the others the queue says that they are there, and how many documents somebody has to be able to read.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, select

from app.authorization import authorize
from app.review.agreement import Agreement, agreement_of
from app.review.case_draft import case_draft
from app.review.case_fields import CaseFields, check_fields, tidied
from app.review.cases import (
    case_content,
    check_evidence,
    live_case_of,
    readable_lines,
    store_case,
)
from app.review.deciding import Ruling, checked, decide, undo
from app.review.digest import make_items, missing_items, standing_flags
from app.review.flag_queue import Order, Queue, QueueFilter, StateFilter, read_queue
from app.review.history import histories, history_of, note_in_audit
from app.review.item import ReviewItem
from app.review.locks import Lock, let_go, stamp, take
from app.review.opening import read_item
from app.review.states import Decision, Labels, Review, State, standing_of
from app.review.visibility import Sight, number_of_documents
from core.answers import Caller
from core.documents import EVERYONE
from core.errors import AccessDenied, FootnoteError, NotFound, UsageError
from index.catalogue import Catalogue
from index.database import storage_errors, writing
from index.permissions import ADMIN_NAME, ANONYMOUS_NAME
from index.schema import documents, feedback, review_items


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the person who flagged is told."""

    state: State
    note: str
    decided_at: str


@dataclass(frozen=True, slots=True)
class Decided:
    """One flag of several that were decided together; `problem` is '' where it was."""

    feedback_id: str
    problem: str


def _now() -> datetime:
    return datetime.now(UTC)


class ReviewDesk:
    """The flags of one data folder, for callers who may review."""

    def __init__(
        self, catalogue: Catalogue, data_dir: Path, clock: Callable[[], datetime] = _now
    ) -> None:
        self._catalogue = catalogue
        self._engine = catalogue.engine
        self._data_dir = data_dir
        self._clock = clock

    def queue(
        self,
        caller: Caller,
        state: StateFilter | None = None,
        category: str | None = None,
        channel: str | None = None,
        text: str = "",
        order: Order = "priority",
        page: int = 1,
    ) -> Queue:
        """Return a page of the flags that stand; `state` may be 'open' for what waits or is looked at.

        Raises:
            AccessDenied: the caller may not review.
        """
        authorize(caller, "review")
        self._meet_new_flags()
        wanted = QueueFilter(state, category, channel, text, order)
        with storage_errors(self._data_dir), self._engine.connect() as connection:
            return read_queue(connection, caller, wanted, page, self._clock())

    def open(self, feedback_id: str, caller: Caller) -> ReviewItem:
        """Return one flag with everything that a decision needs; it takes no lock.

        Raises:
            AccessDenied: the caller may not review, or not read all that the answer was made from.
            NotFound: there is no such flag, or who made it took it back.
        """
        authorize(caller, "review")
        self._meet_new_flags()
        with storage_errors(self._data_dir), self._engine.connect() as connection:
            row = _row(connection, feedback_id, caller)
            return read_item(connection, self._catalogue, caller, row, self._clock())

    def lock(self, feedback_id: str, caller: Caller) -> Lock:
        """Take a flag for 15 minutes, or renew that, or say who has it.

        Raises:
            AccessDenied, NotFound: as `open`.
        """
        authorize(caller, "review")
        self._meet_new_flags()
        with storage_errors(self._data_dir), writing(self._engine) as connection:
            _row(connection, feedback_id, caller)
            return take(connection, feedback_id, caller.name, self._clock())

    def release(self, feedback_id: str, caller: Caller) -> None:
        """Let a flag go; one that somebody else holds stays theirs."""
        authorize(caller, "review")
        with storage_errors(self._data_dir), writing(self._engine) as connection:
            let_go(connection, feedback_id, caller.name)

    def decide(
        self,
        feedback_id: str,
        caller: Caller,
        decision: Decision,
        *,
        root_cause: str = "",
        severity: str = "",
        category: str = "",
        note: str = "",
        corrected_answer: str = "",
        corrected_source: str = "",
        dup_of: str = "",
        seen: str | None = None,
    ) -> Review:
        """Decide a flag, or change what was decided; the same decision again changes nothing.

        Raises:
            AccessDenied, NotFound: as `open`.
            UsageError: something is missing, somebody else holds the flag, or it changed since `seen`.
        """
        authorize(caller, "review")
        labels = Labels(root_cause, severity, category, corrected_answer, corrected_source, dup_of)
        ruling = checked(Ruling(decision, labels, note, seen))
        self._meet_new_flags()
        with storage_errors(self._data_dir), writing(self._engine) as connection:
            _row(connection, feedback_id, caller)
            if ruling.labels.dup_of:
                _row(connection, ruling.labels.dup_of, caller)
            return decide(connection, feedback_id, caller.name, ruling, self._clock())

    def decide_many(
        self,
        feedback_ids: Sequence[str],
        caller: Caller,
        decision: Decision,
        *,
        note: str = "",
        dup_of: str = "",
    ) -> tuple[Decided, ...]:
        """Decide several flags the same way; what cannot be decided does not keep the others."""
        authorize(caller, "review")
        results = []
        for feedback_id in dict.fromkeys(feedback_ids):
            problem = ""
            try:
                self.decide(feedback_id, caller, decision, note=note, dup_of=dup_of)
            except FootnoteError as error:
                problem = str(error)
            results.append(Decided(feedback_id, problem))
        return tuple(results)

    def undo(self, feedback_id: str, caller: Caller) -> Review:
        """Take back one's own decision; what stood before it stands again.

        Raises:
            AccessDenied, NotFound: as `open`.
            UsageError: there is none, or it is somebody else's.
        """
        authorize(caller, "review")
        with storage_errors(self._data_dir), writing(self._engine) as connection:
            _row(connection, feedback_id, caller)
            return undo(connection, feedback_id, caller.name, self._clock())

    def case_draft(self, feedback_id: str, caller: Caller) -> CaseFields:
        """Return the test case that a flag suggests, to look over before it is saved.

        Raises:
            AccessDenied, NotFound: as `open`.
        """
        item = self.open(feedback_id, caller)
        return case_draft(item, self._as_user(item))

    def promote(
        self, feedback_id: str, caller: Caller, fields: CaseFields, seen: str | None = None
    ) -> str:
        """Make a test case of a flag and return its id; a flag that has one keeps it.

        A flag without a decision is accepted by it, in the same commit.

        Raises:
            AccessDenied, NotFound: as `open`.
            UsageError: the case could not be checked, its evidence is not there, or the flag was not accepted.
        """
        authorize(caller, "review")
        fields = tidied(fields)
        self._meet_new_flags()
        with self._engine.connect() as connection:
            _row(connection, feedback_id, caller)
            existing = live_case_of(connection, feedback_id)
        if existing:
            return existing
        check_fields(fields)
        check_evidence(self._catalogue, caller, fields)
        with storage_errors(self._data_dir), writing(self._engine) as connection:
            _row(connection, feedback_id, caller)
            return self._store_case(connection, feedback_id, caller, fields, seen)

    def case(self, case_id: str, caller: Caller) -> dict[str, Any]:
        """Return one case as an object of a case file.

        Raises:
            NotFound: it is not there, or the caller may not read what it is about.
        """
        authorize(caller, "review")
        with self._engine.connect() as connection:
            return case_content(connection, caller, case_id)

    def cases_jsonl(self, caller: Caller, dataset: str) -> str:
        """Return the cases of a dataset that the caller may read as a case file, oldest first."""
        authorize(caller, "review")
        with self._engine.connect() as connection:
            lines = readable_lines(connection, caller, dataset)
        return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)

    def agreement(self, caller: Caller) -> Agreement:
        """Return how far reviewers agree, over all flags that two of them decided."""
        authorize(caller, "review")
        with self._engine.connect() as connection:
            return agreement_of(histories(connection).values())

    def outcomes(self, caller: Caller) -> dict[str, Outcome]:
        """Return what was decided of the caller's own flags, by their id: any caller may ask this."""
        query = select(feedback.c.feedback_id).where(
            feedback.c.author == caller.name, feedback.c.feedback_id.in_(standing_flags())
        )
        with self._engine.connect() as connection:
            found = histories(connection, list(connection.scalars(query)))
        outcomes = {}
        for feedback_id, history in found.items():
            standing = standing_of(history)
            if standing.review:
                review = standing.review
                outcomes[feedback_id] = Outcome(standing.state, review.note, review.created_at)
        return outcomes

    def _store_case(
        self,
        connection: Connection,
        feedback_id: str,
        caller: Caller,
        fields: CaseFields,
        seen: str | None,
    ) -> str:
        existing = live_case_of(connection, feedback_id)
        if existing:
            return existing
        now = self._clock()
        state = standing_of(history_of(connection, feedback_id)).state
        if state == "new":
            decide(connection, feedback_id, caller.name, Ruling("accept", seen=seen), now)
        elif state not in ("accepted", "fixed"):
            raise UsageError(
                f"This flag is {state}, and only an accepted one becomes a test case. Change the decision first."
            )
        case_id = store_case(connection, fields, feedback_id, caller.name, stamp(now))
        note_in_audit(connection, stamp(now), caller.name, "case.promote", case_id)
        return case_id

    def _as_user(self, item: ReviewItem) -> str:
        """Return who has to ask for a case to find its documents: '' where everybody may read them."""
        author = item.flag.author
        if author in (ADMIN_NAME, ANONYMOUS_NAME):
            return ""
        doc_ids = {passage.doc_id for passage in item.passages}
        query = select(documents.c.access).where(documents.c.doc_id.in_(doc_ids))
        with self._engine.connect() as connection:
            lists = list(connection.scalars(query))
        return "" if all(EVERYONE in json.loads(access) for access in lists) else author

    def _meet_new_flags(self) -> None:
        """Make the queue's rows of flags that came since; reads only their snapshots."""
        with storage_errors(self._data_dir):
            with self._engine.connect() as connection:
                missing = missing_items(connection)
            if missing:
                with writing(self._engine) as connection:
                    make_items(connection, missing)


def _row(connection: Connection, feedback_id: str, caller: Caller) -> Row[Any]:
    """Return a flag's row of both tables, if the caller may see it."""
    query = (
        select(feedback, *_QUEUE_COLUMNS)
        .join(review_items, review_items.c.feedback_id == feedback.c.feedback_id)
        .where(
            feedback.c.feedback_id == feedback_id,
            feedback.c.feedback_id.in_(standing_flags()),
        )
    )
    row = connection.execute(query).first()
    if row is None:
        raise NotFound(f"There is no flag {feedback_id!r}, or who made it took it back.")
    if not Sight(caller, connection, [row.documents]).is_whole(row.documents):
        count = number_of_documents(row.documents)
        raise AccessDenied(
            f"This flag needs somebody who may read {count} {'document' if count == 1 else 'documents'} "
            "that its answer was made from."
        )
    return row


_QUEUE_COLUMNS = (
    review_items.c.state,
    review_items.c.locked_by,
    review_items.c.locked_at,
    review_items.c.question,
    review_items.c.documents,
)
