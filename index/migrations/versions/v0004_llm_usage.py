"""What language models were used for: tokens and cost by day, user and model.

Revision ID: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the table that daily budgets are kept in; it starts empty."""
    op.create_table(
        "llm_usage",
        sa.Column("day", sa.String, primary_key=True),
        sa.Column("user_ref", sa.String, primary_key=True),
        sa.Column("spec", sa.String, primary_key=True),
        sa.Column("prompt_tokens", sa.BigInteger, nullable=False),
        sa.Column("completion_tokens", sa.BigInteger, nullable=False),
        sa.Column("cost_usd", sa.Float, nullable=False),
        sa.Column("answers", sa.Integer, nullable=False),
    )
