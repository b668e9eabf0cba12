"""Documents, chunks, vectors, conversations, answers with traces, feedback.

Revision ID: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the first schema."""
    op.create_table(
        "meta",
        sa.Column("key", sa.String, primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )
    _create_documents()
    _create_conversations()
    _create_feedback()


def _create_documents() -> None:
    op.create_table(
        "documents",
        sa.Column("doc_id", sa.String, primary_key=True),
        sa.Column("source", sa.String, nullable=False),
        sa.Column("uri", sa.String, nullable=False),
        sa.Column("title", sa.String, nullable=False),
        sa.Column("version", sa.String, nullable=False),
        sa.Column("access", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("elements", sa.Text, nullable=False),
        sa.Column("status", sa.String, nullable=False),
        sa.Column("reason", sa.String, nullable=False, server_default=""),
        sa.Column("detail", sa.Text, nullable=False, server_default=""),
        sa.Column("updated_at", sa.String, nullable=False),
        sa.Column("seen_size", sa.BigInteger, nullable=False),
        sa.Column("seen_mtime_ns", sa.BigInteger, nullable=False),
        sa.Column("seen_version", sa.String, nullable=False),
        sa.UniqueConstraint("source", "uri", name="uq_documents_source_uri"),
    )
    op.create_table(
        "chunks",
        sa.Column("chunk_no", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("chunk_id", sa.String, nullable=False, unique=True),
        sa.Column(
            "doc_id",
            sa.String,
            sa.ForeignKey("documents.doc_id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("ordinal", sa.Integer, nullable=False),
        sa.Column("start", sa.Integer, nullable=False),
        sa.Column("end", sa.Integer, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("embedded_text", sa.Text, nullable=False),
        sa.Column("vector_hash", sa.String, nullable=False),
        sa.Column("section", sa.Text, nullable=False),
        sa.Column("page", sa.Integer),
    )
    op.create_index("ix_chunks_doc", "chunks", ["doc_id", "ordinal"])
    op.create_index("ix_chunks_vector_hash", "chunks", ["vector_hash"])
    op.create_table(
        "vectors",
        sa.Column("vector_hash", sa.String, primary_key=True),
        sa.Column("model", sa.String, primary_key=True),
        sa.Column("vector", sa.LargeBinary, nullable=False),
    )


def _create_conversations() -> None:
    op.create_table(
        "conversations",
        sa.Column("conversation_id", sa.String, primary_key=True),
        sa.Column("owner", sa.String, nullable=False),
        sa.Column("title", sa.String, nullable=False),
        sa.Column("created_at", sa.String, nullable=False),
        sa.Column("updated_at", sa.String, nullable=False),
    )
    op.create_index("ix_conversations_owner", "conversations", ["owner", "updated_at"])
    op.create_table(
        "answers",
        sa.Column("answer_id", sa.String, primary_key=True),
        sa.Column(
            "conversation_id",
            sa.String,
            sa.ForeignKey("conversations.conversation_id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("owner", sa.String, nullable=False),
        sa.Column("status", sa.String, nullable=False),
        sa.Column("created_at", sa.String, nullable=False),
        sa.Column("trace_id", sa.String, nullable=False),
        sa.Column("answer", sa.Text, nullable=False),
        sa.Column("trace", sa.Text, nullable=False),
        sa.UniqueConstraint("conversation_id", "position", name="uq_answers_position"),
    )


def _create_feedback() -> None:
    op.create_table(
        "feedback",
        sa.Column("feedback_id", sa.String, primary_key=True),
        sa.Column("idem_key", sa.String, nullable=False),
        sa.Column("answer_id", sa.String, nullable=False),
        sa.Column("author", sa.String, nullable=False),
        sa.Column("verdict", sa.String, nullable=False),
        sa.Column("category", sa.String),
        sa.Column("comment", sa.Text, nullable=False),
        sa.Column("start", sa.Integer),
        sa.Column("end", sa.Integer),
        sa.Column("selected_text", sa.Text, nullable=False),
        sa.Column("status", sa.String, nullable=False),
        sa.Column("channel", sa.String, nullable=False),
        sa.Column("created_at", sa.String, nullable=False),
        sa.Column("superseded_by", sa.String),
        sa.Column("snapshot", sa.Text, nullable=False),
    )
    op.create_index("ix_feedback_answer", "feedback", ["answer_id"])
    op.create_index(
        "uq_feedback_live",
        "feedback",
        ["idem_key"],
        unique=True,
        sqlite_where=sa.text("superseded_by IS NULL"),
        postgresql_where=sa.text("superseded_by IS NULL"),
    )
