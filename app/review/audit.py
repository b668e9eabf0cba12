"""A random sample of answers beside the flags: how many are wrong, and how many of those did anybody flag?

Of each ISO week some answers are drawn, uniformly over all that people got then and that are shown, whether anybody
flagged them or not: without the flagged ones the rate of flags could not be judged. The week is the seed, so that a
draw is the same whoever makes it. Reviewers say of each whether it is right; of two who do, the agreement is known.
"""

import json
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal, get_args

from sqlalchemy import Connection, insert, select

from app.authorization import authorize
from app.review.audit_figures import AuditFigures, figures_of, labels_of, week_days, week_of
from app.review.digest import documents_of
from app.review.history import note_in_audit
from app.review.item import EvidencePassage, evidence_passages
from app.review.visibility import Sight, number_of_documents
from app.stored_answers import answer_from_json
from core.answers import Answer, Caller, FeedbackCategory
from core.errors import AccessDenied, NotFound, UsageError
from core.ids import new_id
from core.moments import Clock, stamp, utc_now
from index.catalogue import Catalogue
from index.database import storage_errors, writing
from index.schema import answers, audit_labels, audit_sample

AuditVerdict = Literal["right", "wrong", "unsure"]
MAX_DRAWN = 500
MAX_NOTE_CHARS = 2000


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """An answer of the sample as it is listed.

    `mine` is what the caller said of it, '' for nothing yet; `labels` is how many people did. `restricted` is the number
    of documents it was made from where the caller may not read them all, else 0; such an entry has no question.
    """

    answer_id: str
    period: str
    question: str
    status: str
    mine: str
    labels: int
    restricted: int


@dataclass(frozen=True, slots=True)
class AuditAnswer:
    """An answer of the sample as it is opened, with the passages that it was made from."""

    entry: AuditEntry
    answer: Answer
    passages: tuple[EvidencePassage, ...]
    category: str
    note: str


class AuditDesk:
    """The audit samples of one data folder, for callers who may review."""

    def __init__(self, catalogue: Catalogue, data_dir: Path, now: Clock = utc_now) -> None:
        self._engine = catalogue.engine
        self._data_dir = data_dir
        self._now = now

    def draw(self, caller: Caller, count: int = 20, period: str = "") -> str:
        """Draw so many answers of an ISO week, the last whole one unless another is named; returns the week.

        A week that was drawn of before is filled up to `count`.

        Raises:
            AccessDenied: the caller may not review.
            UsageError: the week is no ISO week, is not over, or the number is out of range.
        """
        authorize(caller, "review")
        if not 1 <= count <= MAX_DRAWN:
            raise UsageError(f"Between 1 and {MAX_DRAWN} answers can be drawn.")
        now = self._now()
        week = period or week_of(now.date() - timedelta(days=7))
        first, last = week_days(week)
        if last > now.date():
            raise UsageError(f"The week {week} is not over yet. Draw of it when it is.")
        with storage_errors(self._data_dir), writing(self._engine) as connection:
            query = select(answers.c.answer_id).where(
                answers.c.created_at >= first.isoformat(),
                answers.c.created_at < last.isoformat(),
                answers.c.replaced_by == "",
            )
            drawn = sorted(connection.scalars(query), key=lambda each: _lot(week, each))[:count]
            known = set(
                connection.scalars(
                    select(audit_sample.c.answer_id).where(audit_sample.c.period == week)
                )
            )
            missing = [answer_id for answer_id in drawn if answer_id not in known]
            for answer_id in missing:
                _add(connection, answer_id, week, caller.name, stamp(now))
            if missing:
                note_in_audit(connection, stamp(now), caller.name, "audit.draw", week)
        return week

    def list(
        self, caller: Caller, period: str = "", *, unlabelled: bool = False
    ) -> list[AuditEntry]:
        """Return the sample in the order of its lots, newest week first; `unlabelled` leaves out what one labelled."""
        authorize(caller, "review")
        with storage_errors(self._data_dir), self._engine.connect() as connection:
            entries = _entries(connection, caller, period)
        return [entry for entry in entries if not (unlabelled and (entry.mine or entry.restricted))]

    def open(self, caller: Caller, answer_id: str) -> AuditAnswer:
        """Return one answer of the sample with what it was made from.

        Raises:
            NotFound: it was not drawn, or is gone.
            AccessDenied: the caller may not review, or not read all that it was made from.
        """
        authorize(caller, "review")
        with storage_errors(self._data_dir), self._engine.connect() as connection:
            _require(connection, caller, answer_id)
            (entry,) = _entries(connection, caller, "", answer_id)
            query = select(answers.c.answer, answers.c.trace).where(
                answers.c.answer_id == answer_id
            )
            row = connection.execute(query).one()
            labels = [
                each for each in labels_of(connection, [answer_id]) if each.reviewer == caller.name
            ]
        answer = answer_from_json(row.answer)
        mine = labels[-1] if labels else None
        return AuditAnswer(
            entry,
            answer,
            evidence_passages(answer, json.loads(row.trace)),
            mine.category if mine else "",
            mine.note if mine else "",
        )

    def label(
        self, caller: Caller, answer_id: str, verdict: str, category: str = "", note: str = ""
    ) -> None:
        """Say whether an answer is right; the same again changes nothing, something else counts instead.

        Raises:
            NotFound, AccessDenied: as `open`.
            UsageError: the verdict or category is none, or the note is too long.
        """
        authorize(caller, "review")
        _check_label(verdict, category, note)
        with storage_errors(self._data_dir), writing(self._engine) as connection:
            _require(connection, caller, answer_id)
            before = [
                each for each in labels_of(connection, [answer_id]) if each.reviewer == caller.name
            ]
            said = (verdict, category, note.strip())
            if before and (before[-1].verdict, before[-1].category, before[-1].note) == said:
                return
            at = stamp(self._now())
            connection.execute(
                insert(audit_labels).values(
                    label_id=new_id(),
                    answer_id=answer_id,
                    reviewer=caller.name,
                    verdict=verdict,
                    category=category,
                    note=note.strip(),
                    created_at=at,
                )
            )
            note_in_audit(connection, at, caller.name, "audit.label", answer_id)

    def figures(self, caller: Caller, period: str = "") -> AuditFigures:
        """Return what the labelled answers come to, of one week or of all.

        Answers that the caller may not read count as well: a figure tells nothing of one of them.
        """
        authorize(caller, "review")
        with storage_errors(self._data_dir), self._engine.connect() as connection:
            return figures_of(connection, period)


