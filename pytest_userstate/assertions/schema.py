"""Assertions about what a schema has, and has not; most return further ones."""

from __future__ import annotations

import collections.abc as cabc
import os
import shlex
import typing as typ

from pytest_userstate.application.asserting import arguments
from pytest_userstate.application.asserting.arguments import (
    UNSPECIFIED,
    ObjectName,
    Some,
    Unspecified,
)
from pytest_userstate.application.asserting.failures import (
    Failure,
    detail,
    expect,
    require,
)
from pytest_userstate.application.asserting.kinds import DOMAIN, SEQUENCE
from pytest_userstate.application.asserting.matching import facts_of
from pytest_userstate.application.asserting.objects import (
    ObjectKind,
    Read,
    Relation,
    exactly_extensions,
    exactly_schemas,
    expected_extension,
    unwanted_extension,
    unwanted_schema,
)
from pytest_userstate.application.comparison import schema_difference
from pytest_userstate.application.schema_words import (
    counted,
    in_lines,
    legend,
)
from pytest_userstate.assertions.objects import (
    DomainAssertions,
    EnumAssertions,
    SchemaAssertions,
    SequenceAssertions,
)
from pytest_userstate.assertions.relations import ViewAssertions
from pytest_userstate.assertions.tables import TableAssertions
from pytest_userstate.domain.snapshot import Extension, SchemaSnapshot, View, ViewKind

if typ.TYPE_CHECKING:
    import psycopg

__tracebackhide__ = True  # a failing test shows its own line, not ours

SchemaSource: typ.TypeAlias = "SchemaSnapshot | psycopg.Connection[typ.Any]"
"""What can be asserted about: a snapshot, or an open connection."""


# What is there.


def assert_table(source: SchemaSource, name: str) -> TableAssertions:
    """Assert that a table of this name exists; return assertions about it."""
    return TableAssertions(reader(source), arguments.place(name))


def assert_view(source: SchemaSource, name: str) -> ViewAssertions:
    """Assert that a view of this name exists; return assertions about it."""
    return ViewAssertions(reader(source), arguments.place(name), ViewKind.VIEW)


def assert_materialized_view(source: SchemaSource, name: str) -> ViewAssertions:
    """Assert that a materialized view exists; return assertions about it."""
    return ViewAssertions(reader(source), arguments.place(name), ViewKind.MATERIALIZED)


def assert_foreign_table(source: SchemaSource, name: str) -> ViewAssertions:
    """Assert that a foreign table exists; return assertions about it."""
    return ViewAssertions(reader(source), arguments.place(name), ViewKind.FOREIGN)


def assert_relation(source: SchemaSource, name: str) -> Relation:
    """Assert that a table, view or sequence of this name exists; return it."""
    place = arguments.place(name)
    found: Relation = expect(ObjectKind.RELATION.search(reader(source)(), place))
    return found


def assert_enum(source: SchemaSource, name: str) -> EnumAssertions:
    """Assert that an enumerated type exists; return assertions about it."""
    return EnumAssertions(reader(source), arguments.place(name))


def assert_domain(
    source: SchemaSource,
    name: str,
    *,
    data_type: str | Unspecified = UNSPECIFIED,
    nullable: bool | Unspecified = UNSPECIFIED,
    default: str | Some | Unspecified | None = UNSPECIFIED,
    collation: str | Some | Unspecified | None = UNSPECIFIED,
) -> DomainAssertions:
    """Assert that a domain of this name exists, and compare its properties.

    Parameters
    ----------
    data_type : str
        Its base type, in any spelling that PostgreSQL takes.
    nullable : bool
        Whether it can be null.
    default : str
        The default, in SQL; `None` for none, `SOME` for any.
    collation : str
        The collation, if it is not the type's own.
    """
    facts = facts_of(DOMAIN, locals())
    return DomainAssertions(reader(source), arguments.place(name), facts)


def assert_sequence(
    source: SchemaSource,
    name: str,
    *,
    data_type: str | Unspecified = UNSPECIFIED,
    start: int | Unspecified = UNSPECIFIED,
    increment: int | Unspecified = UNSPECIFIED,
    minimum: int | Unspecified = UNSPECIFIED,
    maximum: int | Unspecified = UNSPECIFIED,
    cache: int | Unspecified = UNSPECIFIED,
    cycles: bool | Unspecified = UNSPECIFIED,
    owned_by: str | Unspecified | None = UNSPECIFIED,
) -> SequenceAssertions:
    """Assert that a sequence of this name exists, and compare its properties.

    Parameters
    ----------
    data_type : str
        ``bigint``, ``integer``, or ``smallint``.
    start, increment, minimum, maximum, cache : int
        Its first number, its step, its bounds, and how many a session takes.
    cycles : bool
        Whether it starts again at the other end.
    owned_by : str
        The column that it goes away with: ``users.id``; `None` for none.
    """
    facts = facts_of(SEQUENCE, locals())
    return SequenceAssertions(reader(source), arguments.place(name), facts)


