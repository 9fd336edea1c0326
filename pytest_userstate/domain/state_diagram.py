"""The tables that hold user state, as an entity diagram needs them.

A separate value, since a report has to draw the diagram in a process that
never saw the snapshot.
"""

from __future__ import annotations

import collections.abc as cabc
import enum
import itertools

import attrs

from pytest_userstate.domain.classification import classify, places
from pytest_userstate.domain.columns import ForeignKey
from pytest_userstate.domain.converters import dotted, strings
from pytest_userstate.domain.model import AuditModel
from pytest_userstate.domain.snapshot import Column, SchemaSnapshot, Table


class KeyRole(enum.StrEnum):
    """What a column is to a key."""

    PRIMARY = "PK"
    FOREIGN = "FK"
    UNIQUE = "UK"


def _roles(values: cabc.Iterable[KeyRole]) -> tuple[KeyRole, ...]:
    return tuple(values)


def _groups(values: cabc.Iterable[cabc.Iterable[str]]) -> tuple[tuple[str, ...], ...]:
    return tuple(map(strings, values))


@attrs.frozen(kw_only=True)
class StateColumn:
    """A column of the diagram."""

    name: str
    data_type: str
    is_nullable: bool
    roles: tuple[KeyRole, ...] = attrs.field(default=(), converter=_roles)
    is_revision: bool = False
    """Whether the model takes it for a revision of what the table stores."""
    unique_with: tuple[tuple[str, ...], ...] = attrs.field(
        default=(), converter=_groups
    )
    """For each unique key that it is only a part of, the other columns."""


def _columns(values: cabc.Iterable[StateColumn]) -> tuple[StateColumn, ...]:
    return tuple(values)


@attrs.frozen(kw_only=True)
class StateTable:
    """A table of the diagram.

    `holds_state` is false of a table that the model does not name, but that one
    of its tables refers to; of those only the keys and revisions are kept.
    """

    schema: str
    name: str
    holds_state: bool
    entities: tuple[str, ...] = attrs.field(default=(), converter=strings)
    """The entities that the model stores in it."""
    columns: tuple[StateColumn, ...] = attrs.field(converter=_columns)

    @property
    def qualified_name(self) -> str:
        """The name with its schema."""
        return dotted(self.schema, self.name)


@attrs.frozen(kw_only=True)
class StateRelation:
    """A foreign key, as the two ends of a line."""

    name: str
    schema: str
    table: str
    target_schema: str
    target_table: str
    columns: tuple[str, ...] = attrs.field(converter=strings)
    is_optional: bool
    """Whether a referring row may refer to no row at all."""
    is_single: bool
    """Whether at most one row refers to each row."""
    is_identifying: bool
    """Whether the reference is part of the referring row's primary key."""
    is_certain: bool
    """Whether it is enforced, and known to hold for every row."""


def _tables(values: cabc.Iterable[StateTable]) -> tuple[StateTable, ...]:
    return tuple(values)


def _relations(values: cabc.Iterable[StateRelation]) -> tuple[StateRelation, ...]:
    return tuple(values)


@attrs.frozen(kw_only=True)
class StateDiagram:
    """The user-state tables, those that they refer to, and how."""

    tables: tuple[StateTable, ...] = attrs.field(default=(), converter=_tables)
    relations: tuple[StateRelation, ...] = attrs.field(default=(), converter=_relations)

    def relations_of(self, schema: str, table: str) -> tuple[StateRelation, ...]:
        """Return the relations in which the table refers to others."""
        return tuple(
            relation
            for relation in self.relations
            if (relation.schema, relation.table) == (schema, table)
        )

    def table(self, schema: str, name: str) -> StateTable | None:
        """Return the table at this place, or None."""
        return next(
            (
                table
                for table in self.tables
                if (table.schema, table.name) == (schema, name)
            ),
            None,
        )


def draw(snapshot: SchemaSnapshot, model: AuditModel) -> StateDiagram:
    """Return the tables that the model names, and what they refer to.

    A table counts here as soon as it is there, complete or not.
    """
    named = state_places(model)
    revisions = _revisions(snapshot, model)
    holders = [t for t in snapshot.tables if (t.schema, t.name) in named]
    shown = {(table.schema, table.name) for table in holders}
    targets = {
        (key.target_schema, key.target_table)
        for table in holders
        for key in table.foreign_keys
    }
    referred = [t for t in snapshot.tables if (t.schema, t.name) in targets - shown]
    shown |= {(table.schema, table.name) for table in referred}
    return StateDiagram(
        tables=(
            *(
                _table(table, revisions, named[table.schema, table.name])
                for table in holders
            ),
            *(_referred(table, holders, revisions) for table in referred),
        ),
        relations=(
            _relation(table, key)
            for table in holders
            for key in table.foreign_keys
            if (key.target_schema, key.target_table) in shown
        ),
    )


