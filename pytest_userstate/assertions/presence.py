"""Assertions that something is there; most return further ones about it."""

from __future__ import annotations

import collections.abc as cabc

from pytest_userstate.application.asserting import arguments
from pytest_userstate.application.asserting.arguments import (
    UNSPECIFIED,
    Place,
    Some,
    Unspecified,
)
from pytest_userstate.application.asserting.lookup import Relation
from pytest_userstate.application.asserting.matching import require
from pytest_userstate.application.asserting.objects import absence, extensions
from pytest_userstate.application.asserting.objects.schemas import (
    SchemaAssertions,
    exactly_schemas,
)
from pytest_userstate.application.asserting.objects.sequences import (
    SequenceAssertions,
    sequence_assertions,
)
from pytest_userstate.application.asserting.objects.tables import TableAssertions
from pytest_userstate.application.asserting.objects.types import (
    DomainAssertions,
    EnumAssertions,
    domain_assertions,
)
from pytest_userstate.application.asserting.objects.views import ViewAssertions
from pytest_userstate.assertions.source import SchemaSource, reader
from pytest_userstate.domain.snapshot import Extension, ViewKind


def assert_table(source: SchemaSource, name: str) -> TableAssertions:
    """Assert that there is a table of this name; return assertions about it."""
    __tracebackhide__ = True
    return TableAssertions(reader(source), arguments.place(name))


def assert_view(source: SchemaSource, name: str) -> ViewAssertions:
    """Assert that there is a view of this name; return assertions about it."""
    __tracebackhide__ = True
    return ViewAssertions(reader(source), arguments.place(name), ViewKind.VIEW)


def assert_materialized_view(source: SchemaSource, name: str) -> ViewAssertions:
    """Assert that there is a materialized view; return assertions about it."""
    __tracebackhide__ = True
    return ViewAssertions(reader(source), arguments.place(name), ViewKind.MATERIALIZED)


def assert_foreign_table(source: SchemaSource, name: str) -> ViewAssertions:
    """Assert that there is a foreign table; return assertions about it."""
    __tracebackhide__ = True
    return ViewAssertions(reader(source), arguments.place(name), ViewKind.FOREIGN)


def assert_relation(source: SchemaSource, name: str) -> Relation:
    """Assert that there is a table, view or sequence of this name; return it."""
    __tracebackhide__ = True
    place = arguments.place(name)
    return absence.expected_relation(reader(source)(), place)


def assert_enum(source: SchemaSource, name: str) -> EnumAssertions:
    """Assert that there is an enumerated type; return assertions about it."""
    __tracebackhide__ = True
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
    """Assert that there is a domain of this name, and what it is like.

    Parameters
    ----------
    data_type : str
        Its base type, in any spelling that PostgreSQL takes.
    nullable : bool
        Whether it can be null.
    default : str
        The default, in SQL; `None` for none, `SOME` for any.
    collation : str
        The collation, where it is not the type's own.
    """
    __tracebackhide__ = True
    return domain_assertions(
        reader(source),
        arguments.place(name),
        data_type=data_type,
        nullable=nullable,
        default=default,
        collation=collation,
    )


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
    """Assert that there is a sequence of this name, and what it is like.

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
    __tracebackhide__ = True
    return sequence_assertions(
        reader(source),
        arguments.place(name),
        data_type=data_type,
        start=start,
        increment=increment,
        minimum=minimum,
        maximum=maximum,
        cache=cache,
        cycles=cycles,
        owned_by=owned_by,
    )


def assert_schema(source: SchemaSource, name: str) -> SchemaAssertions:
    """Assert that there is a schema of this name; return assertions about it."""
    __tracebackhide__ = True
    schema = arguments.identifier(name)
    return SchemaAssertions(reader(source), Place(schema, schema))


def assert_exactly_schemas(source: SchemaSource, names: cabc.Iterable[str]) -> None:
    """Assert that these are the schemas, PostgreSQL's own apart: all, and no other."""
    __tracebackhide__ = True
    require(exactly_schemas(reader(source)(), names))


def assert_extension(
    source: SchemaSource,
    name: str,
    *,
    version: str | Unspecified = UNSPECIFIED,
    schema: str | Unspecified = UNSPECIFIED,
    stub: bool | Unspecified = UNSPECIFIED,
) -> Extension:
    """Assert that an extension is installed, and what it is like; return it.

    Parameters
    ----------
    version, schema : str
        Its version, and the schema of its objects.
    stub : bool
        Whether it is only declared, without its code.
    """
    __tracebackhide__ = True
    return extensions.expected_extension(
        reader(source)(), name, version=version, schema=schema, stub=stub
    )


def assert_exactly_extensions(source: SchemaSource, names: cabc.Iterable[str]) -> None:
    """Assert that these are the extensions: all, and no other.

    ``plpgsql``, which is in every database, counts only where it is named.
    """
    __tracebackhide__ = True
    require(extensions.exactly_extensions(reader(source)(), names))