def assert_schema(source: SchemaSource, name: str) -> SchemaAssertions:
    """Assert that a schema of this name exists; return assertions about it."""
    schema = arguments.identifier(name)
    return SchemaAssertions(reader(source), ObjectName(schema, schema))


def assert_exactly_schemas(source: SchemaSource, names: cabc.Iterable[str]) -> None:
    """Assert that these are the schemas, without those of PostgreSQL, and no others."""
    expected = arguments.several_names(names)
    require(exactly_schemas(reader(source)(), expected))


def assert_extension(
    source: SchemaSource,
    name: str,
    *,
    version: str | Unspecified = UNSPECIFIED,
    schema: str | Unspecified = UNSPECIFIED,
    stub: bool | Unspecified = UNSPECIFIED,
) -> Extension:
    """Assert that an extension is installed, and compare its properties; return it.

    Parameters
    ----------
    version, schema : str
        Its version, and the schema of its objects.
    stub : bool
        Whether it is only declared, without its code.
    """
    given = locals()
    return expect(expected_extension(reader(source)(), name, given))


def assert_exactly_extensions(source: SchemaSource, names: cabc.Iterable[str]) -> None:
    """Assert that these are the extensions, and no others.

    ``plpgsql``, which is in every database, counts only if it is named.
    """
    expected = arguments.several_names(names)
    require(exactly_extensions(reader(source)(), expected))


# What is not there.


def assert_no_table(
    source: SchemaSource, name: str, *, schema_may_be_absent: bool = False
) -> None:
    """Assert that no table of this name exists in an existing schema."""
    _require_no(ObjectKind.TABLE, source, name, schema_may_be_absent)


def assert_no_view(
    source: SchemaSource, name: str, *, schema_may_be_absent: bool = False
) -> None:
    """Assert that no view of this name exists in an existing schema."""
    _require_no(ObjectKind.VIEW, source, name, schema_may_be_absent)


def assert_no_materialized_view(
    source: SchemaSource, name: str, *, schema_may_be_absent: bool = False
) -> None:
    """Assert that no such materialized view exists in an existing schema."""
    _require_no(ObjectKind.MATERIALIZED, source, name, schema_may_be_absent)


def assert_no_foreign_table(
    source: SchemaSource, name: str, *, schema_may_be_absent: bool = False
) -> None:
    """Assert that no such foreign table exists in an existing schema."""
    _require_no(ObjectKind.FOREIGN, source, name, schema_may_be_absent)


def assert_no_relation(
    source: SchemaSource, name: str, *, schema_may_be_absent: bool = False
) -> None:
    """Assert that no table, view or sequence has this name."""
    _require_no(ObjectKind.RELATION, source, name, schema_may_be_absent)


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
    owner = _table_or_view(source, name, of, table_may_be_absent)
    if owner is not None:
        owner.has_no_column(name)


def assert_no_index(
    source: SchemaSource, name: str, *, of: str, table_may_be_absent: bool = False
) -> None:
    """Assert that a table or view has no such index; see `assert_no_column`."""
    owner = _table_or_view(source, name, of, table_may_be_absent)
    if owner is not None:
        owner.has_no_index_named(name)


def assert_no_constraint(
    source: SchemaSource, name: str, *, of: str, table_may_be_absent: bool = False
) -> None:
    """Assert that a table has no constraint of this name; see `assert_no_column`."""
    table = _table_or_view(source, name, of, table_may_be_absent, is_table=True)
    if isinstance(table, TableAssertions):
        table.has_no_constraint(name)


def assert_no_trigger(
    source: SchemaSource, name: str, *, of: str, table_may_be_absent: bool = False
) -> None:
    """Assert that a table or view has no such trigger; see `assert_no_column`."""
    owner = _table_or_view(source, name, of, table_may_be_absent)
    if owner is not None:
        owner.has_no_trigger(name)


def assert_no_policy(
    source: SchemaSource, name: str, *, of: str, table_may_be_absent: bool = False
) -> None:
    """Assert that a table has no policy of this name; see `assert_no_column`."""
    table = _table_or_view(source, name, of, table_may_be_absent, is_table=True)
    if isinstance(table, TableAssertions):
        table.has_no_policy(name)


def assert_no_enum(
    source: SchemaSource, name: str, *, schema_may_be_absent: bool = False
) -> None:
    """Assert that no such enumerated type exists in an existing schema."""
    _require_no(ObjectKind.ENUM, source, name, schema_may_be_absent)


def assert_no_domain(
    source: SchemaSource, name: str, *, schema_may_be_absent: bool = False
) -> None:
    """Assert that no domain of this name exists in an existing schema."""
    _require_no(ObjectKind.DOMAIN, source, name, schema_may_be_absent)


