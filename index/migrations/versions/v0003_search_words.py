"""Analysed words of chunks, acronyms that documents define, and the words of the collection.

Revision ID: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add what questions are understood by; `footnote index rebuild` fills it for documents stored before."""
    op.add_column("chunks", sa.Column("terms", sa.Text, nullable=False, server_default=""))
    op.create_table(
        "acronyms",
        sa.Column("short", sa.String, primary_key=True),
        sa.Column("long", sa.String, primary_key=True),
        sa.Column(
            "doc_id",
            sa.String,
            sa.ForeignKey("documents.doc_id", ondelete="CASCADE"),
            primary_key=True,
        ),
    )
    op.create_index("ix_acronyms_long", "acronyms", ["long"])
    op.create_index("ix_acronyms_doc", "acronyms", ["doc_id"])
    op.create_table(
        "vocabulary",
        sa.Column("term", sa.String, primary_key=True),
        sa.Column("chunks", sa.Integer, nullable=False),
    )