def state_places(model: AuditModel) -> dict[tuple[str, str], tuple[str, ...]]:
    """Return the places where the model stores something, with the entities."""
    stored: dict[tuple[str, str], dict[str, None]] = {}
    for entity in model.entities:
        for storage_model in entity.models if entity.expected else ():
            for place in places(storage_model, model.schemas):
                stored.setdefault(place, {})[entity.name] = None
    return {place: tuple(names) for place, names in stored.items()}


def _revisions(
    snapshot: SchemaSnapshot, model: AuditModel
) -> set[tuple[str, str, str]]:
    """Return the columns that are revisions: schema, table, and name."""
    return {
        (kept.table.schema, kept.table.name, kept.column.name)
        for entity in model.entities
        if entity.expected
        for candidate in classify(entity, snapshot, model).candidates
        for kept in candidate.revisions
    }


def _table(
    table: Table,
    revisions: cabc.Container[tuple[str, str, str]],
    entities: tuple[str, ...] = (),
) -> StateTable:
    place = table.schema, table.name
    return StateTable(
        schema=table.schema,
        name=table.name,
        holds_state=True,
        entities=entities,
        columns=sorted(
            (
                _column(table, column, is_revision=(*place, column.name) in revisions)
                for column in table.columns
            ),
            key=_prominence(table),
        ),
    )


def _referred(
    table: Table,
    holders: cabc.Iterable[Table],
    revisions: cabc.Container[tuple[str, str, str]],
) -> StateTable:
    """Return a table that is only referred to: its key, and what is referred to."""
    needed = {*primary_key(table)} | {
        name
        for holder in holders
        for key in holder.foreign_keys
        if (key.target_schema, key.target_table) == (table.schema, table.name)
        for name in key.target_columns
    }
    whole = _table(table, revisions)
    kept = (
        column
        for column in whole.columns
        if column.name in needed or column.is_revision
    )
    return attrs.evolve(whole, holds_state=False, columns=tuple(kept))


def _column(table: Table, column: Column, *, is_revision: bool) -> StateColumn:
    keys = unique_keys(table)
    alone = (column.name,) in keys
    in_primary = column.name in primary_key(table)
    roles = {
        KeyRole.PRIMARY: in_primary,
        KeyRole.FOREIGN: any(column.name in k.columns for k in table.foreign_keys),
        KeyRole.UNIQUE: alone and primary_key(table) != (column.name,),
    }
    composite = [
        key
        for key in keys
        if column.name in key and len(key) > 1 and key != primary_key(table)
    ]
    return StateColumn(
        name=column.name,
        data_type=column.data_type,
        is_nullable=column.is_nullable,
        is_revision=is_revision,
        roles=(role for role, plays in roles.items() if plays),
        unique_with=(
            [name for name in key if name != column.name] for key in composite
        ),
    )


def _prominence(table: Table) -> cabc.Callable[[StateColumn], tuple[int, int]]:
    """Order columns: the primary key in its order, foreign keys, the rest.

    A table's columns come sorted by name, which breaks the ties.
    """
    first = {name: place for place, name in enumerate(primary_key(table))}

    def order(column: StateColumn) -> tuple[int, int]:
        if column.name in first:
            return 0, first[column.name]
        return (1 if KeyRole.FOREIGN in column.roles else 2), 0

    return order


def _relation(table: Table, key: ForeignKey) -> StateRelation:
    columns = {*key.columns}
    primary = {*primary_key(table)}
    nullable = [c.is_nullable for c in table.columns if c.name in columns]
    # MATCH SIMPLE lets any null off, MATCH FULL only nulls throughout.
    escapes = all(nullable) if key.match == "full" else any(nullable)
    is_certain = key.is_enforced and key.is_validated
    return StateRelation(
        name=key.name,
        schema=table.schema,
        table=table.name,
        target_schema=key.target_schema,
        target_table=key.target_table,
        columns=key.columns,
        is_optional=escapes or not is_certain,
        # Whoever refers has no null in these columns, so that it does not matter
        # whether a unique key takes nulls as distinct.
        is_single=not key.is_temporal
        and any({*unique} <= columns for unique in unique_keys(table)),
        is_identifying=columns <= primary,
        is_certain=is_certain,
    )


def primary_key(table: Table) -> tuple[str, ...]:
    """Return the columns of the primary key, in its order if that is known."""
    if table.primary_key is not None:
        return table.primary_key.columns
    return tuple(column.name for column in table.columns if column.is_primary_key)


def unique_keys(table: Table) -> tuple[tuple[str, ...], ...]:
    """Return the column lists of which no two rows agree, each once.

    Keys without overlaps, and indexes that are partial, invalid, or over
    expressions, promise less.
    """
    constraints = [
        key.columns
        for key in (table.primary_key, *table.unique_constraints)
        if key is not None and not key.is_temporal
    ]
    if table.primary_key is None and primary_key(table):
        constraints.append(primary_key(table))
    names = {column.name for column in table.columns}
    indexes = (
        index.columns
        for index in table.indexes
        if index.is_unique
        and index.is_valid
        and index.predicate is None
        and index.constraint is None
        and {*index.columns} <= names
    )
    return tuple(dict.fromkeys(itertools.chain(constraints, indexes)))
