"""What else a schema snapshot can be read from: whatever a test holds."""

from __future__ import annotations

import typing as typ

import psycopg

from pytest_userstate.domain.secrets import Secret, hidden
from pytest_userstate.domain.snapshot import SchemaSnapshot
from pytest_userstate.outbound.live_target import live_target
from pytest_userstate.outbound.postgres.catalog import (
    PostgresSchemaSnapshotRepository,
)


def read_snapshot(source: typ.Any) -> SchemaSnapshot:
    """Return the schema of a snapshot, an open psycopg connection, or a DSN.

    Raises
    ------
    SchemaSnapshotRepositoryError
        When connecting or querying failed.
    TypeError
        When the source is none of the three.
    """
    source = hidden(source)
    match source:
        case SchemaSnapshot():
            return source
        case psycopg.Connection():
            return PostgresSchemaSnapshotRepository(source).load()
        case Secret():
            return live_target(source, option="the connection string").load()
        case _:
            message = (
                f"expected a SchemaSnapshot, a psycopg connection or a DSN, not "
                f"{type(source).__name__}"
            )
            raise TypeError(message)
