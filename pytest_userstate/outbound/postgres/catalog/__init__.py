"""Reading a schema snapshot from PostgreSQL's catalogs."""

from __future__ import annotations

from pytest_userstate.outbound.postgres.catalog.repository import (
    PostgresSchemaSnapshotRepository,
)

__all__ = ["PostgresSchemaSnapshotRepository"]
