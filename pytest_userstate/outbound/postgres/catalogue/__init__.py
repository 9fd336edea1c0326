"""Reading a schema snapshot from PostgreSQL's catalogues."""

from __future__ import annotations

from pytest_userstate.outbound.postgres.catalogue.repository import (
    PostgresSchemaSnapshotRepository,
)

__all__ = ["PostgresSchemaSnapshotRepository"]
