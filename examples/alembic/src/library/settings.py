"""Where the database is."""

from __future__ import annotations

import os


def database_url() -> str:
    """Return the URL of the variable, for the driver that is installed."""
    url = os.environ["DATABASE_URL"]
    return url.replace("postgresql://", "postgresql+psycopg://", 1)
