"""Assertions that something is not there."""

from __future__ import annotations

from pytest_userstate.application.asserting import arguments
from pytest_userstate.application.asserting.matching import require
from pytest_userstate.application.asserting.objects import absence, extensions
from pytest_userstate.application.asserting.objects.absence import Kind
from pytest_userstate.application.asserting.objects.schemas import unwanted_schema
from pytest_userstate.application.asserting.objects.tables import TableAssertions
from pytest_userstate.application.asserting.objects.views import ViewAssertions
from pytest_userstate.assertions.source import SchemaSource, reader


def assert_no_table(
    source: SchemaSource, name: str, *, schema_may_be_absent: bool = False
) -> None:
    """Assert that there is no table of this name in a schema that is there."""
    __tracebackhide__ = True
    _require_no(Kind.TABLE, source, name, schema_may_be_absent)


def assert_no_view(
    source: SchemaSource, name: str, *, schema_may_be_absent: bool = False
) -> None:
    """Assert that there is no view of this name in a schema that is there."""
    __tracebackhide__ = True
    _require_no(Kind.VIEW, source, name, schema_may_be_absent)


def assert_no_materialized_view(
    source: SchemaSource, name: str, *, schema_may_be_absent: bool = False
) -> None:
    """Assert that there is no such materialized view in a schema that is there."""
    __tracebackhide__ = True
    _require_no(Kind.MATERIALIZED, source, name, schema_may_be_absent)


def assert_no_foreign_table(
    source: SchemaSource, name: str, *, schema_may_be_absent: bool = False
) -> None:
    """Assert that there is no such foreign table in a schema that is there."""
    __tracebackhide__ = True
    _require_no(Kind.FOREIGN, source, name, schema_may_be_absent)


def assert_no_relation(
    source: SchemaSource, name: str, *, schema_may_be_absent: bool = False
) -> None:
    """Assert that no table, view or sequence has this name."""
    __tracebackhide__ = True
    _require_no(Kind.RELATION, source, name, schema_may_be_absent)


def assert_no_column(
    source: SchemaSource, name: str, *, of: str, table_may_be_absent: bool = False
) -> None:
    """Assert that a table or view has no column of this name.

    Parameters
    ----------
    name, of : str
        The column, and the table or view.
    table_may_be_absent : bool
        Whether it is fine that there is no such table or view at all.
    """
    __tracebackhide__ = True
    owner = _table_or_view(source, name, of, table_may_be_absent)
    if owner is not None:
        owner.has_no_column(name)


def assert_no_index(
    source: SchemaSource, name: str, *, of: str, table_may_be_absent: bool = False
) -> None:
    """Assert that a table or view has no such index; see `assert_no_column`."""
    __tracebackhide__ = True
    owner = _table_or_view(source, name, of, table_may_be_absent)
    if owner is not None:
        owner.has_no_index_named(name)


def assert_no_constraint(
    source: SchemaSource, name: str, *, of: str, table_may_be_absent: bool = False
) -> None:
    """Assert that a table has no constraint of this name; see `assert_no_column`."""
    __tracebackhide__ = True
    table = _table(source, name, of, table_may_be_absent)
    if table is not None:
        table.has_no_constraint(name)


def assert_no_trigger(
    source: SchemaSource, name: str, *, of: str, table_may_be_absent: bool = False
) -> None:
    """Assert that a table or view has no such trigger; see `assert_no_column`."""
    __tracebackhide__ = True
    owner = _table_or_view(source, name, of, table_may_be_absent)
    if owner is not None:
        owner.has_no_trigger(name)


def assert_no_policy(
    source: SchemaSource, name: str, *, of: str, table_may_be_absent: bool = False
) -> None:
    """Assert that a table has no policy of this name; see `assert_no_column`."""
    __tracebackhide__ = True
    table = _table(source, name, of, table_may_be_absent)
    if table is not None:
        table.has_no_policy(name)


def assert_no_enum(
    source: SchemaSource, name: str, *, schema_may_be_absent: bool = False
) -> None:
    """Assert that there is no such enumerated type in a schema that is there."""
    __tracebackhide__ = True
    _require_no(Kind.ENUM, source, name, schema_may_be_absent)


def assert_no_domain(
    source: SchemaSource, name: str, *, schema_may_be_absent: bool = False
) -> None:
    """Assert that there is no domain of this name in a schema that is there."""
    __tracebackhide__ = True
    _require_no(Kind.DOMAIN, source, name, schema_may_be_absent)


def assert_no_sequence(
    source: SchemaSource, name: str, *, schema_may_be_absent: bool = False
) -> None:
    """Assert that there is no sequence of this name in a schema that is there."""
    __tracebackhide__ = True
    _require_no(Kind.SEQUENCE, source, name, schema_may_be_absent)


def assert_no_schema(source: SchemaSource, name: str) -> None:
    """Assert that there is no schema of this name."""
    __tracebackhide__ = True
    schema = arguments.identifier(name)
    require(unwanted_schema(reader(source)(), schema))


def assert_no_extension(source: SchemaSource, name: str) -> None:
    """Assert that no extension of this name is installed."""
    __tracebackhide__ = True
    wanted = arguments.identifier(name)
    require(extensions.unwanted_extension(reader(source)(), wanted))


def _require_no(
    kind: Kind, source: SchemaSource, name: str, may_be_absent: object
) -> None:
    __tracebackhide__ = True
    place = arguments.place(name)
    fine = arguments.flag(may_be_absent, "schema_may_be_absent")
    require(
        absence.unwanted_object(
            reader(source)(), kind, place, schema_may_be_absent=fine
        )
    )


def _table_or_view(
    source: SchemaSource, name: str, of: str, may_be_absent: object
) -> TableAssertions | ViewAssertions | None:
    __tracebackhide__ = True
    arguments.identifier(name)
    fine = arguments.flag(may_be_absent, "table_may_be_absent")
    place = arguments.place(of, "of")
    return absence.table_or_view(reader(source), place, may_be_absent=fine)


def _table(
    source: SchemaSource, name: str, of: str, may_be_absent: object
) -> TableAssertions | None:
    __tracebackhide__ = True
    arguments.identifier(name)
    fine = arguments.flag(may_be_absent, "table_may_be_absent")
    place = arguments.place(of, "of")
    return absence.table_or_none(reader(source), place, may_be_absent=fine)
