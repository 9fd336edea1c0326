"""From everything read to a snapshot."""

from __future__ import annotations

import collections
import collections.abc as cabc
import typing as typ

from pytest_userstate.domain.columns import Column, Generated, Identity
from pytest_userstate.domain.converters import dotted
from pytest_userstate.domain.snapshot import (
    CompositeType,
    Domain,
    Enum,
    Extension,
    Function,
    RangeType,
    SchemaSnapshot,
    Sequence,
    Table,
    TableKind,
    View,
    ViewKind,
)
from pytest_userstate.outbound.postgres.catalog.access import (
    Privileges,
)
from pytest_userstate.outbound.postgres.catalog.constraints import (
    CONSTRAINTS,
    TableParts,
)
from pytest_userstate.outbound.postgres.catalog.reading import CatalogReading
from pytest_userstate.outbound.postgres.catalog.relations import (
    DEFAULTS,
    EXTENSIONS,
    INHERITANCE,
    LABELS,
    PG_CLASS,
    PG_TYPE,
    RANGES,
    Row,
)
from pytest_userstate.outbound.postgres.stubs import is_stub

_IDENTITIES: typ.Final = {
    "": None,
    "a": Identity.ALWAYS,
    "d": Identity.BY_DEFAULT,
}
_GENERATED: typ.Final = {
    "": None,
    "s": Generated.STORED,
    "v": Generated.VIRTUAL,
}


class Columns:
    """The columns of all tables and views.

    Columns are values, and large schemas repeat themselves: equal ones are made
    once and shared.
    """

    def __init__(self, reading: CatalogReading) -> None:
        """Arrange what is known of columns beside their own rows."""
        self._reading = reading
        self._made: dict[tuple[typ.Any, ...], Column] = {}
        self._expressions = {
            (row.relation, row.number): row.expression for row in reading.rows(DEFAULTS)
        }
        self._keys: set[tuple[int, int]] = set()
        self._maybe_null: set[tuple[int, int]] = set()
        places = {"p": self._keys, "n": self._maybe_null}
        for row in reading.rows(CONSTRAINTS):
            if row.kind in places:
                numbers = row.columns or ()
                places[row.kind].update((row.relation, number) for number in numbers)

    def of(self, relation: int) -> list[Column]:
        """Return the columns of a table or view."""
        return [
            self._column(attribute)
            for attribute in self._reading.attributes.get(relation, ())
        ]

    def _column(self, row: Row) -> Column:
        place = (row.relation, row.number)
        is_not_null = row.is_not_null and place not in self._maybe_null
        is_primary_key = place in self._keys
        expression = self._expressions.get(place)
        comment = self._reading.comment(PG_CLASS, *place)
        facts = (row[2:], is_not_null, is_primary_key, expression, comment)
        column = self._made.get(facts)
        if column is None:
            column = self._made[facts] = self._make(
                row,
                is_not_null=is_not_null,
                is_primary_key=is_primary_key,
                expression=expression,
                comment=comment,
            )
        return column

    def _make(
        self,
        row: Row,
        *,
        is_not_null: bool,
        is_primary_key: bool,
        expression: str | None,
        comment: str | None,
    ) -> Column:
        used = self._reading.types[row.type, row.modifier]
        return Column(
            row.name,
            used.text,
            is_nullable=not (is_not_null or used.is_never_null),
            is_primary_key=is_primary_key,
            default=None if row.generated else expression,
            identity=_IDENTITIES[row.identity],
            generated=_GENERATED[row.generated],
            expression=expression if row.generated else None,
            has_equality=used.has_equality,
            is_domain=used.is_domain,
            collation=self._reading.own_collation(row.collation, used.collation),
            comment=comment,
        )


_TABLES: typ.Final = {"r": TableKind.ORDINARY, "p": TableKind.PARTITIONED}
_VOLATILITIES: typ.Final = {"v": "volatile", "s": "stable", "i": "immutable"}
_VIEWS: typ.Final = {
    "v": ViewKind.VIEW,
    "m": ViewKind.MATERIALIZED,
    "f": ViewKind.FOREIGN,
}


