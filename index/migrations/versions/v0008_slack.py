"""What the Slack bot keeps: events before they are acknowledged, its messages, threads, and who is who.

Revision ID: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add the bot's tables."""
    op.create_table(
        "slack_inbox",
        sa.Column("inbox_id", sa.String, primary_key=True),
        sa.Column("event_key", sa.String, nullable=False),
        sa.Column("message_key", sa.String, nullable=False),
        sa.Column("series", sa.String, nullable=False, server_default=""),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("claimed_by", sa.String, nullable=False, server_default=""),
        sa.Column("claimed_at", sa.String, nullable=False, server_default=""),
        sa.Column("received_at", sa.String, nullable=False),
        sa.Column("finished_at", sa.String, nullable=False, server_default=""),
        sa.Column("answer_id", sa.String, nullable=False, server_default=""),
        sa.Column("posted_ts", sa.String, nullable=False, server_default=""),
        sa.UniqueConstraint("event_key", name="uq_slack_inbox_event"),
        sa.UniqueConstraint("message_key", name="uq_slack_inbox_message"),
    )
    op.create_index("ix_slack_inbox_state", "slack_inbox", ["state", "received_at"])
    op.create_table(
        "slack_messages",
        sa.Column("team", sa.String, primary_key=True),
        sa.Column("channel", sa.String, primary_key=True),
        sa.Column("ts", sa.String, primary_key=True),
        sa.Column("answer_id", sa.String, nullable=False),
        sa.Column("segment", sa.Integer, nullable=False),
        sa.Column("audience", sa.String, nullable=False),
        sa.Column("posted_at", sa.String, nullable=False),
    )
    op.create_index("ix_slack_messages_answer", "slack_messages", ["answer_id", "segment"])
    op.create_table(
        "slack_threads",
        sa.Column("team", sa.String, primary_key=True),
        sa.Column("channel", sa.String, primary_key=True),
        sa.Column("thread_ts", sa.String, primary_key=True),
        sa.Column("owner", sa.String, primary_key=True),
        sa.Column("conversation_id", sa.String, nullable=False),
        sa.Column("updated_at", sa.String, nullable=False),
    )
    op.create_table(
        "slack_people",
        sa.Column("team", sa.String, primary_key=True),
        sa.Column("slack_user", sa.String, primary_key=True),
        sa.Column("email", sa.String, nullable=False),
        sa.Column("linked_at", sa.String, nullable=False),
    )
    op.create_table(
        "slack_link_codes",
        sa.Column("code_hash", sa.String, primary_key=True),
        sa.Column("team", sa.String, nullable=False),
        sa.Column("slack_user", sa.String, nullable=False),
        sa.Column("expires_at", sa.String, nullable=False),
        sa.Column("used_at", sa.String, nullable=False, server_default=""),
    )