def assert_no_sequence(
    source: SchemaSource, name: str, *, schema_may_be_absent: bool = False
) -> None:
    """Assert that no sequence of this name exists in an existing schema."""
    _require_no(ObjectKind.SEQUENCE, source, name, schema_may_be_absent)


def assert_no_schema(source: SchemaSource, name: str) -> None:
    """Assert that no schema of this name exists."""
    schema = arguments.identifier(name)
    require(unwanted_schema(reader(source)(), schema))


def assert_no_extension(source: SchemaSource, name: str) -> None:
    """Assert that no extension of this name is installed."""
    expected = arguments.identifier(name)
    require(unwanted_extension(reader(source)(), expected))


def _require_no(
    kind: ObjectKind, source: SchemaSource, name: str, may_be_absent: object
) -> None:
    place = arguments.place(name)
    fine = arguments.flag(may_be_absent, "schema_may_be_absent")
    require(kind.unwanted(reader(source)(), place, schema_may_be_absent=fine))


def _table_or_view(
    source: SchemaSource,
    name: str,
    of: str,
    may_be_absent: object,
    *,
    is_table: bool = False,
) -> TableAssertions | ViewAssertions | None:
    """Return assertions about a table or view; None if it may be absent, and is."""
    arguments.identifier(name)
    fine = arguments.flag(may_be_absent, "table_may_be_absent")
    place, snapshot = arguments.place(of, "of"), reader(source)()
    match ObjectKind.RELATION.at(snapshot, place):
        case None if fine:
            return None
        case View(kind=kind) if not is_table:
            return ViewAssertions(lambda: snapshot, place, kind)
        case _:
            return TableAssertions(lambda: snapshot, place)


# A schema as a whole.


def assert_same_schema(
    source: SchemaSource, *, accepted: SchemaSource | str | os.PathLike[str]
) -> None:
    """Assert that a schema has the same meaning as an accepted one.

    `schema_difference` says what counts: not the records of migration tools, nor what
    only PostgreSQL's versions write differently.

    Parameters
    ----------
    source : SchemaSnapshot or psycopg connection
        The schema as it is.
    accepted : SchemaSnapshot, psycopg connection, str or path
        Another schema, or the file that ``--userstate-snapshot-update`` wrote.

    Raises
    ------
    SnapshotFileError
        When the file is not there, or cannot be read.

    Examples
    --------
    >>> from pytest_userstate import Column, SchemaSnapshot, Table
    >>> before = SchemaSnapshot([Table("users", [Column("id", "uuid")])])
    >>> assert_same_schema(before, accepted=before)
    """
    schema, (other, file) = reader(source)(), _accepted_schema(accepted)
    require(_different_schema(schema, other, file=file))


def _different_schema(
    schema: SchemaSnapshot, accepted: SchemaSnapshot, *, file: str | None
) -> Failure | None:
    """Return a failure unless both schemas mean the same."""
    difference = schema_difference(accepted, schema)
    if difference.is_empty:
        return None
    name = file or "the accepted one"
    signs = legend(
        difference.changes, before=f"in {name}", after="here", both="in both"
    )
    option = f"--userstate-snapshot-update={shlex.quote(file or '')}"
    command = f"pytest --userstate-audit {option}"
    return Failure(
        headline=f"the schema differs from {name} in {counted(difference.changes)}",
        lines=(signs, *in_lines(difference.changes)),
        details=detail("hint", f"if this is meant, accept it: {command}" * bool(file)),
    )


def reader(source: object) -> Read:
    """Return how to get the snapshot: of a connection, anew each time."""
    if isinstance(source, SchemaSnapshot):
        return lambda: source
    if isinstance(source, str):
        message = (
            "expected a SchemaSnapshot or an open psycopg connection first, not "
            f"{_described(source)}"
        )
        raise TypeError(message)
    # Imported here, since a snapshot needs neither driver nor adapters.
    from pytest_userstate.bootstrap import snapshot_of  # noqa: PLC0415

    return lambda: snapshot_of(source)


def _accepted_schema(accepted: object) -> tuple[SchemaSnapshot, str | None]:
    """Return the schema to compare with, and the file that it was read from."""
    if not isinstance(accepted, str | os.PathLike):
        return reader(accepted)(), None
    from pytest_userstate.bootstrap import read_snapshot  # noqa: PLC0415 - as above

    file: str = os.fspath(accepted)
    if _is_dsn(file) and not file.endswith(".json"):
        message = (
            "`accepted` takes a SchemaSnapshot, an open psycopg connection, or a "
            "snapshot file, not a connection string"
        )
        raise TypeError(message)
    return read_snapshot(file), file


def _described(text: str) -> str:
    """Repeat a name that was swapped, but no connection string: it has a password."""
    return "a connection string" if _is_dsn(text) else f"the string {text!r}"


def _is_dsn(text: str) -> bool:
    return "=" in text or "://" in text
