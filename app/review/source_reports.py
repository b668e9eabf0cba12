"""'The document itself is wrong': reports to the people who own the documents that a reviewed flag names.

    open ──▶ changed: the document has another version now ──▶ closed, with a note
      └──────────────────────────────────────────────────────▶

A document's words are shown to nobody who may not read it, and of the flagged answer nothing to who may not read all
that it was made from. How a report comes about is in `app.review.wrong_sources`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import Engine, Row, select, update

from app.authorization import authorize, may
from app.review.deciding import add_note
from app.review.history import histories, note_in_audit
from app.review.settling import Act
from app.review.states import Standing, standing_of
from app.review.visibility import Sight
from app.review.wrong_sources import may_read_stored, named_sources
from core.answers import Caller
from core.errors import NotFound, UsageError
from core.moments import stamp
from index.database import storage_errors, writing
from index.schema import documents, feedback, review_items, source_reports

ReportState = Literal["open", "changed", "closed"]
MAX_NOTE_CHARS = 2000


@dataclass(frozen=True, slots=True)
class SourceReport:
    """A document that a reviewer found wrong, for its owner.

    `quote` are the words that were cited, `start` and `end` their place in the version that was reported. `correction`
    and `note` are the reviewer's, '' where the one who asks may not read all that the flagged answer was made from.
    """

    feedback_id: str
    doc_id: str
    uri: str
    title: str
    owner: str
    state: ReportState
    quote: str
    start: int
    end: int
    correction: str
    note: str
    created_at: str


class SourceReports:
    """The reports of one data folder."""

    def __init__(self, engine: Engine, data_dir: Path) -> None:
        self._engine = engine
        self._data_dir = data_dir

    def mine(self, caller: Caller) -> Sequence[SourceReport]:
        """Return what waits for the caller: reports of one's own documents, for admins also those without an owner."""
        authorize(caller, "ask")
        return [
            report
            for report in self._read(caller)
            if report.owner == caller.name or (not report.owner and may(caller, "manage_documents"))
        ]

    def all(self, caller: Caller) -> Sequence[SourceReport]:
        """Return every report on documents that the caller may read, whoever's they are.

        Raises:
            AccessDenied: the caller may not review.
        """
        authorize(caller, "review")
        return self._read(caller)

    def close(self, caller: Caller, feedback_id: str, doc_id: str, note: str) -> None:
        """Close a report: its document is right now, or was right all along, as the note says.

        Raises:
            NotFound: there is no such report, or it is not the caller's.
            UsageError: the note is empty or too long.
        """
        authorize(caller, "ask")
        note = note.strip()
        if not note:
            raise UsageError("Say in a note what became of the document: the reviewers read it.")
        if len(note) > MAX_NOTE_CHARS:
            raise UsageError(f"The note is longer than {MAX_NOTE_CHARS:,} characters. Shorten it.")
        found = self.all(caller) if may(caller, "review") else self.mine(caller)
        if not any((one.feedback_id, one.doc_id) == (feedback_id, doc_id) for one in found):
            raise NotFound("There is no such report, or it is not yours.")
        now = datetime.now(UTC)
        with storage_errors(self._data_dir), writing(self._engine) as connection:
            changed = connection.execute(
                update(source_reports)
                .where(
                    source_reports.c.feedback_id == feedback_id,
                    source_reports.c.doc_id == doc_id,
                    source_reports.c.state != "closed",
                )
                .values(state="closed", closed_at=stamp(now))
            ).rowcount
            if changed:
                add_note(connection, feedback_id, f"On the document: {note}", Act(caller.name, now))
                note_in_audit(connection, stamp(now), caller.name, "source_report.close", doc_id)

    def _read(self, caller: Caller) -> list[SourceReport]:
        query = (
            select(
                source_reports,
                documents.c.uri,
                documents.c.title,
                documents.c.version,
                documents.c.access,
                feedback.c.snapshot,
                feedback.c.target,
                feedback.c.target_ref,
                feedback.c.start,
                feedback.c.end,
                review_items.c.documents.label("made_of"),
            )
            .join(documents, documents.c.doc_id == source_reports.c.doc_id)
            .join(feedback, feedback.c.feedback_id == source_reports.c.feedback_id)
            .join(review_items, review_items.c.feedback_id == source_reports.c.feedback_id)
            .where(source_reports.c.state != "closed")
            .order_by(source_reports.c.created_at.desc(), source_reports.c.doc_id)
        )
        with storage_errors(self._data_dir), self._engine.connect() as connection:
            rows = [row for row in connection.execute(query) if may_read_stored(caller, row.access)]
            sight = Sight(caller, connection, {row.made_of for row in rows})
            said = histories(connection, {row.feedback_id for row in rows})
            return [
                _report(
                    row,
                    standing_of(said.get(row.feedback_id, ())),
                    is_whole=sight.is_whole(row.made_of),
                )
                for row in rows
            ]


def _report(row: Row[Any], standing: Standing, *, is_whole: bool) -> SourceReport:
    citation = next(
        (one for one in named_sources(row) if one.document.doc_id == row.doc_id),
        None,
    )
    labels = standing.labels
    return SourceReport(
        feedback_id=row.feedback_id,
        doc_id=row.doc_id,
        uri=row.uri,
        title=row.title or row.uri,
        owner=row.owner,
        state="changed" if row.version != row.doc_version else "open",
        quote=citation.quote if citation else "",
        start=citation.start if citation else 0,
        end=citation.end if citation else 0,
        correction=labels.corrected_answer if is_whole else "",
        note=standing.note if is_whole else "",
        created_at=row.created_at,
    )
