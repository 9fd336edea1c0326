"""The tables that hold user state, as an entity diagram needs them.

A value of its own, since a report has to draw the diagram in a process that
never saw the snapshot.
"""

from __future__ import annotations

import collections.abc as cabc
import enum

import attrs

from pytest_userstate.domain.converters import dotted, strings


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
    """A column of the diagram.

    Parameters
    ----------
    name, data_type : str
        As the snapshot has them.
    is_nullable : bool
        Whether it can be null.
    roles : iterable of KeyRole
        The keys that it is part of.
    unique_with : iterable of iterable of str
        For each unique key that it does not make up alone, the other columns.
    """

    name: str
    data_type: str
    is_nullable: bool
    roles: tuple[KeyRole, ...] = attrs.field(default=(), converter=_roles)
    unique_with: tuple[tuple[str, ...], ...] = attrs.field(
        default=(), converter=_groups
    )


def _columns(values: cabc.Iterable[StateColumn]) -> tuple[StateColumn, ...]:
    return tuple(values)


@attrs.frozen(kw_only=True)
class StateTable:
    """A table of the diagram.

    `holds_state` is false of a table that the model does not name, but that one
    of its tables refers to; of those only the keys are kept.
    """

    schema: str
    name: str
    holds_state: bool
    columns: tuple[StateColumn, ...] = attrs.field(converter=_columns)

    @property
    def qualified_name(self) -> str:
        """The name with its schema."""
        return dotted(self.schema, self.name)


@attrs.frozen(kw_only=True)
class Relation:
    """A foreign key, as the two ends of a line.

    Parameters
    ----------
    name : str
        The constraint's name.
    schema, table : str
        The referring table.
    target_schema, target_table : str
        The table referred to.
    columns : iterable of str
        The referring columns.
    is_optional : bool
        Whether a referring row may refer to no row at all.
    is_single : bool
        Whether at most one row refers to each row.
    is_identifying : bool
        Whether the reference is part of the referring row's primary key.
    is_certain : bool
        Whether it is enforced, and known to hold for every row.
    """

    name: str
    schema: str
    table: str
    target_schema: str
    target_table: str
    columns: tuple[str, ...] = attrs.field(converter=strings)
    is_optional: bool
    is_single: bool
    is_identifying: bool
    is_certain: bool


def _tables(values: cabc.Iterable[StateTable]) -> tuple[StateTable, ...]:
    return tuple(values)


def _relations(values: cabc.Iterable[Relation]) -> tuple[Relation, ...]:
    return tuple(values)


@attrs.frozen(kw_only=True)
class StateDiagram:
    """The user-state tables, those that they refer to, and how."""

    tables: tuple[StateTable, ...] = attrs.field(default=(), converter=_tables)
    relations: tuple[Relation, ...] = attrs.field(default=(), converter=_relations)

    def relations_of(self, schema: str, table: str) -> tuple[Relation, ...]:
        """Return the relations in which the table refers to others."""
        return tuple(
            each
            for each in self.relations
            if (each.schema, each.table) == (schema, table)
        )

    def table(self, schema: str, name: str) -> StateTable | None:
        """Return the table at this place, or None."""
        return next(
            (
                each
                for each in self.tables
                if (each.schema, each.name) == (schema, name)
            ),
            None,
        )
