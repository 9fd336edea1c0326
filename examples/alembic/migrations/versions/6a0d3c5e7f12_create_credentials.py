"""Create credentials."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "6a0d3c5e7f12"
down_revision = "2f1c6e0a9b31"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Keep a digest of each PIN apart from who it belongs to."""
    op.create_table(
        "user_credentials",
        sa.Column(
            "user_id",
            sa.Uuid,
            sa.ForeignKey("users.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("password_hash", sa.Text, nullable=False),
        sa.Column(
            "failed_attempts", sa.SmallInteger, server_default="0", nullable=False
        ),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("user_credentials")
