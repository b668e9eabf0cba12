"""Completions that can be used again: the same prompt, the same readable documents, the same model.

Revision ID: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the table; it starts empty."""
    op.create_table(
        "answer_cache",
        sa.Column("cache_key", sa.String, primary_key=True),
        sa.Column("index_generation", sa.Integer, nullable=False),
        sa.Column("created_at", sa.String, nullable=False),
        sa.Column("spec", sa.String, nullable=False),
        sa.Column("completion", sa.Text, nullable=False),
        sa.Column("prompt_tokens", sa.BigInteger, nullable=False),
        sa.Column("completion_tokens", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_answer_cache_created", "answer_cache", ["created_at"])
