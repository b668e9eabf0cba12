"""Signals, audit samples, notices, reports of wrong sources, versions of cases, answers of evaluations and variants.

Revision ID: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the tables and columns of the feedback loop; cases get a version, the stored ones their first."""
    _add_text("answers", "variant")
    _add_text("feedback", "target")
    _add_text("feedback", "target_ref")
    op.add_column(
        "feedback", sa.Column("source", sa.String, nullable=False, server_default="end_user")
    )
    _add_text("review_items", "suggested_cause")
    op.add_column(
        "review_items", sa.Column("cause_detail", sa.Text, nullable=False, server_default="{}")
    )
    _create_signals()
    _create_audit_sample()
    _create_notices()
    _create_source_reports()
    _version_cases()
    _create_stored_answers()


def _add_text(table: str, name: str) -> None:
    op.add_column(table, sa.Column(name, sa.String, nullable=False, server_default=""))


def _create_signals() -> None:
    op.create_table(
        "signals",
        sa.Column("signal_id", sa.String, primary_key=True),
        sa.Column("answer_id", sa.String, nullable=False),
        sa.Column("author", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("place", sa.String, nullable=False, server_default=""),
        sa.Column("channel", sa.String, nullable=False),
        sa.Column("created_at", sa.String, nullable=False),
        sa.UniqueConstraint("answer_id", "author", "kind", "place", name="uq_signals"),
    )
    op.create_index("ix_signals_figures", "signals", ["created_at", "kind", "author", "answer_id"])


def _create_audit_sample() -> None:
    op.create_table(
        "audit_sample",
        sa.Column("answer_id", sa.String, primary_key=True),
        sa.Column("period", sa.String, nullable=False),
        sa.Column("drawn_at", sa.String, nullable=False),
        sa.Column("drawn_by", sa.String, nullable=False),
        sa.Column("documents", sa.Text, nullable=False, server_default="[]"),
    )
    op.create_index("ix_audit_sample_period", "audit_sample", ["period"])
    op.create_table(
        "audit_labels",
        sa.Column("label_id", sa.String, primary_key=True),
        sa.Column("answer_id", sa.String, nullable=False),
        sa.Column("reviewer", sa.String, nullable=False),
        sa.Column("verdict", sa.String, nullable=False),
        sa.Column("category", sa.String, nullable=False, server_default=""),
        sa.Column("note", sa.Text, nullable=False, server_default=""),
        sa.Column("created_at", sa.String, nullable=False),
    )
    op.create_index("ix_audit_labels_answer", "audit_labels", ["answer_id", "reviewer"])


def _create_notices() -> None:
    op.create_table(
        "notices",
        sa.Column("notice_id", sa.String, primary_key=True),
        sa.Column("recipient", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("object", sa.String, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("created_at", sa.String, nullable=False),
        sa.Column("seen_at", sa.String, nullable=False, server_default=""),
    )
    op.create_index("ix_notices_recipient", "notices", ["recipient", "seen_at", "created_at"])


def _create_source_reports() -> None:
    op.create_table(
        "source_reports",
        sa.Column("feedback_id", sa.String, primary_key=True),
        sa.Column("doc_id", sa.String, primary_key=True),
        sa.Column("doc_version", sa.String, nullable=False),
        sa.Column("owner", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("created_at", sa.String, nullable=False),
        sa.Column("closed_at", sa.String, nullable=False, server_default=""),
    )
    op.create_index("ix_source_reports_owner", "source_reports", ["owner", "state"])


def _version_cases() -> None:
    """Make the cases' table anew with the version in its key: SQLite changes no key in place."""
    op.drop_index("ix_cases_dataset", "cases")
    op.rename_table("cases", "cases_0006")
    op.create_table(
        "cases",
        sa.Column("case_id", sa.String, primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("dataset", sa.String, nullable=False),
        sa.Column("valid_from", sa.String, nullable=False),
        sa.Column("valid_to", sa.String, nullable=False, server_default=""),
        sa.Column("question", sa.Text, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("origin", sa.String, nullable=False),
        sa.Column("source_feedback_id", sa.String, nullable=False, server_default=""),
        sa.Column("approved_by", sa.String, nullable=False, server_default=""),
        sa.Column("split", sa.String, nullable=False, server_default="test"),
        sa.Column("cluster", sa.String, nullable=False, server_default=""),
    )
    kept = (
        "case_id, dataset, valid_from, valid_to, question, content, origin, source_feedback_id, "
        "approved_by, split"
    )
    op.execute(
        sa.text(f"INSERT INTO cases (version, {kept}) SELECT 1, {kept} FROM cases_0006")  # noqa: S608  # constants
    )
    op.drop_table("cases_0006")
    op.create_index("ix_cases_dataset", "cases", ["dataset", "valid_to"])
    op.create_index("ix_cases_feedback", "cases", ["source_feedback_id"])


def _create_stored_answers() -> None:
    op.create_table(
        "eval_answers",
        sa.Column("run_id", sa.String, primary_key=True),
        sa.Column("case_id", sa.String, primary_key=True),
        sa.Column("repeat", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("content", sa.Text, nullable=False),
    )
    op.create_table(
        "shadow_answers",
        sa.Column("answer_id", sa.String, primary_key=True),
        sa.Column("variant", sa.String, primary_key=True),
        sa.Column("created_at", sa.String, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
    )
