"""Then: what the schema of the scenario's private copy is like."""

from __future__ import annotations

import typing as typ

from pytest_userstate.steps.phrases import Phrases
from pytest_userstate.steps.tables import (
    DataTable,
    names,
    rows,
    text_of,
    yes,
)

if typ.TYPE_CHECKING:
    import psycopg

    from pytest_userstate.assertions import TableAssertions

    Database: typ.TypeAlias = psycopg.Connection[typ.Any]

PHRASES = Phrases()
then = PHRASES


@then('the user-state database has a table "{table}"')
def has_table(userstate_database: Database, table: str) -> None:
    """Expect a table; `schema.name` for one outside `public`."""
    _table(userstate_database, table)


@then('the user-state database has no table "{table}"')
def has_no_table(userstate_database: Database, table: str) -> None:
    """Expect no table of this name, in a schema that is there."""
    from pytest_userstate import assertions  # noqa: PLC0415 - costs time

    assertions.assert_no_table(userstate_database, table)


@then('the user-state database has a view "{view}"')
def has_view(userstate_database: Database, view: str) -> None:
    """Expect a view."""
    from pytest_userstate import assertions  # noqa: PLC0415 - costs time

    assertions.assert_view(userstate_database, view)


@then('the user-state database has an extension "{extension}"')
def has_extension(userstate_database: Database, extension: str) -> None:
    """Expect an extension, be it only declared."""
    from pytest_userstate import assertions  # noqa: PLC0415 - costs time

    assertions.assert_extension(userstate_database, extension)


@then('the user-state database has an enum "{enum}" of "{labels}"')
def has_enum(userstate_database: Database, enum: str, labels: str) -> None:
    """Expect exactly these labels, separated by commas, in this order."""
    from pytest_userstate import assertions  # noqa: PLC0415 - costs time

    found = assertions.assert_enum(userstate_database, enum)
    found.has_exactly_labels(names(labels))


@then('the user-state table "{table}" has a column "{column}"')
def has_column(userstate_database: Database, table: str, column: str) -> None:
    """Expect a column of any type."""
    _table(userstate_database, table).has_column(column)


@then('the user-state table "{table}" has a column "{column}" of type "{kind}"')
def has_column_of_type(
    userstate_database: Database, table: str, column: str, kind: str
) -> None:
    """Expect a column of a type, in any spelling that PostgreSQL takes."""
    _table(userstate_database, table).has_column(column, data_type=kind)


@then('the user-state table "{table}" has no column "{column}"')
def has_no_column(userstate_database: Database, table: str, column: str) -> None:
    """Expect no column of this name, in a table that is there."""
    _table(userstate_database, table).has_no_column(column)


@then('the user-state table "{table}" has the columns:')
def has_columns(userstate_database: Database, table: str, datatable: DataTable) -> None:
    """Expect these columns, others beside them; empty cells are not looked at."""
    found = _table(userstate_database, table)
    for row in rows(
        datatable, needed=["column"], allowed=["type", "nullable", "default"]
    ):
        facts: dict[str, typ.Any] = {}
        if "type" in row:
            facts["data_type"] = row["type"]
        if "nullable" in row:
            facts["nullable"] = yes(row["nullable"])
        if "default" in row:
            facts["default"] = None if row["default"] == "none" else row["default"]
        found.has_column(row["column"], **facts)


@then('the user-state table "{table}" has exactly the columns "{columns}"')
def has_exactly_columns(userstate_database: Database, table: str, columns: str) -> None:
    """Expect these columns, separated by commas in any order, and no other."""
    _table(userstate_database, table).has_exactly_columns(names(columns))


@then('the user-state table "{table}" has the primary key "{columns}"')
def has_primary_key(userstate_database: Database, table: str, columns: str) -> None:
    """Expect a primary key on these columns, separated by commas, in this order."""
    _table(userstate_database, table).has_primary_key(names(columns))


@then('the user-state table "{table}" has a unique constraint on "{columns}"')
def has_unique(userstate_database: Database, table: str, columns: str) -> None:
    """Expect a unique constraint on these columns."""
    _table(userstate_database, table).has_unique_constraint(names(columns))


@then('the user-state table "{table}" has a foreign key on "{columns}" to "{target}"')
def has_foreign_key(
    userstate_database: Database, table: str, columns: str, target: str
) -> None:
    """Expect a foreign key from these columns to a table."""
    found = _table(userstate_database, table)
    found.has_foreign_key(names(columns), references=target)


@then('the user-state table "{table}" has an index on "{columns}"')
def has_index(userstate_database: Database, table: str, columns: str) -> None:
    """Expect an index on these columns, unique or not."""
    _table(userstate_database, table).has_index(names(columns))


@then('the user-state table "{table}" has the check constraint:')
def has_check(userstate_database: Database, table: str, docstring: str) -> None:
    """Expect a check constraint of this meaning; its expression stands beneath."""
    _table(userstate_database, table).has_check_constraint(text_of(docstring))


@then('the user-state table "{table}" has a trigger "{trigger}"')
def has_trigger(userstate_database: Database, table: str, trigger: str) -> None:
    """Expect a trigger of this name."""
    _table(userstate_database, table).has_trigger(trigger)


@then('the user-state table "{table}" has row-level security')
def has_row_security(userstate_database: Database, table: str) -> None:
    """Expect row-level security to be on."""
    _table(userstate_database, table).has_row_security()


def _table(connection: Database, name: str) -> TableAssertions:
    __tracebackhide__ = True
    from pytest_userstate.assertions import assert_table  # noqa: PLC0415 - costs time

    return assert_table(connection, name)
