"""The review queue: flags are looked at, decided, and turned into test cases.

A reviewer sees the flags of everybody, as far as they are about answers made from documents that this reviewer may all
read. Of the others the queue says that they are there, and how many documents somebody has to be able to read.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

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
from app.review.cause_finder import OpenParts
from app.review.deciding import Ruling, checked, decide, undo
from app.review.digest import make_items, missing_items, standing_flags
from app.review.flag_queue import Order, Queue, QueueFilter, StateFilter, read_queue
from app.review.flag_row import is_visible, row_of
from app.review.history import histories, history_of, note_in_audit
from app.review.item import ReviewItem
from app.review.locks import Lock, let_go, take
from app.review.opening import read_item
from app.review.settling import Act
from app.review.states import (
    OPEN_STATES,
    UPHELD_STATES,
    Decision,
    Labels,
    Review,
    State,
    standing_of,
)
from app.review.suggesting import CauseAgreement, cause_agreement, suggested
from app.review.verifying import reopen, require_run, verify
from app.review.wrong_sources import GroupsOf
from core.answers import Caller
from core.documents import EVERYONE
from core.errors import FootnoteError, UsageError
from core.moments import Clock, stamp, utc_now
from index.catalogue import Catalogue
from index.database import storage_errors, writing
from index.permissions import ADMIN_NAME, ANONYMOUS_NAME
from index.schema import documents, feedback


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


ChangeByRun = Callable[[Connection, Sequence[str], str, Act], tuple[str, ...]]


class ReviewDesk:
    """The flags of one data folder, for callers who may review."""

    def __init__(
        self,
        catalogue: Catalogue,
        data_dir: Path,
        clock: Clock = utc_now,
        groups_of: GroupsOf = lambda _: (),
        open_parts: OpenParts = lambda: None,
    ) -> None:
        self._catalogue = catalogue
        self._engine = catalogue.engine
        self._data_dir = data_dir
        self._clock = clock
        self._groups_of = groups_of
        self._open_parts = open_parts

    def queue(
        self,
        caller: Caller,
        state: StateFilter | None = None,
        category: str | None = None,
        channel: str | None = None,
        text: str = "",
        order: Order = "priority",
        page: int = 1,
        *,
        assignee: str = "",
    ) -> Queue:
        """Return a page of the flags that stand; `state` may be 'open' for what waits or is looked at.

        With `assignee` only those that were given to this person to decide.

        Raises:
            AccessDenied: the caller may not review.
        """
        authorize(caller, "review")
        self._meet_new_flags()
        wanted = QueueFilter(state, category, channel, text, order, assignee)
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
            row = row_of(connection, feedback_id, caller)
            item = read_item(connection, self._catalogue, caller, row, self._clock())
        found = suggested(
            self._catalogue, self._data_dir, caller, row, self._open_parts, self._groups_of
        )
        return replace(item, suggestion=found.suggestion, matrix=found.claims)

    def lock(self, feedback_id: str, caller: Caller) -> Lock:
        """Take a flag for 15 minutes, or renew that, or say who has it.

        Raises:
            AccessDenied, NotFound: as `open`.
        """
        authorize(caller, "review")
        self._meet_new_flags()
        with storage_errors(self._data_dir), writing(self._engine) as connection:
            row_of(connection, feedback_id, caller)
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
        if decision == "verify":
            raise UsageError(
                "A flag is verified by an evaluation run in which its test case passed."
            )
        labels = Labels(root_cause, severity, category, corrected_answer, corrected_source, dup_of)
        ruling = checked(Ruling(decision, labels, note, seen))
        self._meet_new_flags()
        with storage_errors(self._data_dir), writing(self._engine) as connection:
            row_of(connection, feedback_id, caller)
            if ruling.labels.dup_of:
                row_of(connection, ruling.labels.dup_of, caller)
            return decide(connection, feedback_id, ruling, self._act(caller))

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
            row_of(connection, feedback_id, caller)
            return undo(connection, feedback_id, self._act(caller))

    def triage(
        self,
        feedback_id: str,
        caller: Caller,
        *,
        priority: str = "",
        assignee: str = "",
        root_cause: str = "",
        severity: str = "",
        category: str = "",
        note: str = "",
        seen: str | None = None,
    ) -> Review:
        """Say how urgent a flag is, who should decide it, and where it probably went wrong, without deciding it.

        Raises:
            AccessDenied, NotFound: as `open`.
            UsageError: nothing is said, the flag is decided already, or as `decide`.
        """
        authorize(caller, "review")
        labels = Labels(root_cause, severity, category, priority=priority, assignee=assignee)
        ruling = checked(Ruling("triage", labels, note, seen))
        self._meet_new_flags()
        with storage_errors(self._data_dir), writing(self._engine) as connection:
            row_of(connection, feedback_id, caller)
            return decide(connection, feedback_id, ruling, self._act(caller))

    def verify(self, caller: Caller, feedback_ids: Sequence[str], run_id: str) -> tuple[str, ...]:
        """Mark those accepted or fixed flags as verified whose test case passed in an evaluation run; returns them.

        Others, and flags that the caller may not see, stay as they are.

        Raises:
            AccessDenied: the caller may not review.
            NotFound: there is no such run.
        """
        return self._by_run(caller, feedback_ids, run_id, verify)

    def reopen(self, caller: Caller, feedback_ids: Sequence[str], run_id: str) -> tuple[str, ...]:
        """Take verified or fixed flags back to accepted: they failed in an evaluation run. Returns those it changed.

        Raises:
            AccessDenied, NotFound: as `verify`.
        """
        return self._by_run(caller, feedback_ids, run_id, reopen)

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
            row_of(connection, feedback_id, caller)
            existing = live_case_of(connection, feedback_id)
        if existing:
            return existing
        check_fields(fields)
        check_evidence(self._catalogue, caller, fields)
        with storage_errors(self._data_dir), writing(self._engine) as connection:
            row_of(connection, feedback_id, caller)
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

    def cause_agreement(self, caller: Caller) -> CauseAgreement:
        """Return how often reviewers gave the cause that was suggested, over flags that the caller may see."""
        authorize(caller, "review")
        with self._engine.connect() as connection:
            return cause_agreement(connection, self._catalogue, caller)

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
                at = standing.review.created_at
                outcomes[feedback_id] = Outcome(standing.state, standing.note, at)
        return outcomes

    def _by_run(
        self, caller: Caller, feedback_ids: Sequence[str], run_id: str, change: ChangeByRun
    ) -> tuple[str, ...]:
        authorize(caller, "review")
        self._meet_new_flags()
        with storage_errors(self._data_dir), writing(self._engine) as connection:
            require_run(connection, run_id)
            visible = [each for each in feedback_ids if is_visible(connection, each, caller)]
            return change(connection, visible, run_id, self._act(caller))

    def _act(self, caller: Caller) -> Act:
        return Act(caller.name, self._clock(), self._groups_of)

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
        if state in OPEN_STATES:
            decide(connection, feedback_id, Ruling("accept", seen=seen), self._act(caller))
        elif state not in UPHELD_STATES:
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
