"""Stamps, metadata, near-duplicates, containers, and the history of runs.

Revision ID: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Bring documents to the second schema; what was stored stays, and is not read again."""
    for column in (
        sa.Column("seen_stamp", sa.String, nullable=False, server_default=""),
        sa.Column("seen_access", sa.Text, nullable=False, server_default="[]"),
        sa.Column("metadata", sa.Text, nullable=False, server_default="{}"),
        sa.Column("signature", sa.LargeBinary),
        sa.Column("duplicate_of", sa.String, nullable=False, server_default=""),
    ):
        op.add_column("documents", column)
    op.execute(
        "UPDATE documents SET seen_stamp = seen_size || ':' || seen_mtime_ns, seen_access = access"
    )
    op.drop_column("documents", "seen_mtime_ns")
    op.create_table(
        "containers",
        sa.Column("source", sa.String, primary_key=True),
        sa.Column("uri", sa.String, primary_key=True),
        sa.Column("stamp", sa.String, nullable=False),
        sa.Column("access", sa.Text, nullable=False),
        sa.Column("members", sa.Integer, nullable=False),
    )
    op.create_table(
        "runs",
        sa.Column("run_id", sa.String, primary_key=True),
        sa.Column("started_at", sa.String, nullable=False),
        sa.Column("finished_at", sa.String, nullable=False, server_default=""),
        sa.Column("status", sa.String, nullable=False),
        sa.Column("sources", sa.Text, nullable=False),
        sa.Column("report", sa.Text, nullable=False, server_default="{}"),
    )
