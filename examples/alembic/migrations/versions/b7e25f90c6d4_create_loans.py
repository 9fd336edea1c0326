"""Create items and loans."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "b7e25f90c6d4"
down_revision = "9c4b8e1d2a53"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make what can be lent, and to whom it is."""
    op.create_table(
        "items",
        sa.Column("barcode", sa.Text, primary_key=True),
        sa.Column("title", sa.Text, nullable=False),
    )
    op.create_table(
        "loans",
        sa.Column("barcode", sa.Text, sa.ForeignKey("items.barcode"), primary_key=True),
        sa.Column("user_id", sa.Uuid, sa.ForeignKey("users.id"), nullable=False),
        sa.Column("due_on", sa.Date, nullable=False),
    )
    op.create_index("loans_by_user", "loans", ["user_id"])


def downgrade() -> None:
    """Drop both."""
    op.drop_table("loans")
    op.drop_table("items")
