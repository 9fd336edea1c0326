"""From a snapshot to the diagram of its user-state tables."""

from __future__ import annotations

import collections.abc as cabc
import itertools

import attrs

from pytest_userstate.domain.classification import places
from pytest_userstate.domain.constraints import ForeignKey
from pytest_userstate.domain.model import AuditModel
from pytest_userstate.domain.snapshot import Column, SchemaSnapshot, Table
from pytest_userstate.domain.state_diagram import (
    KeyRole,
    Relation,
    StateColumn,
    StateDiagram,
    StateTable,
)


def draw(snapshot: SchemaSnapshot, model: AuditModel) -> StateDiagram:
    """Return the tables that the model names, and what they refer to.

    A table counts here as soon as it is there, complete or not.
    """
    named = {
        place
        for entity in model.entities
        if entity.expected
        for storage_model in entity.models
        for place in places(storage_model, model.schemas)
    }
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
            *(_table(table) for table in holders),
            *(_referred(table, holders) for table in referred),
        ),
        relations=(
            _relation(table, key)
            for table in holders
            for key in table.foreign_keys
            if (key.target_schema, key.target_table) in shown
        ),
    )


def _table(table: Table) -> StateTable:
    return StateTable(
        schema=table.schema,
        name=table.name,
        holds_state=True,
        columns=sorted(
            (_column(table, column) for column in table.columns), key=_prominence(table)
        ),
    )


def _referred(table: Table, holders: cabc.Iterable[Table]) -> StateTable:
    """Return a table that is only referred to: its key, and what is referred to."""
    wanted = {*primary_key(table)} | {
        name
        for holder in holders
        for key in holder.foreign_keys
        if (key.target_schema, key.target_table) == (table.schema, table.name)
        for name in key.target_columns
    }
    whole = _table(table)
    kept = (column for column in whole.columns if column.name in wanted)
    return attrs.evolve(whole, holds_state=False, columns=tuple(kept))


def _column(table: Table, column: Column) -> StateColumn:
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


def _relation(table: Table, key: ForeignKey) -> Relation:
    columns = {*key.columns}
    primary = {*primary_key(table)}
    nullable = [c.is_nullable for c in table.columns if c.name in columns]
    # MATCH SIMPLE lets any null off, MATCH FULL only nulls throughout.
    escapes = all(nullable) if key.match == "full" else any(nullable)
    is_certain = key.is_enforced and key.is_validated
    return Relation(
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
    """Return the columns of the primary key, in its order where that is known."""
    if table.primary_key is not None:
        return table.primary_key.columns
    return tuple(each.name for each in table.columns if each.is_primary_key)


def unique_keys(table: Table) -> tuple[tuple[str, ...], ...]:
    """Return the column lists of which no two rows agree, each once.

    Keys without overlaps, and indexes that are partial, invalid, or over
    expressions, promise less.
    """
    constraints = [
        each.columns
        for each in (table.primary_key, *table.unique_constraints)
        if each is not None and not each.is_temporal
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
