"""Keeps what people say of answers: append-only, one live row for each person and answer.

A changed mind supersedes the row before it. Every row carries a snapshot of the whole answer and its trace, so
that a flag can be replayed when the index has moved on.
"""

import csv
import io
import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, Row, insert, select, update

from core.answers import Answer, Caller, Feedback, FeedbackCategory, FeedbackVerdict
from core.documents import text_hash
from core.errors import UsageError
from core.ids import new_id
from index.database import storage_errors, writing
from index.schema import feedback

MAX_COMMENT_CHARS = 2000


class FeedbackLog:
    """The feedback of one data folder."""

    def __init__(self, engine: Engine, data_dir: Path) -> None:
        self._engine = engine
        self._data_dir = data_dir

    def add(
        self,
        answer: Answer,
        trace: dict[str, Any],
        caller: Caller,
        verdict: FeedbackVerdict,
        category: FeedbackCategory | None,
        comment: str,
        span: tuple[int, int] | None,
        channel: str,
    ) -> Feedback:
        """Store one person's verdict on one answer; an earlier one of theirs is superseded.

        Raises:
            UsageError: the span does not lie in the answer, or the comment is too long.
        """
        given = _checked(answer, caller, verdict, category, comment, span)
        key = text_hash(f"{caller.name}\x1f{answer.answer_id}\x1fverdict")
        with storage_errors(self._data_dir), writing(self._engine) as connection:
            connection.execute(
                update(feedback)
                .where(feedback.c.idem_key == key, feedback.c.superseded_by.is_(None))
                .values(superseded_by=given.feedback_id)
            )
            connection.execute(
                insert(feedback).values(
                    **asdict(given),
                    idem_key=key,
                    channel=channel,
                    snapshot=json.dumps(
                        {"answer": asdict(answer), "trace": trace}, ensure_ascii=False
                    ),
                )
            )
        return given

    def live(self, answer_id: str, caller: Caller) -> Feedback | None:
        """Return what the caller says of an answer now, None if nothing."""
        query = select(feedback).where(
            feedback.c.answer_id == answer_id,
            feedback.c.author == caller.name,
            feedback.c.superseded_by.is_(None),
        )
        with self._engine.connect() as connection:
            row = connection.execute(query).first()
        return None if row is None else _feedback(row)

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


def to_jsonl(rows: list[dict[str, Any]]) -> str:
    """Return feedback as one JSON object a line."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def to_csv(rows: list[dict[str, Any]]) -> str:
    """Return feedback as CSV; cells that a spreadsheet would run as a formula are quoted with '."""
    names = [name for name in (rows[0] if rows else {}) if name != "snapshot"]
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(names)
    for row in rows:
        writer.writerow([_cell(row[name]) for name in names])
    return out.getvalue()


def to_langfuse(rows: list[dict[str, Any]]) -> str:
    """Return feedback as Langfuse scores, one JSON object a line."""
    scores = [
        {
            "id": row["id"],
            "traceId": row["trace_id"],
            "name": "user_feedback",
            "dataType": "CATEGORICAL",
            "value": row["verdict"],
            "comment": row["comment"] or None,
            "metadata": {"category": row["category"], "answer_id": row["answer_id"]},
            "timestamp": row["created_at"],
        }
        for row in rows
    ]
    return to_jsonl(scores)


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    # https://owasp.org/www-community/attacks/CSV_Injection
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _checked(
    answer: Answer,
    caller: Caller,
    verdict: FeedbackVerdict,
    category: FeedbackCategory | None,
    comment: str,
    span: tuple[int, int] | None,
) -> Feedback:
    if len(comment) > MAX_COMMENT_CHARS:
        raise UsageError(
            f"The comment is longer than {MAX_COMMENT_CHARS:,} characters. Shorten it."
        )
    if span is not None and not 0 <= span[0] < span[1] <= len(answer.text):
        raise UsageError(
            f"The words from {span[0]} to {span[1]} are not in the answer, "
            f"which has {len(answer.text)} characters."
        )
    return Feedback(
        feedback_id=new_id(),
        answer_id=answer.answer_id,
        author=caller.name,
        verdict=verdict,
        category=category,
        comment=comment.strip(),
        created_at=datetime.now(UTC).isoformat(timespec="milliseconds"),
        start=span[0] if span else None,
        end=span[1] if span else None,
        selected_text=answer.text[span[0] : span[1]] if span else "",
    )


def _feedback(row: Row[Any]) -> Feedback:
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
    )


def _listed(row: Row[Any]) -> dict[str, Any]:
    snapshot = json.loads(row.snapshot)
    fields = asdict(_feedback(row))
    return {
        "id": fields.pop("feedback_id"),
        **fields,
        "channel": row.channel,
        "question": snapshot["answer"]["question"],
        "answer": snapshot["answer"]["text"],
        "trace_id": snapshot["answer"]["trace_id"],
        "snapshot": snapshot,
    }