def assemble(
    reading: CatalogReading,
    *,
    bookkeeping: cabc.Set[str],
) -> SchemaSnapshot:
    """Build the snapshot."""
    parts = TableParts(reading)
    columns = Columns(reading)
    privileges = Privileges(reading)
    return SchemaSnapshot(
        tables=_tables(reading, columns, parts, privileges, bookkeeping),
        views=_views(reading, columns, parts, privileges),
        enums=_enums(reading),
        domains=_domains(reading, parts),
        composite_types=_composite_types(reading),
        range_types=_range_types(reading),
        functions=_functions(reading, privileges),
        default_privileges=privileges.by_default(),
        extensions=_extensions(reading),
        sequences=_sequences(reading),
        schemas=reading.schema_names(),
        access=privileges.access(),
    )


def _tables(
    reading: CatalogReading,
    columns: Columns,
    parts: TableParts,
    privileges: Privileges,
    bookkeeping: cabc.Set[str],
) -> cabc.Iterator[Table]:
    parents = _parents(reading)
    for row in reading.tables:
        inherits = parents.get(row.oid, [])
        yield Table(
            row.name,
            columns.of(row.oid),
            reading.schemas[row.schema],
            kind=_TABLES[row.kind],
            partition_of=inherits[0] if row.is_partition else None,
            partition_bound=row.partition_bound,
            partition_key=row.partition_key,
            inherits=() if row.is_partition else inherits,
            primary_key=parts.primary_key(row.oid),
            unique_constraints=parts.unique_constraints(row.oid),
            foreign_keys=parts.foreign_keys(row.oid),
            check_constraints=parts.check_constraints(row.oid),
            exclusion_constraints=parts.exclusion_constraints(row.oid),
            indexes=parts.indexes(row.oid),
            triggers=parts.triggers(row.oid),
            policies=parts.policies(row.oid),
            rules=parts.rules(row.oid),
            replica_identity=parts.replica_identity(row),
            owner=privileges.unusual_owner(row.owner),
            grants=privileges.on_relation(row),
            has_row_security=row.has_row_security,
            forces_row_security=row.forces_row_security,
            is_unlogged=row.is_unlogged,
            is_bookkeeping=not bookkeeping.isdisjoint(
                {row.name, f"{reading.schemas[row.schema]}.{row.name}"}
            ),
            comment=reading.comment(PG_CLASS, row.oid),
        )


def _parents(reading: CatalogReading) -> dict[int, list[str]]:
    """Return what each table inherits from, or is a partition of, foreign ones too."""
    tables = {row.oid for row in (*reading.tables, *reading.views)}
    parents: dict[int, list[str]] = collections.defaultdict(list)
    for row in reading.rows(INHERITANCE):
        # A superuser's table may inherit from one of the system's, which is not read.
        if row.child in tables and row.parent in reading.relations:
            parents[row.child].append(dotted(*reading.place(row.parent)))
    return parents


def _views(
    reading: CatalogReading, columns: Columns, parts: TableParts, privileges: Privileges
) -> cabc.Iterator[View]:
    parents = _parents(reading)
    for row in reading.views:
        yield View(
            row.name,
            columns.of(row.oid),
            reading.schemas[row.schema],
            kind=_VIEWS[row.kind],
            definition=row.view_definition,
            indexes=parts.indexes(row.oid),
            triggers=parts.triggers(row.oid),
            rules=parts.rules(row.oid),
            options=_view_options(row.view_options or ()),
            inherits=parents.get(row.oid, ()),
            owner=privileges.unusual_owner(row.owner),
            grants=privileges.on_relation(row),
            comment=reading.comment(PG_CLASS, row.oid),
        )


def _view_options(options: cabc.Iterable[str]) -> cabc.Iterator[str]:
    """Yield the options of a view that change something, in one spelling."""
    for option in options:
        name, _, value = option.partition("=")
        if name == "check_option":
            yield f"{name}={value.lower()}"
        elif value.lower() in {"true", "on", "yes", "1"}:
            yield f"{name}=true"


