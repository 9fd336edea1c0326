"""Create users."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "2f1c6e0a9b31"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table of people who hold a card."""
    op.create_table(
        "users",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("card_number", sa.Text, nullable=False, unique=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.func.now(),
            nullable=False,
        ),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("users")
