"""What this portal expects of any table, as assertions of its own."""

from __future__ import annotations

import typing as typ

from pytest_userstate.assertions import assert_table

if typ.TYPE_CHECKING:
    from pytest_userstate import SchemaSnapshot
    from pytest_userstate.assertions import SchemaSource

SECRETS = ("password", "secret", "token")


def assert_belongs_to_user(source: SchemaSource, table: str, *, on_delete: str) -> None:
    """Assert that each row belongs to a user, and what becomes of it with them."""
    __tracebackhide__ = True
    found = assert_table(source, table)
    found.has_column("user_id", data_type="uuid", nullable=False)
    found.has_foreign_key("user_id", references="users", on_delete=on_delete)


def assert_revised(source: SchemaSource, table: str) -> None:
    """Assert that stale writes of a table's rows can be told from fresh ones."""
    __tracebackhide__ = True
    found = assert_table(source, table)
    found.has_column("revision", data_type="bigint", nullable=False, default="1")
    found.has_check_constraint("revision > 0")


def assert_no_secrets(snapshot: SchemaSnapshot) -> None:
    """Assert that secrets are kept as digests, wherever they are kept."""
    __tracebackhide__ = True
    plain = [
        f"{table.qualified_name}.{column.name} (since {column.source or table.source})"
        for table in snapshot.tables
        for column in table.columns
        if any(word in column.name for word in SECRETS) and column.data_type != "bytea"
    ]
    if plain:
        message = "secrets are kept as digests (bytea); plain are " + ", ".join(plain)
        raise AssertionError(message)
