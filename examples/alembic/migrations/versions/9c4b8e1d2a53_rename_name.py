"""Call a user's name what the interface calls it."""

from __future__ import annotations

from alembic import op

revision = "9c4b8e1d2a53"
down_revision = "6a0d3c5e7f12"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Rename the column."""
    op.alter_column("users", "name", new_column_name="display_name")


def downgrade() -> None:
    """Rename it back."""
    op.alter_column("users", "display_name", new_column_name="name")
