"""Create user preferences."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "d1805a3b4ce6"
down_revision = "b7e25f90c6d4"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Keep the themes that a user wants to hear of."""
    op.create_table(
        "user_preferences",
        sa.Column(
            "user_id",
            sa.Uuid,
            sa.ForeignKey("users.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column(
            "interest_theme_ids",
            postgresql.ARRAY(sa.Uuid),
            server_default="{}",
            nullable=False,
        ),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("user_preferences")
