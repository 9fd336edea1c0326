"""Reading what statements have made."""

from __future__ import annotations

import typing as typ

import psycopg
import psycopg.rows

from pytest_userstate.domain.snapshot import Column, SchemaSnapshot, Table
from pytest_userstate.outbound.postgres.catalog import (
    PostgresSchemaSnapshotRepository,
)

SETTINGS = (
    *("search_path", "DateStyle", "IntervalStyle", "TimeZone", "bytea_output", "jit"),
    *("extra_float_digits", "lc_monetary", "quote_all_identifiers", "lock_timeout"),
    *("standard_conforming_strings", "client_encoding", "transaction_isolation"),
    *("transaction_read_only", "statement_timeout"),
)


def settings(connection: psycopg.Connection[typ.Any]) -> list[str]:
    """Return all settings of the session that reading could disturb."""
    with connection.cursor(row_factory=psycopg.rows.tuple_row) as cursor:
        shown = ", ".join(f"current_setting('{name}')" for name in SETTINGS)
        row = cursor.execute(f"SELECT {shown}").fetchone()
    assert row is not None
    return list(row)


def load(connection: psycopg.Connection[typ.Any]) -> SchemaSnapshot:
    """Read through an open connection."""
    return PostgresSchemaSnapshotRepository(connection).load()


def read(database: psycopg.Connection, ddl: str = "") -> SchemaSnapshot:
    """Run the statements and return what is read afterwards."""
    database.execute(ddl)
    return load(database)


def read_table(database: psycopg.Connection, ddl: str = "", name: str = "t") -> Table:
    """Run the statements and return a table in ``public`` that has to be there."""
    table = read(database, ddl).table(name)
    assert table is not None
    return table


def column(table: Table, name: str = "c") -> Column:
    """Return a column that has to be there."""
    found = table.column(name)
    assert found is not None
    return found
