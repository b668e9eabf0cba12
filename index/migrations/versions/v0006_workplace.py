"""Shared and unfinished conversations, people and their limits, reviews, cases and evaluation runs.

Revision ID: 0006
"""

import json

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the tables, and columns of what plots are drawn of; these are filled from the stored answers."""
    _add_text("conversations", "shared_at")
    for name in ("replaced_by", "channel", "model"):
        _add_text("answers", name)
    for name in ("total_ms", "cost_usd"):
        op.add_column("answers", sa.Column(name, sa.Float, nullable=False, server_default="0"))
    op.create_index(
        "ix_answers_figures",
        "answers",
        [
            "created_at",
            "status",
            "channel",
            "model",
            "total_ms",
            "cost_usd",
            "owner",
            "answer_id",
            "replaced_by",
        ],
    )
    _fill_answers()
    _add_text("feedback", "severity")
    _add_text("feedback", "correction", sa.Text)
    _add_text("feedback", "correction_source", sa.Text)
    _add_text("feedback", "root_cause")
    _add_text("feedback", "dup_of")
    _create_unfinished()
    _index_documents()
    _create_people()
    _create_reviews()
    _create_evaluation()


def _add_text(table: str, name: str, kind: type[sa.String] = sa.String) -> None:
    op.add_column(table, sa.Column(name, kind, nullable=False, server_default=""))


def _fill_answers() -> None:
    connection = op.get_bind()
    answers = sa.table(
        "answers",
        *(sa.column(name) for name in ("answer_id", "answer", "model", "total_ms", "cost_usd")),
    )
    stored = connection.execute(sa.select(answers.c.answer_id, answers.c.answer)).all()
    for answer_id, content in stored:
        answer = json.loads(content)
        connection.execute(
            sa.update(answers)
            .where(answers.c.answer_id == answer_id)
            .values(
                model=answer.get("model", ""),
                total_ms=answer.get("timings_ms", {}).get("total", 0.0),
                cost_usd=answer.get("cost_usd", 0.0),
            )
        )


def _create_unfinished() -> None:
    op.create_table(
        "unfinished",
        sa.Column("question_id", sa.String, primary_key=True),
        sa.Column(
            "conversation_id",
            sa.String,
            sa.ForeignKey("conversations.conversation_id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("owner", sa.String, nullable=False),
        sa.Column("question", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("problem", sa.Text, nullable=False, server_default=""),
        sa.Column("replaces", sa.String, nullable=False, server_default=""),
        sa.Column("started_at", sa.String, nullable=False),
        sa.Column("updated_at", sa.String, nullable=False),
    )
    op.create_index("ix_unfinished_conversation", "unfinished", ["conversation_id"])


def _index_documents() -> None:
    counted = ("source", "status", "reason", "access")
    shown = ("updated_at", "doc_id", "duplicate_of", "title", "uri")
    op.create_index("ix_documents_listed", "documents", [*counted, *shown])


def _create_people() -> None:
    op.create_table(
        "people",
        sa.Column("email", sa.String, primary_key=True),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("groups", sa.Text, nullable=False),
        sa.Column("is_active", sa.Integer, nullable=False),
        sa.Column("first_seen", sa.String, nullable=False),
        sa.Column("last_seen", sa.String, nullable=False),
    )
    op.create_table(
        "rate_counts",
        sa.Column("user_ref", sa.String, primary_key=True),
        sa.Column("window_start", sa.BigInteger, primary_key=True),
        sa.Column("window_s", sa.Integer, primary_key=True),
        sa.Column("questions", sa.Integer, nullable=False),
    )
    op.create_table(
        "audit",
        sa.Column("audit_id", sa.String, primary_key=True),
        sa.Column("at", sa.String, nullable=False),
        sa.Column("actor", sa.String, nullable=False),
        sa.Column("action", sa.String, nullable=False),
        sa.Column("object", sa.String, nullable=False),
    )


def _create_reviews() -> None:
    op.create_table(
        "review_items",
        sa.Column("feedback_id", sa.String, primary_key=True),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("priority", sa.Integer, nullable=False),
        sa.Column("locked_by", sa.String, nullable=False, server_default=""),
        sa.Column("locked_at", sa.String, nullable=False, server_default=""),
        sa.Column("locked_since", sa.String, nullable=False, server_default=""),
        sa.Column("decided_by", sa.String, nullable=False, server_default=""),
        sa.Column("decided_at", sa.String, nullable=False, server_default=""),
        *(
            sa.Column(name, sa.String, nullable=False, server_default="")
            for name in ("answer_id", "author", "category", "channel", "severity")
        ),
        sa.Column("selected", sa.Text, nullable=False, server_default=""),
        sa.Column("question", sa.Text, nullable=False, server_default=""),
        sa.Column("documents", sa.Text, nullable=False, server_default="[]"),
        sa.Column("words", sa.Text, nullable=False, server_default=""),
    )
    op.create_index("ix_feedback_standing", "feedback", ["superseded_by", "verdict", "feedback_id"])
    op.create_table(
        "reviews",
        sa.Column("review_id", sa.String, primary_key=True),
        sa.Column("feedback_id", sa.String, nullable=False),
        sa.Column("reviewer", sa.String, nullable=False),
        sa.Column("decision", sa.String, nullable=False),
        sa.Column("labels", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("created_at", sa.String, nullable=False),
    )
    op.create_index("ix_reviews_feedback", "reviews", ["feedback_id"])


def _create_evaluation() -> None:
    op.create_table(
        "cases",
        sa.Column("case_id", sa.String, primary_key=True),
        sa.Column("dataset", sa.String, nullable=False),
        sa.Column("valid_from", sa.String, nullable=False),
        sa.Column("valid_to", sa.String, nullable=False, server_default=""),
        sa.Column("question", sa.Text, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("origin", sa.String, nullable=False),
        sa.Column("source_feedback_id", sa.String, nullable=False, server_default=""),
        sa.Column("approved_by", sa.String, nullable=False),
        sa.Column("split", sa.String, nullable=False, server_default="test"),
    )
    op.create_index("ix_cases_dataset", "cases", ["dataset"])
    op.create_table(
        "eval_runs",
        sa.Column("run_id", sa.String, primary_key=True),
        sa.Column("variant", sa.String, nullable=False),
        sa.Column("dataset", sa.String, nullable=False),
        sa.Column("started_at", sa.String, nullable=False),
        sa.Column("finished_at", sa.String, nullable=False, server_default=""),
        sa.Column("manifest", sa.Text, nullable=False),
        sa.Column("summary", sa.Text, nullable=False, server_default="{}"),
    )
    op.create_table(
        "eval_results",
        sa.Column("run_id", sa.String, primary_key=True),
        sa.Column("case_id", sa.String, primary_key=True),
        sa.Column("repeat", sa.Integer, primary_key=True),
        sa.Column("metric", sa.String, primary_key=True),
        sa.Column("value", sa.Float),
        sa.Column("detail", sa.Text, nullable=False, server_default="{}"),
    )
