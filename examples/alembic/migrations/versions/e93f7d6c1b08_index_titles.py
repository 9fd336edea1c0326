"""Index titles without locking the table."""

from __future__ import annotations

from alembic import op

revision = "e93f7d6c1b08"
down_revision = "d1805a3b4ce6"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Build the index while loans go on: not possible in a transaction."""
    with op.get_context().autocommit_block():
        op.create_index(
            "items_by_title",
            "items",
            ["title"],
            postgresql_concurrently=True,
        )


def downgrade() -> None:
    """Drop it."""
    op.drop_index("items_by_title", "items")