def _lot(week: str, answer_id: str) -> bytes:
    return sha256(f"{week}\x1f{answer_id}".encode()).digest()


def _add(connection: Connection, answer_id: str, week: str, name: str, at: str) -> None:
    query = select(answers.c.answer, answers.c.trace).where(answers.c.answer_id == answer_id)
    row = connection.execute(query).one()
    made = documents_of(answer_from_json(row.answer), json.loads(row.trace))
    connection.execute(
        insert(audit_sample).values(
            answer_id=answer_id,
            period=week,
            drawn_at=at,
            drawn_by=name,
            documents=json.dumps(sorted(made)),
        )
    )


def _require(connection: Connection, caller: Caller, answer_id: str) -> None:
    query = (
        select(audit_sample.c.documents)
        .join(answers, answers.c.answer_id == audit_sample.c.answer_id)
        .where(audit_sample.c.answer_id == answer_id)
    )
    stored = connection.execute(query).scalar()
    if stored is None:
        raise NotFound(f"The answer {answer_id!r} is not in the audit sample, or was deleted.")
    if not Sight(caller, connection, [stored]).is_whole(stored):
        raise AccessDenied("This answer needs somebody who may read all that it was made from.")


def _entries(
    connection: Connection, caller: Caller, period: str, answer_id: str = ""
) -> list[AuditEntry]:
    query = select(audit_sample, answers.c.answer, answers.c.status).join(
        answers, answers.c.answer_id == audit_sample.c.answer_id
    )
    if period:
        query = query.where(audit_sample.c.period == period)
    if answer_id:
        query = query.where(audit_sample.c.answer_id == answer_id)
    rows = sorted(connection.execute(query).all(), key=lambda row: _lot(row.period, row.answer_id))
    rows.sort(key=lambda row: str(row.period), reverse=True)
    sight = Sight(caller, connection, {row.documents for row in rows})
    said: dict[str, dict[str, str]] = {}
    for each in labels_of(connection, [row.answer_id for row in rows]):
        said.setdefault(each.answer_id, {})[each.reviewer] = each.verdict
    return [
        _entry(row, said.get(row.answer_id, {}), caller, is_whole=sight.is_whole(row.documents))
        for row in rows
    ]


def _entry(row: Any, said: dict[str, str], caller: Caller, *, is_whole: bool) -> AuditEntry:
    return AuditEntry(
        answer_id=row.answer_id,
        period=row.period,
        question=str(json.loads(row.answer)["question"]) if is_whole else "",
        status=row.status if is_whole else "",
        mine=said.get(caller.name, ""),
        labels=len(said),
        restricted=0 if is_whole else number_of_documents(row.documents),
    )


def _check_label(verdict: str, category: str, note: str) -> None:
    if verdict not in get_args(AuditVerdict):
        raise UsageError(f"{verdict!r} is no verdict: {', '.join(get_args(AuditVerdict))}.")
    if category and category not in get_args(FeedbackCategory):
        raise UsageError(f"{category!r} is no category: {', '.join(get_args(FeedbackCategory))}.")
    if category and verdict == "right":
        raise UsageError("Nothing is wrong with a right answer: leave the category out.")
    if len(note) > MAX_NOTE_CHARS:
        raise UsageError(f"The note is longer than {MAX_NOTE_CHARS:,} characters. Shorten it.")