def _enums(reading: CatalogReading) -> cabc.Iterator[Enum]:
    labels: dict[int, list[str]] = collections.defaultdict(list)
    for label in reading.rows(LABELS):
        labels[label.type].append(label.label)
    for row in reading.user_types:
        if row.kind == "e":
            yield Enum(
                name=row.name,
                labels=labels[row.oid],
                schema=reading.schemas[row.schema],
                comment=reading.comment(PG_TYPE, row.oid),
            )


def _domains(reading: CatalogReading, parts: TableParts) -> cabc.Iterator[Domain]:
    checks = parts.domain_checks()
    for row in reading.user_types:
        if row.kind == "d":
            base = reading.types[row.base, row.modifier]
            yield Domain(
                name=row.name,
                data_type=base.text,
                schema=reading.schemas[row.schema],
                is_nullable=not (row.is_not_null or base.is_never_null),
                default=row.default,
                collation=reading.own_collation(row.collation, base.collation),
                check_constraints=checks.get(row.oid, ()),
                comment=reading.comment(PG_TYPE, row.oid),
            )


def _composite_types(reading: CatalogReading) -> cabc.Iterator[CompositeType]:
    for row in reading.user_types:
        if row.kind == "c":
            yield CompositeType(
                name=row.name,
                attributes=_composite_attributes(reading, row.relation),
                schema=reading.schemas[row.schema],
                comment=reading.comment(PG_TYPE, row.oid),
            )


def _composite_attributes(reading: CatalogReading, relation: int) -> cabc.Iterator[str]:
    rows = reading.attributes.get(relation, ())
    for row in sorted(rows, key=lambda row: row.number):
        used = reading.types[row.type, row.modifier]
        collation = reading.own_collation(row.collation, used.collation)
        suffix = f" collate {collation}" if collation else ""
        yield f"{row.name} {used.text}{suffix}"


def _range_types(reading: CatalogReading) -> cabc.Iterator[RangeType]:
    ranges = {row.type: row for row in reading.rows(RANGES)}
    for row in reading.user_types:
        if row.kind == "r":
            parts = ranges[row.oid]
            yield RangeType(
                name=row.name,
                subtype=parts.subtype,
                schema=reading.schemas[row.schema],
                collation=parts.collation,
                operator_class=parts.operator_class,
                canonical=parts.canonical,
                difference=parts.difference,
                comment=reading.comment(PG_TYPE, row.oid),
            )


def _functions(
    reading: CatalogReading, privileges: Privileges
) -> cabc.Iterator[Function]:
    for row in reading.functions:
        yield Function(
            name=row.name,
            schema=reading.schemas[row.schema],
            arguments=row.arguments,
            defaults=row.defaults or "",
            result=row.result or "",
            language=row.language,
            body=row.source if row.statements is None else row.statements,
            is_security_definer=row.is_security_definer,
            is_strict=row.is_strict,
            is_leakproof=row.is_leakproof,
            volatility=_VOLATILITIES[row.volatility],
            settings=row.settings or (),
            executors=privileges.executors(row),
            owner=privileges.unusual_owner(row.owner),
        )


def _sequences(reading: CatalogReading) -> cabc.Iterator[Sequence]:
    for row in reading.sequences:
        yield Sequence(
            name=row.name,
            schema=reading.schemas[row.schema],
            data_type=row.data_type,
            start=row.start,
            increment=row.increment,
            minimum=row.minimum,
            maximum=row.maximum,
            cache=row.cache,
            cycles=row.cycles,
            owned_by=_owning_column(reading, row),
            is_identity=row.is_identity,
            comment=reading.comment(PG_CLASS, row.oid),
        )


def _owning_column(reading: CatalogReading, row: Row) -> str | None:
    if row.table is None or row.column is None:
        return None
    (column,) = reading.column_names(row.table, [row.column])
    return dotted(*reading.place(row.table), column)


def _extensions(reading: CatalogReading) -> cabc.Iterator[Extension]:
    for row in reading.rows(EXTENSIONS):
        yield Extension(
            name=row.name,
            version=row.version,
            schema=row.schema,
            is_stub=is_stub(row.name, row.comment),
        )
